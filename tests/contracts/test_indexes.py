"""What every index promises: `monitor.ports.Index`, and that it means what `matches` says."""

import math
import random
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from indexes import embedded
from monitor.errors import IndexRefused, IndexUnavailable, QueryError
from monitor.geo import tile
from monitor.model import Change, Enrichment, Event, Place, Point, Post, Signal
from monitor.ports import Asked, Index
from monitor.query import document, event_document, matches, parse, signal_document
from tests.questions import DAY, event_questions, events, signal_questions, signals

KINDS = ("embedded",)
PLAIN = settings(
    deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.reuse, Phase.generate)
)
EVERYTHING = Asked(sort="id", limit=1_000)


@contextmanager
def opened(kind: str, folder: Path, *, beside: bool = False) -> Iterator[Index]:
    assert kind == "embedded"
    index = embedded.open(embedded.Options(path=str(folder / "index.db")), beside=beside)
    try:
        yield index
    finally:
        index.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def index(kind: str, tmp_path: Path) -> Iterator[Index]:
    with opened(kind, tmp_path) as made:
        made.prepare("ledger-1")
        yield made


def a_signal(at: int, text: str = "a fire", *, seq: int = 1, event: str = "1", **known) -> Signal:
    post = Post(id=f"s:{at}", text=text, source="bbc", published=DAY + timedelta(hours=at))
    enrichment = Enrichment(lang="en", **known)
    return Signal(
        post=post, enrichment=enrichment, event=event, sources=("bbc",), arrived=at, seq=seq
    )


def an_event(id: str, text: str = "a fire", *, seq: int = 1, **known) -> Event:
    return Event(id=id, seq=seq, texts=(text,), first=DAY, last=DAY, size=1, **known)


def wrote(index: Index, *values: Signal | Event, last: int = 1, gone: tuple[str, ...] = ()) -> None:
    index.write(
        Change(
            last=last,
            signals=tuple(value for value in values if isinstance(value, Signal)),
            events=tuple(value for value in values if isinstance(value, Event)),
            gone=gone,
        )
    )


def ids(index: Index, text: str, asked: Asked = EVERYTHING, of: str = "signals") -> list[str]:
    found = (
        index.signals(parse(text), asked) if of == "signals" else index.events(parse(text), asked)
    )
    return [document(hit.value).id for hit in found.hits]


def unit(*numbers: float) -> bytes:
    length = math.sqrt(sum(number * number for number in numbers))
    return struct.pack(f"<{len(numbers)}f", *(number / length for number in numbers))


# What is written


def test_what_is_written_is_found(index: Index):
    wrote(index, a_signal(1), an_event("1"))
    assert ids(index, "fires") == ["s:1"]
    assert ids(index, "fires", of="events") == ["1"]


def test_a_find_is_the_whole_value_but_its_vector(index: Index):
    place = Place(
        name="Hackney", start=0, end=7, role="happened", kind="city", lat=51.5, lon=-0.1,
        radius_m=9.0, ref="geonames:1", confidence=0.5,
    )  # fmt: skip
    signal = a_signal(1, places=(place,), topics={"Fire": 0.9}, labels=("Fire",), vector=unit(1, 0))
    event = an_event("1", place=place, topics={"Fire": 1}, sources={"bbc": 1})
    wrote(index, signal, event)
    bare = replace(signal, enrichment=replace(signal.enrichment, vector=b""))
    assert index.signals(parse(""), Asked()).hits[0].value == bare
    assert index.events(parse(""), Asked()).hits[0].value == event


def test_writing_twice_changes_nothing(index: Index):
    for _ in range(3):
        wrote(index, a_signal(1), a_signal(2, vector=unit(1, 0)), an_event("1"))
    assert ids(index, "fire") == ["s:1", "s:2"]
    assert index.count(parse("fire"), "source", "signals")[0].count == 2
    assert index.signals(parse("fire"), Asked(limit=0)).total == 2


