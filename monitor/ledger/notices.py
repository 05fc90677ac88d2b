"""What is due to subscriptions, what they were told, and how many events are usual for them.

::

    truth ► follow ► due ► release ► told, and the outbox

What was told is a history: the newest line of a subscription and an event counts. So a message that
is taken back before it was sent leaves what was told before it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from monitor.ledger.anew import rebuilds
from monitor.ledger.outbox import Entry, put, withdraw
from monitor.ledger.record import encode, event_of
from monitor.ledger.store import Store, moment, stamp
from monitor.messages import Told
from monitor.model import SEVERITIES, UNDATED, Decided, Post

FOLLOWER: Final = "alerts"
TOLD_DAYS: Final = 90
MATCHED_DAYS: Final = 35

_SILENCE: Final = "alerts.silence"
_told = msgspec.json.Decoder(Told).decode
_post = msgspec.json.Decoder(Post).decode
_decided = msgspec.json.Decoder(Decided).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """An event that is news to a subscription: a `new` one, or an update of what it was told."""

    subscription: str
    event: str
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The posts of an event went to another one by a person's decision; `since` where that was
    undone: the moment since which the one that they left had them."""

    event: str
    to: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An event that is due to a subscription, since when, and what it was told of it last."""

    subscription: str
    event: str
    at: datetime
    told: Told | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Messages to one subscription, what each of them tells (by its id), and which events are no
    longer due."""

    subscription: str
    entries: tuple[Entry, ...]
    told: tuple[tuple[str, Told], ...]
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The sources in trouble that the operator was told of last, and when."""

    at: datetime = UNDATED
    sources: tuple[str, ...] = ()


class Notices:
    """What those who follow and release read and write: one thread of one process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def position(self) -> int | None:
        """The last row that was followed; None where nobody has begun."""
        with self._store.reading() as db:
            line = db.execute("SELECT seq FROM positions WHERE follower = ?", (FOLLOWER,))
            found = line.fetchone()
        return int(found[0]) if found else None

    def begin(self) -> int:
        """The position; where nobody has begun it is where the ledger is now."""
        if (known := self.position()) is not None:
            return known
        with self._store.writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO positions SELECT ?, coalesce("
                "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'consumed'), 0)",
                (FOLLOWER,),
            )
        return self.position() or 0

    def silence(self) -> Silence:
        """What the operator was told last of sources in trouble."""
        with self._store.reading() as db:
            line = db.execute("SELECT value FROM meta WHERE key = ?", (_SILENCE,)).fetchone()
        return msgspec.json.decode(line[0], type=Silence) if line else Silence()

    def tell_silence(self, silence: Silence, mail: Entry) -> None:
        """Put the operator's mail into the outbox, and what it tells of beside it."""
        with self._store.writing() as db:
            put(db, mail)
            said = encode(silence).decode()
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_SILENCE, said))

    def joined(self, after: int, last: int) -> tuple[frozenset[int], tuple[Moved, ...]]:
        """The rows after one and up to another in which a person, or a rebuild with other models,
        joined or parted events, and which events' posts went to which."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT value FROM decided WHERE seq > ? AND seq <= ? ORDER BY seq", (after, last)
            )
            done = [one for (value,) in lines if (one := _decided(value)).outcome == "applied"]
            moved = [each for one in done for each in _moved(db, one)]
            rebuilt = {
                seq
                for span in rebuilds(db)
                for seq in range(max(after + 1, span.start), min(last + 1, span.stop))
            }
            if rebuilt:
                moved += _ended(db, min(rebuilt), max(rebuilt))
        parted = ("merge", "split", "undo")
        rows = {one.seq for one in done if one.decision.verdict in parted}
        return frozenset(rows | rebuilt), tuple(moved)

    def rejoin(self, moved: Iterable[Moved]) -> None:
        """What was told of an event counts as told of the one that its posts went to, and what is
        due of it is due of that one. Harmless when repeated."""
        with self._store.writing() as db:
            for one in moved:
                _rejoin(db, one)

    def follow(
        self, last: int, noticed: Sequence[Noticed], gone: Sequence[str], at: datetime
    ) -> None:
        """All up to that row is followed: what was noticed is due. What quotes posts that are gone
        and is not sent leaves the outbox, and its events are due again."""
        day = stamp(at)[:10]
        with self._store.writing() as db:
            for one in noticed:
                made = db.execute(
                    "INSERT OR IGNORE INTO due SELECT id, ?, ? FROM subscriptions"
                    " WHERE id = ? AND state = 'active'",
                    (one.event, stamp(at), one.subscription),
                )
                if one.new and made.rowcount:
                    db.execute(
                        "INSERT INTO matched VALUES (?, ?, 1) ON CONFLICT (subscription, day)"
                        " DO UPDATE SET events = events + 1",
                        (one.subscription, day),
                    )
            for message in withdraw(db, gone):
                db.execute(
                    "INSERT OR IGNORE INTO due SELECT DISTINCT subscription, event, ? FROM told"
                    " WHERE message = ?",
                    (stamp(at), message),
                )
                db.execute("DELETE FROM told WHERE message = ?", (message,))
            db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?)", (FOLLOWER, last))

    def told(self, event: str) -> Mapping[str, Told]:
        """What each subscription was told last of an event."""
        with self._store.reading() as db:
            return {of: told for of, (_, told) in _latest(db, event).items()}

    def waiting(self) -> tuple[str, ...]:
        """The subscriptions to which something is due, in order."""
        with self._store.reading() as db:
            found = db.execute("SELECT DISTINCT subscription FROM due ORDER BY subscription")
            return tuple(name for (name,) in found)

    def due(self, subscription: str) -> tuple[Due, ...]:
        """What is due to a subscription, the oldest first."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT event, at, (SELECT value FROM told WHERE told.event = due.event"
                " AND told.subscription = due.subscription ORDER BY number DESC LIMIT 1)"
                " FROM due WHERE subscription = ? ORDER BY at, event",
                (subscription,),
            ).fetchall()
        return tuple(
            Due(
                subscription=subscription,
                event=event,
                at=moment(at),
                told=_told(value) if value else None,
            )
            for event, at, value in lines
        )

    def messages(self, subscription: str, since: datetime) -> tuple[datetime, ...]:
        """When messages were made for a subscription since then, in order."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT min(at) FROM told WHERE subscription = ? AND at > ?"
                " GROUP BY message ORDER BY 1",
                (subscription, stamp(since)),
            ).fetchall()
        return tuple(moment(at) for (at,) in lines)

    def matched(self, subscription: str, since: datetime, before: datetime) -> int:
        """How many new events matched from one UTC day until before another."""
        with self._store.reading() as db:
            (number,) = db.execute(
                "SELECT coalesce(sum(events), 0) FROM matched"
                " WHERE subscription = ? AND day >= ? AND day < ?",
                (subscription, stamp(since)[:10], stamp(before)[:10]),
            ).fetchone()
        return int(number)

    def posts(self, event: str) -> tuple[Post, ...]:
        """The posts of an event in order of arrival."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT post FROM signals WHERE event = ? ORDER BY arrived", (event,)
            ).fetchall()
        return tuple(_post(value) for (value,) in lines)

    def release(self, releases: Iterable[Release]) -> int:
        """Put messages into the outbox with what they tell, and take it from what is due; all or
        none. One to a subscription that is no longer active is left out. How many messages."""
        made = 0
        with self._store.writing() as db:
            for one in releases:
                active = db.execute(
                    "SELECT 1 FROM subscriptions WHERE id = ? AND state = 'active'",
                    (one.subscription,),
                ).fetchone()
                if active is None:
                    continue
                for entry in one.entries:
                    put(db, entry)
                    made += 1
                for message, told in one.told:
                    _tell(db, message, told)
                db.executemany(
                    "DELETE FROM due WHERE subscription = ? AND event = ?",
                    [(one.subscription, event) for event in one.done],
                )
        return made

    def tidy(self, at: datetime) -> None:
        """Let go of what was told and counted long ago."""
        told, matched = (stamp(at - timedelta(days=days)) for days in (TOLD_DAYS, MATCHED_DAYS))
        with self._store.writing() as db:
            db.execute("DELETE FROM told WHERE at < ?", (told,))
            db.execute("DELETE FROM matched WHERE day < ?", (matched[:10],))


