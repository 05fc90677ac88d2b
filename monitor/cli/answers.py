"""What questions come to, printed: finds, counts, dropped posts, how everything fares."""

from __future__ import annotations

import dataclasses
from typing import Any

from monitor.app import App
from monitor.config import duration
from monitor.ledger import utc_now
from monitor.model import Signal
from monitor.objects import dropped_json, index_json, source_json, value_json, when
from monitor.ports import Asked, Hit, Of
from monitor.query import Query, document, explain
from monitor.show import (
    alerts_table,
    buckets_table,
    dropped_table,
    events_table,
    explained_tree,
    facts_table,
    index_table,
    marked,
    out,
    say_json,
    signals_table,
    sources_table,
)
from monitor.status import status_of


def show(
    deployment: App, text: str, of: Of, asked: Asked, as_json: bool, *, explained: bool = False
) -> None:
    """Print finds."""
    query = deployment.question(text)
    found = deployment.ask(query, of, asked)
    if as_json:
        hits = [_hit_json(query, hit, explained) for hit in found.hits]
        say_json({"total": found.total, "next": found.next, of: hits})
        return
    values: list[Any] = [hit.value for hit in found.hits]
    alike = sum(hit.like for hit in found.hits)
    title = f"{found.total:,} {of}, {len(values) - alike} shown" + (
        f", {alike} alike" if alike else ""
    )
    out.print(
        signals_table(values, title, query) if of == "signals" else events_table(values, title)
    )
    if explained:
        for value in values:
            said = document(value)
            out.print(explained_tree(said.id, explain(query, said)))
    if found.next:
        out.print(f"more: --after '{found.next}'", markup=False)


def _hit_json(query: Query, hit: Hit, explained: bool) -> dict[str, Any]:
    """A find: its value, why it is among the finds and, of a signal, where its words stand."""
    value = {**value_json(hit.value), "score": hit.score, "like": hit.like}
    if isinstance(hit.value, Signal):
        value["marks"] = marked(query, hit.value.post, hit.value.enrichment)
    if explained:
        value["explain"] = dataclasses.asdict(explain(query, document(hit.value)))
    return value


def show_dropped(deployment: App, text: str, limit: int, as_json: bool) -> None:
    """Print posts that were not kept."""
    query = deployment.question(text)
    found = list(deployment.dropped(query, limit))
    if as_json:
        say_json({"dropped": [dropped_json(drop) for drop in found]})
    else:
        out.print(dropped_table(found, f"{len(found)} dropped posts", query))


def counted(deployment: App, query: str, of: Of, how: tuple[str, str, int], as_json: bool) -> bool:
    """Print counts where they were asked for; False where they were not."""
    by, every, grid = how
    asked = deployment.question(query)
    if by:
        buckets = deployment.index.count(asked, by, of)
    elif every:
        buckets = deployment.index.histogram(asked, duration(every), of)
    elif grid:
        buckets = deployment.index.grid(asked, grid, of)
    else:
        return False
    if as_json:
        say_json({bucket.key: bucket.count for bucket in buckets})
    else:
        out.print(buckets_table(buckets, f"{of} per {by or every or f'tile of zoom {grid}'}"))
    return True


def show_status(app: App, as_json: bool) -> None:
    """Print how sources, ledger and index fare."""
    status = status_of(app, utc_now())
    facts = {
        **status.sizes,
        "last row consumed": status.consumed,
        **{f"{name} is behind by": rows for name, rows in status.behind.items()},
        "running": "yes" if status.running else "no",
    }
    if as_json:
        sources = {name: source_json(source) for name, source in status.sources.items()}
        dead = [{**dataclasses.asdict(d), "at": when(d.at)} for d in status.letters]
        index = index_json(status.index)
        alerts = dataclasses.asdict(status.alerts)
        say_json(
            {"sources": sources, "ledger": facts, "index": index, "alerts": alerts, "dead": dead}
        )
        return
    out.print(sources_table(status.sources))
    out.print(facts_table(facts, "ledger"))
    out.print(index_table(status.index))
    out.print(alerts_table(status.alerts))
    for sentence in status.index.words:
        out.print(sentence, style="yellow", markup=False)
    for letter in status.letters:
        out.print(f"dead: {letter.id} of {letter.source}: {letter.reason}", markup=False)
