"""The draft of a rebuild: the ledger as today's models would have it, in a file of its own beside.

What it came to is compared with what is there: each event keeps the id of the one with which it
shares most signals; what differs is written down as the switch will take it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from monitor.ledger.record import encode, event_of
from monitor.ledger.store import Clock, Store
from monitor.ledger.truth import Truth
from monitor.model import Event

What = Literal["new", "regrouped", "retold", "ended"]
_FILE: Final = "anew.db"
_MADE: Final = """
CREATE TABLE names (draft TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE made_signals (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL,
    hold INTEGER NOT NULL, seq INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE made_events (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, phase TEXT NOT NULL, value BLOB NOT NULL
);
CREATE TABLE made_gone (id TEXT PRIMARY KEY, seq INTEGER NOT NULL);
"""

_COUNTS: Final = (
    "SELECT count(*) FROM made_signals",
    "SELECT count(*) FROM made_gone",
    "SELECT count(*) FROM made_signals WHERE id NOT IN (SELECT id FROM held.signals)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a rebuild does to an event, its signals before and after, and the event that has most of
    them where it `ended`."""

    event: str
    what: What
    title: str
    before: int
    after: int
    into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a rebuild would do: to events, to how many signals, how many of them it would drop and
    how many dropped posts it would keep."""

    events: tuple[Difference, ...]
    signals: int
    dropped: int
    kept: int


@dataclass(slots=True)
class Numbers:
    """The numbers under which things change, `chunk` things each."""

    first: int
    chunk: int
    given: int = field(default=0)

    def __call__(self) -> int:
        """The next one."""
        number = self.first + self.given // self.chunk
        self.given += 1
        return number


class Draft:
    """A ledger beside the one in `held`, which it only reads. It holds texts: whoever consumes next
    is to `discard` it."""

    def __init__(self, held: Store, clock: Clock) -> None:
        discard(held.path.parent)
        self.store = Store(held.path.parent / _FILE, clock)
        self.truth = Truth(self.store)
        with self.store.translated():
            db = self.store.connection()
            db.execute("PRAGMA synchronous = OFF")
            db.execute("ATTACH ? AS held", (f"{held.path.resolve().as_uri()}?mode=ro",))

    def settle(self, numbers: Numbers, fixed: Collection[str], shift: int) -> Settled:
        """What differs from what is there, to be switched to. Events in `fixed` are called the same
        here and there; the others are to keep the ids of those that they continue, and get the
        number of their first signal, less `shift`, or one of `numbers` where there is none."""
        with self.store.writing() as db:
            for statement in _MADE.split(";"):
                db.execute(statement)
            heirs = _name(db, fixed, shift, numbers.first)
            moved = _make_signals(db, numbers)
            events = tuple(_make_events(db, heirs, moved, numbers))
            counts = (db.execute(sql).fetchone()[0] for sql in _COUNTS)
            signals, dropped, kept = counts
        return Settled(events=events, signals=signals, dropped=dropped, kept=kept)

    def close(self) -> None:
        """Close the file and be rid of it."""
        self.store.close()
        discard(self.store.path.parent)


def discard(folder: Path) -> None:
    """Be rid of what an interrupted rebuild left."""
    for end in ("", "-wal", "-shm"):
        (folder / f"{_FILE}{end}").unlink(missing_ok=True)


def _name(
    db: sqlite3.Connection, fixed: Collection[str], shift: int, spare: int
) -> Mapping[str, str]:
    """Give events their ids; by old event the id of the one that holds most of its signals now."""
    pairs = db.execute(
        "SELECT count(*), there.event, here.event, min(here.arrived) FROM signals AS here"
        " JOIN held.signals AS there ON there.id = here.id GROUP BY there.event, here.event"
    ).fetchall()
    pairs.sort(key=lambda pair: (-pair[0], pair[3]))
    names = {event: event for event in fixed}
    taken = set(fixed)
    for _, before, after, _ in pairs:
        if after not in names and before not in taken:
            names[after] = before
            taken.add(before)
    for event, arrived in db.execute(
        "SELECT event, min(arrived) FROM signals GROUP BY event ORDER BY min(arrived)"
    ).fetchall():
        if event in names:
            continue
        name = str(arrived - shift)
        if db.execute("SELECT 1 FROM held.events WHERE id = ?", (name,)).fetchone():
            name, spare = str(spare), spare + 1
        names[event] = name
    db.executemany("INSERT INTO names VALUES (?, ?)", names.items())
    heirs: dict[str, str] = {}
    for _, before, after, _ in pairs:
        heirs.setdefault(before, names[after])
    return heirs


def _make_signals(db: sqlite3.Connection, numbers: Numbers) -> frozenset[str]:
    """Write down which signals differ and which go; the events whose signals are not the same."""
    db.execute(
        "INSERT INTO made_signals (id, event, hold)"
        " SELECT here.id, names.id, max(here.hold, coalesce(there.hold, 0))"
        " FROM signals AS here JOIN names ON names.draft = here.event"
        " JOIN held.anew AS said ON said.id = here.id"
        " LEFT JOIN held.signals AS there ON there.id = here.id"
        " WHERE there.id IS NULL OR there.event != names.id OR there.hold < here.hold"
        " OR there.enrichment != said.enrichment OR there.vector != said.vector"
        " ORDER BY here.arrived"
    )
    db.execute(
        "INSERT INTO made_gone SELECT id, 0 FROM held.signals"
        " WHERE id NOT IN (SELECT id FROM signals)"
    )
    for table in ("made_signals", "made_gone"):
        ids = db.execute(f"SELECT id FROM {table} ORDER BY rowid").fetchall()
        db.executemany(
            f"UPDATE {table} SET seq = ? WHERE id = ?", [(numbers(), post) for (post,) in ids]
        )
    moved = db.execute(
        "SELECT made.event, there.event FROM made_signals AS made"
        " LEFT JOIN held.signals AS there ON there.id = made.id"
        " WHERE there.id IS NULL OR there.event != made.event"
        " UNION SELECT there.event, NULL FROM made_gone JOIN held.signals AS there USING (id)"
    )
    return frozenset(event for pair in moved for event in pair if event)


def _make_events(
    db: sqlite3.Connection, heirs: Mapping[str, str], moved: Collection[str], numbers: Numbers
) -> Iterator[Difference]:
    """Write down which events differ, and say it but where only the hour made them quieter."""
    drafts = db.execute(
        "SELECT names.id, events.value FROM events JOIN names ON names.draft = events.id"
        " ORDER BY CAST(names.id AS INTEGER)"
    )
    for name, value in drafts.fetchall():
        after = replace(event_of(value), id=name, seq=0)
        before = _before(db, name)
        if before and replace(before, seq=0) == after:
            continue
        _make(db, replace(after, seq=numbers()))
        what: What = "regrouped" if name in moved else "retold"
        if before is None:
            yield _told("new", Event(id=name, seq=0), after)
        elif what == "regrouped" or replace(before, seq=0, phase=after.phase) != after:
            yield _told(what, before, after)
    ended = db.execute(
        "SELECT DISTINCT event FROM held.signals WHERE event NOT IN (SELECT id FROM names)"
        " ORDER BY CAST(event AS INTEGER)"
    )
    for (name,) in ended.fetchall():
        before = _before(db, name)
        if before:
            into = heirs.get(name, "")
            after = Event(id=name, seq=numbers(), verdict=before.verdict, merged_into=into)
            _make(db, after)
            yield _told("ended", before, after)


def _before(db: sqlite3.Connection, name: str) -> Event | None:
    line = db.execute("SELECT value FROM held.events WHERE id = ?", (name,)).fetchone()
    return event_of(line[0]) if line else None


def _make(db: sqlite3.Connection, event: Event) -> None:
    db.execute(
        "INSERT INTO made_events VALUES (?, ?, ?, ?)",
        (event.id, event.seq, event.phase, encode(event)),
    )


def _told(what: What, before: Event, after: Event) -> Difference:
    return Difference(
        event=after.id,
        what=what,
        title=after.title or before.title,
        before=before.size,
        after=after.size,
        into=after.merged_into if what == "ended" else "",
    )