def _ended(db: sqlite3.Connection, first: int, last: int) -> list[Moved]:
    """The events that a rebuild ended, and those that have most of their posts now."""
    lines = db.execute(
        "SELECT value FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq, id", (first, last)
    )
    ended = (event_of(value) for (value,) in lines)
    return [Moved(event=one.id, to=one.merged_into) for one in ended if one.merged_into]


def _moved(db: sqlite3.Connection, done: Decided) -> list[Moved]:
    """Which events' posts a decision gave to which."""
    verdict, value = done.decision.verdict, done.decision.value
    if verdict == "merge":
        return [Moved(event=name, to=done.event) for name in dict.fromkeys(done.moved.values())]
    if verdict != "undo":
        return []
    line = db.execute("SELECT value FROM decided WHERE seq = ?", (int(value[0]),)).fetchone()
    if line is None:
        return []
    former = _decided(line[0])
    homes = dict.fromkeys(former.moved.values())
    if former.decision.verdict == "merge":
        since = former.decision.at
        return [Moved(event=former.event, to=name, since=since) for name in homes]
    if former.decision.verdict == "split":
        return [Moved(event=str(former.seq), to=name) for name in homes]
    return []


def _rejoin(db: sqlite3.Connection, moved: Moved) -> None:
    """An event that comes back by an undo was told where the other was told in the meantime; its
    own word stands where there is one."""
    here = _latest(db, moved.to)
    for subscription, (message, other) in _latest(db, moved.event).items():
        mine = here[subscription][1] if subscription in here else None
        if moved.since and (mine or other.at < moved.since):
            continue
        after = _both(mine, other, moved.to)
        if after != mine:
            _tell(db, message, after)
    if moved.since is None:
        db.execute("UPDATE OR IGNORE due SET event = ? WHERE event = ?", (moved.to, moved.event))
        db.execute("DELETE FROM due WHERE event = ?", (moved.event,))


def _both(mine: Told | None, other: Told, event: str) -> Told:
    """What a subscription was told of one event that was told of as two."""
    if mine is None:
        return replace(other, event=event)
    return replace(
        mine,
        severity=max(mine.severity, other.severity, key=SEVERITIES.index),
        official=mine.official or other.official,
        casualties=max(mine.casualties, other.casualties),
    )


def _latest(db: sqlite3.Connection, event: str) -> dict[str, tuple[str, Told]]:
    """By subscription the message that told of an event last, and what."""
    lines = db.execute(
        "SELECT subscription, message, value FROM told WHERE event = ? ORDER BY number", (event,)
    )
    return {subscription: (message, _told(value)) for subscription, message, value in lines}


def _tell(db: sqlite3.Connection, message: str, told: Told) -> None:
    db.execute(
        "INSERT INTO told (subscription, event, message, at, value) VALUES (?, ?, ?, ?, ?)",
        (told.subscription, told.event, message, stamp(told.at), encode(told)),
    )
