"""What goes out: messages in the form that their channel gave them, before the first attempt and
until they are sent.

::

    put ► waiting ─► begun ─► sent          a row that is found begun at a start was perhaps sent:
             ▲         │ └──► failed        it waits again, the same bytes, and is counted
             └─────────┘ postponed
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.ledger.inbox import note
from monitor.ledger.store import Store, moment, stamp
from monitor.model import Activity

PAYLOAD_DAYS: Final = 7
"""Days that the bytes of what was sent, or given up, are kept."""
ROW_DAYS: Final = 90
_UNSENT: Final = "state IN ('waiting', 'begun')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message as its channel composed it: `id` is the message's, `posts` are those that it
    quotes, `event` is the one that it tells of, empty where there are several or none."""

    id: str
    subscription: str
    channel: str
    to: str
    payload: bytes
    at: datetime
    posts: tuple[str, ...] = ()
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message whose time has come: how often it was tried, and since when it waits."""

    number: int
    id: str
    subscription: str
    to: str
    payload: bytes
    made: datetime
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A message that is not sent, without whom it is for: its state, how often it was tried, when
    it is tried again, and what was said when it was tried last."""

    id: str
    subscription: str
    channel: str
    state: str
    tries: int
    made: datetime
    again: datetime
    said: str


def put(db: sqlite3.Connection, entry: Entry) -> None:
    """Put a message in the outbox, in the caller's transaction; one that is there already stays as
    it is."""
    at = stamp(entry.at)
    made = db.execute(
        "INSERT INTO outbox"
        " (id, subscription, channel, recipient, event, state, made, again, payload)"
        " VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (
            entry.id,
            entry.subscription,
            entry.channel,
            entry.to,
            entry.event,
            at,
            at,
            entry.payload,
        ),
    )
    if made.rowcount:
        db.executemany(
            "INSERT OR IGNORE INTO quoted VALUES (?, ?)",
            [(post, made.lastrowid) for post in entry.posts],
        )


def withdraw(db: sqlite3.Connection, posts: Iterable[str]) -> tuple[str, ...]:
    """Take back what quotes these posts, in the caller's transaction: what was sent loses its
    bytes, what waits leaves the outbox. The ids of the messages that will not be sent."""
    unsent: list[str] = []
    for post in posts:
        lines = db.execute(
            f"SELECT number, id, {_UNSENT} FROM outbox WHERE number IN"
            " (SELECT message FROM quoted WHERE post = ?)",
            (post,),
        ).fetchall()
        for number, message, waits in lines:
            if waits:
                unsent.append(message)
                db.execute("DELETE FROM outbox WHERE number = ?", (number,))
            else:
                db.execute("UPDATE outbox SET payload = x'' WHERE number = ?", (number,))
            db.execute("DELETE FROM quoted WHERE message = ?", (number,))
    return tuple(unsent)


def drop(db: sqlite3.Connection, subscription: str) -> None:
    """Let go of a subscription's messages that are not sent, in the caller's transaction."""
    which = f"(SELECT number FROM outbox WHERE subscription = ? AND {_UNSENT})"
    db.execute(f"DELETE FROM quoted WHERE message IN {which}", (subscription,))
    db.execute(f"DELETE FROM outbox WHERE subscription = ? AND {_UNSENT}", (subscription,))


