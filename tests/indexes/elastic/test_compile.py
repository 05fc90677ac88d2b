"""A question becomes Query DSL: only values are a person's, and the server's limits are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.elastic.compile import compiled
from monitor.errors import QueryError
from monitor.query import And, Or, Query, Range, parse
from tests.contracts.hostile import NESTED
from tests.questions import event_questions, signal_questions

NESTED_QUERIES = 30
"""What `indices.query.bool.max_nested_depth` is where nobody sets it."""
KEYS = {
    *("bool", "must", "filter", "should", "must_not", "minimum_should_match"),
    *("match_all", "match_none", "constant_score", "boost", "term", "terms", "prefix"),
    *("match_phrase", "range", "gte", "gt", "lte", "lt", "geo_distance", "distance"),
    *("point", "lat", "lon", "id", "event", "tags", "words", "names"),
    *("time_us", "first_us", "size", "relevance"),
}


def inner(body: Any) -> Iterator[Any]:
    """A body and all that it is made of."""
    yield body
    for part in body.values() if isinstance(body, dict) else body:
        if isinstance(part, dict | list | tuple):
            yield from inner(part)


def depth(body: Any) -> int:
    """How deep queries are nested in queries."""
    if isinstance(body, list | tuple):
        return max(map(depth, body), default=0)
    if not isinstance(body, dict):
        return 0
    own = "bool" in body or "constant_score" in body
    return own + max((depth(part) for part in body.values()), default=0)


def parsed(text: str) -> Query | None:
    try:
        return parse(text)
    except QueryError:
        return None


@given(st.one_of(signal_questions, event_questions), st.booleans())
def test_only_values_are_a_persons(text: str, ranked: bool):
    for part in inner(compiled(parse(text, ("en", "de")), ranked=ranked)):
        if isinstance(part, dict):
            assert part.keys() <= KEYS


@pytest.mark.parametrize("ranked", [True, False])
@pytest.mark.parametrize("other", ["id:x", "x", '"x y"', 'near:"1,1,9km"', "(x OR id:y) AND z"])
@pytest.mark.parametrize(
    "deeper",
    [
        "NOT ({0} OR {1})",
        "NOT ({1} AND {0})",
        "(({0} AND {1}) OR ({1} AND w))",
        "({1} OR -({0} AND ({1} OR w)))",
    ],
)
def test_the_deepest_question_stays_below_the_servers_limit(deeper: str, other: str, ranked: bool):
    asked, text = 0, "fire"
    while (query := parsed(text)) is not None:
        asked += 1
        assert depth(compiled(query, ranked=ranked)) < NESTED_QUERIES
        text = deeper.format(text, other)
    assert asked > 5


@pytest.mark.parametrize("query", [q for text in NESTED if (q := parsed(text)) is not None])
def test_a_hostile_question_stays_below_the_servers_limit(query: Query):
    assert depth(compiled(query, ranked=True)) < NESTED_QUERIES


@given(signal_questions)
def test_a_not_stands_at_a_leaf(text: str):
    for part in inner(compiled(parse(text))):
        if isinstance(part, dict):
            for denied in part.get("must_not", ()):
                assert "must_not" not in json.dumps(denied)


def test_words_score_and_nothing_else_does():
    body = compiled(parse("fire topic:Met -flood time:2026 (smoke OR lang:de)"), ranked=True)
    held = body["bool"]
    assert held["must"] == [{"term": {"terms": "fire"}}]
    assert {"term": {"tags": "topic=met"}} in held["filter"]
    assert held["must_not"] == [{"term": {"terms": "flood"}}]
    silent = {"constant_score": {"filter": {"term": {"tags": "lang=de"}}, "boost": 0.0}}
    assert silent in held["should"]
    assert "must" not in compiled(parse("fire"), ranked=False)


def test_one_or_of_an_and_is_part_of_it():
    query = And((parse("a OR b"), parse("c"), parse("id:x OR (id:y d)")))
    assert isinstance(query.parts[0], Or)
    held = compiled(query)["bool"]
    assert len(held["should"]) == 2
    assert held["minimum_should_match"] == 1


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [
        (Range("size", 2.5, None), {"gte": 3}),
        (Range("size", 2.5, None, False), {"gte": 3}),
        (Range("size", 2.0, 4.0, False, False), {"gte": 3, "lte": 3}),
        (Range("size", None, -0.5), {"lte": -1}),
        (Range("size", -1e300, 1e300), {"gte": -(2**63) + 1, "lte": 2**63 - 1}),
        (Range("time", 1, 2, True, False), {"gte": 1, "lte": 1}),
        (Range("relevance", -0.0, 0.5, False, False), {"gt": 0.0, "lt": 0.5}),
    ],
)
def test_a_range_is_of_numbers_as_they_are_stored(asked: Range, bounds: dict[str, float]):
    (found,) = compiled(asked)["range"].values()
    assert found == bounds
    assert json.dumps(found) == json.dumps(bounds)


def test_what_is_near_in_meaning_is_nothing_until_it_is_everything():
    query = parse("like:x OR fire")
    assert {"match_none": {}} in compiled(query)["bool"]["should"]
    assert {"match_all": {}} in compiled(query, like=True)["bool"]["should"]
