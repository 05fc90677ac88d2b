"""Which subscriptions an event is something for: `monitor.query.matches`, asked of few.

A question is taken apart into conditions, each a set of marks of which an event must have one. A
subscription lies under the marks of its rarest condition, an event is looked up by the marks that
it has, and only what passes every condition is asked in full. Questions that are the same are asked
once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor import area, log
from monitor.area import Corners
from monitor.errors import QueryError
from monitor.geo import box, tile
from monitor.messages import Subscription
from monitor.model import CERTAINTIES, SEVERITIES, Event
from monitor.nodes import (
    And,
    Equals,
    InPlace,
    Like,
    Near,
    Or,
    Phrase,
    Prefix,
    Query,
    Range,
    Words,
    both,
    denied_at_leaves,
    either,
    inside,
    leaves,
)
from monitor.query import UNKNOWN, Document, check, event_document, matches

ZOOMS: Final = 15
"""Tiles of how many zooms an event's place is in; at the finest, one is about 2 km wide."""
TILES: Final = 9
"""An area is covered by so many tiles at most."""
OPENING: Final = 3
"""Letters of a prefix by which it is looked up."""
_RELATIVE: Final = re.compile(r"\bnow\b")
_GRADES: Final = {"severity": len(SEVERITIES), "certainty": len(CERTAINTIES)}
_WEIGHTS: Final = {
    "id": 0,
    "word": 1,
    "ref": 1,
    "name": 1,
    "tile": 2,
    "nowhere": 3,
    "prefix": 3,
    "source": 5,
    "topic": 5,
}
_COMMON: Final = 9
"""The weight of marks that many events have."""

Mark = Hashable
Condition = frozenset[Mark]
_log = log.get(__name__)


