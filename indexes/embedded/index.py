"""What the embedded index answers: finds, by score or by a field, a page at a time."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from indexes.embedded import facets
from indexes.embedded.compile import Compiled, Where, compiled
from indexes.embedded.store import Store
from indexes.embedded.vectors import Vectors
from indexes.embedded.write import write
from monitor.errors import QueryError
from monitor.model import Change, Event, Signal
from monitor.ports import Asked, Bucket, Found, Hit, Of
from monitor.query import FIELDS, All, Query, check, likes, words_of

MAX_LIMIT: Final = 1_000
WINDOW: Final = 2_000
"""By score, this many of the newest finds are ranked; older ones follow, newest first."""
LIKE_NEAREST: Final = 200
LIKE_FLOOR: Final = 0.4
"""`like:` finds this many signals at most, none with a smaller cosine."""
_FUSION: Final = 60
"""Of reciprocal rank fusion: how little the first ranks stand out.
Source: https://doi.org/10.1145/1571941.1572114"""
_SORTABLE: Final = ("time", "first", "last", "size", "severity", "certainty", "relevance")
_FEW: Final = 5_000
"""Fewer finds in the text than this are looked up one by one; else the columns are gone through."""

_signal = msgspec.json.Decoder(Signal).decode
_event = msgspec.json.Decoder(Event).decode


@dataclass(frozen=True, slots=True)
class _Question:
    """A question ready to be asked: without what `like:` adds, with it, and what that is."""

    kind: Of
    exact: Compiled
    wide: Compiled
    ranked: bool
    near: tuple[tuple[int, float], ...] = ()


class Embedded:
    """An index in one SQLite file; may be shared by threads. See `monitor.ports.Index`."""

    def __init__(self, path: Path, *, beside: bool) -> None:
        self._store = Store(path, beside=beside)
        self._vectors = Vectors()

    def prepare(self, ledger: str) -> bool:
        """Create or open for that ledger; True where it is new."""
        return self._store.prepare(ledger)

    def write(self, change: Change) -> None:
        """One transaction, on the disk when it returns."""
        with self._store.writing() as database:
            write(database, change)

    def promote(self) -> None:
        """Take the live one's place."""
        self._store.promote()

    def close(self) -> None:
        """Close every connection."""
        self._store.close()

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
                where = _where(database, compiled(query, "signals", None))
                found = database.execute(f"SELECT n FROM signals WHERE {where.sql}", where.values)
                among = [n for (n,) in found]
            nearest = self._vectors.nearest(database, vector, among, min(limit, MAX_LIMIT))
            values = _values(database, "signals", [n for n, _ in nearest])
        return tuple(Hit(value=values[n], score=score) for n, score in nearest if n in values)

    def count(self, query: Query, by: str, of: Of) -> Sequence[Bucket]:
        """The most frequent values of a keyword field, of severity, certainty or place."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.count(database, _asked(database, query, of), by, of)

    def histogram(self, query: Query, every: timedelta, of: Of) -> Sequence[Bucket]:
        """Documents per interval; those without a moment are in none."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.histogram(database, _asked(database, query, of), every, of)

    def grid(self, query: Query, precision: int, of: Of) -> Sequence[Bucket]:
        """Documents per tile of zoom `precision`; those without a position are in none."""
        _check_plain(query, of)
        with self._store.reading() as database:
            return facets.grid(database, _asked(database, query, of), precision, of)

    def _find(self, kind: Of, query: Query, asked: Asked) -> Found:
        check(query, kind)
        limit = max(0, min(asked.limit, MAX_LIMIT))
        after = _read_cursor(asked.after)
        with self._store.reading() as database:
            question = self._question(database, kind, query, asked.vector)
            total = _total(database, question.exact)
            sort = asked.sort or ("" if question.ranked or question.near else "-time")
            if sort:
                scored, next_ = _by_field(database, question, sort, limit, after)
            else:
                scored, next_ = _by_score(database, question, limit, after)
            numbers = [n for n, _ in scored]
            values = _values(database, kind, numbers)
            only = _only_like(database, question, numbers)
        hits = tuple(
            Hit(value=values[n], score=score, like=n in only) for n, score in scored if n in values
        )
        return Found(total=total, hits=hits, next=next_ if limit else None)

    def _question(
        self, database: sqlite3.Connection, kind: Of, query: Query, vector: bytes | None
    ) -> _Question:
        exact = compiled(query, kind, None)
        ranked = exact.match is not None and bool(words_of(query))
        if not likes(query):
            return _Question(kind, exact, exact, ranked)
        if vector is None:
            raise QueryError("like: the question came without its vector; ask with a model")
        nearest = self._vectors.nearest(database, vector, None, LIKE_NEAREST)
        near = [(n, cosine) for n, cosine in nearest if cosine >= LIKE_FLOOR]
        ids = _near_ids(database, kind, near)
        wide = compiled(query, kind, json.dumps(list(ids)))
        sql = f"SELECT n, id FROM {kind} WHERE id IN (SELECT value FROM json_each(?)) AND {{}}"
        found = database.execute(
            sql.format(wide.sql().sql), (json.dumps(list(ids)), *wide.sql().values)
        )
        best = sorted(((n, ids[id_]) for n, id_ in found), key=lambda one: (-one[1], one[0]))
        return _Question(kind, exact, wide, ranked, tuple(best))


