"""THROUGH: signals and events as they now are; a batch is in here whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from monitor.ledger.inbox import bury, count, note
from monitor.ledger.record import SIGNAL, encode, event_of, signal_of, signal_values
from monitor.ledger.store import Store, stamp
from monitor.model import (
    ACTIVITY_DAYS,
    Activity,
    Change,
    Dead,
    Decided,
    Decision,
    Dropped,
    Event,
    Gone,
    Post,
    Row,
    Signal,
)

SEEN_DAYS: Final = 90
DROPPED_DAYS: Final = 7
_PASSED: Final = "SELECT min(seq) FROM positions WHERE follower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """Whole events, for a grouper to remember: signals in order of arrival."""

    signals: tuple[Signal, ...] = ()
    events: tuple[Event, ...] = ()
    decided: tuple[Decided, ...] = ()


class Truth:
    """What the consumer reads and writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def choice(self, name: str, value: str | None = None) -> str | None:
        """What was chosen once for this ledger, or None; the first `value` given stays for ever."""
        if value is not None:
            with self._store.writing() as db:
                db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (f"choice.{name}", value))
        with self._store.reading() as db:
            line = db.execute(
                "SELECT value FROM meta WHERE key = ?", (f"choice.{name}",)
            ).fetchone()
        return str(line[0]) if line else None

    def signal(self, post: str) -> Signal | None:
        """The signal of that post."""
        with self._store.reading() as db:
            line = db.execute(f"SELECT {SIGNAL} FROM signals WHERE id = ?", (post,)).fetchone()
        return signal_of(line) if line else None

    def event(self, event: str) -> Event | None:
        """The event of that number."""
        with self._store.reading() as db:
            line = db.execute("SELECT value FROM events WHERE id = ?", (event,)).fetchone()
        return event_of(line[0]) if line else None

    def members(self, event: str) -> tuple[Signal, ...]:
        """An event's signals in order of arrival."""
        with self._store.reading() as db:
            return _members(db, [event])

    def decisions(self, event: str) -> tuple[Decided, ...]:
        """What people said of an event, oldest first."""
        with self._store.reading() as db:
            return _decided(db, [event])

    def decided(self, seq: int) -> Decided | None:
        """What became of the decision of that row, or None where it still waits."""
        with self._store.reading() as db:
            line = db.execute("SELECT value FROM decided WHERE seq = ?", (seq,)).fetchone()
        return msgspec.json.decode(line[0], type=Decided) if line else None

    def dropped(self, post: str) -> Dropped | None:
        """A post that was not kept."""
        with self._store.reading() as db:
            line = db.execute("SELECT value FROM dropped WHERE id = ?", (post,)).fetchone()
        return msgspec.json.decode(line[0], type=Dropped) if line else None

    def active(self, memory: timedelta) -> Recalled:
        """Every event that is not closed, or that got a signal within `memory` of the last row that
        was consumed."""
        with self._store.reading() as db:
            line = db.execute("SELECT value FROM meta WHERE key = 'consumed_at'").fetchone()
            if line is None:
                return Recalled()
            since = stamp(datetime.fromisoformat(line[0]) - memory)
            found = db.execute(
                "SELECT event FROM signals WHERE collected >= ?"
                " UNION SELECT id FROM events WHERE phase != 'closed'",
                (since,),
            ).fetchall()
            return _whole(db, [event for (event,) in found])

    def recall(self, rows: Sequence[Row], held: Callable[[str], bool]) -> Recalled:
        """The whole events that rows are about, but for those that `held` says are in memory."""
        with self._store.reading() as db:
            events = {event for row in rows for event in _concerned(db, row)}
            return _whole(db, sorted(event for event in events if not held(event)))

    def with_reposts(self, gone: Gone) -> Gone:
        """What was taken back, and every repost of it: a repost holds the same words."""
        with self._store.reading() as db:
            found = {
                post
                for table in ("signals", "dropped")
                for author in gone.authors
                for (post,) in db.execute(f"SELECT id FROM {table} WHERE author = ?", (author,))
            }
            waiting = [*gone.ids, *found]
            while waiting:
                name = waiting.pop()
                for table in ("signals", "dropped"):
                    for (post,) in db.execute(
                        f"SELECT id FROM {table} WHERE repost_of = ?", (name,)
                    ):
                        if post not in found:
                            found.add(post)
                            waiting.append(post)
        return replace(gone, ids=(*gone.ids, *sorted(found.difference(gone.ids))))

    def kept(self, posts: Iterable[str]) -> dict[str, Signal]:
        """The signals among these posts, by id."""
        with self._store.reading() as db:
            found = (
                db.execute(f"SELECT {SIGNAL} FROM signals WHERE id = ?", (post,)).fetchone()
                for post in posts
            )
            return {line[0]: signal_of(line) for line in found if line}

    def sample(self, about: int) -> tuple[Signal, ...]:
        """About so many signals, or all where there are fewer, spread over all that arrived."""
        with self._store.reading() as db:
            (size,) = db.execute("SELECT count(*) FROM signals").fetchone()
            lines = db.execute(
                f"SELECT {SIGNAL} FROM signals WHERE rowid % ? = 0 ORDER BY arrived",
                (max(1, size // about),),
            )
            return tuple(map(signal_of, lines))

    def expired(self, at: datetime, days: int, per_source: dict[str, int]) -> tuple[str, ...]:
        """Posts that may be kept no longer: collected more than `days` before, or more than their
        source's own limit; never those under a legal hold."""
        with self._store.reading() as db:
            ids = _older(db, "", at, days)
            for source, limit in per_source.items():
                if limit < days:
                    ids |= _older(db, source, at, limit)
        return tuple(sorted(ids))

    def commit(self, rows: Sequence[Row], change: Change, dead: Sequence[Dead] = ()) -> None:
        """Write what a batch did and let its rows go, in one transaction."""
        at = rows[-1].at
        with self._store.writing() as db:
            _write(db, change)
            for row in rows:
                if isinstance(row.what, Gone):
                    _forget(db, row.what)
                    bury(db, row.what, row.at)
            _write_dropped(db, change)
            for fault in dead:
                db.execute(
                    "INSERT INTO dead (id, author, source, at, reason) VALUES (?, ?, ?, ?, ?)",
                    (fault.id, *_origin_of(rows, fault.id), stamp(at), fault.reason),
                )
            _count(db, rows, change, dead)
            _note(db, rows, change)
            db.executemany("DELETE FROM inbox WHERE seq = ?", [(row.seq,) for row in rows])
            db.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [("consumed", str(rows[-1].seq)), ("consumed_at", stamp(at))],
            )

    def tidy(self, at: datetime) -> None:
        """Let go what its time is over: what was seen, tombstones, dropped posts, dead letters,
        what an interrupted rebuild left, and removals and old activity that every follower of
        theirs has passed."""
        long_ago, lately, noted = (
            stamp(at - timedelta(days=days)) for days in (SEEN_DAYS, DROPPED_DAYS, ACTIVITY_DAYS)
        )
        with self._store.writing() as db:
            db.execute(
                "DELETE FROM seen WHERE at < ? AND post NOT IN (SELECT id FROM signals)",
                (long_ago,),
            )
            db.execute("DELETE FROM tombstones WHERE at < ?", (long_ago,))
            db.execute("DELETE FROM dropped WHERE at < ?", (lately,))
            db.execute("DELETE FROM dead WHERE at < ?", (lately,))
            db.execute("DELETE FROM anew WHERE at < ?", (lately,))
            db.execute(f"DELETE FROM gone WHERE seq <= ({_PASSED} NOT LIKE 'activity:%')")
            db.execute(
                f"DELETE FROM activity WHERE at < ? AND number <= ({_PASSED} LIKE 'activity:%')",
                (noted,),
            )


def _older(db: sqlite3.Connection, source: str, at: datetime, days: int) -> set[str]:
    limit = stamp(at - timedelta(days=days))
    if source:
        sql = "SELECT id FROM signals WHERE source = ? AND collected < ? AND hold = 0"
        return {post for (post,) in db.execute(sql, (source, limit))}
    sql = "SELECT id FROM signals WHERE collected < ? AND hold = 0"
    return {post for (post,) in db.execute(sql, (limit,))}


def _concerned(db: sqlite3.Connection, row: Row) -> set[str]:
    """The events that a row may touch."""
    what = row.what
    if isinstance(what, Post):
        posts: tuple[str, ...] = (what.id, what.repost_of)
        return _events_of(db, posts)
    if isinstance(what, Gone):
        found = _events_of(db, what.ids)
        for author in what.authors:
            found |= {
                event
                for (event,) in db.execute("SELECT event FROM signals WHERE author = ?", (author,))
            }
        return found
    if isinstance(what, Decision):
        named = {what.target, *what.value}
        found = _events_of(db, (what.target, *what.anchors, *what.value)) | _known(db, named)
        if what.verdict == "undo":
            found |= _undone(db, what)
        return found
    return set()


def _undone(db: sqlite3.Connection, decision: Decision) -> set[str]:
    found: set[str] = set()
    for number in decision.value:
        line = db.execute("SELECT value FROM decided WHERE seq = ?", (number,)).fetchone()
        if line is None:
            continue
        former = msgspec.json.decode(line[0], type=Decided)
        found |= _events_of(db, former.moved) | _known(db, {former.event, *former.moved.values()})
    return found


def _events_of(db: sqlite3.Connection, posts: Iterable[str]) -> set[str]:
    found = (
        db.execute("SELECT event FROM signals WHERE id = ?", (post,)).fetchone() for post in posts
    )
    return {line[0] for line in found if line}


def _known(db: sqlite3.Connection, events: Iterable[str]) -> set[str]:
    """Those that are events, with what they were merged into."""
    known: set[str] = set()
    waiting = list(events)
    while waiting:
        name = waiting.pop()
        line = db.execute("SELECT value FROM events WHERE id = ?", (name,)).fetchone()
        if line and name not in known:
            known.add(name)
            waiting.append(event_of(line[0]).merged_into)
    return known


def _whole(db: sqlite3.Connection, events: Sequence[str]) -> Recalled:
    found = (
        db.execute("SELECT value FROM events WHERE id = ?", (event,)).fetchone() for event in events
    )
    return Recalled(
        signals=_members(db, events),
        events=tuple(event_of(line[0]) for line in found if line),
        decided=_decided(db, events),
    )


def _members(db: sqlite3.Connection, events: Sequence[str]) -> tuple[Signal, ...]:
    found = [
        signal_of(line)
        for event in events
        for line in db.execute(
            f"SELECT {SIGNAL} FROM signals WHERE event = ? ORDER BY arrived", (event,)
        )
    ]
    return tuple(sorted(found, key=lambda signal: signal.arrived))


def _decided(db: sqlite3.Connection, events: Sequence[str]) -> tuple[Decided, ...]:
    """What was decided of these events; one that a split founded carries that decision's number."""
    found = [
        msgspec.json.decode(value, type=Decided)
        for event in events
        for (value,) in db.execute(
            "SELECT value FROM decided WHERE event = ?1 OR seq = CAST(?1 AS INTEGER)", (event,)
        )
    ]
    return tuple(sorted(found, key=lambda decided: decided.seq))


def _write(db: sqlite3.Connection, change: Change) -> None:
    marks = ", ".join("?" * (SIGNAL.count(",") + 1))
    db.executemany(
        f"INSERT OR REPLACE INTO signals ({SIGNAL}) VALUES ({marks})",
        map(signal_values, change.signals),
    )
    db.executemany(
        "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?)",
        [(event.id, event.seq, event.phase, encode(event)) for event in change.events],
    )
    db.executemany("DELETE FROM gone WHERE id = ?", [(s.post.id,) for s in change.signals])
    db.executemany("DELETE FROM dropped WHERE id = ?", [(s.post.id,) for s in change.signals])
    for table in ("signals", "anew"):
        db.executemany(f"DELETE FROM {table} WHERE id = ?", [(post,) for post in change.gone])
    db.executemany(
        "INSERT OR REPLACE INTO gone VALUES (?, ?)", [(post, change.last) for post in change.gone]
    )
    db.executemany(
        "INSERT OR REPLACE INTO decided VALUES (?, ?, ?)",
        [(decided.seq, decided.event, encode(decided)) for decided in change.decided],
    )


def _write_dropped(db: sqlite3.Connection, change: Change) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO dropped VALUES (?, ?, ?, ?, ?, ?)",
        [
            (drop.post.id, drop.seq, drop.post.author, drop.post.repost_of, at, encode(drop))
            for drop in change.dropped
            for at in [stamp(drop.post.collected)]
        ],
    )


