"""What the longer verbs do, apart from how they are called."""

from __future__ import annotations

import dataclasses
import secrets
import time
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from monitor import parts
from monitor.admit import Keys, admit
from monitor.app import WAIT_S, App
from monitor.config import Source, duration
from monitor.errors import ConfigError, QueryError
from monitor.fetch import Fetcher, agent
from monitor.ledger import utc_now
from monitor.model import Cursor, Page, Tick
from monitor.ports import Asked, Of
from monitor.query import Query, likes
from monitor.show import (
    buckets_table,
    dropped_json,
    dropped_table,
    events_table,
    facts_table,
    out,
    say_json,
    signals_table,
    sources_table,
    value_json,
    when,
)
from monitor.status import status_of


def tried(kind: str, options: Sequence[str], allow: Sequence[str]) -> Page:
    """The first page of a source that is not configured, as it would be stored. Raises SourceError
    and ConfigError."""
    part = parts.load("collectors", kind)
    source = Source(
        name="try",
        kind=kind,
        every=duration("1d"),
        options=parts.options(part, dict(map(_pair, options)), f"try {kind}"),
        policy=part.POLICY,
    )
    pages = part.collect(source.options, Fetcher(allow=allow, user_agent=agent()), Cursor())
    return admit(next(pages, Page()), source, Keys(keys=(secrets.token_bytes(32),)))


def _pair(option: str) -> tuple[str, Any]:
    key, mark, value = option.partition("=")
    if not mark or not key.isidentifier():
        raise ConfigError(f"{option!r}: not key=value; write it as in url=https://example.org/feed")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def replayed(app: App) -> Iterator[int]:
    """Collect all sources once and consume page by page; how many rows were done so far."""
    done = 0
    with app.consuming():
        for source in app.config.sources:
            for _ in app.pipeline.collect(source):
                while number := app.pipeline.consume():
                    done += number
                    yield done
        app.tell(Tick(at=utc_now()))
        yield done + app.catch_up()


def settled(app: App, seq: int) -> bool:
    """Consume the row here if nobody else consumes, else wait ten seconds; False where it is still
    pending."""
    with app.consuming() as mine:
        if mine:
            app.catch_up()
        until = time.monotonic() + WAIT_S
        while app.ledger.feed.consumed() < seq and time.monotonic() < until:
            time.sleep(0.1)
    return app.ledger.feed.consumed() >= seq


def forgotten(app: App, query: Query) -> tuple[list[str], int]:
    """The ids that a query means, dropped posts too, and how many of them are under a hold."""
    if likes(query):
        raise QueryError("like: likeness is no ground to forget; name words, fields or ids")
    ids: list[str] = []
    held = 0
    for signal in app.every(query, "signals"):
        if signal.hold:
            held += 1
        else:
            ids.append(signal.post.id)
    ids += [drop.post.id for drop in app.dropped(query, limit=1 << 30)]
    return ids, held


def rebuilt(app: App) -> Iterator[int]:
    """Follow from the beginning into a new index, put it in the old one's place; the positions."""
    with app.consuming() as mine:
        if not mine:
            raise ConfigError(
                f"{app.config.data}: another process writes the index; stop `monitor run` first"
            )
        index = app.open_index(beside=True)
        index.prepare(app.ledger.feed.ledger_id())
        position = 0
        while (change := app.ledger.feed.changes(position)) is not None:
            index.write(change)
            position = change.last
            yield position
        index.promote()
        index.close()
        app.ledger.feed.advance(app.follower, position)
        yield position


def show(deployment: App, query: str, of: Of, asked: Asked, as_json: bool) -> None:
    """Print finds."""
    found = deployment.ask(deployment.question(query), of, asked)
    values: list[Any] = [hit.value for hit in found.hits]
    if as_json:
        hits = [{**value_json(h.value), "score": h.score, "like": h.like} for h in found.hits]
        say_json({"total": found.total, "next": found.next, of: hits})
        return
    table = signals_table if of == "signals" else events_table
    alike = sum(hit.like for hit in found.hits)
    title = f"{found.total:,} {of}, {len(values) - alike} shown" + (
        f", {alike} alike" if alike else ""
    )
    out.print(table(values, title))
    if found.next:
        out.print(f"more: --after '{found.next}'", markup=False)


def show_dropped(deployment: App, query: str, limit: int, as_json: bool) -> None:
    """Print posts that were not kept."""
    found = list(deployment.dropped(deployment.question(query), limit))
    if as_json:
        say_json({"dropped": [dropped_json(drop) for drop in found]})
    else:
        out.print(dropped_table(found, f"{len(found)} dropped posts"))


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
        sources = {
            name: {
                "state": source.state,
                "answered": when(source.health.answered),
                "posted": when(source.health.posted),
                "failures": source.health.failures,
                "message": source.health.message,
                "day": dataclasses.asdict(source.day),
            }
            for name, source in status.sources.items()
        }
        dead = [{**dataclasses.asdict(d), "at": when(d.at)} for d in status.letters]
        say_json({"sources": sources, "ledger": facts, "dead": dead})
        return
    out.print(sources_table(status.sources))
    out.print(facts_table(facts, "ledger"))
    for letter in status.letters:
        out.print(f"dead: {letter.id} of {letter.source}: {letter.reason}", markup=False)
