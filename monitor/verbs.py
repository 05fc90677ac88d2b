"""What the longer verbs do, apart from how they are called."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from monitor.app import WAIT_S, App
from monitor.errors import ConfigError, QueryError
from monitor.ledger import utc_now
from monitor.model import UNDATED
from monitor.query import Query, likes
from monitor.show import facts_table, local, out, say_json, when


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


def shown_status(app: App, as_json: bool) -> None:
    """Print how sources, ledger and index fare."""
    now = utc_now()
    counted = app.ledger.desk.counted(now)
    sources: dict[str, dict[str, Any]] = {}
    for source in app.config.sources:
        health = app.ledger.desk.health(source.name)
        state: str = health.state
        if source.expect and health.posted != UNDATED and now - health.posted > source.expect:
            state = "silent" if state == "ok" else state
        sources[source.name] = {
            "state": state,
            "answered": when(health.answered),
            "posted": when(health.posted),
            "failures": health.failures,
            "message": health.message,
            "day": {"accepted": 0, "kept": 0, "dropped": 0, "dead": 0},
        }
    for name, numbers in counted.items():
        day = {
            "accepted": numbers.accepted,
            "kept": numbers.kept,
            "dropped": numbers.dropped,
            "dead": numbers.dead,
        }
        sources.setdefault(name, {"state": "told by another", "message": ""})["day"] = day
    consumed = app.ledger.feed.consumed()
    facts: dict[str, object] = {
        **app.ledger.desk.sizes(),
        "last row consumed": consumed,
        **{
            f"{name} is behind by": consumed - seq
            for name, seq in app.ledger.desk.followers().items()
        },
    }
    letters = app.ledger.desk.dead_letters(10)
    with app.consuming() as mine:
        facts["running"] = "no" if mine else "yes"
    if as_json:
        dead = [
            {"id": d.id, "source": d.source, "at": when(d.at), "reason": d.reason} for d in letters
        ]
        say_json({"sources": sources, "ledger": facts, "dead": dead})
        return
    table = Table(title="sources, last 24 hours", expand=True)
    for column in ("source", "state", "last post", "accepted", "kept", "dropped", "dead", "says"):
        table.add_column(column)
    for name, source_facts in sources.items():
        day = source_facts["day"]
        numbers_shown = [str(day[key]) for key in ("accepted", "kept", "dropped", "dead")]
        table.add_row(
            Text(name),
            source_facts["state"],
            local(app.ledger.desk.health(name).posted),
            *numbers_shown,
            Text(source_facts["message"]),
        )
    out.print(table)
    out.print(facts_table(facts, "ledger"))
    for letter in letters:
        out.print(f"dead: {letter.id} of {letter.source}: {letter.reason}", markup=False)