def _forget(db: sqlite3.Connection, gone: Gone) -> None:
    """A deleted post leaves the dropped posts, the dead letters and an interrupted rebuild too."""
    for table in ("dropped", "dead", "anew"):
        db.executemany(f"DELETE FROM {table} WHERE id = ?", [(post,) for post in gone.ids])
        db.executemany(
            f"DELETE FROM {table} WHERE author = ?", [(author,) for author in gone.authors]
        )


def _origin_of(rows: Sequence[Row], post: str) -> tuple[str, str]:
    for row in rows:
        if isinstance(row.what, Post) and row.what.id == post:
            return row.what.author, row.what.source
    return "", ""


def _note(db: sqlite3.Connection, rows: Sequence[Row], change: Change) -> None:
    """What came of the decisions among these rows; who decided is not in it."""
    decided = {each.seq: each for each in change.decided}
    for row in rows:
        if row.seq in decided:
            of = decided[row.seq]
            activity = Activity(
                number=0,
                at=row.at,
                what="decision",
                event=of.event,
                verdict=of.decision.verdict,
                outcome=of.outcome,
            )
            note(db, activity)


def _count(
    db: sqlite3.Connection, rows: Sequence[Row], change: Change, dead: Sequence[Dead]
) -> None:
    dropped = {drop.post.id for drop in change.dropped}
    faulty = {fault.id for fault in dead}
    for row in rows:
        if isinstance(row.what, Post):
            post = row.what
            count(
                db,
                post.source,
                row.at,
                dropped=int(post.id in dropped),
                dead=int(post.id in faulty),
                kept=int(post.id not in dropped and post.id not in faulty),
            )
