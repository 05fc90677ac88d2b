"""The ledger anew: what today's models say of its posts, kept until the switch to it.

::

    signals, dropped ──► (the models) ──► anew ──► (the grouper) ──► a draft ──► signals, events
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from monitor.ledger.draft import Draft
from monitor.ledger.record import (
    SIGNAL,
    encode,
    enrichment_of,
    post_of,
    row_values,
    signal_of,
    signal_values,
)
from monitor.ledger.store import Store, moment, stamp
from monitor.model import Decided, Dropped, Enrichment, Post, Signal, Tick

CHUNK: Final = 500
"""So many things at most change under one number, so that no follower is told all at once."""
_SAID: Final = "anew.arrived, anew.id, anew.reason, anew.enrichment, anew.vector"
_RESERVED: Final = "anew"
_REBUILT: Final = "rebuilt"
_dropped = msgspec.json.Decoder(Dropped).decode
_spans = msgspec.json.Decoder(list[tuple[int, int]]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """The numbers of a rebuild: `last` is that of an hour which waits in the inbox until the
    switch, those from `first` on are nobody else's."""

    first: int
    last: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A post of the ledger: kept as a signal or dropped, as of the number of its last change."""

    post: Post
    arrived: int
    seq: int
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A post as a signal with what today's models say of it; `reason` is why they would drop it,
    `kept` whether it is a signal already."""

    signal: Signal
    reason: str
    kept: bool


class Anew:
    """What a rebuild with today's models reads and writes. Only under the consumer's lock."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reserve(self) -> Reserved:
        """Numbers for a rebuild, after all rows that wait and before all that come; those of one
        that was interrupted, if nobody has consumed since."""
        with self._store.writing() as db:
            line = db.execute(
                "SELECT meta.value, inbox.at FROM meta JOIN inbox"
                " ON inbox.seq = CAST(substr(meta.value, instr(meta.value, ':') + 1) AS INTEGER)"
                " WHERE key = ?",
                (_RESERVED,),
            ).fetchone()
            if line is None:
                line = self._reserve(db)
        first, _, last = line[0].partition(":")
        return Reserved(first=int(first), last=int(last), at=moment(line[1]))

    def _reserve(self, db: sqlite3.Connection) -> tuple[str, str]:
        signals, events, dropped, waiting = (
            int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in ("signals", "events", "dropped", "inbox")
        )
        room = events + waiting + (3 * (signals + dropped + waiting) + events) // CHUNK + 2
        highest = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'inbox'").fetchone()
        first = (highest[0] if highest else 0) + 1
        latest = db.execute("SELECT value FROM meta WHERE key = 'last_at'").fetchone()
        at = max(stamp(self._store.clock()), latest[0] if latest else "")
        numbers = f"{first}:{first + room}"
        db.execute(
            "INSERT INTO inbox (seq, at, origin, kind, what) VALUES (?, ?, ?, ?, ?)",
            (first + room, *row_values(moment(at), Tick(at=moment(at)), "live")),
        )
        db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [("last_at", at), (_RESERVED, numbers)]
        )
        return numbers, at

    def size(self, recipe: str) -> tuple[int, int]:
        """How many posts the models have thought about by that recipe, and how many there are."""
        with self._store.reading() as db:
            (done,) = db.execute("SELECT count(*) FROM anew WHERE recipe = ?", (recipe,)).fetchone()
            (total,) = db.execute(
                "SELECT (SELECT count(*) FROM signals) + (SELECT count(*) FROM dropped)"
            ).fetchone()
        return int(done), int(total)

    def waiting(self, recipe: str, limit: int) -> Iterator[tuple[Held, ...]]:
        """The posts of which the models have not thought yet by that recipe, a few at a time."""
        for table, columns in (
            ("signals", "id, arrived, seq, post"),
            ("dropped", "id, seq, value"),
        ):
            after = ""
            while lines := self._waiting(table, columns, recipe, after, limit):
                after = lines[-1][0]
                yield tuple(map(_held, lines))

    def _waiting(
        self, table: str, columns: str, recipe: str, after: str, limit: int
    ) -> list[tuple[Any, ...]]:
        with self._store.reading() as db:
            return db.execute(
                f"SELECT {columns} FROM {table} WHERE id > ? AND NOT EXISTS ("
                f" SELECT 1 FROM anew WHERE anew.id = {table}.id AND anew.seq = {table}.seq"
                " AND anew.recipe = ?) ORDER BY id LIMIT ?",
                (after, recipe, limit),
            ).fetchall()

    def keep(self, recipe: str, thoughts: Iterable[tuple[Held, Enrichment, str]]) -> None:
        """Write down what the models say of posts, and why they would drop them."""
        at = stamp(self._store.clock())
        with self._store.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO anew VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        held.arrived,
                        held.post.id,
                        held.post.author,
                        held.seq,
                        recipe,
                        at,
                        reason,
                        encode(replace(enrichment, vector=b"")),
                        enrichment.vector,
                    )
                    for held, enrichment, reason in thoughts
                ],
            )

    def decided(self) -> frozenset[str]:
        """The events that a decision of a person is about, or moved posts from or to."""
        with self._store.reading() as db:
            lines = db.execute("SELECT value FROM decided").fetchall()
        found: set[str] = set()
        for done in (msgspec.json.decode(value, type=Decided) for (value,) in lines):
            if done.outcome == "applied":
                found |= {done.event, *done.moved.values()}
                found |= {str(done.seq)} if done.decision.verdict == "split" else set()
        return frozenset(found)

    def members(self, event: str) -> tuple[Signal, ...]:
        """An event's signals in order of arrival, with what today's models say of them."""
        with self._store.reading() as db:
            lines = db.execute(
                f"SELECT {_SAID} FROM anew JOIN signals ON signals.id = anew.id"
                " WHERE event = ? ORDER BY anew.arrived",
                (event,),
            ).fetchall()
            return tuple(one.signal for one in _renewed(db, lines))

    def renewed(self, limit: int) -> Iterator[tuple[Renewed, ...]]:
        """All posts in order of arrival, a few at a time."""
        after = 0
        while True:
            with self._store.reading() as db:
                lines = db.execute(
                    f"SELECT {_SAID} FROM anew WHERE arrived > ? ORDER BY arrived LIMIT ?",
                    (after, limit),
                ).fetchall()
                found = tuple(_renewed(db, lines))
            if not lines:
                return
            after = lines[-1][0]
            yield found

    def switch(self, draft: Draft, reserved: Reserved) -> None:
        """Put what was drafted in the place of what is there, in one transaction, under the
        reserved numbers."""
        at = stamp(self._store.clock())
        with self._store.attached(draft.store.path, "draft"), self._store.writing() as db:
            _put_down(db, at)
            _take_up(db)
            db.execute(
                "UPDATE signals SET event = made.event, hold = made.hold, seq = made.seq,"
                " enrichment = anew.enrichment, vector = anew.vector"
                " FROM draft.made_signals AS made JOIN anew ON anew.id = made.id"
                " WHERE signals.id = made.id"
            )
            db.execute("INSERT OR REPLACE INTO events SELECT * FROM draft.made_events")
            db.execute("DELETE FROM inbox WHERE seq = ?", (reserved.last,))
            db.execute("DELETE FROM meta WHERE key = ?", (_RESERVED,))
            spans = [(span[0], span[-1]) for span in rebuilds(db)]
            spans.append((reserved.first, reserved.last))
            db.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [
                    ("consumed", str(reserved.last)),
                    ("consumed_at", stamp(reserved.at)),
                    (_REBUILT, encode(spans).decode()),
                ],
            )
            db.execute("DELETE FROM anew")


def rebuilds(db: sqlite3.Connection) -> tuple[range, ...]:
    """The numbers of all rebuilds with other models: what changed under them is not news."""
    line = db.execute("SELECT value FROM meta WHERE key = ?", (_REBUILT,)).fetchone()
    return tuple(range(first, last + 1) for first, last in _spans(line[0])) if line else ()


def _held(line: tuple[Any, ...]) -> Held:
    if len(line) == 3:
        value = _dropped(line[2])
        return Held(post=value.post, arrived=value.seq, seq=line[1], kept=False)
    _, arrived, seq, post = line
    return Held(post=post_of(post), arrived=arrived, seq=seq, kept=True)


def _renewed(db: sqlite3.Connection, lines: Iterable[tuple[Any, ...]]) -> Iterator[Renewed]:
    """Posts with what is said of them; what left the ledger meanwhile is passed over."""
    for _, post, reason, said, vector in lines:
        enrichment = replace(enrichment_of(said), vector=vector)
        line = db.execute(f"SELECT {SIGNAL} FROM signals WHERE id = ?", (post,)).fetchone()
        if line:
            signal = replace(signal_of(line), enrichment=enrichment)
            yield Renewed(signal=signal, reason=reason, kept=True)
            continue
        line = db.execute("SELECT value FROM dropped WHERE id = ?", (post,)).fetchone()
        if line:
            signal = _picked_up(_dropped(line[0]), enrichment)
            yield Renewed(signal=signal, reason=reason, kept=False)


def _picked_up(dropped: Dropped, enrichment: Enrichment) -> Signal:
    """A dropped post as the signal that it is to today's models."""
    return Signal(
        post=dropped.post,
        enrichment=enrichment,
        event="",
        sources=(dropped.post.source,),
        arrived=dropped.seq,
        seq=0,
    )