def test_a_newer_one_takes_the_place_of_an_older_one(index: Index):
    wrote(index, a_signal(1, "a flood", vector=unit(1, 0)), an_event("1", "a flood"))
    wrote(index, a_signal(1, "a fire", seq=2, vector=unit(0, 1)), an_event("1", seq=2), last=2)
    assert (ids(index, "flood"), ids(index, "fire")) == ([], ["s:1"])
    assert ids(index, "fire", of="events") == ["1"]
    assert ids(index, "flood", of="events") == []
    assert index.similar(unit(0, 1), parse(""), 5)[0].score == pytest.approx(1.0, abs=1e-6)


def test_an_older_one_never_takes_the_place_of_a_newer_one(index: Index):
    wrote(index, a_signal(1, "a fire", seq=5), an_event("1", seq=5), last=5)
    wrote(index, a_signal(1, "a flood", seq=4), an_event("1", "a flood", seq=4), last=4)
    assert ids(index, "fire") == ["s:1"]
    assert ids(index, "flood") == ids(index, "flood", of="events") == []


def test_what_is_gone_is_nowhere(index: Index):
    wrote(index, a_signal(1, vector=unit(1, 0)), a_signal(2, vector=unit(1, 1)))
    index.similar(unit(1, 0), parse(""), 5)
    wrote(index, last=2, gone=("s:1", "s:unknown"))
    assert ids(index, "") == ids(index, "fire") == ["s:2"]
    assert [hit.value.post.id for hit in index.similar(unit(1, 0), parse(""), 5)] == ["s:2"]
    assert [b.count for b in index.histogram(parse(""), timedelta(hours=1), "signals")] == [1]


def test_an_older_change_does_not_bring_back_what_is_gone(index: Index):
    wrote(index, last=3, gone=("s:1",))
    wrote(index, a_signal(1, seq=2), last=2)
    assert ids(index, "") == []
    wrote(index, a_signal(1, seq=4), last=4)
    assert ids(index, "") == ["s:1"]


def test_an_older_removal_does_not_take_away_what_is_newer(index: Index):
    wrote(index, a_signal(1, seq=4), last=4)
    wrote(index, last=3, gone=("s:1",))
    assert ids(index, "") == ["s:1"]


def test_changes_may_come_in_any_order(kind: str, tmp_path: Path):
    changes = [
        Change(last=seq, signals=(a_signal(seq % 3, f"word{seq}", seq=seq),), gone=gone)
        for seq, gone in ((1, ()), (2, ()), (3, ("s:1",)), (4, ()), (5, ("s:2",)), (6, ()), (7, ()))
    ]
    found = set()
    for turn in range(6):
        random.Random(turn).shuffle(changes)
        with opened(kind, tmp_path / str(turn)) as index:
            index.prepare("ledger-1")
            for change in changes:
                index.write(change)
            found.add(tuple((h.value.post.id, h.value.seq) for h in
                            index.signals(parse(""), EVERYTHING).hits))  # fmt: skip
    assert found == {(("s:0", 6), ("s:1", 7))}


# Whose it is


def test_an_index_is_new_once_and_stays_when_opened_again(kind: str, tmp_path: Path):
    with opened(kind, tmp_path) as index:
        assert index.prepare("ledger-1")
        wrote(index, a_signal(1))
    with opened(kind, tmp_path) as index:
        assert not index.prepare("ledger-1")
        assert ids(index, "fire") == ["s:1"]


def test_the_index_of_another_ledger_is_refused(kind: str, tmp_path: Path):
    with opened(kind, tmp_path) as index:
        index.prepare("ledger-1")
    with opened(kind, tmp_path) as index, pytest.raises(IndexRefused):
        index.prepare("ledger-2")


def test_an_index_that_is_not_there_is_unavailable(kind: str, tmp_path: Path):
    with opened(kind, tmp_path) as index, pytest.raises(IndexUnavailable):
        index.signals(parse(""), Asked())


