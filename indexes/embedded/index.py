"""What the embedded index answers: finds, by score or by a field, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from indexes.embedded import facets
from indexes.embedded.compile import compiled
from indexes.embedded.pages import (
    Question,
    Wanted,
    by_field,
    by_score,
    read_cursor,
    rows_of,
    total,
    where_of,
)
from indexes.embedded.store import Connection, State, Store, state
from indexes.embedded.vectors import Vectors
from indexes.embedded.write import scrub, write
from monitor.errors import QueryError
from monitor.fields import micros, moment_of
from monitor.model import UNDATED, Activity, Change, Dead, Event, Signal
from monitor.ports import Asked, Bucket, Condition, Found, Hit, Of
from monitor.query import All, Query, check, document, likes, matches, words_of

MAX_LIMIT: Final = 1_000
LIKE_NEAREST: Final = 200
LIKE_FLOOR: Final = 0.4
"""`like:` finds this many signals at most, none with a smaller cosine."""
SCAN_IDS: Final = 20_000
SCAN_VALUES: Final = 500
"""How many a scan holds at once: of ids, each time they are asked for, and of documents."""
LEAST_FREE: Final = 2_000_000_000
"""Bytes of the disk: with less, a rebuild may not have room."""
_LISTED: Final = "(SELECT value FROM json_each(?))"

_signal = msgspec.json.Decoder(Signal).decode
_event = msgspec.json.Decoder(Event).decode


class Embedded:
    """An index in one SQLite file; may be shared by threads. See `monitor.ports.Index`."""

    def __init__(self, path: Path, *, beside: bool) -> None:
        self._store = Store(path, beside=beside)
        self._vectors = Vectors()

    def follows(self) -> str | None:
        """The ledger that this index follows, None where there is no index."""
        return self._store.follows()

    def prepare(self, ledger: str) -> bool:
        """Create or open for that ledger; True where it is new."""
        return self._store.prepare(ledger)

    def write(self, change: Change) -> tuple[Dead, ...]:
        """One transaction, on the disk when it returns; takes every document."""
        with self._store.writing() as database:
            write(database, change)
        if change.gone:
            with self._store.writing() as database:
                scrub(database)
        return ()

    def note(self, activities: Sequence[Activity]) -> None:
        """Keeps none: no dashboard reads this index."""

    def refresh(self) -> None:
        """Nothing to do: what is written is found at once."""

    def promote(self) -> None:
        """Take the live one's place."""
        self._store.promote()

    def condition(self) -> Condition:
        """Counts, sizes, and words where there is no index or the disk is nearly full."""
        if self._store.follows() is None:
            return Condition(words=("there is no index yet; `monitor once` makes it",))
        with self._store.reading() as database:
            (signals,) = database.execute("SELECT count(*) FROM signals").fetchone()
            (events,) = database.execute("SELECT count(*) FROM events").fetchone()
            undated = (micros(UNDATED),)
            (oldest,) = database.execute(
                "SELECT min(time) FROM signals WHERE time > ?", undated
            ).fetchone()
        size, free, room = self._store.size()
        return Condition(
            words=worries(free),
            signals=signals,
            events=events,
            bytes=size,
            oldest=None if oldest is None else moment_of(oldest),
            disk=1.0 - free / room if room else None,
        )

    def close(self) -> None:
        """Close every connection."""
        self._store.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One state of the file for this thread; what a question finds is worked out once."""
        with self._store.reading():
            yield

    def signals(self, query: Query, asked: Asked) -> Found:
        """Signals, a page; their vectors are left out."""
        return self._find("signals", query, asked)

    def events(self, query: Query, asked: Asked) -> Found:
        """Events, a page."""
        return self._find("events", query, asked)

    def similar(self, vector: bytes, query: Query, limit: int) -> Sequence[Hit]:
        """The nearest signals among those that match."""
        _check_plain(query, "signals")
        with self._store.reading() as database:
            among = None
            if query != All():
                rows = _asked(database, query, "signals")
                among = [n for (n,) in database.execute(f"SELECT n FROM {rows}")]
            nearest = self._vectors.nearest(database, vector, among, min(limit, MAX_LIMIT))
            values = _values(database, "signals", [n for n, _ in nearest])
        return tuple(Hit(value=values[n], score=score) for n, score in nearest if n in values)

    def count(self, query: Query, by: str, of: Of) -> Sequence[Bucket]:
        """The most frequent values of a keyword field, of severity, certainty or place."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.counts(database, _asked(database, query, of), (by,), of)[by]

    def counts(self, query: Query, by: Sequence[str], of: Of) -> Mapping[str, Sequence[Bucket]]:
        """Several of them in one pass."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.counts(database, _asked(database, query, of), by, of)

    def span(self, query: Query, of: Of) -> tuple[datetime, datetime] | None:
        """When the first and the last were; those without a moment are left out."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.span(database, _asked(database, query, of))

    def histogram(self, query: Query, every: timedelta, of: Of) -> Sequence[Bucket]:
        """Documents per interval; those without a moment are in none."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.histogram(database, _asked(database, query, of), every)

    def grid(self, query: Query, precision: int, of: Of) -> Sequence[Bucket]:
        """Documents per tile of zoom `precision`; those without a position are in none."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.grid(database, _asked(database, query, of), precision)

    def scan(self, query: Query, of: Of) -> Iterator[Signal | Event]:
        """All that match, in order of id; each is as it stands when its page is read."""
        _check_plain(query, of)
        return self._scan(query, of)

    def _scan(self, query: Query, of: Of) -> Iterator[Signal | Event]:
        last = ""
        while (found := self._ids(query, of, last))[1]:
            before, ids = found
            for start in range(0, len(ids), SCAN_VALUES):
                now, values = self._values_of(of, ids[start : start + SCAN_VALUES])
                for value in values:
                    if now == before or matches(query, document(value)):
                        yield value
            last = ids[-1]

    def _ids(self, query: Query, of: Of, last: str) -> tuple[State, list[str]]:
        """The next ids after the last one of those that match, and when that was so."""
        with self._store.reading() as database:
            where = where_of(database, compiled(query, of, None))
            found = database.execute(
                f"SELECT id FROM {of} WHERE {where.sql} AND id > ? ORDER BY id LIMIT ?",
                (*where.values, last, SCAN_IDS),
            )
            return state(database), [id_ for (id_,) in found]

    def _values_of(self, of: Of, ids: Sequence[str]) -> tuple[State, list[Signal | Event]]:
        """Those of these ids that are there, in order of id, and when that was so."""
        with self._store.reading() as database:
            found = database.execute(
                f"SELECT n FROM {of} WHERE id IN {_LISTED} ORDER BY id", (json.dumps(ids),)
            )
            numbers = [n for (n,) in found]
            values = _values(database, of, numbers)
            return state(database), [values[n] for n in numbers]

    def _find(self, kind: Of, query: Query, asked: Asked) -> Found:
        check(query, kind)
        limit = max(0, min(asked.limit, MAX_LIMIT))
        after = read_cursor(asked.after)
        with self._store.reading() as database:
            question = self._question(database, kind, query, asked.vector)
            counted = total(database, question.exact)
            sort = asked.sort or ("" if question.ranked or question.near else "-time")
            wanted = Wanted(sort, limit, after, asked.collapse)
            scored, next_ = (by_field if sort else by_score)(database, question, wanted)
            numbers = [n for n, _ in scored]
            values = _values(database, kind, numbers)
            only = _only_like(database, question, numbers)
        hits = tuple(
            Hit(value=values[n], score=score, like=n in only) for n, score in scored if n in values
        )
        return Found(total=counted, hits=hits, next=next_ if limit else None)

    def _question(
        self, database: Connection, kind: Of, query: Query, vector: bytes | None
    ) -> Question:
        exact = compiled(query, kind, None)
        ranked = exact.match is not None and bool(words_of(query))
        if not likes(query):
            return Question(kind, exact, exact, ranked)
        if vector is None:
            raise QueryError("like: the question came without its vector; ask with a model")
        nearest = self._vectors.nearest(database, vector, None, LIKE_NEAREST)
        near = [(n, cosine) for n, cosine in nearest if cosine >= LIKE_FLOOR]
        ids = _near_ids(database, kind, near)
        listed = json.dumps(list(ids))
        wide = compiled(query, kind, listed)
        where = wide.sql()
        sql = f"SELECT n, id FROM {kind} WHERE id IN {_LISTED} AND {where.sql}"
        found = database.execute(sql, (listed, *where.values))
        best = sorted(((n, ids[id_]) for n, id_ in found), key=lambda one: (-one[1], one[0]))
        return Question(kind, exact, wide, ranked, tuple(best))


