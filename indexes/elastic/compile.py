"""A question as Elasticsearch's Query DSL, built from the tree: nothing that a person wrote is ever
more than a value in it.

Every NOT stands at a leaf and an AND takes one OR into its own `bool`, so that the deepest question
that can be parsed stays below the server's limit of 30 nested queries.
Source: https://www.elastic.co/docs/reference/query-languages/querydsl
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from indexes.elastic.document import NOWHERE, tag
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
    depth,
    inside,
)

Body: TypeAlias = dict[str, Any]
"""A part of a request as JSON says it."""

NOTHING: Final[Body] = {"match_none": {}}
EVERYTHING: Final[Body] = {"match_all": {}}

_NUMBERS: Final = {"time": "time_us", "last": "time_us", "first": "first_us", "size": "size"}
"""Where whole numbers are; every other one is a fraction under its own name."""
_LONG: Final = 2**63 - 1


def compiled(query: Query, *, ranked: bool = False, like: bool = False) -> Body:
    """The question; `ranked`, with words that score and nothing else that does. `like:` finds
    nothing here, or with `like` everything."""
    return _said(_plain(query, like=like), ranked=ranked)


def _plain(query: Query, *, like: bool, denied: bool = False) -> Query:
    """The same question with every NOT at a leaf."""
    match query:
        case Not(part):
            return _plain(part, like=like, denied=not denied)
        case And(parts) | Or(parts):
            kind = And if isinstance(query, And) != denied else Or
            inner = [_plain(part, like=like, denied=denied) for part in parts]
            flat = [one for part in inner for one in (part.parts if type(part) is kind else [part])]
            return kind(tuple(flat))
        case Like():
            return All() if like else Not(All())
        case _:
            return Not(query) if denied else query


def _said(query: Query, *, ranked: bool) -> Body:
    match query:
        case And(parts):
            return _all(parts, ranked=ranked)
        case Or(parts):
            said = [_said(part, ranked=ranked and _scores(part)) for part in parts]
            if ranked:
                said = [
                    one if _scores(part) else {"constant_score": {"filter": one, "boost": 0.0}}
                    for part, one in zip(parts, said, strict=True)
                ]
            return {"bool": {"should": said, "minimum_should_match": 1}}
        case Not(All()):
            return NOTHING
        case Not(part):
            return {"bool": {"must_not": [_leaf(part)]}}
        case Words(_, variants) if ranked and len(variants) > 1:
            terms = [{"term": {"terms": variant}} for variant in variants]
            return {"bool": {"should": terms, "minimum_should_match": 1}}
        case _:
            return _leaf(query)


def _all(parts: Sequence[Query], *, ranked: bool) -> Body:
    """One `bool`, which holds the parts of the deepest OR too."""
    either = [part for part in parts if isinstance(part, Or) and (_scores(part) or not ranked)]
    own = max(either, key=depth, default=None)
    body: Body = _said(own, ranked=ranked)["bool"] if own else {}
    for part in parts:
        if part is own:
            continue
        if isinstance(part, Not) and part.part != All():
            body.setdefault("must_not", []).append(_leaf(part.part))
        elif ranked and _scores(part):
            body.setdefault("must", []).append(_said(part, ranked=True))
        else:
            body.setdefault("filter", []).append(_said(part, ranked=False))
    return {"bool": body}


def _scores(query: Query) -> bool:
    """Whether finds are ranked by this part."""
    if isinstance(query, And | Or):
        return any(_scores(part) for part in query.parts)
    return isinstance(query, Words | Phrase | Prefix)


def _leaf(query: Query) -> Body:
    match query:
        case Words(_, (variant,)):
            return {"term": {"terms": variant}}
        case Words(_, variants):
            return {"terms": {"terms": variants}}
        case Phrase(spoken):
            return {"match_phrase": {"words": " ".join(spoken)}}
        case Prefix(start):
            return {"prefix": {"words": start}}
        case Equals("id" | "event" as field, value):
            return {"term": {field: value}}
        case Equals(field, value):
            return {"term": {"tags": tag(field, value)}}
        case InPlace(name):
            return _in_place(name)
        case Range():
            return _range(query)
        case Near():
            centre = {"lat": query.lat, "lon": query.lon}
            return {"geo_distance": {"distance": query.radius_m, "point": centre}}
        case _:
            return EVERYTHING


def _in_place(name: str) -> Body:
    if name == UNKNOWN:
        return {"term": {"tags": NOWHERE}}
    if ":" in name:
        return {"term": {"tags": tag("ref", name)}}
    return {"match_phrase": {"names": name}}


def _range(asked: Range) -> Body:
    if FIELDS[asked.field].type == "grade":
        values = FIELDS[asked.field].values
        within = [tag(asked.field, v) for rank, v in enumerate(values) if inside(asked, rank)]
        return {"terms": {"tags": within}}
    low, high = asked.low, asked.high
    bounds: Body = {}
    if field := _NUMBERS.get(asked.field):
        if low is not None:
            bounds["gte"] = _whole(math.ceil(low) if asked.with_low else math.floor(low) + 1)
        if high is not None:
            bounds["lte"] = _whole(math.floor(high) if asked.with_high else math.ceil(high) - 1)
        return {"range": {field: bounds}} if bounds else EVERYTHING
    if low is not None:
        bounds["gte" if asked.with_low else "gt"] = low + 0.0
    if high is not None:
        bounds["lte" if asked.with_high else "lt"] = high + 0.0
    return {"range": {asked.field: bounds}} if bounds else EVERYTHING


def _whole(number: int) -> int:
    return max(-_LONG, min(_LONG, number))