def test_an_index_beside_takes_the_place_of_the_live_one(kind: str, tmp_path: Path):
    with opened(kind, tmp_path) as reader, opened(kind, tmp_path) as live:
        live.prepare("ledger-1")
        wrote(live, a_signal(1, vector=unit(1, 0)))
        with opened(kind, tmp_path, beside=True) as new:
            assert new.prepare("ledger-2")
            wrote(new, a_signal(2, vector=unit(0, 1)))
            assert (ids(reader, "fire"), ids(new, "fire")) == (["s:1"], ["s:2"])
            assert len(reader.similar(unit(1, 0), parse(""), 9)) == 1
            new.promote()
            assert ids(new, "fire") == ["s:2"]
            wrote(new, a_signal(3, seq=2), last=2)
        assert ids(reader, "fire") == ids(live, "fire") == ["s:2", "s:3"]
        assert [h.value.post.id for h in reader.similar(unit(1, 0), parse(""), 9)] == ["s:2"]
        assert not live.prepare("ledger-2")


def test_what_was_begun_beside_and_never_promoted_is_begun_anew(kind: str, tmp_path: Path):
    with opened(kind, tmp_path, beside=True) as index:
        index.prepare("ledger-1")
        wrote(index, a_signal(1))
    with opened(kind, tmp_path, beside=True) as index:
        assert index.prepare("ledger-1")
        assert ids(index, "") == []


# What is found


@given(data=st.data())
@settings(PLAIN, max_examples=40)
def test_signals_are_those_that_match(kind: str, tmp_path_factory, data: st.DataObject):
    kept = [data.draw(signals(f"s:{n}", event=str(n % 3), seq=n)) for n in range(1, 9)]
    with opened(kind, tmp_path_factory.mktemp("index")) as index:
        index.prepare("ledger-1")
        wrote(index, *kept, last=9)
        for text in data.draw(st.lists(signal_questions, min_size=8, max_size=8)):
            query = parse(text, ("en", "de"))
            expected = sorted(s.post.id for s in kept if matches(query, signal_document(s)))
            found = index.signals(query, EVERYTHING)
            assert [hit.value.post.id for hit in found.hits] == expected
            assert found.total == len(expected)
            by_score = index.signals(query, Asked(limit=100)).hits
            assert sorted(hit.value.post.id for hit in by_score) == expected


@given(data=st.data())
@settings(PLAIN, max_examples=40)
def test_events_are_those_that_match(kind: str, tmp_path_factory, data: st.DataObject):
    kept = [data.draw(events(str(n), seq=n)) for n in range(1, 9)]
    with opened(kind, tmp_path_factory.mktemp("index")) as index:
        index.prepare("ledger-1")
        wrote(index, *kept, last=9)
        for text in data.draw(st.lists(event_questions, min_size=8, max_size=8)):
            query = parse(text, ("en", "de"))
            expected = sorted(e.id for e in kept if matches(query, event_document(e)))
            found = index.events(query, EVERYTHING)
            assert [hit.value.id for hit in found.hits] == expected
            assert found.total == len(expected)
            by_score = index.events(query, Asked(limit=100)).hits
            assert sorted(hit.value.id for hit in by_score) == expected


