"""How sources, ledger, index, followers and alerts fare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.alerts.silence import late
from monitor.app import App
from monitor.errors import IndexRefused, IndexUnavailable
from monitor.ledger import Counted, DeadLetter, Health
from monitor.ports import Condition

LETTERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """One source: its state in a word, how it fares, and its posts of the last 24 hours."""

    state: str
    health: Health = field(default_factory=Health)
    day: Counted = field(default_factory=Counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """The index: its kind, how many rows it is behind, how it fares (None where it cannot be
    asked), and sentences on what is wrong with it and with what was begun or left beside it."""

    kind: str
    behind: int
    condition: Condition | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatus:
    """Alerts: whether all are stopped, subscriptions by state, how many events wait to be told, and
    messages by state."""

    stopped: bool
    subscriptions: Mapping[str, int]
    due: int
    outbox: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Sources by name, how much the ledger holds, how the index fares, how many rows each follower
    is behind, the newest dead letters, how alerts fare, and whether a process consumes now."""

    sources: Mapping[str, SourceStatus]
    sizes: Mapping[str, int]
    consumed: int
    index: IndexStatus
    behind: Mapping[str, int]
    letters: tuple[DeadLetter, ...]
    alerts: AlertStatus
    running: bool


def status_of(app: App, now: datetime) -> Status:
    """How the deployment fares now."""
    desk = app.ledger.desk
    counted = desk.counted(now)
    sources = {name: SourceStatus(state="ok", day=day) for name, day in counted.items()}
    for source in app.config.sources:
        health = desk.health(source.name)
        silent = health.state == "ok" and late(source, health, now)
        state = "silent" if silent else health.state
        sources[source.name] = SourceStatus(
            state=state, health=health, day=counted.get(source.name, Counted())
        )
    consumed = app.ledger.feed.consumed()
    behind = {name: consumed - seq for name, seq in desk.followers().items()}
    with app.consuming() as mine:
        running = not mine
    return Status(
        sources=sources,
        sizes=desk.sizes(),
        consumed=consumed,
        index=_index(app, behind),
        behind=behind,
        letters=desk.dead_letters(LETTERS),
        alerts=alerts_of(app),
        running=running,
    )


def alerts_of(app: App) -> AlertStatus:
    """How alerts fare."""
    subscribers = app.ledger.subscribers
    return AlertStatus(
        stopped=subscribers.stopped,
        subscriptions=subscribers.counts(),
        due=subscribers.due(),
        outbox=app.ledger.outbox.counts(),
    )


def _index(app: App, behind: Mapping[str, int]) -> IndexStatus:
    condition: Condition | None = None
    try:
        condition = app.index.condition()
        words = condition.words
    except (IndexUnavailable, IndexRefused) as fault:
        words = (str(fault),)
    return IndexStatus(
        kind=app.config.index_kind,
        behind=behind.get(app.follower, app.ledger.feed.consumed()),
        condition=condition,
        words=(*words, *_left(app.config.index_kind, behind)),
    )


def _left(followed: str, behind: Mapping[str, int]) -> Iterator[str]:
    """What to do about indexes that are in the ledger's books and not followed."""
    for name, rows in behind.items():
        of, _, kind = name.partition(":")
        kind, _, begun = kind.partition(":")
        to = "" if kind == followed else f" --to {kind}"
        if of == "index" and begun:
            yield (
                f"index {kind}: its rebuild was interrupted {rows} rows before the end; go on with "
                f"`monitor rebuild{to}`"
            )
        elif of == "index" and kind != followed:
            yield (
                f"index {kind}: is not followed and keeps what has been deleted since; follow it "
                f'with kind = "{kind}" in [index], or be rid of it with `monitor rebuild --forget '
                f"{kind}`"
            )