def _check_plain(query: Query, of: Of) -> None:
    check(query, of)
    if likes(query):
        raise QueryError("like: cannot be counted; leave it out")


def _near_ids(
    database: sqlite3.Connection, kind: Of, near: Iterable[tuple[int, float]]
) -> dict[str, float]:
    """The ids of signals, or of their events, with the best cosine of each."""
    cosines = dict(near)
    name = "id" if kind == "signals" else "event"
    found = database.execute(
        f"SELECT n, {name} FROM signals WHERE n IN (SELECT value FROM json_each(?))",
        (json.dumps(list(cosines)),),
    )
    ids: dict[str, float] = {}
    for n, id_ in found:
        ids[id_] = max(cosines[n], ids.get(id_, -1.0))
    return ids


def _count_text(database: sqlite3.Connection, asked: Compiled) -> int:
    table = asked.table
    sql = f"SELECT count(*) FROM {table}_text WHERE {table}_text MATCH ?"
    return int(database.execute(sql, (asked.match,)).fetchone()[0])


def _where(database: sqlite3.Connection, asked: Compiled) -> Where:
    """The WHERE clause, driven by the text where it finds few."""
    few = asked.match is not None and _count_text(database, asked) < _FEW
    return asked.sql(driven=few)


def _asked(database: sqlite3.Connection, query: Query, of: Of) -> Where:
    return _where(database, compiled(query, of, None))


def _total(database: sqlite3.Connection, asked: Compiled) -> int:
    if asked.where is None and asked.match is not None:
        return _count_text(database, asked)
    where = _where(database, asked)
    sql = f"SELECT count(*) FROM {asked.table} WHERE {where.sql}"
    return int(database.execute(sql, where.values).fetchone()[0])


def _by_field(
    database: sqlite3.Connection, question: _Question, sort: str, limit: int, after: list[Any]
) -> tuple[list[tuple[int, float]], str | None]:
    """A page in the order of a field, then of id."""
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    kind = question.kind
    known = FIELDS.get(name)
    if not (name in ("id", "seq") or (name in _SORTABLE and known and kind in known.of)):
        names = ", ".join(("id", "seq", *(n for n in _SORTABLE if kind in FIELDS[n].of)))
        raise QueryError(f"sort: {kind} cannot be sorted by {name!r}; sort by {names}")
    column = "time" if name == "last" else name
    where = _where(database, question.wide)
    sql, values = where.sql, list(where.values)
    if after:
        if len(after) != 3 or after[0] != sort:
            raise _bad_cursor()
        sign = "<" if falling else ">"
        sql += f" AND {column} {sign}= ? AND ({column} {sign} ? OR id > ?)"
        values += [after[1], after[1], after[2]]
    way = "DESC" if falling else "ASC"
    found = database.execute(
        f"SELECT n, id, {column} FROM {kind} WHERE {sql} ORDER BY {column} {way}, id LIMIT ?",
        (*values, limit + 1),
    ).fetchall()
    page = found[:limit]
    more = len(found) > limit and page
    next_ = _cursor([sort, page[-1][2], page[-1][1]]) if more else None
    return [(n, 0.0) for n, _, _ in page], next_


