"""The tree of a question as text."""

from __future__ import annotations

from typing import Any

from monitor.fields import FIELDS, show
from monitor.nodes import (
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
)


def format_query(query: Query) -> str:
    """A text that parses to this question."""
    match query:
        case All():
            return "*"
        case And(parts):
            return " AND ".join(_nested(part, Or) for part in parts)
        case Or(parts):
            return " OR ".join(_nested(part, And) for part in parts)
        case Not(part):
            return f"NOT {_nested(part, And | Or)}"
        case Words(text):
            return text
        case Phrase(spoken):
            return _quoted(" ".join(spoken))
        case Prefix(start):
            return f"{start}*"
        case Equals(name, value):
            return f"{name}:{_quoted(value)}"
        case Near(lat, lon, radius_m):
            return f'near:"{lat!r},{lon!r},{radius_m:.3f}m"'
        case InPlace(name):
            return f"place:{_quoted(name)}"
        case Like(text):
            return f"like:{_quoted(text)}"
        case Range():
            return _range_text(query)


def _nested(query: Query, kind: Any) -> str:
    text = format_query(query)
    return f"({text})" if isinstance(query, kind) else text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _range_text(asked: Range) -> str:
    of = FIELDS[asked.field]
    low, high = (
        "*" if bound is None else _quoted(show(of, bound)) for bound in (asked.low, asked.high)
    )
    if asked.low is not None and asked.low == asked.high and asked.with_low and asked.with_high:
        return f"{asked.field}:{low}"
    opening, closing = "[" if asked.with_low else "{", "]" if asked.with_high else "}"
    return f"{asked.field}:{opening}{low} TO {high}{closing}"
