"""The verbs. Exit 0: done; 1: something failed this round; 2: the operator must act."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, get_args

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from monitor import checks, log, sample
from monitor.app import LOCK_S, App
from monitor.config import read_config
from monitor.enriching import enriched
from monitor.errors import (
    ConfigError,
    IndexRefused,
    LedgerError,
    ModelError,
    MonitorError,
    QueryError,
)
from monitor.fields import FIELDS
from monitor.ledger import utc_now
from monitor.model import Decision, Gone, Said, Tick
from monitor.ports import Asked, Of
from monitor.schedule import Schedule, poll
from monitor.show import (
    err,
    facts_table,
    out,
    post_json,
    say_json,
    value_json,
)
from monitor.verbs import (
    counted,
    forgotten,
    rebuilt,
    replayed,
    settled,
    show,
    show_dropped,
    show_status,
    tried,
)

app = typer.Typer(
    name="monitor",
    help="Monitor public signals for city safety: collect posts and news, classify, place and "
    "group them into events, and search them. It watches places and happenings, never persons.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="MONITOR_CONFIG", help="The configuration file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]
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
DEFAULT: Final = Path("monitor.toml")
OPERATOR: Final = (ConfigError, LedgerError, IndexRefused, ModelError, QueryError)


def main() -> None:
    """Run a verb; a fault that we know by name becomes one sentence and an exit code."""
    try:
        app()
    except MonitorError as error:
        err.print(str(error), style="red", markup=False)
        sys.exit(2 if isinstance(error, OPERATOR) else 1)


@contextmanager
def opened(config: Path) -> Iterator[App]:
    """The deployment of that configuration, closed at the end."""
    found = App(read_config(config))
    try:
        yield found
    finally:
        found.close()


def progress() -> Progress:
    """A progress bar on standard error, only where somebody looks."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


@app.callback()
def root(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every page.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
) -> None:
    """Set up the log."""
    log.configure(json=log_json, level="info" if verbose or "run" in sys.argv else "warning")


@app.command()
def check(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Look at configuration, key, ledger, models and index; change nothing, name every fault."""
    results = checks.check(config)
    if as_json:
        say_json({name: fault or "ok" for name, fault in results.items()})
    else:
        out.print(facts_table({n: fault or "ok" for n, fault in results.items()}, str(config)))
    if any(results.values()):
        raise typer.Exit(2)


@app.command("try")
def try_(
    kind: Annotated[str, typer.Argument(help="A module of collectors/, as in rss.")],
    options: Annotated[list[str], typer.Argument(help="key=value, as in url=https://…/feed")],
    allow: Annotated[list[str] | None, typer.Option(help="A host with a private address.")] = None,
) -> None:
    """Ask a source once and print its first page as JSON lines; store nothing."""
    page = tried(kind, options, allow or ())
    for post in page.posts:
        say_json(post_json(post))
    for dead in page.dead:
        err.print(f"{dead.id}: {dead.reason}", style="yellow", markup=False)


@app.command()
def once(
    sources: Annotated[list[str] | None, typer.Argument(help="Only these sources.")] = None,
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Ask every source once, then consume and index what came."""
    with opened(config) as deployment, deployment.consuming() as mine, progress() as bar:
        wanted = [deployment.config.source(name) for name in sources or ()]
        wanted = wanted or list(deployment.config.sources)
        task = bar.add_task("sources", total=len(wanted))
        fares = {}
        for source in wanted:
            bar.update(task, description=source.name)
            fares[source.name] = poll(
                deployment, source, (lambda: deployment.catch_up()) if mine else (lambda: None)
            )
            bar.advance(task)
        deployment.tell(Tick(at=utc_now()))
        if mine:
            deployment.catch_up()
        failed = {name: h.message for name, h in fares.items() if h.state != "ok"}
        if as_json:
            say_json({name: {"state": h.state, "message": h.message} for name, h in fares.items()})
        else:
            for message in failed.values():
                err.print(message, style="yellow", markup=False)
            out.print(f"{len(fares) - len(failed)} of {len(fares)} sources answered")
            if not mine:
                out.print("another process consumes: what came is pending there")
    if failed:
        raise typer.Exit(1)


@app.command()
def run(config: ConfigFile = DEFAULT) -> None:
    """Collect, consume and index by the schedule until SIGTERM."""
    with opened(config) as deployment, deployment.consuming(LOCK_S) as mine:
        if not mine:
            raise ConfigError(f"{deployment.config.data}: another process consumes; stop it first")
        Schedule(deployment).run()


@app.command()
def status(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """How sources, ledger and index fare."""
    with opened(config) as deployment:
        show_status(deployment, as_json)


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
    dropped: Annotated[bool, typer.Option("--dropped", help="Posts not kept, instead.")] = False,
) -> None:
    """Find signals: posts that were kept."""
    with opened(config) as deployment:
        if dropped:
            show_dropped(deployment, query, limit, as_json)
        elif not counted(deployment, query, "signals", (by, every, grid), as_json):
            asked = Asked(sort=sort, limit=limit, after=after or None)
            show(deployment, query, "signals", asked, as_json)


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


@app.command()
def enrich(
    file: Annotated[str, typer.Argument(help="Posts as JSON lines, or - for standard input.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Take area and models from here.")
    ] = None,
) -> None:
    """Print what the models say of posts: a JSON line each; store nothing."""
    with progress() as bar:
        task = bar.add_task("posts", total=None)
        for line in enriched(file, config):
            say_json(line)
            bar.advance(task)


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
        for value in deployment.every(deployment.question(query), of):  # type: ignore[arg-type]
            say_json(value_json(value))
            bar.advance(task)


@app.command()
def rebuild(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Make the index anew from the ledger, beside the old one, then switch; no model runs."""
    with opened(config) as deployment, progress() as bar:
        task = bar.add_task("rows", total=deployment.ledger.feed.consumed())
        seconds = time.monotonic()
        for position in rebuilt(deployment):
            bar.update(task, completed=position)
        facts = {"rows": position, "seconds": round(time.monotonic() - seconds, 1)}
        if as_json:
            say_json(facts)
        else:
            out.print(facts_table(facts, "rebuilt"))


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    config: ConfigFile = DEFAULT,
) -> None:
    """Copy the ledger consistently, while others write. Keep the key file with it, but apart."""
    with opened(config) as deployment, progress() as bar:
        task = bar.add_task("pages", total=None)
        deployment.ledger.store.backup(
            to, lambda left, total: bar.update(task, total=total, completed=total - left)
        )
        out.print(f"{to}: {to.stat().st_size:,} bytes; the key is {deployment.key_path}")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo lives; made anew.")] = Path("demo"),
    as_json: AsJson = False,
) -> None:
    """Replay the sample day of one city through the real pipeline and show its events."""
    with progress() as bar:
        task = bar.add_task("the models are loading", total=sample.posts())
        config = sample.lay_out(folder)
        with opened(config) as deployment:
            for done in replayed(deployment):
                bar.update(task, description="rows", completed=done)
            asked = Asked(sort="-size", limit=40)
            show(deployment, "size:>=2", "events", asked, as_json)
    if not as_json:
        out.print(f"look further: monitor search -c {config} 'fire near:\"51.54,-0.06,3km\"'")
