"""A question as SQL: what FTS5 can say goes into one MATCH expression, the rest into one WHERE.
Nothing that a person wrote is ever part of the SQL, nor of FTS5's syntax but within its quotes.

Every NOT stands at a leaf, and what is nested deepest comes first: so the deepest question that can
be parsed stays below the 100 places of the stack of FTS5's parser.
Source: https://www.sqlite.org/fts5.html#full_text_query_syntax
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from indexes.embedded.rows import EVERY, NOWHERE, Value, tag
from monitor.geo import chord, on_sphere
from monitor.nodes import denied_at_leaves, depth
from monitor.query import (
    FIELDS,
    UNKNOWN,
    All,
    And,
    Equals,
    InPlace,
    Like,
    Near,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Range,
    Words,
    inside,
)

_COLUMNS: Final = {"last": "time"}
_SLACK: Final = 1e-6
"""The R-tree keeps 32-bit numbers: what is this near to the edge is looked at exactly."""


@dataclass(frozen=True, slots=True)
class Text:
    """What FTS5 can say; `denied` where its opposite is meant."""

    match: str
    denied: bool = False

    @property
    def whole(self) -> str:
        """The expression that says it without a NOT around it."""
        return f'("{EVERY}" NOT {self.match})' if self.denied else self.match


@dataclass(frozen=True, slots=True)
class Where:
    """What SQL says of the columns of a table."""

    sql: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """Both must hold: the MATCH expression and the WHERE clause, where there is one."""

    table: str
    match: str | None
    where: Where | None

    @property
    def all(self) -> bool:
        """True where nothing is asked of a document."""
        return self.match is None and self.where is None

    def sql(self, *, driven: bool = False) -> Where:
        """Both as one clause on the table's columns; `driven` where the text finds few, so that
        SQLite begins with it."""
        parts = [_matched(self.table, self.match, driven=driven)] if self.match else []
        parts += [self.where] if self.where else []
        return _joined(parts, " AND ") if parts else Where("1")

    def numbers(self) -> Where:
        """A SELECT of the numbers of all that satisfies it, in their order."""
        where = self.where or Where("1")
        if self.match is None:
            return Where(f"SELECT n FROM {self.table} WHERE {where.sql}", where.values)
        text = f"{self.table}_text"
        sql = f"SELECT {text}.rowid FROM {text}"
        if self.where is not None:
            sql += f" CROSS JOIN {self.table} ON n = {text}.rowid AND {where.sql}"
        return Where(f"{sql} WHERE {text} MATCH ?", (*where.values, self.match))


def compiled(query: Query, table: str, near: str | None) -> Compiled:
    """The question for one table; `near` is the JSON list of ids that `like:` finds, or None."""
    plain = denied_at_leaves(query)
    parts = plain.parts if isinstance(plain, And) else (plain,)
    said = [_said(part, table, near) for part in parts if not isinstance(part, All)]
    texts = [part for part in said if isinstance(part, Text)]
    wheres = [part for part in said if isinstance(part, Where)]
    return Compiled(
        table,
        _all(texts).whole if texts else None,
        _joined(wheres, " AND ") if wheres else None,
    )


def _said(query: Query, table: str, near: str | None) -> Text | Where:
    match query:
        case And(parts) | Or(parts):
            deepest_first = sorted(parts, key=depth, reverse=True)
            return _combined(query, [_said(part, table, near) for part in deepest_first], table)
        case Not(part):
            said = _said(part, table, near)
            if isinstance(said, Text):
                return Text(said.match, not said.denied)
            return Where(f"NOT ({said.sql})", said.values)
        case Equals("id" | "event" as name, value):
            return Where(f"{name} = ?", (value,))
        case Range(name) if FIELDS[name].type != "grade":
            return _range(query)
        case Near():
            return _near(query, table)
        case Like():
            return Where("id IN (SELECT value FROM json_each(?))", (near or "[]",))
        case _:
            return _text(query)


def _text(query: Query) -> Text:
    match query:
        case Words(_, variants):
            return Text("(" + " OR ".join(f'"~{variant}"' for variant in variants) + ")")
        case Phrase(words):
            return Text('"' + " ".join(words) + '"')
        case Prefix(start):
            return Text(f'"{start}" *')
        case Equals(name, value):
            return Text(f'"{tag(name, value)}"')
        case Range():
            return _grades(query)
        case InPlace(name):
            if name == UNKNOWN:
                return Text(f'"{NOWHERE}"')
            if ":" in name:
                return Text(f'"{tag("ref", name)}"')
            return Text('"' + " ".join(f"@{word}" for word in name.split(" ")) + '"')
        case _:
            return Text(f'"{EVERY}"')


def _combined(query: And | Or, said: list[Text | Where], table: str) -> Text | Where:
    texts = [part for part in said if isinstance(part, Text)]
    wheres = [part for part in said if isinstance(part, Where)]
    text = (_all(texts) if isinstance(query, And) else _any(texts)) if texts else None
    if text is not None and not wheres:
        return text
    found = [_matched(table, text.whole)] if text else []
    return _joined(wheres + found, " AND " if isinstance(query, And) else " OR ")


def _all(texts: list[Text]) -> Text:
    asked = " AND ".join(text.match for text in texts if not text.denied)
    denied = " OR ".join(text.match for text in texts if text.denied)
    if not asked:
        return Text(f"({denied})", denied=True)
    return Text(f"(({asked}) NOT ({denied}))" if denied else f"({asked})")


def _any(texts: list[Text]) -> Text:
    return Text("(" + " OR ".join(text.whole for text in texts) + ")")


def _matched(table: str, match: str, *, driven: bool = False) -> Where:
    sql = f"{'' if driven else '+'}n IN (SELECT rowid FROM {table}_text WHERE {table}_text MATCH ?)"
    return Where(sql, (match,))


def _joined(parts: list[Where], word: str) -> Where:
    values = tuple(value for part in parts for value in part.values)
    return Where("(" + word.join(part.sql for part in parts) + ")", values)


def _grades(query: Range) -> Text:
    values = FIELDS[query.field].values
    within = [value for rank, value in enumerate(values) if inside(query, rank)]
    if not within:
        return Text(f'"{tag(query.field, "")}"')
    tags = (tag(query.field, value.casefold()) for value in within)
    return Text("(" + " OR ".join(f'"{one}"' for one in tags) + ")")


def _range(query: Range) -> Where:
    column = _COLUMNS.get(query.field, query.field)
    parts = []
    if query.low is not None:
        parts.append(Where(f"{column} {'>=' if query.with_low else '>'} ?", (query.low,)))
    if query.high is not None:
        parts.append(Where(f"{column} {'<=' if query.with_high else '<'} ?", (query.high,)))
    return _joined(parts, " AND ") if parts else Where("1")


def _near(query: Near, table: str) -> Where:
    """A box in the R-tree, then the straight distance, which needs no trigonometry: by the
    R-tree's own numbers, and by the exact ones for the few on the edge."""
    centre = on_sphere(query.lat, query.lon)
    reach = chord(query.radius_m)
    outer, inner = reach + _SLACK, max(reach - _SLACK, 0.0)
    box = tuple(side for axis in centre for side in (axis + outer, axis - outer))
    around = tuple(axis for axis in centre for _ in range(2))
    rough, exact = _squared("x0", "y0", "z0"), _squared("x", "y", "z")
    sql = (
        f"n IN (SELECT near.n FROM {table}_area AS near WHERE x0 <= ? AND x1 >= ? AND y0 <= ?"
        f" AND y1 >= ? AND z0 <= ? AND z1 >= ? AND ({rough} < ? OR EXISTS (SELECT 1 FROM {table}"
        f" AS edge WHERE edge.n = near.n AND {exact} <= ?)))"
    )
    return Where(sql, (*box, *around, inner * inner, *around, reach * reach))


def _squared(x: str, y: str, z: str) -> str:
    return f"({x} - ?) * ({x} - ?) + ({y} - ?) * ({y} - ?) + ({z} - ?) * ({z} - ?)"
