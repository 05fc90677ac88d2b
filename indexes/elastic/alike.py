"""What is near in meaning: among signals by their vectors, beside what words find, and alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
from elasticsearch.helpers import pack_dense_vector

from indexes.elastic.compile import Body, compiled
from indexes.elastic.page import (
    MAX_LIMIT,
    MAX_SKIPPED,
    NAMES,
    VALUE,
    AfterSome,
    Question,
    bad_mark,
    order,
)
from indexes.elastic.search import Line, Reply, Search
from monitor.errors import QueryError
from monitor.model import Event, Signal
from monitor.ports import Found, Hit
from monitor.query import All, Query

LIKE_NEAREST: Final = 200
LIKE_FLOOR: Final = 0.4
"""`like:` finds this many signals at most, none with a smaller cosine."""
EXACT: Final = "exact"
"""The name of what a question finds without `like:`."""

_WINDOW: Final = 1_000
"""Beside what is near in meaning, so many finds are ranked."""
_FUSION: Final = 60
"""Of reciprocal rank fusion: how little the first ranks stand out.
Source: https://doi.org/10.1145/1571941.1572114"""


def similar(search: Search, vector: bytes, query: Query, limit: int) -> tuple[Hit, ...]:
    """The nearest signals among those that match, best first. Raises QueryError."""
    most = min(limit, MAX_LIMIT)
    if most < 1:
        return ()
    with _asking(search, vector):
        found = search.one("signals", _nearest(vector, most, query) | VALUE)
    return tuple(Hit(value=line.value("signals"), score=_cosine(line)) for line in found.lines)


def near(search: Search, question: Question) -> dict[str, str]:
    """The ids of what `like:` finds, nearest first, and the event of each. Raises QueryError."""
    with _asking(search, question.vector):
        return _near_enough(question, search.one("signals", _liked(question)))


def fused(search: Search, question: Question) -> Found:
    """A page by reciprocal rank: of the words' score, and of nearness in meaning. Raises
    QueryError."""
    of, limit = question.of, question.limit
    mark = question.after(AfterSome) or AfterSome()
    if mark.sort:
        raise bad_mark()
    words: Body = {
        "query": compiled(question.query, ranked=True),
        "sort": order(of, ""),
        "size": _WINDOW,
        "track_total_hits": True,
    }
    with _asking(search, question.vector):
        spoken, alike = search.several([(of, words | NAMES), ("signals", _liked(question))])
    said = {line.field("id"): line.field("event") for line in spoken.lines}
    meant = _among(search, question, _near_enough(question, alike))
    scores = _fusion(said, meant)
    ids = sorted(scores, key=lambda id_: -scores[id_])
    if question.collapse:
        ids = _first_of_each(ids, said | meant)
    skip = ids.index(mark.id) + 1 if mark.id in ids else mark.skip
    page = ids[skip : skip + limit]
    values = _values(search, question, page)
    hits = tuple(
        Hit(value=values[id_][0], score=scores[id_], like=values[id_][1])
        for id_ in page
        if id_ in values
    )
    more = page and len(ids) > skip + limit
    next_ = AfterSome(skip + limit, "", page[-1]).text if more else None
    return Found(total=spoken.total, hits=hits, next=next_)


def named(exact: Body) -> Body:
    """What says of its finds that they are not owed to `like:` alone."""
    return {"bool": {"_name": EXACT, "filter": [exact]}}


def _nearest(vector: bytes, most: int, among: Query, *, like: bool = False) -> Body:
    """The search for the nearest signals to a vector."""
    knn: Body = {
        "field": "vector",
        "query_vector": pack_dense_vector(np.frombuffer(vector, dtype="<f4")),
        "k": most,
        "num_candidates": min(4 * most, MAX_SKIPPED),
    }
    if among != All():
        knn["filter"] = compiled(among, like=like)
    return {"knn": knn, "size": most, "track_total_hits": False}


def _liked(question: Question) -> Body:
    """The search for what `like:` means; not among it are signals that the rest of the question
    shuts out. Of events, the rest is asked later."""
    among = question.query if question.of == "signals" else All()
    return _nearest(question.vector, LIKE_NEAREST, among, like=True) | NAMES


def _near_enough(question: Question, alike: Reply) -> dict[str, str]:
    name = "id" if question.of == "signals" else "event"
    enough = [line for line in alike.lines if _cosine(line) >= LIKE_FLOOR]
    return {line.field(name): line.field("event") for line in enough}


def _among(search: Search, question: Question, ids: dict[str, str]) -> dict[str, str]:
    """Those of the ids that the rest of the question does not shut out, in the same order."""
    if question.of == "signals":
        return ids
    wide = compiled(question.query, like=True)
    query = {"bool": {"filter": [{"terms": {"id": list(ids)}}, wide]}}
    found = search.one(question.of, {"query": query, "size": len(ids)} | NAMES)
    kept = {line.field("id") for line in found.lines}
    return {id_: event for id_, event in ids.items() if id_ in kept}


def _fusion(*orders: Mapping[str, str]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for ranked in orders:
        for rank, id_ in enumerate(ranked):
            scores[id_] = scores.get(id_, 0.0) + 1.0 / (_FUSION + rank)
    return scores


def _first_of_each(ids: Sequence[str], events: Mapping[str, str]) -> list[str]:
    firsts: dict[str, str] = {}
    for id_ in ids:
        firsts.setdefault(events[id_], id_)
    return list(firsts.values())


def _values(
    search: Search, question: Question, ids: Sequence[str]
) -> dict[str, tuple[Signal | Event, bool]]:
    """What has these ids, and whether only `like:` found it."""
    exact = named(compiled(question.query))
    query = {"bool": {"filter": [{"terms": {"id": ids}}], "should": [exact]}}
    found = search.one(question.of, {"query": query, "size": len(ids)} | NAMES | VALUE)
    return {
        line.field("id"): (line.value(question.of), EXACT not in line.matched_queries)
        for line in found.lines
    }


def _cosine(line: Line) -> float:
    """What the server made a score of that is never negative."""
    return 2.0 * (line.score or 0.0) - 1.0


@contextmanager
def _asking(search: Search, vector: bytes) -> Iterator[None]:
    """Says of a question that failed by its vector that it did."""
    try:
        yield
    except QueryError as fault:
        dimensions = search.dimensions()
        if dimensions is None or len(vector) == 4 * dimensions:
            raise
        raise QueryError(
            "like: the vector is of another model; ask with the ledger's own"
        ) from fault
