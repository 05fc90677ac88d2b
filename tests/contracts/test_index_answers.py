"""In which order an index answers, what lies near in meaning, counts, and many at once."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.errors import QueryError
from monitor.model import Event, Point, Signal
from monitor.ports import Asked, Index
from monitor.query import matches, parse, signal_document
from tests.contracts.indexing import (
    a_signal,
    an_event,
    ids,
    paged,
    unit,
    wrote,
)


def test_finds_come_in_the_order_of_a_field_and_then_of_id(index: Index):
    kept = [a_signal(n % 4, severity=("Minor", "Severe")[n % 2]) for n in range(4)]
    kept = [replace(s, post=replace(s.post, id=f"s:{9 - n}")) for n, s in enumerate(kept)]
    wrote(index, *kept)
    assert ids(index, "", Asked(sort="time")) == ["s:9", "s:8", "s:7", "s:6"]
    assert ids(index, "fire", Asked(sort="-time")) == ["s:6", "s:7", "s:8", "s:9"]
    assert ids(index, "", Asked(sort="-severity")) == ["s:6", "s:8", "s:7", "s:9"]
    assert ids(index, "", Asked(sort="-id")) == ["s:9", "s:8", "s:7", "s:6"]


def test_finds_come_by_score_where_no_field_is_named(index: Index):
    wrote(index, a_signal(1, "fire " + "other words " * 20), a_signal(2, "fire fire fire"))
    wrote(index, *(a_signal(n, "flood") for n in range(3, 30)))
    found = index.signals(parse("fire"), Asked()).hits
    assert [hit.value.post.id for hit in found] == ["s:2", "s:1"]
    assert found[0].score > found[1].score


def test_without_words_the_newest_come_first(index: Index):
    wrote(index, *(a_signal(n, labels=("Fire",)) for n in (2, 3, 1)))
    assert ids(index, "topic:Fire", Asked()) == ids(index, "", Asked()) == ["s:3", "s:2", "s:1"]


SORTS = ("", "time", "-time", "id", "-severity")


@pytest.mark.parametrize("text", ["", "fire", "fire OR id:x"])
def test_pages_hold_everything_once(index: Index, text: str):
    kept = [
        replace(a_signal(n % 5), post=replace(a_signal(n % 5).post, id=f"s:{n}")) for n in range(23)
    ]
    wrote(index, *kept)
    for arrived, sort in enumerate(SORTS, 1):
        first = index.signals(parse(text), Asked(sort=sort, limit=7))
        wrote(index, a_signal(100 + arrived), last=2)
        rest = paged(index, text, Asked(sort=sort, limit=3, after=first.next))
        seen = [hit.value.post.id for hit in first.hits] + rest
        assert len(seen) == len(set(seen))
        assert set(seen) >= {s.post.id for s in kept}
        assert index.signals(parse(text), Asked(sort=sort, after=first.next)).total == 23 + arrived


def test_pages_by_score_go_on_after_the_ranked_ones(index: Index):
    wrote(index, *(a_signal(n) for n in range(2_100)))
    seen = paged(index, "fire", Asked(limit=300))
    assert len(seen) == len(set(seen)) == 2_100


# One signal of each event


def told(n: int) -> Signal:
    return a_signal(n, "fire" + " word" * (n * 7 % 60), event=str(n * n % 9))


def first_of_each(found: list[str]) -> list[str]:
    events = [told(int(id.removeprefix("s:"))).event for id in found]
    return [id for at, id in enumerate(found) if events[at] not in events[:at]]


@pytest.mark.parametrize("text", ["", "fire", "fire OR id:x"])
def test_one_signal_of_each_event_is_the_first_of_it(index: Index, text: str):
    wrote(index, *(told(n) for n in range(60)))
    for sort in SORTS:
        every = ids(index, text, Asked(sort=sort, limit=1_000))
        assert len(every) == 60
        asked = Asked(sort=sort, limit=1_000, collapse=True)
        assert paged(index, text, asked) == first_of_each(every)
        assert paged(index, text, replace(asked, limit=3)) == first_of_each(every)
        found = index.signals(parse(text), replace(asked, limit=2))
        assert (found.total, len(found.hits)) == (60, 2)


def test_every_event_is_one_of_its_own(index: Index):
    wrote(index, *(an_event(str(n)) for n in range(5)))
    assert ids(index, "fire", Asked(sort="id", collapse=True), "events") == list("01234")
    assert sorted(ids(index, "fire", Asked(collapse=True), "events")) == list("01234")


# What is near in meaning


def cloud(count: int) -> list[Signal]:
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((count, 64)).astype(np.float32)
    vectors[:300] += 4 * vectors[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        a_signal(n, "a fire" if n % 2 else "a flood", event=str(n // 3), vector=v.tobytes())
        for n, v in enumerate(vectors)
    ]


def nearest(kept: list[Signal], vector: bytes) -> list[tuple[float, Signal]]:
    asked = np.frombuffer(vector, np.float32)
    scored = [(float(np.frombuffer(s.enrichment.vector, np.float32) @ asked), s) for s in kept]
    return sorted(scored, key=lambda one: (-one[0], one[1].post.id))


def test_similar_are_the_nearest_that_match(index: Index):
    kept = cloud(3_000)
    wrote(index, *kept)
    vector = kept[0].enrichment.vector
    for text in ("", "fire", "time:<2026-03-20"):
        query = parse(text)
        among = [s for s in kept if matches(query, signal_document(s))]
        best = nearest(among, vector)[:50]
        found = index.similar(vector, query, 50)
        expected = {s.post.id for _, s in best}
        assert len(expected & {hit.value.post.id for hit in found}) >= 0.95 * len(expected)
        assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
        assert found[0].score == pytest.approx(best[0][0], abs=1e-5)


def test_like_adds_what_lies_near_and_does_not_count_it(index: Index):
    kept = cloud(3_000)
    only = [an_event(str(n), "nothing") for n in range(1_000)]
    wrote(index, *kept, *only)
    vector = kept[0].enrichment.vector
    near = [s for cosine, s in nearest(kept, vector)[:100] if cosine > 0.5]
    asked = Asked(sort="id", limit=1_000, vector=vector)
    found = index.signals(parse('id:"s:2999" OR like:"a fire"'), asked)
    liked = {hit.value.post.id for hit in found.hits if hit.like}
    assert found.total == 1
    assert [hit.value.post.id for hit in found.hits if not hit.like] == ["s:2999"]
    assert len(liked & {s.post.id for s in near}) >= 0.95 * len(near)
    theirs = {hit.value.id for hit in index.events(parse("like:x"), asked).hits if hit.like}
    assert len(theirs & {s.event for s in near}) >= 0.95 * len({s.event for s in near})


def test_like_may_be_narrowed_and_comes_by_score(index: Index):
    kept = cloud(600)
    wrote(index, *kept)
    vector = kept[1].enrichment.vector
    found = index.signals(parse("like:x fire"), Asked(vector=vector))
    assert found.total == 0
    assert found.hits[0].value.post.id == "s:1"
    assert all(hit.like and hit.value.post.text == "a fire" for hit in found.hits)
    mixed = index.signals(parse("like:x OR flood"), Asked(limit=1_000, vector=vector))
    assert mixed.total == 300
    assert {hit.like for hit in mixed.hits[:20]} == {True, False}
    assert all(hit.like == (hit.value.post.text == "a fire") for hit in mixed.hits)


def test_of_what_lies_near_one_signal_of_each_event_may_be_left(index: Index):
    kept = cloud(600)
    wrote(index, *kept)
    asked = Asked(limit=1_000, vector=kept[1].enrichment.vector, collapse=True)
    for text in ("like:x", "like:x OR flood"):
        every = index.signals(parse(text), replace(asked, collapse=False)).hits
        found = index.signals(parse(text), asked).hits
        assert len({hit.value.event for hit in found}) == len(found)
        assert {hit.value.event for hit in found} == {hit.value.event for hit in every}


def test_like_is_neither_counted_nor_asked_without_a_vector(index: Index):
    query = parse("fire OR like:x")
    for ask in (
        lambda: index.signals(query, Asked()),
        lambda: index.count(query, "topic", "signals"),
        lambda: index.counts(query, ("topic",), "signals"),
        lambda: index.span(query, "signals"),
        lambda: index.histogram(query, timedelta(hours=1), "signals"),
        lambda: index.grid(query, 5, "events"),
        lambda: index.similar(unit(1, 0), query, 5),
    ):
        with pytest.raises(QueryError):
            ask()


# What is counted


def test_facets_come_most_frequent_first_and_then_by_key(index: Index):
    wrote(index, a_signal(1, labels=("Met",)), a_signal(2, labels=("Fire",)),
          a_signal(3, labels=("Security/theft",)), a_signal(4, labels=("Security",)))  # fmt: skip
    buckets = [(b.key, b.count) for b in index.count(parse(""), "topic", "signals")]
    assert buckets == [("Security", 2), ("Fire", 1), ("Met", 1), ("Security/theft", 1)]
    assert [(b.key, b.count) for b in index.count(parse("-topic:Met"), "event", "signals")] == [
        ("1", 3)
    ]


def test_a_histogram_has_no_gaps_and_is_aligned_to_the_epoch(index: Index):
    wrote(index, a_signal(0), a_signal(1), a_signal(5))
    buckets = index.histogram(parse("fire"), timedelta(hours=2), "signals")
    assert [(b.key, b.count) for b in buckets] == [
        ("2026-03-14T12:00:00Z", 2), ("2026-03-14T14:00:00Z", 0), ("2026-03-14T16:00:00Z", 1),
    ]  # fmt: skip


def test_a_span_is_from_the_first_to_the_last_that_match(index: Index):
    wrote(index, a_signal(3), a_signal(1), a_signal(2), a_signal(9, "a flood"))
    first, last = (a_signal(at).post.published for at in (1, 3))
    assert index.span(parse("fire"), "signals") == (first, last)
    assert index.span(parse("storm"), "signals") is None


@pytest.mark.parametrize("text", ["", "fire", "fire severity:Minor", "severity:Minor"])
@pytest.mark.parametrize("sort", ["", "-time"])
def test_a_question_has_the_same_answers_within_a_snapshot(index: Index, text: str, sort: str):
    wrote(index, *(a_signal(n, ("fire", "flood")[n % 2], severity="Minor") for n in range(9)))
    query = parse(text)

    def answers() -> list[object]:
        return [
            index.signals(query, Asked(sort=sort, limit=2)),
            index.counts(query, ("severity", "source"), "signals"),
            index.span(query, "signals"),
            index.histogram(query, timedelta(days=1), "signals"),
            index.grid(query, 3, "signals"),
            [signal.post.id for signal in index.scan(query, "signals")],
            index.events(query, Asked()).total,
        ]

    alone = answers()
    with index.snapshot():
        assert [answers(), answers()] == [alone, alone]
    assert answers() == alone


def test_a_refused_question_does_not_end_a_snapshot(index: Index):
    wrote(index, a_signal(1))
    with index.snapshot():
        with pytest.raises(QueryError):
            index.count(parse("fire time:<now"), "title", "signals")
        assert index.signals(parse("fire time:<now"), Asked()).total == 1


def test_values_are_counted_as_they_are_written(index: Index):
    odd = ['"quoted"', "back\\slash", "nul\0inside", "two\nlines", "\x1e", "[1,2]", "\u2028", "🔥"]
    wrote(index, *(replace(a_signal(n), sources=(name,)) for n, name in enumerate(odd)))
    found = index.count(parse("fire"), "source", "signals")
    assert {bucket.key: bucket.count for bucket in found} == {"bbc": len(odd)} | dict.fromkeys(
        odd, 1
    )


def test_no_facet_asked_for_is_none_counted(index: Index):
    wrote(index, a_signal(1))
    assert index.counts(parse(""), (), "signals") == {}


def test_what_has_no_moment_is_in_no_histogram(index: Index):
    wrote(index, an_event("1"), Event(id="2", seq=1))
    assert index.span(parse("size:0"), "events") is None
    assert [b.count for b in index.histogram(parse(""), timedelta(hours=1), "events")] == [1]
    assert list(index.histogram(parse("size:0"), timedelta(hours=1), "events")) == []


def test_a_histogram_of_a_thousand_years_by_the_hour_is_refused(index: Index):
    old = replace(
        a_signal(1), post=replace(a_signal(1).post, published=datetime(1026, 1, 1, tzinfo=UTC))
    )
    wrote(index, old, a_signal(2))
    with pytest.raises(QueryError):
        index.histogram(parse(""), timedelta(hours=1), "signals")


def test_a_grid_counts_tiles(index: Index):
    for at, lat, lon in ((1, 51.5, -0.12), (2, 51.5, -0.12), (3, -51.5, 179.99)):
        signal = a_signal(at)
        wrote(index, replace(signal, post=replace(signal.post, point=Point(lat=lat, lon=lon))))
    wrote(index, a_signal(4))
    assert [(b.key, b.count) for b in index.grid(parse(""), 1, "signals")] == [
        ("1/0/0", 2),
        ("1/1/1", 1),
    ]


# Who else is there


def test_threads_share_an_index(index: Index):
    wrote(index, *(a_signal(n) for n in range(20)))
    totals: list[int] = []

    def ask() -> None:
        totals.extend(index.signals(parse("fire"), Asked()).total for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(20, 40):
        wrote(index, a_signal(n, seq=2), last=2)
    for thread in threads:
        thread.join()
    assert len(totals) == 80
    assert set(totals) <= set(range(20, 41))