def _by_score(
    database: sqlite3.Connection, question: _Question, limit: int, after: list[Any]
) -> tuple[list[tuple[int, float]], str | None]:
    """A page by score: text by BM25, fused with what is alike; new arrivals do not shift it."""
    if after and (len(after) != 2 or not all(isinstance(mark, int) for mark in after)):
        raise _bad_cursor()
    kind = question.kind
    newest = database.execute(f"SELECT max(n) FROM {kind}").fetchone()[0] or 0
    upto, skip = after or (newest, 0)
    if not question.near and skip >= WINDOW:
        ranked = [(n, 0.0) for n in _newest(database, question, upto, limit + 1, skip)]
    else:
        ranked = _window(database, question, upto)
        if not question.near and len(ranked) == WINDOW and skip + limit >= WINDOW:
            rest = _newest(database, question, upto, skip + limit + 1 - WINDOW, WINDOW)
            ranked += [(n, 0.0) for n in rest]
        ranked = ranked[skip : skip + limit + 1]
    next_ = _cursor([upto, skip + limit]) if len(ranked) > limit else None
    return ranked[:limit], next_


def _window(
    database: sqlite3.Connection, question: _Question, upto: int
) -> list[tuple[int, float]]:
    """The newest finds by score, and all that is alike among them."""
    kind = question.kind
    if question.ranked:
        where, values = _text_where(question.exact)
        found = database.execute(
            f"SELECT rowid, -bm25({kind}_text) FROM {kind}_text WHERE {where}"
            " AND rowid <= ? ORDER BY rowid DESC LIMIT ?",
            (*values, upto, WINDOW),
        ).fetchall()
        ranked = sorted(found, key=lambda one: (-one[1], -one[0]))
    else:
        plain = _where(database, question.exact)
        ranked = database.execute(
            f"SELECT n, 0.0 FROM {kind} WHERE {plain.sql} AND n <= ? ORDER BY time DESC LIMIT ?",
            (*plain.values, upto, WINDOW),
        ).fetchall()
    if not question.near:
        return ranked
    fused: dict[int, float] = {}
    for order in (ranked, question.near):
        for rank, (n, _) in enumerate(order):
            fused[n] = fused.get(n, 0.0) + 1.0 / (_FUSION + rank)
    return sorted(fused.items(), key=lambda one: (-one[1], -one[0]))


def _newest(
    database: sqlite3.Connection, question: _Question, upto: int, limit: int, skip: int
) -> list[int]:
    """Finds in the order of arrival, the newest first."""
    kind = question.kind
    where, values = _text_where(question.exact)
    found = database.execute(
        f"SELECT rowid FROM {kind}_text WHERE {where} AND rowid <= ?"
        " ORDER BY rowid DESC LIMIT ? OFFSET ?",
        (*values, upto, limit, skip),
    )
    return [n for (n,) in found]


def _text_where(asked: Compiled) -> tuple[str, tuple[Any, ...]]:
    """The question as a clause on the table of texts."""
    sql = f"{asked.table}_text MATCH ?"
    if asked.where is None:
        return sql, (asked.match,)
    inner = asked.where
    return (
        f"{sql} AND +rowid IN (SELECT n FROM {asked.table} WHERE {inner.sql})",
        (asked.match, *inner.values),
    )


def _only_like(
    database: sqlite3.Connection, question: _Question, numbers: Sequence[int]
) -> frozenset[int]:
    """Those of the finds that only `like:` found."""
    if not question.near:
        return frozenset()
    where = question.exact.sql()
    found = database.execute(
        f"SELECT n FROM {question.kind} WHERE n IN (SELECT value FROM json_each(?))"
        f" AND {where.sql}",
        (json.dumps(list(numbers)), *where.values),
    )
    return frozenset(numbers) - {n for (n,) in found}


def _values(
    database: sqlite3.Connection, kind: Of, numbers: Sequence[int]
) -> dict[int, Signal | Event]:
    read = _signal if kind == "signals" else _event
    found = database.execute(
        f"SELECT n, value FROM {kind}_value WHERE n IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    )
    return {n: read(value) for n, value in found}


def _cursor(marks: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(marks).encode()).decode().rstrip("=")


def _read_cursor(text: str | None) -> list[Any]:
    if not text:
        return []
    try:
        marks = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as fault:
        raise _bad_cursor() from fault
    if not isinstance(marks, list) or not all(isinstance(m, str | int | float) for m in marks):
        raise _bad_cursor()
    return marks


def _bad_cursor() -> QueryError:
    return QueryError("after: is no mark of this question; begin at the first page")
