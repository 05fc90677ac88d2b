"""A town in which things happen by hand, with subscribers whose messages are looked at before they
leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from monitor.alerts.paper import Letterhead
from monitor.alerts.release import Alerts, Plan, dry_run
from monitor.config import build_config
from monitor.ledger import Ledger, open_ledger
from monitor.messages import Message, Subscription
from monitor.model import (
    Change,
    Decided,
    Decision,
    Enrichment,
    Event,
    Gone,
    Place,
    Post,
    Row,
    Said,
    Signal,
    Tick,
)
from tests.worlds import Clock

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
HOME = Place(
    name="Hackney", start=0, end=0, role="happened", kind="district",
    lat=51.54, lon=-0.06, radius_m=500.0,
)  # fmt: skip


class Plain:
    """A channel whose messages can be read again."""

    def accepts(self, to: str) -> None:
        """Anybody."""

    def compose(self, message: Message) -> bytes:
        return msgspec.json.encode(replace(message, pictures=(), html=""))

    def send(self, to: str, payload: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """There is nothing to close."""


def subscription(id: str = "ada", **asked: Any) -> Subscription:
    given = {"to": f"{id}@example.org", "state": "active", "made": NOON - timedelta(days=60)}
    return Subscription(id=id, **{**given, **asked})


def post(id: str, **known: Any) -> Post:
    given = {"text": "A large fire", "source": "gazette", "voice": "media", "published": NOON}
    return Post(id=f"town:{id}", **{**given, **known})


class Town:
    """A ledger, its alerts and a clock that only the test moves."""

    def __init__(self, folder: Path, *subscriptions: Subscription) -> None:
        self.clock = Clock(NOON)
        self.path = folder / "ledger.db"
        self.ledger: Ledger = open_ledger(self.path, self.clock)
        self.config = build_config({}, folder / "monitor.toml")
        self._row = 0
        self.subscribe(*subscriptions)
        self.reopen()
        self.ledger.notices.begin()

    def reopen(self) -> None:
        """Alerts as a new process has them."""
        head = Letterhead(title="Town")
        self.alerts = Alerts(self.ledger, self.config, head, lambda kind: Plain())

    def subscribe(self, *subscriptions: Subscription) -> None:
        self.ledger.subscribers.put(*subscriptions)

    def passes(self, **time: float) -> None:
        self.clock.now += timedelta(**time)

    def happens(self, id: str, *posts: Post, **known: Any) -> Event:
        """Something happens, or goes on; its row is the next one."""
        posts = posts or (post(id, published=self.clock.now),)
        event = self.event(id, *posts, **known)
        self.commit(events=(event,), signals=self.signals(event, posts))
        return event

    def event(self, id: str, *posts: Post, **known: Any) -> Event:
        given: dict[str, Any] = {
            "title": "A large fire",
            "texts": tuple(dict.fromkeys(one.text for one in posts)),
            "first": min((one.published for one in posts), default=NOON),
            "last": max((one.published for one in posts), default=NOON),
            "size": len(posts),
            "sources": {one.source: 1 for one in posts},
            "topics": {"Fire": len(posts)},
            "langs": {"en": len(posts)},
            "severity": "Moderate",
            "certainty": "Likely",
            "place": HOME,
            "phase": "new",
            "live": True,
        }
        return Event(id=id, seq=self._row + 1, **{**given, **known})

    def signals(self, event: Event, posts: Sequence[Post]) -> tuple[Signal, ...]:
        return tuple(
            Signal(
                post=one, enrichment=Enrichment(lang="en"), event=event.id,
                sources=(one.source,), arrived=self._row + 1, seq=self._row + 1,
            )
            for one in posts
        )  # fmt: skip

    def decides(self, verdict: Said, event: str, *value: str, **done: Any) -> int:
        """What came of a person's decision: its events as they are now, and where posts were."""
        said = Decision(target=event, verdict=verdict, value=value, at=self.clock.now)
        moved = done.pop("moved", {})
        decided = Decided(seq=self._row + 1, decision=said, event=event, moved=moved)
        self.commit(decided=(decided,), **done)
        return self._row

    def commit(self, **changed: Any) -> None:
        self._row += 1
        row = Row(seq=self._row, at=self.clock.now, what=Tick(at=self.clock.now))
        if gone := changed.get("gone"):
            row = replace(row, what=Gone(ids=gone))
        self.ledger.truth.commit([row], Change(last=self._row, **changed))

    def tells(self) -> list[Message]:
        """Follow and release all that can go now; the new messages, in order."""
        before = self._number()
        while self.alerts():
            pass
        with self.ledger.store.reading() as db:
            lines = db.execute(
                "SELECT payload FROM outbox WHERE number > ? ORDER BY number", (before,)
            )
            return [msgspec.json.decode(payload, type=Message) for (payload,) in lines]

    def _number(self) -> int:
        with self.ledger.store.reading() as db:
            (number,) = db.execute("SELECT coalesce(max(number), 0) FROM outbox").fetchone()
        return int(number)

    def plans(self) -> tuple[Plan, ...]:
        return dry_run(self.ledger, self.config, self.clock.now)

    def sent(self) -> list[str]:
        """Hand over what waits in the outbox; the ids."""
        waiting = self.ledger.outbox.waiting("email", self.clock.now)
        for one in waiting:
            self.ledger.outbox.begin(one.number)
            self.ledger.outbox.sent(one.number)
        return [one.id for one in waiting]


def about(messages: Sequence[Message]) -> list[tuple[str, tuple[str, ...]]]:
    """To whom each goes, and the events that it tells of."""
    return [(one.subscription, one.events) for one in messages]
