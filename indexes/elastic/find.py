"""What Elasticsearch finds, a page at a time: by a field, or by the score of words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from indexes.elastic.alike import EXACT, fused, named, near
from indexes.elastic.compile import Body, compiled
from indexes.elastic.page import (
    ENDED,
    MAX_LIMIT,
    MAX_SKIPPED,
    VALUE,
    After,
    AfterField,
    AfterScore,
    AfterSome,
    Question,
    bad_mark,
    order,
)
from indexes.elastic.search import Reply, Search
from monitor.errors import QueryError
from monitor.model import Event, Signal
from monitor.ports import Asked, Found, Hit, Of
from monitor.query import Query, likes, words_of

_SAME: Final = "pages"
"""A preference: the copies of a shard score a little differently, so these pages ask the same."""


def find(search: Search, of: Of, query: Query, asked: Asked) -> Found:
    """A page of finds. Raises QueryError."""
    question = Question(of, query, asked, bool(likes(query)))
    sort = asked.sort or ("" if question.liked or words_of(query) else "-time")
    if question.liked and not sort:
        return fused(search, question)
    if question.collapse:
        return _collapsed(search, question, sort)
    return _by_field(search, question, sort) if sort else _by_score(search, question)


def scan(search: Search, of: Of, query: Query) -> Iterator[Signal | Event]:
    """All that match, in order of id."""
    body: Body = {"query": compiled(query), "sort": [{"id": "asc"}], "size": MAX_LIMIT} | VALUE
    for lines in search.pages(of, body | {"track_total_hits": False}):
        for line in lines:
            yield line.value(of)


def _by_field(search: Search, question: Question, sort: str) -> Found:
    """A page in the order of a field, then of id."""
    body = _page(search, question, sort)
    if mark := question.after(AfterField):
        if mark.sort != sort or isinstance(mark.value, str) != (sort.removeprefix("-") == "id"):
            raise bad_mark()
        body["search_after"] = [mark.value, mark.id]
    found = search.one(question.of, body)
    last = question.last(found)
    return _found(question, found, AfterField(sort, last[0], str(last[1])) if last else None)


def _by_score(search: Search, question: Question) -> Found:
    """A page by the score of words."""
    body = _page(search, question, "")
    mark = question.after(AfterScore) or AfterScore(0, ())
    after = _after(search, question, body, mark) if mark.ended else {}
    found = search.one(question.of, body | after, preference=_SAME if after else "")
    answer = _found(question, found, None)
    if not question.last(found):
        return answer
    finds = list(zip(found.lines, answer.hits, strict=False))[-ENDED:]
    ended = tuple((str(line.sort[-1]), hit.value.seq) for line, hit in finds)
    return replace(answer, next=AfterScore(mark.skip + question.limit, ended).text)


def _after(search: Search, question: Question, body: Body, mark: AfterScore) -> Body:
    """Where a page goes on: scores move as documents come, so that what the page before it ended
    with is looked up where it stands now."""
    ended = [
        {"bool": {"filter": [{"term": {"id": id_}}, {"term": {"seq": seq}}]}}
        for id_, seq in mark.ended
    ]
    query = {"bool": {"must": [body["query"]], "filter": [{"bool": {"should": ended}}]}}
    stand = search.one(question.of, body | {"query": query, "size": len(ended)}, preference=_SAME)
    if stand.lines:
        return {"search_after": stand.lines[-1].sort}
    if mark.skip + question.limit >= MAX_SKIPPED:
        raise bad_mark()
    return {"from": mark.skip}


def _collapsed(search: Search, question: Question, sort: str) -> Found:
    """A page of one find of each event; the server can only count off those before it."""
    mark = question.after(AfterSome) or AfterSome(0, sort)
    if mark.sort != sort:
        raise bad_mark()
    if mark.skip + question.limit >= MAX_SKIPPED:
        raise QueryError(f"after: {MAX_SKIPPED} finds were passed over; ask for less time")
    body = _page(search, question, sort) | {"from": mark.skip, "collapse": {"field": "event"}}
    found = search.one(question.of, body)
    more = question.last(found)
    return _found(question, found, AfterSome(mark.skip + question.limit, sort) if more else None)


def _page(search: Search, question: Question, sort: str) -> Body:
    """The search of a page, and of one more find, which shows that there is a next one."""
    query, limit = question.query, question.limit
    body: Body = {
        "size": limit + 1 if limit else 0,
        "sort": order(question.of, sort),
        "track_total_hits": True,
    }
    body |= VALUE
    if not question.liked:
        return body | {"query": compiled(query, ranked=not sort)}
    exact = compiled(query)
    ids = list(near(search, question))
    liked = {"bool": {"filter": [{"terms": {"id": ids}}, compiled(query, like=True)]}}
    return body | {
        "query": {"bool": {"should": [named(exact), liked], "minimum_should_match": 1}},
        "aggs": {EXACT: {"filter": exact}},
    }


def _found(question: Question, found: Reply, next_: After | None) -> Found:
    liked = question.liked
    total = int(found.aggregations[EXACT]["doc_count"]) if liked else found.total
    hits = tuple(
        Hit(
            value=line.value(question.of),
            score=line.score or 0.0,
            like=liked and EXACT not in line.matched_queries,
        )
        for line in found.lines[: question.limit]
    )
    return Found(total=total, hits=hits, next=next_.text if next_ else None)
