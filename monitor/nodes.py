"""The tree of a question: what `monitor.query.parse` returns and both indexes read.

Words are folded (`monitor.words`), numbers are canonical (`monitor.fields`): two questions that
mean the same by their letters are equal. `at` is where a leaf stood in the text, for messages only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class All:
    """Everything."""


@dataclass(frozen=True, slots=True)
class And:
    """Every part; two parts at least, none of them an `And`."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any part; two parts at least, none of them an `Or`."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the part does not say; the part is no `Not`."""

    part: Query


@dataclass(frozen=True, slots=True)
class Words:
    """One word: `text` folded, `variants` what any of them among a document's terms satisfies."""

    text: str
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words as they stand, next to each other, in one text."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """Any word that begins so."""

    start: str


@dataclass(frozen=True, slots=True)
class Equals:
    """A keyword field has this value; folded by case unless the field is an id."""

    field: str
    value: str
    at: int | None = dataclasses.field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two bounds: moments are microseconds since 1970, severities ranks."""

    field: str
    low: float | None
    high: float | None
    with_low: bool = True
    with_high: bool = True
    at: int | None = dataclasses.field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Near:
    """The document's position is at most `radius_m` from here."""

    lat: float
    lon: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class InPlace:
    """A place of that name (folded words) or ref (with a colon); `unknown`: no position at all."""

    name: str


@dataclass(frozen=True, slots=True)
class Like:
    """Near in meaning to this text; only an index with the text's vector can say."""

    text: str
    at: int | None = dataclasses.field(default=None, compare=False, repr=False)


Query: TypeAlias = (
    All | And | Or | Not | Words | Phrase | Prefix | Equals | Range | Near | InPlace | Like
)
Leaf: TypeAlias = All | Words | Phrase | Prefix | Equals | Range | Near | InPlace | Like


def both(parts: Iterable[Query]) -> Query:
    """What satisfies every part; nested ones are taken apart."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, And) else [part]))
    return And(flat) if len(flat) > 1 else flat[0]


def either(parts: Iterable[Query]) -> Query:
    """What satisfies any part; nested ones are taken apart."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, Or) else [part]))
    return Or(flat) if len(flat) > 1 else flat[0]


def opposite(part: Query) -> Query:
    """What does not satisfy the part."""
    return part.part if isinstance(part, Not) else Not(part)


def denied_at_leaves(query: Query, *, denied: bool = False) -> Query:
    """The same question with every NOT at a leaf; `denied`, its opposite."""
    match query:
        case Not(part):
            return denied_at_leaves(part, denied=not denied)
        case And(parts) | Or(parts):
            said = [denied_at_leaves(part, denied=denied) for part in parts]
            return both(said) if isinstance(query, And) != denied else either(said)
    return Not(query) if denied else query


def depth(query: Query) -> int:
    """How many And, Or and Not stand in one another."""
    if isinstance(query, And | Or):
        return 1 + max(map(depth, query.parts))
    return 1 + depth(query.part) if isinstance(query, Not) else 0


def inside(asked: Range, number: float) -> bool:
    """Whether a number lies between the bounds."""
    low, high = asked.low, asked.high
    above = low is None or number > low or (asked.with_low and number == low)
    below = high is None or number < high or (asked.with_high and number == high)
    return above and below


def leaves(query: Query, *, denied: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Every leaf from left to right, and whether it stands under an odd number of NOT."""
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from leaves(part, denied=denied)
    elif isinstance(query, Not):
        yield from leaves(query.part, denied=not denied)
    else:
        yield query, denied