def _put_down(db: sqlite3.Connection, at: str) -> None:
    """Signals that today's models would not keep go to the dropped posts, as if dropped now."""
    lines = db.execute("SELECT id, seq FROM draft.made_gone ORDER BY id").fetchall()
    for post, seq in lines:
        line = db.execute(f"SELECT {SIGNAL} FROM signals WHERE id = ?", (post,)).fetchone()
        signal = signal_of(line)
        reason, said = db.execute(
            "SELECT reason, enrichment FROM anew WHERE id = ?", (post,)
        ).fetchone()
        dropped = Dropped(
            post=signal.post, enrichment=enrichment_of(said), reason=reason, seq=signal.arrived
        )
        db.execute(
            "INSERT OR REPLACE INTO dropped VALUES (?, ?, ?, ?, ?, ?)",
            (post, dropped.seq, dropped.post.author, dropped.post.repost_of, at, encode(dropped)),
        )
        db.execute("DELETE FROM signals WHERE id = ?", (post,))
        db.execute("INSERT OR REPLACE INTO gone VALUES (?, ?)", (post, seq))


def _take_up(db: sqlite3.Connection) -> None:
    """Dropped posts that today's models keep become signals; the switch gives them their event."""
    lines = db.execute(
        "SELECT dropped.value, anew.enrichment, anew.vector FROM draft.made_signals AS made"
        " JOIN dropped ON dropped.id = made.id JOIN anew ON anew.id = made.id ORDER BY made.id"
    ).fetchall()
    marks = ", ".join("?" * (SIGNAL.count(",") + 1))
    for value, said, vector in lines:
        signal = _picked_up(_dropped(value), replace(enrichment_of(said), vector=vector))
        db.execute(f"INSERT INTO signals ({SIGNAL}) VALUES ({marks})", signal_values(signal))
        for table in ("dropped", "gone"):
            db.execute(f"DELETE FROM {table} WHERE id = ?", (signal.post.id,))
