"""What every index promises of what is written to it, whose it is and how it fares."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import IndexRefused, IndexUnavailable, QueryError
from monitor.model import Activity, Change, Place
from monitor.ports import Asked, Index
from monitor.query import parse
from tests.contracts.indexing import EVERYTHING, a_signal, an_event, ids, opened, unit, wrote
from tests.questions import DAY


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


def test_changes_may_come_in_any_order(index: Index):
    changes = [
        Change(last=seq, signals=(a_signal(seq % 3, f"word{seq}", seq=seq),), gone=gone)
        for seq, gone in ((1, ()), (2, ()), (3, ("1",)), (4, ()), (5, ()), (6, ("2",)), (7, ()))
    ]
    for turn in range(6):
        random.Random(turn).shuffle(changes)
        for change in changes:
            index.write(of_turn(turn, change))
    index.refresh()
    found = [
        (hit.value.post.id, hit.value.seq) for hit in index.signals(parse(""), EVERYTHING).hits
    ]
    assert found == [(f"{turn}:{n}", seq) for turn in range(6) for n, seq in ((0, 6), (1, 7))]


def of_turn(turn: int, change: Change) -> Change:
    """The same change of other signals."""
    signals = [
        replace(signal, post=replace(signal.post, id=f"{turn}:{signal.seq % 3}"))
        for signal in change.signals
    ]
    gone = [f"{turn}:{n}" for n in change.gone]
    return replace(change, signals=tuple(signals), gone=tuple(gone))


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


def test_what_was_begun_beside_is_gone_on_with(kind: str, tmp_path: Path):
    with opened(kind, tmp_path, beside=True) as index:
        assert index.follows() is None
        assert index.prepare("ledger-1")
        wrote(index, a_signal(1))
    with opened(kind, tmp_path, beside=True) as index:
        assert index.follows() == "ledger-1"
        assert not index.prepare("ledger-1")
        wrote(index, a_signal(2, seq=2), last=2)
        index.promote()
    with opened(kind, tmp_path) as index:
        assert not index.prepare("ledger-1")
        assert ids(index, "") == ["s:1", "s:2"]


def test_what_was_begun_beside_for_another_ledger_is_begun_anew(kind: str, tmp_path: Path):
    with opened(kind, tmp_path, beside=True) as index:
        index.prepare("ledger-1")
        wrote(index, a_signal(1))
    with opened(kind, tmp_path, beside=True) as index:
        assert index.prepare("ledger-2")
        assert index.follows() == "ledger-2"
        assert ids(index, "") == []


def test_an_index_is_begun_anew_beside_the_one_that_was_promoted(kind: str, tmp_path: Path):
    with opened(kind, tmp_path, beside=True) as index:
        index.prepare("ledger-1")
        wrote(index, a_signal(1))
        index.promote()
    with opened(kind, tmp_path, beside=True) as index, opened(kind, tmp_path) as live:
        assert index.follows() is None
        assert index.prepare("ledger-1")
        assert (ids(index, ""), ids(live, "")) == ([], ["s:1"])


def test_whom_an_index_follows_can_be_asked_before_it_is_there(kind: str, tmp_path: Path):
    with opened(kind, tmp_path) as index:
        assert index.follows() is None
        assert index.follows() is None
        assert index.prepare("ledger-1")
        assert index.follows() == "ledger-1"
    with opened(kind, tmp_path) as index:
        assert index.follows() == "ledger-1"


# How it fares


def test_an_index_says_how_much_it_holds(index: Index):
    assert index.condition().signals == index.condition().events == 0
    assert index.condition().oldest is None
    wrote(index, a_signal(3), a_signal(1), a_signal(2), an_event("1"), an_event("2"))
    wrote(index, last=2, gone=("s:2",))
    found = index.condition()
    assert (found.signals, found.events) == (2, 2)
    assert found.oldest == DAY + timedelta(hours=1)
    assert found.bytes > 0
    for share in (found.heap, found.disk):
        assert share is None or 0.0 <= share <= 1.0


def test_an_index_that_is_not_there_says_so_in_words(kind: str, tmp_path: Path):
    with opened(kind, tmp_path) as index:
        found = index.condition()
        assert found.words
        assert (found.signals, found.events, found.oldest) == (0, 0, None)
        assert index.follows() is None


def test_what_dashboards_read_is_no_signal_and_may_be_told_twice(index: Index):
    wrote(index, a_signal(1), an_event("1"))
    page = Activity(number=1, at=DAY, what="page", source="bbc", posts=3, rows=2, ms=40)
    for _ in range(2):
        index.note((page, Activity(number=2, at=DAY, what="decision", event="1")))
        index.refresh()
    index.note(())
    assert ids(index, "") == ["s:1"]
    assert ids(index, "", of="events") == ["1"]
    assert (index.condition().signals, index.condition().events) == (1, 1)


# All of it


def test_a_scan_gives_all_that_match_in_order_of_id(index: Index):
    kept = [a_signal(n, "a fire" if n % 3 else "a flood", vector=unit(1, n)) for n in range(2_500)]
    wrote(index, *kept, *(an_event(str(n)) for n in range(5)))
    burning = [s for s in kept if s.post.text == "a fire"]
    bare = [replace(s, enrichment=replace(s.enrichment, vector=b"")) for s in burning]
    assert list(index.scan(parse("fires"), "signals")) == sorted(bare, key=lambda s: s.post.id)
    assert [e.id for e in index.scan(parse(""), "events")] == ["0", "1", "2", "3", "4"]
    assert list(index.scan(parse("nothing"), "events")) == []


def test_a_scan_may_be_left_or_go_on_while_others_write(index: Index):
    wrote(index, *(a_signal(n) for n in range(2_500)))
    next(iter(index.scan(parse(""), "signals")))
    scan = index.scan(parse("fire"), "signals")
    seen = [next(scan).post.id]
    wrote(index, a_signal(9_999, seq=2), last=2, gone=tuple(f"s:{n}" for n in range(2_400, 2_500)))
    seen += [signal.post.id for signal in scan]
    assert seen == sorted(set(seen))
    assert {f"s:{n}" for n in range(2_400)} <= set(seen)


def test_a_scan_asks_like_everybody_else(index: Index):
    for query, of in (("like:x", "signals"), ("size:3", "signals"), ("voice:media", "events")):
        with pytest.raises(QueryError):
            list(index.scan(parse(query), of))
