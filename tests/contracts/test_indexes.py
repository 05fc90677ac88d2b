"""What every index promises: `monitor.ports.Index`, and that it means what `matches` says."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import IndexRefused, IndexUnavailable, QueryError
from monitor.geo import tile
from monitor.model import Change, Place, Point
from monitor.ports import Asked, Index
from monitor.query import event_document, matches, parse, signal_document
from tests.contracts.indexing import (
    EVERYTHING,
    PLAIN,
    a_signal,
    an_event,
    ids,
    opened,
    unit,
    wrote,
)
from tests.questions import event_questions, events, signal_questions, signals


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
