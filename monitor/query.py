"""The language of questions: Lucene's syntax (`parse`), one frozen tree (`Query`), one meaning
(`matches`). Search box, command line, subscriptions and both indexes speak it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.documents import Document, document, event_document, signal_document
from monitor.errors import QueryError
from monitor.fields import FIELDS, Field, Kind
from monitor.geo import chord, on_sphere
from monitor.marks import marks
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
    depth,
    inside,
    leaves,
)
from monitor.spelling import format_query
from monitor.syntax import parse

__all__ = [
    "FIELDS",
    "UNKNOWN",
    "All",
    "And",
    "Document",
    "Equals",
    "Explained",
    "Field",
    "InPlace",
    "Like",
    "Near",
    "Not",
    "Or",
    "Phrase",
    "Prefix",
    "Query",
    "Range",
    "Words",
    "check",
    "depth",
    "document",
    "event_document",
    "explain",
    "format_query",
    "inside",
    "likes",
    "marks",
    "matches",
    "parse",
    "signal_document",
    "words_of",
]

UNKNOWN: Final = "unknown"
"""`place:unknown` asks for what has no position."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a document is found or not: `asked` is AND, OR, NOT or a leaf as a question writes it."""

    asked: str
    holds: bool
    parts: tuple[Explained, ...] = ()


def check(query: Query, of: Kind) -> None:
    """Raises QueryError where the question asks for a field that this kind of document lacks."""
    for leaf, _ in leaves(query):
        _check_leaf(leaf, of)


def matches(query: Query, of: Document) -> bool:
    """Whether a document satisfies the question: what every index must agree with.

    `like:` is never satisfied here: only an index knows what lies near. Raises QueryError like
    `check`.
    """
    match query:
        case And(parts):
            return all([matches(part, of) for part in parts])
        case Or(parts):
            return any([matches(part, of) for part in parts])
        case Not(part):
            return not matches(part, of)
        case All():
            return True
        case Words(_, variants):
            return any(variant in of.terms for variant in variants)
        case Phrase(spoken):
            return any(_within(spoken, text) for text in of.texts)
        case Prefix(start):
            return any(word.startswith(start) for text in of.texts for word in text)
        case Like():
            return False
        case InPlace(name):
            return _in_place(name, of)
        case Near(lat, lon, radius_m):
            return of.point is not None and _near(of.point, (lat, lon), radius_m)
        case Equals() | Range():
            _check_leaf(query, of.kind)
            if isinstance(query, Equals):
                return _equals(query, of)
            return inside(query, of.numbers[query.field])


def explain(query: Query, of: Document) -> Explained:
    """The tree of the question with what holds of the document; `like:` never does, as in
    `matches`. Raises QueryError like `check`."""
    match query:
        case And(parts):
            said = tuple(explain(part, of) for part in parts)
            return Explained("AND", all(part.holds for part in said), said)
        case Or(parts):
            said = tuple(explain(part, of) for part in parts)
            return Explained("OR", any(part.holds for part in said), said)
        case Not(part):
            denied = explain(part, of)
            return Explained("NOT", not denied.holds, (denied,))
    return Explained(format_query(query), matches(query, of))


def likes(query: Query) -> tuple[str, ...]:
    """The texts whose vector the question needs; `parse` lets one pass."""
    return tuple({leaf.text: None for leaf, _ in leaves(query) if isinstance(leaf, Like)})


def words_of(query: Query) -> tuple[str, ...]:
    """The folded words that finds are about, each once: not those under NOT; prefixes too."""
    found: dict[str, None] = {}
    for leaf, denied in leaves(query):
        if denied:
            continue
        match leaf:
            case Words(_, variants):
                found.update(dict.fromkeys(variants))
            case Phrase(spoken):
                found.update(dict.fromkeys(spoken))
            case Prefix(start):
                found[start] = None
    return tuple(found)


def _check_leaf(leaf: Query, of: Kind) -> None:
    if isinstance(leaf, Equals | Range) and of not in FIELDS[leaf.field].of:
        others = " and ".join(FIELDS[leaf.field].of)
        raise QueryError(
            f"{leaf.field}: {of} have no such field; ask it of {others}", position=leaf.at
        )


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Whether the words stand in the text, next to each other."""
    first, size = part[0], len(part)
    return any(
        word == first and whole[at : at + size] == part
        for at, word in enumerate(whole[: len(whole) - size + 1])
    )


def _equals(asked: Equals, of: Document) -> bool:
    if asked.field == "id":
        return of.id == asked.value
    if asked.field == "event":
        return of.event == asked.value
    return any(value.casefold() == asked.value for value in of.keywords[asked.field])


def _near(point: tuple[float, float], centre: tuple[float, float], radius_m: float) -> bool:
    x, y, z = on_sphere(*point)
    a, b, c = on_sphere(*centre)
    reach = chord(radius_m)
    return (x - a) * (x - a) + (y - b) * (y - b) + (z - c) * (z - c) <= reach * reach


def _in_place(name: str, of: Document) -> bool:
    if name == UNKNOWN:
        return of.point is None
    if ":" in name:
        return name in of.refs
    asked = tuple(name.split(" "))
    return any(_within(asked, one) for one in of.names)