class Outbox:
    """What a channel's loop reads and writes. One process delivers: whoever holds the lock."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, entry: Entry) -> None:
        """Put one message in the outbox, in a transaction of its own."""
        with self._store.writing() as db:
            put(db, entry)

    def drop(self, subscription: str) -> None:
        """Let go of a subscription's messages that are not sent."""
        with self._store.writing() as db:
            drop(db, subscription)

    def waiting(self, channel: str, now: datetime, limit: int = 50) -> tuple[Waiting, ...]:
        """Messages whose time has come: those that were tried least first, so that a destination
        that is away keeps nobody else waiting; else in order."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT number, id, subscription, recipient, payload, made, tries FROM outbox"
                " WHERE channel = ? AND state = 'waiting' AND again <= ?"
                " ORDER BY tries, number LIMIT ?",
                (channel, stamp(now), limit),
            ).fetchall()
        return tuple(
            Waiting(
                number=number,
                id=message,
                subscription=subscription,
                to=to,
                payload=payload,
                made=moment(made),
                tries=tries,
            )
            for number, message, subscription, to, payload, made, tries in lines
        )

    def begin(self, number: int) -> bool:
        """Mark it begun, right before its bytes leave; False where it waits no longer."""
        with self._store.writing() as db:
            done = db.execute(
                "UPDATE outbox SET state = 'begun', tries = tries + 1"
                " WHERE number = ? AND state = 'waiting'",
                (number,),
            )
        return done.rowcount == 1

    def sent(self, number: int) -> None:
        """The server has taken it."""
        self._end(number, "sent", "")

    def fail(self, number: int, said: str) -> None:
        """It will never be sent, and why."""
        self._end(number, "failed", said)

    def postpone(self, number: int, again: datetime, said: str) -> None:
        """It was not taken now, and waits until `again`."""
        with self._store.writing() as db:
            db.execute(
                "UPDATE outbox SET state = 'waiting', again = ?, said = ?"
                " WHERE number = ? AND state = 'begun'",
                (stamp(again), said, number),
            )

    def recover(self, channel: str) -> int:
        """What a process that died left begun waits again, counted as a possible repeat; how many.
        Only where nobody else delivers for this channel."""
        begun = "channel = ? AND state = 'begun'"
        with self._store.reading() as db:
            if not db.execute(f"SELECT 1 FROM outbox WHERE {begun} LIMIT 1", (channel,)).fetchone():
                return 0
        with self._store.writing() as db:
            done = db.execute(
                f"UPDATE outbox SET state = 'waiting', repeats = repeats + 1 WHERE {begun}",
                (channel,),
            )
        return done.rowcount

    def entry(self, message: str) -> Entry | None:
        """The message of that id, without what it quotes; its payload is empty after a week."""
        with self._store.reading() as db:
            line = db.execute(
                "SELECT id, subscription, channel, recipient, payload, made, event FROM outbox"
                " WHERE id = ?",
                (message,),
            ).fetchone()
        return _entry(line) if line else None

    def unsent(self, limit: int = 50) -> tuple[Unsent, ...]:
        """What waits or was given up, the newest first."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT id, subscription, channel, state, tries, made, again, said FROM outbox"
                f" WHERE {_UNSENT} OR state = 'failed' ORDER BY number DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(
            Unsent(
                id=message,
                subscription=subscription,
                channel=channel,
                state=state,
                tries=tries,
                made=moment(made),
                again=moment(again),
                said=said,
            )
            for message, subscription, channel, state, tries, made, again, said in lines
        )

    def retry(self, now: datetime) -> int:
        """What was given up, and whose bytes are still there, waits again; how many."""
        with self._store.writing() as db:
            done = db.execute(
                "UPDATE outbox SET state = 'waiting', tries = 0, again = ?"
                " WHERE state = 'failed' AND payload != x''",
                (stamp(now),),
            )
        return done.rowcount

    def counts(self) -> Mapping[str, int]:
        """How many messages are in each state, and how many repeats there may have been."""
        with self._store.reading() as db:
            found = dict(db.execute("SELECT state, count(*) FROM outbox GROUP BY state"))
            (repeats,) = db.execute("SELECT coalesce(sum(repeats), 0) FROM outbox").fetchone()
        states = {state: int(found.get(state, 0)) for state in _STATES}
        return {**states, "repeats": int(repeats)}

    def bounced(self, message: str, outcome: str, said: str) -> int:
        """A message that was sent came back, or was complained of: written down, there and in the
        activity; how many of its subscription's did in all. 0 where it was not sent."""
        with self._store.writing() as db:
            line = db.execute(
                "UPDATE outbox SET state = 'bounced', said = ? WHERE id = ?"
                f" AND NOT {_UNSENT} RETURNING channel, event, subscription",
                (said, message),
            ).fetchone()
            if line is None:
                return 0
            channel, event, subscription = line
            self._note(db, channel, event, outcome)
            (number,) = db.execute(
                "SELECT count(*) FROM outbox WHERE subscription = ? AND state = 'bounced'",
                (subscription,),
            ).fetchone()
        return int(number)

    def tidy(self, now: datetime) -> None:
        """Empty what was sent or given up a week ago, and let it go after ninety days."""
        payload, row = (stamp(now - timedelta(days=days)) for days in (PAYLOAD_DAYS, ROW_DAYS))
        old = f"made < ? AND NOT {_UNSENT}"
        with self._store.writing() as db:
            which = f"(SELECT number FROM outbox WHERE {old} AND payload != x'')"
            db.execute(f"DELETE FROM quoted WHERE message IN {which}", (payload,))
            db.execute(f"UPDATE outbox SET payload = x'' WHERE number IN {which}", (payload,))
            db.execute(f"DELETE FROM outbox WHERE {old}", (row,))

    def _end(self, number: int, state: str, said: str) -> None:
        """The last word on a message, in the activity as well, there without whom it was for."""
        with self._store.writing() as db:
            line = db.execute(
                "UPDATE outbox SET state = ?, said = ? WHERE number = ? AND state = 'begun'"
                " RETURNING channel, event",
                (state, said, number),
            ).fetchone()
            if line is None:
                return
            channel, event = line
            self._note(db, channel, event, state)

    def _note(self, db: sqlite3.Connection, channel: str, event: str, outcome: str) -> None:
        at = self._store.clock()
        note(
            db,
            Activity(number=0, at=at, what="mail", channel=channel, event=event, outcome=outcome),
        )


_STATES: Final = ("waiting", "begun", "sent", "failed", "bounced")


def _entry(line: tuple[Any, ...]) -> Entry:
    message, subscription, channel, to, payload, made, event = line
    return Entry(
        id=message,
        subscription=subscription,
        channel=channel,
        to=to,
        payload=payload,
        at=moment(made),
        event=event,
    )
