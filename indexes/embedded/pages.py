"""Finds a page at a time, in the order of a field or of a score, with a mark for the next page."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import msgspec

from indexes.embedded.compile import Compiled, Where
from indexes.embedded.store import Connection, Kept
from monitor.errors import QueryError
from monitor.ports import Of
from monitor.query import FIELDS

WINDOW: Final = 2_000
"""By score, this many of the newest finds are ranked; older ones follow, newest first."""
_FUSION: Final = 60
"""Of reciprocal rank fusion: how little the first ranks stand out.
Source: https://doi.org/10.1145/1571941.1572114"""
_SORTABLE: Final = ("time", "first", "last", "size", "severity", "certainty", "relevance")
_MARKS: Final = {False: ([str, int, str], [str, float, str]), True: ([str, str, str],)}
"""What a mark holds by a field: the sort, the last value, the last id; by `id` the value is one."""
_MOST: Final = 2**62
_FEW: Final = 5_000
"""Fewer finds than this are looked up one by one; else the columns are gone through."""
_marks = msgspec.json.Decoder(list[str | int | float]).decode


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a page is wanted: `Asked`, made ready. `after` is what its mark holds."""

    sort: str
    limit: int
    after: list[Any]
    collapse: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question ready to be asked: without what `like:` adds, with it, and what that is."""

    kind: Of
    exact: Compiled
    wide: Compiled
    ranked: bool
    near: tuple[tuple[int, float], ...] = ()


def _count_text(database: Connection, asked: Compiled) -> int:
    table = asked.table
    sql = f"SELECT count(*) FROM {table}_text WHERE {table}_text MATCH ?"
    return int(database.execute(sql, (asked.match,)).fetchone()[0])


def where_of(database: Connection, asked: Compiled) -> Where:
    """The WHERE clause, driven by the text where it finds few."""
    few = asked.match is not None and _count_text(database, asked) < _FEW
    return asked.sql(driven=few)


def _kept(database: Connection, asked: Compiled) -> Kept:
    """What satisfies the question, worked out once in the state that is being read."""
    if asked not in database.kept:
        name = f"kept_{len(database.kept)}"
        database.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} (n INTEGER PRIMARY KEY)")
        found = asked.numbers()
        made = database.execute(f"INSERT INTO {name} {found.sql}", found.values)
        database.kept[asked] = name, made.rowcount
    return database.kept[asked]


def rows_of(database: Connection, asked: Compiled) -> str:
    """The rows that satisfy the question, to SELECT from."""
    if asked.all:
        return asked.table
    name, _ = _kept(database, asked)
    return f"{name} CROSS JOIN {asked.table} USING (n)"


def _ordered(database: Connection, asked: Compiled) -> str:
    """The same as a WHERE clause for rows in an order that an index has: it is followed unless
    there are few."""
    if asked.all:
        return "1"
    name, number = _kept(database, asked)
    return f"{'' if number < _FEW else '+'}n IN {name}"


def total(database: Connection, asked: Compiled) -> int:
    """How many documents satisfy the question."""
    if asked.all:
        sql = f"SELECT count(*) FROM {asked.table}"
        return int(database.execute(sql).fetchone()[0])
    if asked.where is None and asked not in database.kept:
        return _count_text(database, asked)
    return _kept(database, asked)[1]


def by_field(
    database: Connection, question: Question, asked: Wanted
) -> tuple[list[tuple[int, float]], str | None]:
    """A page in the order of a field, then of id."""
    sort, after = asked.sort, asked.after
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    kind = question.kind
    known = FIELDS.get(name)
    if not (name in ("id", "seq") or (name in _SORTABLE and known and kind in known.of)):
        names = ", ".join(("id", "seq", *(n for n in _SORTABLE if kind in FIELDS[n].of)))
        raise QueryError(f"sort: {kind} cannot be sorted by {name!r}; sort by {names}")
    if after and [type(mark) for mark in after] not in _MARKS[name == "id"]:
        raise _bad_cursor()
    if after and after[0] != sort:
        raise _bad_cursor()
    column = "time" if name == "last" else name
    sql, values = _ordered(database, question.wide), []
    if after and not asked.collapse:
        sign = "<" if falling else ">"
        sql += f" AND {column} {sign}= ? AND ({column} {sign} ? OR id > ?)"
        values = [after[1], after[1], after[2]]
    way = "DESC" if falling else "ASC"
    found: Iterator[tuple[int, str, Any, str]] = database.execute(
        f"SELECT n, id, {column}, event FROM {kind} WHERE {sql} ORDER BY {column} {way}, id"
        " LIMIT ?",
        (*values, -1 if asked.collapse else asked.limit + 1),
    )
    if asked.collapse:
        found = _after(_first_of_each(found), after, falling=falling)
    rows = list(islice(found, asked.limit + 1))
    page = rows[: asked.limit]
    more = len(rows) > asked.limit and page
    next_ = _cursor([sort, page[-1][2], page[-1][1]]) if more else None
    return [(n, 0.0) for n, _, _, _ in page], next_