def worries(free: int) -> tuple[str, ...]:
    """What is wrong where the disk has so many bytes left."""
    if free >= LEAST_FREE:
        return ()
    return (f"its disk has only {free // 1_000_000} MB left; make room on it",)


def _check_plain(query: Query, of: Of) -> None:
    check(query, of)
    if likes(query):
        raise QueryError("like: cannot be counted; leave it out")


def _near_ids(
    database: Connection, kind: Of, near: Iterable[tuple[int, float]]
) -> dict[str, float]:
    """The ids of signals, or of their events, with the best cosine of each."""
    cosines = dict(near)
    name = "id" if kind == "signals" else "event"
    found = database.execute(
        f"SELECT n, {name} FROM signals WHERE n IN {_LISTED}", (json.dumps(list(cosines)),)
    )
    ids: dict[str, float] = {}
    for n, id_ in found:
        ids[id_] = max(cosines[n], ids.get(id_, -1.0))
    return ids


def _asked(database: Connection, query: Query, of: Of) -> str:
    return rows_of(database, compiled(query, of, None))


def _only_like(database: Connection, question: Question, numbers: Sequence[int]) -> frozenset[int]:
    """Those of the finds that only `like:` found."""
    if not question.near:
        return frozenset()
    where = question.exact.sql()
    found = database.execute(
        f"SELECT n FROM {question.kind} WHERE n IN {_LISTED} AND {where.sql}",
        (json.dumps(list(numbers)), *where.values),
    )
    return frozenset(numbers) - {n for (n,) in found}


def _values(database: Connection, kind: Of, numbers: Sequence[int]) -> dict[int, Signal | Event]:
    read = _signal if kind == "signals" else _event
    found = database.execute(
        f"SELECT n, value FROM {kind}_value WHERE n IN {_LISTED}", (json.dumps(list(numbers)),)
    )
    return {n: read(value) for n, value in found}