def subscribable(query: Query) -> None:
    """Raises QueryError where no subscription can ask this: of something that events lack, by
    likeness, or for words that nobody has said, which any further post may end."""
    check(query, "events")
    for leaf, denied in leaves(query):
        if isinstance(leaf, Like):
            raise QueryError(
                "like: cannot be followed, only searched; name words or topics", position=leaf.at
            )
        if denied and isinstance(leaf, Words | Phrase | Prefix):
            raise QueryError(
                "NOT: stands before words, and what nobody said yet somebody may still say; "
                "leave it out, or name topics"
            )


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that a subscription asks: a question, and perhaps corners within which the event's place
    lies."""

    query: Query
    corners: Corners = ()

    def holds(self, of: Document) -> bool:
        """Whether an event is one of those."""
        return matches(self.query, of) and (not self.corners or _within(self.corners, of.point))

    def conditions(self) -> tuple[Condition, ...]:
        """What an event must have one of each, the rarest first; none where anything may do."""
        found = list(_conditions(denied_at_leaves(self.query)))
        if self.corners:
            south, west, north, east = area.box_of(self.corners)
            if 180.0 in (abs(west), abs(east)):  # a meridian that goes by two numbers
                west, east = -180.0, 180.0
            found.append(_covering(south, west, north, east))
        return tuple(sorted(dict.fromkeys(found), key=_weight))


def wanted(subscription: Subscription, question: Callable[[str], Query]) -> Wanted:
    """All that a subscription asks, its question read by `question`. Raises QueryError."""
    parts: list[Query] = []
    if subscription.query.strip():
        parts.append(question(subscription.query))
    if subscription.topics:
        parts.append(either(Equals("topic", name.casefold()) for name in subscription.topics))
    if subscription.severity != "Unknown":
        parts.append(Range("severity", SEVERITIES.index(subscription.severity), None))
    if subscription.certainty != "Unknown":
        parts.append(Range("certainty", CERTAINTIES.index(subscription.certainty), None))
    corners = subscription.area
    if len(corners) == 1:
        parts.append(Near(*corners[0], subscription.radius_m))
        corners = ()
    return Wanted(both(parts) if parts else question(""), corners)


@dataclass(frozen=True, slots=True)
class _Group:
    """Subscriptions that ask the same, and the conditions but for the one they lie under."""

    asked: Wanted
    names: tuple[str, ...]
    further: tuple[Condition, ...]


class Matcher:
    """Active subscriptions, looked up by event.

    A question that cannot be asked any more is left out, and the log says so. One with a relative
    moment, as in `time:>=now-1h`, means another moment at each `renew`.
    """

    def __init__(self, question: Callable[[str], Query]) -> None:
        self._question = question
        self._read: dict[str, Query] = {}
        self._groups: list[_Group] = []
        self._under: dict[Mark, list[int]] = {}
        self._always: list[int] = []
        self._relative: list[Subscription] = []
        self._moving: list[_Group] = []

    def take(self, subscriptions: Iterable[Subscription]) -> None:
        """Put these in the place of all; a question that was read before is not read again."""
        taken = list(subscriptions)
        fixed = [one for one in taken if not _RELATIVE.search(one.query)]
        self._relative = [one for one in taken if _RELATIVE.search(one.query)]
        texts = {one.query for one in fixed}
        self._read = {text: query for text, query in self._read.items() if text in texts}
        self._groups, self._under, self._always = [], {}, []
        for asked, names in _grouped(fixed, self._remembered).items():
            conditions = asked.conditions()
            number = len(self._groups)
            self._groups.append(_Group(asked, names, conditions[1:]))
            if not conditions:
                self._always.append(number)
            for mark in conditions[0] if conditions else ():
                self._under.setdefault(mark, []).append(number)
        self.renew()

    def renew(self) -> None:
        """Read relative moments as from now."""
        read = _grouped(self._relative, self._question)
        self._moving = [_Group(asked, names, ()) for asked, names in read.items()]

    def __call__(self, event: Event) -> tuple[str, ...]:
        """The ids of the subscriptions that ask for such an event, in order."""
        of = event_document(event)
        marks = frozenset(_marks(of))
        near = {number for mark in marks for number in self._under.get(mark, ())}
        found: list[str] = []
        for number in (*near, *self._always):
            group = self._groups[number]
            if not any(map(marks.isdisjoint, group.further)) and group.asked.holds(of):
                found += group.names
        for group in self._moving:
            if group.asked.holds(of):
                found += group.names
        return tuple(sorted(found))

    def _remembered(self, text: str) -> Query:
        if text not in self._read:
            self._read[text] = self._question(text)
        return self._read[text]


def _grouped(
    subscriptions: Iterable[Subscription], question: Callable[[str], Query]
) -> Mapping[Wanted, tuple[str, ...]]:
    """Their ids by what they ask."""
    found: dict[Wanted, list[str]] = {}
    for one in subscriptions:
        try:
            asked = wanted(one, question)
            check(asked.query, "events")
        except QueryError as fault:
            _log.error("subscription", id=one.id, said=str(fault))
            continue
        found.setdefault(asked, []).append(one.id)
    return {asked: tuple(names) for asked, names in found.items()}


def _conditions(query: Query) -> Sequence[Condition]:
    """What follows from a question with every NOT at a leaf; a denied leaf says nothing."""
    match query:
        case And(parts):
            return [one for part in parts for one in _conditions(part)]
        case Or(parts):
            rarest = [min(found, key=_weight, default=None) for found in map(_conditions, parts)]
            known = [one for one in rarest if one is not None]
            return [frozenset[Mark]().union(*known)] if len(known) == len(rarest) else []
        case Words(_, variants):
            return [frozenset(("word", one) for one in variants)]
        case Phrase(spoken):
            return [frozenset([("word", one)]) for one in spoken]
        case Prefix(start):
            return [frozenset([("prefix", start[:OPENING])])]
        case Equals(field, value):
            return [frozenset([("id" if field == "event" else field, value)])]
        case Range(field) if query.low is not None and field in _GRADES:
            ranks = (rank for rank in range(_GRADES[field]) if inside(query, rank))
            return [frozenset((field, rank) for rank in ranks)]
        case Near(lat, lon, radius_m):
            return [_covering(*box(lat, lon, radius_m * 1.001 + 1.0))]
        case InPlace(name) if name == UNKNOWN:
            return [frozenset(["nowhere"])]
        case InPlace(name) if ":" in name:
            return [frozenset([("ref", name)])]
        case InPlace(name):
            return [frozenset([("name", one)]) for one in name.split(" ")]
    return []


def _covering(south: float, west: float, north: float, east: float) -> Condition:
    """Few tiles in which the whole box lies; west is greater where it crosses the antimeridian."""
    for zoom in reversed(range(ZOOMS)):
        left, top = tile(north, west, zoom)
        right, bottom = tile(south, east, zoom)
        across = 2**zoom
        columns = min(right - left + 1 + (across if west > east else 0), across)
        if columns * (bottom - top + 1) <= TILES:
            break
    return frozenset(
        ("tile", zoom, (left + step) % across, row)
        for step in range(columns)
        for row in range(top, bottom + 1)
    )


def _weight(condition: Condition) -> tuple[int, int]:
    """How common its commonest mark is, then how many they are."""
    kinds = (mark[0] if isinstance(mark, tuple) else mark for mark in condition)
    return max((_WEIGHTS.get(str(kind), _COMMON) for kind in kinds), default=0), len(condition)


def _marks(of: Document) -> Iterator[Mark]:
    """Every mark that an event has."""
    yield ("id", of.id)
    for term in of.terms:
        yield ("word", term)
    for word in {word for text in of.texts for word in text}:
        for size in range(1, OPENING + 1):
            yield ("prefix", word[:size])
    yield from _values(of.keywords)
    for field in _GRADES:
        yield (field, int(of.numbers[field]))
    for ref in of.refs:
        yield ("ref", ref)
    for name in of.names:
        for word in name:
            yield ("name", word)
    if of.point is None:
        yield "nowhere"
    else:
        column, row = tile(*of.point, ZOOMS - 1)
        for finer in range(ZOOMS):
            yield ("tile", ZOOMS - 1 - finer, column >> finer, row >> finer)


def _values(keywords: Mapping[str, tuple[str, ...]]) -> Iterator[Mark]:
    for field, values in keywords.items():
        for value in values:
            yield (field, value.casefold())


def _within(corners: Corners, point: tuple[float, float] | None) -> bool:
    return point is not None and all(map(math.isfinite, point)) and area.holds(corners, *point)
