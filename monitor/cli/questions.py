"""Verbs that ask, and verbs by which people answer: search, events, export, decide, forget."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated, Final, get_args

import typer

from monitor.cli.answers import counted, show, show_dropped
from monitor.cli.shell import DEFAULT, AsJson, ConfigFile, app, lagging, opened, progress
from monitor.errors import QueryError
from monitor.fields import FIELDS
from monitor.model import Decision, Gone, Said
from monitor.objects import value_json
from monitor.ports import Asked, Of
from monitor.show import facts_table, out, say_json
from monitor.verbs import caught_up, forgotten, settled

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many finds.")]
Sort = Annotated[str, typer.Option(help="Field to sort by, `-` before it for descending.")]
After = Annotated[str, typer.Option(help="The `next` of the page before.")]
By = Annotated[str, typer.Option(help="Count the values of this field instead, as in topic.")]
Every = Annotated[str, typer.Option(help="Count per interval instead, as in 1h or 1d.")]
Grid = Annotated[int, typer.Option(help="Count per map tile of this zoom instead.", max=24)]
HELP: Final = "\n".join(
    [
        'Words, "phrases", prefix*, AND OR NOT, (brackets), field:value, field:[a TO b], >=:',
        "",
        *(f"- **{field.name}**: {field.help}" for field in FIELDS.values()),
        "",
        'As in `fire near:"51.54,-0.06,3km" time:>=now-24h -verdict:dismissed`.',
    ]
)


@app.command(epilog=HELP)
def search(
    query: Annotated[str, typer.Argument(help="Lucene syntax; empty finds everything.")] = "",
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
    limit: Limit = 20,
    sort: Sort = "",
    after: After = "",
    by: By = "",
    every: Every = "",
    grid: Grid = 0,
    collapse: Annotated[
        bool, typer.Option("--collapse", help="One signal for each event.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of each find what it satisfies.")
    ] = False,
    dropped: Annotated[bool, typer.Option("--dropped", help="Posts not kept, instead.")] = False,
) -> None:
    """Find signals: posts that were kept."""
    with opened(config) as deployment:
        if dropped:
            show_dropped(deployment, query, limit, as_json)
        elif not counted(deployment, query, "signals", (by, every, grid), as_json):
            asked = Asked(sort=sort, limit=limit, after=after or None, collapse=collapse)
            show(deployment, query, "signals", asked, as_json, explained=explain)


@app.command(epilog=HELP)
def events(
    query: Annotated[str, typer.Argument(help="Lucene syntax; empty finds everything.")] = "",
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
    limit: Limit = 20,
    sort: Sort = "-last",
    after: After = "",
    by: By = "",
    every: Every = "",
    grid: Grid = 0,
) -> None:
    """Find events: signals about one happening."""
    with opened(config) as deployment:
        if not counted(deployment, query, "events", (by, every, grid), as_json):
            asked = Asked(sort=sort, limit=limit, after=after or None)
            show(deployment, query, "events", asked, as_json)


@app.command()
def export(
    of: Annotated[str, typer.Argument(help="signals or events")],
    query: Annotated[str, typer.Argument(help="Which ones; all where empty.")] = "",
    config: ConfigFile = DEFAULT,
) -> None:
    """Print signals or events as JSON lines; each signal names its event."""
    if of not in get_args(Of):
        raise QueryError(f"{of}: cannot be exported; there are: signals, events")
    with opened(config) as deployment, progress() as bar:
        task = bar.add_task(of, total=None)
        asked = deployment.question(query)
        for value in deployment.index.scan(asked, of):  # type: ignore[arg-type]
            say_json(value_json(value))
            bar.advance(task)


@app.command()
def decide(
    target: Annotated[str, typer.Argument(help="An event's number, or a post's id.")],
    verdict: Annotated[str, typer.Argument(help=", ".join(get_args(Said)))],
    value: Annotated[
        list[str] | None,
        typer.Argument(
            help="merge: the other event; split: posts; topic: its name; place: latitude, "
            "longitude and a name; note: words; undo: the decision's number"
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Say what a person thinks of an event; the machine never overrules it."""
    if verdict not in get_args(Said):
        raise QueryError(f"{verdict}: no verdict; there are: {', '.join(get_args(Said))}")
    with opened(config) as deployment:
        anchors = tuple(s.post.id for s in deployment.ledger.truth.members(target))
        decision = Decision(
            target=target,
            verdict=verdict,  # type: ignore[arg-type]
            anchors=() if verdict == "undo" else anchors,
            value=tuple(value or ()),
            by=by or getpass.getuser(),
            at=datetime.now(UTC),
        )
        seq = deployment.tell(decision)
        settled(deployment, seq)
        decided = deployment.ledger.truth.decided(seq)
        outcome = decided.outcome if decided else "pending"
        facts = {
            "number": seq,
            "outcome": outcome,
            "event": decided.event if decided else target,
            "reason": decided.reason if decided else "no process consumes yet",
        }
        if as_json:
            say_json(facts)
        else:
            out.print(facts_table({k: v for k, v in facts.items() if v}, f"{verdict} {target}"))
        with lagging():
            caught_up(deployment)
        if outcome in {"refused", "stale"}:
            raise typer.Exit(1)


@app.command()
def forget(
    query: Annotated[str, typer.Argument(help="What to forget, in the language of search.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Delete posts for ever, from every place that is ours; those under a legal hold stay."""
    with opened(config) as deployment:
        ids, held = forgotten(deployment, deployment.question(query))
        if ids and not yes:
            typer.confirm(f"forget {len(ids)} posts for ever?", abort=True, err=True)
        last = 0
        for start in range(0, len(ids), 500):
            last = deployment.tell(Gone(ids=tuple(ids[start : start + 500]), reason="deleted"))
        pending = bool(ids) and not settled(deployment, last)
        if as_json:
            say_json({"forgotten": len(ids), "held": held, "pending": pending})
        else:
            out.print(f"{len(ids)} posts forgotten" + (" (pending)" if pending else ""))
            if held:
                out.print(f"{held} under a legal hold stay; undo the hold first")
        with lagging():
            caught_up(deployment)
