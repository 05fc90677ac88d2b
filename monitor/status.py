"""How sources, ledger and followers fare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.app import App
from monitor.ledger import Counted, DeadLetter, Health
from monitor.model import UNDATED

LETTERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """One source: its state in a word, how it fares, and its posts of the last 24 hours."""

    state: str
    health: Health = field(default_factory=Health)
    day: Counted = field(default_factory=Counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Sources by name, how much the ledger holds, how many rows each follower is behind, the
    newest dead letters, and whether a process consumes now."""

    sources: Mapping[str, SourceStatus]
    sizes: Mapping[str, int]
    consumed: int
    behind: Mapping[str, int]
    letters: tuple[DeadLetter, ...]
    running: bool


def status_of(app: App, now: datetime) -> Status:
    """How the deployment fares now."""
    desk = app.ledger.desk
    counted = desk.counted(now)
    sources = {name: SourceStatus(state="ok", day=day) for name, day in counted.items()}
    for source in app.config.sources:
        health = desk.health(source.name)
        late = source.expect is not None and now - source.expect > health.posted != UNDATED
        state = "silent" if health.state == "ok" and late else health.state
        sources[source.name] = SourceStatus(
            state=state, health=health, day=counted.get(source.name, Counted())
        )
    consumed = app.ledger.feed.consumed()
    with app.consuming() as mine:
        running = not mine
    return Status(
        sources=sources,
        sizes=desk.sizes(),
        consumed=consumed,
        behind={name: consumed - seq for name, seq in desk.followers().items()},
        letters=desk.dead_letters(LETTERS),
        running=running,
    )