def _first_of_each(
    rows: Iterable[tuple[int, str, Any, str]],
) -> Iterator[tuple[int, str, Any, str]]:
    """Of the rows (the event last) those whose event was not there before."""
    seen: set[str] = set()
    for row in rows:
        if row[3] not in seen:
            seen.add(row[3])
            yield row


def _after(
    rows: Iterator[tuple[int, str, Any, str]], mark: list[Any], *, falling: bool
) -> Iterator[tuple[int, str, Any, str]]:
    """The rows (id and value in the middle) that come after the mark."""
    for row in rows:
        _, id_, value, _ = row
        if not mark or (id_ > mark[2] if value == mark[1] else (value < mark[1]) == falling):
            yield row


def by_score(
    database: Connection, question: Question, asked: Wanted
) -> tuple[list[tuple[int, float]], str | None]:
    """A page by score: text by BM25, fused with what is alike; new arrivals do not shift it."""
    if asked.after and [type(mark) for mark in asked.after] != [int, int]:
        raise _bad_cursor()
    kind = question.kind
    newest = database.execute(f"SELECT max(n) FROM {kind}").fetchone()[0] or 0
    upto, skip = asked.after or (newest, 0)
    if skip < 0:
        raise _bad_cursor()
    ranked, passed = _ranking(database, question, upto), skip
    if asked.collapse:
        event = f"SELECT event FROM {kind} WHERE n = ?"
        events = ((n, "", score, *database.execute(event, (n,)).fetchone()) for n, score in ranked)
        ranked = ((n, score) for n, _, score, _ in _first_of_each(events))
    elif skip >= WINDOW and not question.near:
        ranked, passed = _older(database, question, upto, skip), 0
    page = list(islice(ranked, passed, passed + asked.limit + 1))
    next_ = _cursor([upto, skip + asked.limit]) if len(page) > asked.limit else None
    return page[: asked.limit], next_


def _ranking(database: Connection, question: Question, upto: int) -> Iterator[tuple[int, float]]:
    """The newest finds by score, then the older ones."""
    window = _window(database, question, upto)
    yield from window
    if not question.near and len(window) == WINDOW:
        yield from _older(database, question, upto, WINDOW)


def _window(database: Connection, question: Question, upto: int) -> list[tuple[int, float]]:
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
        plain = _ordered(database, question.exact)
        ranked = database.execute(
            f"SELECT n, 0.0 FROM {kind} WHERE {plain} AND n <= ? ORDER BY time DESC LIMIT ?",
            (upto, WINDOW),
        ).fetchall()
    if not question.near:
        return ranked
    fused: dict[int, float] = {}
    for order in (ranked, question.near):
        for rank, (n, _) in enumerate(order):
            fused[n] = fused.get(n, 0.0) + 1.0 / (_FUSION + rank)
    return sorted(fused.items(), key=lambda one: (-one[1], -one[0]))


def _older(
    database: Connection, question: Question, upto: int, skip: int
) -> Iterator[tuple[int, float]]:
    """Finds in the order of arrival, the newest first, without the first so many."""
    where, values = _text_where(question.exact)
    found = database.execute(
        f"SELECT rowid FROM {question.kind}_text WHERE {where} AND rowid <= ?"
        " ORDER BY rowid DESC LIMIT -1 OFFSET ?",
        (*values, upto, skip),
    )
    return ((n, 0.0) for (n,) in found)


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


def _cursor(marks: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(marks).encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> list[Any]:
    """What a mark holds, nothing for none. Raises QueryError."""
    if not text:
        return []
    try:
        marks = _marks(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        for mark in marks:
            str(mark).encode()
    except (ValueError, msgspec.DecodeError) as fault:
        raise _bad_cursor() from fault
    if any(isinstance(mark, int) and not -_MOST < mark < _MOST for mark in marks):
        raise _bad_cursor()
    return marks


def _bad_cursor() -> QueryError:
    return QueryError("after: is no mark of this question; begin at the first page")