@given(data=st.data())
@settings(PLAIN, max_examples=15)
def test_counts_are_those_of_what_matches(kind: str, tmp_path_factory, data: st.DataObject):
    kept = [data.draw(signals(f"s:{n}", seq=n)) for n in range(1, 9)]
    query = parse(data.draw(signal_questions))
    documents = [d for d in map(signal_document, kept) if matches(query, d)]
    zoom = data.draw(st.integers(0, 22))
    hours = data.draw(st.sampled_from((1, 7, 24)))
    with opened(kind, tmp_path_factory.mktemp("index")) as index:
        index.prepare("ledger-1")
        wrote(index, *kept, last=9)
        for field in ("topic", "source", "lang", "voice", "severity"):
            counted = Counter(value for d in documents for value in d.keywords[field])
            buckets = {b.key: b.count for b in index.count(query, field, "signals")}
            assert buckets == counted
        tiles = Counter(
            f"{zoom}/{x}/{y}" for x, y in (tile(*d.point, zoom) for d in documents if d.point)
        )
        assert {b.key: b.count for b in index.grid(query, zoom, "signals")} == tiles
        step = hours * 3_600_000_000
        times = Counter(d.numbers["time"] // step for d in documents)
        histogram = index.histogram(query, timedelta(hours=hours), "signals")
        assert [b.count for b in histogram] == (
            [times[at] for at in range(int(min(times)), int(max(times)) + 1)] if times else []
        )


@pytest.mark.parametrize(
    "centre", [(51.5, -0.12), (-17.0, 179.9999), (89.9999, 10.0), (-90.0, 0.0)]
)
def test_a_circle_is_a_circle_everywhere(index: Index, centre: tuple[float, float]):
    chance = random.Random(3)
    kept = []
    for n in range(300):
        far = 10 ** chance.uniform(-5.5, 1.5)
        lat = max(-90.0, min(90.0, centre[0] + chance.uniform(-far, far)))
        lon = (centre[1] + chance.uniform(-far, far) + 180.0) % 360.0 - 180.0
        signal = a_signal(n)
        kept.append(replace(signal, post=replace(signal.post, point=Point(lat=lat, lon=lon))))
    wrote(index, *kept)
    for radius in ("0.3m", "1m", "2m", "5m", "70m", "1km", "30km", "3000km", "19990km", "20100km"):
        query = parse(f'near:"{centre[0]},{centre[1]},{radius}"')
        expected = sorted(s.post.id for s in kept if matches(query, signal_document(s)))
        assert [h.value.post.id for h in index.signals(query, EVERYTHING).hits] == expected


@pytest.mark.parametrize(
    "text",
    [
        "x' OR 1=1 --", "'; DROP TABLE signals; --", '"a\\" OR \\"b"', 'source:"\' OR 1=1 --"',
        'id:"1\\" OR \\"1"', 'topic:"=all"', 'topic:"_x _y @z"', 'place:"a\\"b"', "NEAR(a b)",
        'place:"geonames:1 OR 2"', 'source:"{tokens}: fire"', "tokens", '"fire * NOT"', "~fire",
        'source:"=source_bbc"', 'lang:"en\\" OR \\"=all"',
    ],
)  # fmt: skip
def test_syntax_of_the_store_is_only_text(index: Index, text: str):
    odd = [
        a_signal(1, "x OR 1=1 DROP TABLE signals tokens all NEAR a b"),
        a_signal(2, "=all _ ~fire"),
    ]
    wrote(index, *odd)
    try:
        query = parse(text)
    except QueryError:
        return
    expected = [s.post.id for s in odd if matches(query, signal_document(s))]
    assert ids(index, text) == expected


def test_many_parts_are_one_question(index: Index):
    wrote(index, a_signal(1, "w7 w8"), a_signal(2, "w7"))
    assert ids(index, " OR ".join(f"w{n}" for n in range(200))) == ["s:1", "s:2"]
    assert ids(index, "w8 " + " ".join(f"-x{n}" for n in range(199))) == ["s:1"]


@pytest.mark.parametrize("other", ["id:x", "x", '"x y"', "topic:x", 'near:"1,1,1m"'])
def test_a_question_may_be_as_deep_as_it_parses(index: Index, other: str):
    wrote(index, a_signal(1, "w7 w8"), a_signal(2, "w7"))
    deep = "w8"
    for _ in range(20):
        deep = f"NOT ({deep} OR {other})"
    assert ids(index, deep) == ["s:1"]


def test_a_field_that_one_kind_lacks_is_refused(index: Index):
    for ask in (
        lambda: index.signals(parse("size:3"), Asked()),
        lambda: index.events(parse("voice:media"), Asked()),
        lambda: index.count(parse("size:3"), "topic", "signals"),
        lambda: index.count(parse(""), "phase", "signals"),
        lambda: index.count(parse(""), "id", "signals; DROP TABLE signals"),  # type: ignore[arg-type]
        lambda: index.signals(parse(""), Asked(sort="size")),
        lambda: index.signals(parse(""), Asked(sort="n; DROP TABLE signals")),
        lambda: index.signals(parse(""), Asked(after="nonsense")),
        lambda: index.grid(parse(""), 99, "signals"),
        lambda: index.histogram(parse(""), timedelta(0), "signals"),
    ):
        with pytest.raises(QueryError):
            ask()


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


@pytest.mark.parametrize("sort", ["", "time", "-time", "id", "-severity"])
@pytest.mark.parametrize("text", ["", "fire", "fire OR id:x"])
def test_pages_hold_everything_once(index: Index, sort: str, text: str):
    kept = [
        replace(a_signal(n % 5), post=replace(a_signal(n % 5).post, id=f"s:{n}")) for n in range(23)
    ]
    wrote(index, *kept)
    seen: list[str] = []
    after = None
    for page in range(9):
        found = index.signals(parse(text), Asked(sort=sort, limit=3, after=after))
        seen += [hit.value.post.id for hit in found.hits]
        after = found.next
        if after is None:
            break
        if page == 2:
            wrote(index, a_signal(100), last=2)
    assert found.total == 24
    assert len(seen) == len(set(seen))
    assert set(seen) >= {s.post.id for s in kept}


def test_pages_by_score_go_on_after_the_ranked_ones(index: Index):
    wrote(index, *(a_signal(n) for n in range(2_100)))
    seen: list[str] = []
    after = None
    while True:
        found = index.signals(parse("fire"), Asked(limit=300, after=after))
        seen += [hit.value.post.id for hit in found.hits]
        after = found.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == found.total == 2_100


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


def test_like_is_neither_counted_nor_asked_without_a_vector(index: Index):
    query = parse("fire OR like:x")
    for ask in (
        lambda: index.signals(query, Asked()),
        lambda: index.count(query, "topic", "signals"),
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


def test_what_has_no_moment_is_in_no_histogram(index: Index):
    wrote(index, an_event("1"), Event(id="2", seq=1))
    assert [b.count for b in index.histogram(parse(""), timedelta(hours=1), "events")] == [1]
    assert index.histogram(parse("size:0"), timedelta(hours=1), "events") == ()


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

READER = """
import sys, time
from indexes import embedded
from monitor.ports import Asked
from monitor.query import parse
index = embedded.open(embedded.Options(path=sys.argv[1]))
seen, until = 0, time.monotonic() + 60
while seen < 300 and time.monotonic() < until:
    found = index.signals(parse("fire"), Asked(sort="id", limit=1000))
    assert found.total == len(found.hits) >= seen and found.total % 10 == 0, found.total
    assert len(index.similar(bytes(bytearray.fromhex("0000803f00000000")), parse(""), 500)) >= seen
    seen = found.total
assert seen == 300
"""


def test_another_process_reads_whole_changes_while_one_writes(tmp_path: Path):
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        reader = subprocess.Popen([sys.executable, "-c", READER, str(tmp_path / "index.db")])
        for start in range(0, 300, 10):
            some = (a_signal(n, vector=unit(1, n)) for n in range(start, start + 10))
            wrote(index, *some, last=start + 1)
        assert reader.wait(90) == 0


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


def test_no_word_of_what_is_gone_stays_in_the_files(tmp_path: Path):
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        wrote(index, a_signal(1, "xyzzyword and more"), a_signal(2, "a flood"))
        wrote(index, *(a_signal(n) for n in range(3, 200)))
        wrote(index, last=2, gone=("s:1",))
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"flood" in held
    assert b"xyzzy" not in held


def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path):
    (tmp_path / "index.db").write_bytes(b"no database " * 500)
    with (
        opened("embedded", tmp_path) as index,
        pytest.raises(IndexRefused, match="monitor rebuild"),
    ):
        index.prepare("ledger-1")


def test_an_index_of_a_later_version_is_refused(tmp_path: Path):
    import sqlite3

    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
    with sqlite3.connect(tmp_path / "index.db") as database:
        database.execute("UPDATE meta SET value = '999' WHERE key = 'version'")
    database.close()
    with opened("embedded", tmp_path) as index, pytest.raises(IndexRefused):
        index.prepare("ledger-1")
