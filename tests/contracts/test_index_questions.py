"""That an index means what `matches` says: hypothesis makes documents and questions."""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.geo import EARTH_RADIUS_M, tile
from monitor.model import Event, Point, Signal
from monitor.ports import Asked, Index
from monitor.query import Document, document, matches, parse, signal_document
from tests.contracts.indexing import EVERYTHING, PLAIN, a_signal, ids, paged, wrote
from tests.questions import DAY, event_questions, events, signal_questions, signals

SIGNAL_SORTS = ("time", "severity", "relevance", "id")
EVENT_SORTS = ("time", "first", "last", "size", "severity", "certainty", "id")


class Turns:
    """Documents of one example take the place of those of the one before."""

    def __init__(self) -> None:
        self.seq = 0

    def wrote(self, index: Index, values: Sequence[Signal | Event]) -> list[Document]:
        self.seq += 1
        newer = [replace(value, seq=self.seq) for value in values]
        wrote(index, *newer, last=self.seq)
        return [document(value) for value in newer]


@pytest.fixture
def turns() -> Turns:
    return Turns()


@given(data=st.data())
@settings(PLAIN, max_examples=25)
def test_signals_are_those_that_match(index: Index, turns: Turns, data: st.DataObject):
    drawn = [data.draw(signals(f"s:{n}", event=str(n % 3))) for n in range(8)]
    kept = turns.wrote(index, drawn)
    for text in data.draw(st.lists(signal_questions, min_size=8, max_size=8)):
        agrees(index, text, kept)


@given(data=st.data())
@settings(PLAIN, max_examples=25)
def test_events_are_those_that_match(index: Index, turns: Turns, data: st.DataObject):
    kept = turns.wrote(index, [data.draw(events(str(n))) for n in range(8)])
    for text in data.draw(st.lists(event_questions, min_size=8, max_size=8)):
        agrees(index, text, kept)


def agrees(index: Index, text: str, kept: list[Document]) -> None:
    query = parse(text, ("en", "de"))
    of = kept[0].kind
    ask = index.signals if of == "signals" else index.events
    expected = sorted(one.id for one in kept if matches(query, one))
    found = ask(query, EVERYTHING)
    assert [document(hit.value).id for hit in found.hits] == expected
    assert found.total == len(expected)
    by_score = ask(query, Asked(limit=100)).hits
    assert sorted(document(hit.value).id for hit in by_score) == expected


@given(data=st.data())
@settings(PLAIN, max_examples=25)
def test_signals_come_in_the_order_asked_for(index: Index, turns: Turns, data: st.DataObject):
    drawn = [data.draw(signals(f"s:{n}", event=str(n % 3))) for n in range(9)]
    kept = turns.wrote(index, drawn)
    for text in data.draw(st.lists(signal_questions, min_size=3, max_size=3)):
        in_order(index, data, text, kept, SIGNAL_SORTS)


@given(data=st.data())
@settings(PLAIN, max_examples=25)
def test_events_come_in_the_order_asked_for(index: Index, turns: Turns, data: st.DataObject):
    kept = turns.wrote(index, [data.draw(events(str(n))) for n in range(9)])
    for text in data.draw(st.lists(event_questions, min_size=3, max_size=3)):
        in_order(index, data, text, kept, EVENT_SORTS)


def in_order(
    index: Index, data: st.DataObject, text: str, kept: list[Document], sorts: tuple[str, ...]
) -> None:
    sort, falling, collapse = data.draw(
        st.tuples(st.sampled_from(sorts), st.booleans(), st.booleans())
    )
    query = parse(text)
    found = sorted((one for one in kept if matches(query, one)), key=lambda one: one.id)
    found.sort(key=lambda one: one.id if sort == "id" else one.numbers[sort], reverse=falling)
    expected = [one.id for one in (first_of_each(found) if collapse else found)]
    asked = Asked(sort=f"-{sort}" if falling else sort, limit=2, collapse=collapse)
    assert paged(index, text, asked, kept[0].kind) == expected
    ask = index.signals if kept[0].kind == "signals" else index.events
    assert ask(query, asked).total == len(found)


def first_of_each(found: list[Document]) -> Iterator[Document]:
    seen: set[str] = set()
    for one in found:
        if one.event not in seen:
            seen.add(one.event)
            yield one


@given(data=st.data())
@settings(PLAIN, max_examples=15)
def test_counts_are_those_of_what_matches(index: Index, turns: Turns, data: st.DataObject):
    kept = turns.wrote(index, [data.draw(signals(f"s:{n}")) for n in range(8)])
    query = parse(data.draw(signal_questions))
    documents = [one for one in kept if matches(query, one)]
    zoom = data.draw(st.integers(0, 22))
    hours = data.draw(st.sampled_from((1, 7, 24)))
    for field in ("topic", "source", "lang", "voice", "severity"):
        counted = Counter(value for one in documents for value in one.keywords[field])
        assert {b.key: b.count for b in index.count(query, field, "signals")} == counted
    places = Counter(place for one in documents for place in one.places)
    assert {b.key: b.count for b in index.count(query, "place", "signals")} == places
    several = ("topic", "severity", "place", "lang")
    assert {
        name: list(found) for name, found in index.counts(query, several, "signals").items()
    } == {name: list(index.count(query, name, "signals")) for name in several}
    tiles = Counter(
        f"{zoom}/{x}/{y}" for x, y in (tile(*one.point, zoom) for one in documents if one.point)
    )
    assert {b.key: b.count for b in index.grid(query, zoom, "signals")} == tiles
    times = Counter(int(one.numbers["time"]) // (hours * 3_600_000_000) for one in documents)
    histogram = index.histogram(query, timedelta(hours=hours), "signals")
    assert [b.count for b in histogram] == (
        [times[at] for at in range(min(times), max(times) + 1)] if times else []
    )


@given(data=st.data())
@settings(PLAIN, max_examples=15)
def test_a_scan_is_what_matches(index: Index, turns: Turns, data: st.DataObject):
    kept = turns.wrote(index, [data.draw(signals(f"s:{n}")) for n in range(8)])
    for text in data.draw(st.lists(signal_questions, min_size=3, max_size=3)):
        query = parse(text)
        scanned = [document(value).id for value in index.scan(query, "signals")]
        assert scanned == sorted(one.id for one in kept if matches(query, one))


CENTRES = ((51.5, -0.12), (-17.0, 179.9999), (89.9999, 10.0), (-90.0, 0.0))


RADII = ("10m", "70m", "1km", "30km", "3000km", "20100km")


def away(lat: float, lon: float, bearing: float, metres: float) -> Point:
    """The point at that distance."""
    phi, way = math.radians(lat), metres / EARTH_RADIUS_M
    other = math.sin(phi) * math.cos(way) + math.cos(phi) * math.sin(way) * math.cos(bearing)
    turned = math.atan2(
        math.sin(bearing) * math.sin(way) * math.cos(phi), math.cos(way) - math.sin(phi) * other
    )
    lon = (math.degrees(turned) + lon + 180.0) % 360.0 - 180.0
    return Point(lat=math.degrees(math.asin(max(-1.0, min(1.0, other)))), lon=lon)


def test_a_circle_is_a_circle_everywhere(index: Index):
    chance = random.Random(3)
    kept = []
    for n in range(1_000):
        lat, lon = CENTRES[n % 4]
        far = 10 ** chance.uniform(-1.0, 7.3)
        if n % 3:  # at the edge of a circle, give or take two centimetres
            far = chance.choice((1e3, 3e4, 3e6)) + chance.uniform(-0.02, 0.02)
        point = away(lat, lon, chance.uniform(0.0, 2 * math.pi), far)
        kept.append(replace(signal := a_signal(n), post=replace(signal.post, point=point)))
    wrote(index, *kept)
    for lat, lon in CENTRES:
        for radius in RADII:
            query = parse(f'near:"{lat},{lon},{radius}"')
            expected = sorted(s.post.id for s in kept if matches(query, signal_document(s)))
            assert [h.value.post.id for h in index.signals(query, EVERYTHING).hits] == expected


def test_many_parts_are_one_question(index: Index):
    wrote(index, a_signal(1, "w7 w8"), a_signal(2, "w7"))
    assert ids(index, " OR ".join(f"w{n}" for n in range(200))) == ["s:1", "s:2"]
    assert ids(index, "w8 " + " ".join(f"-x{n}" for n in range(199))) == ["s:1"]


def test_a_question_may_be_as_deep_as_it_parses(index: Index):
    kept = [a_signal(1, "w7 w8"), a_signal(2, "w7")]
    wrote(index, *kept)
    for deeper in ("NOT ({} OR {})", "NOT ({1} AND {0})", "({1} OR ({0} AND w7))"):
        for other in ("id:x", "x", '"x y"', "topic:x", 'near:"1,1,10m"', "(x* OR id:x OR x)"):
            deep = "w8"
            for _ in range(19):
                deep = deeper.format(deep, other)
            expected = [s.post.id for s in kept if matches(parse(deep), signal_document(s))]
            assert ids(index, deep) == expected


def test_a_field_that_one_kind_lacks_is_refused(index: Index):
    for ask in (
        lambda: index.signals(parse("size:3"), Asked()),
        lambda: index.events(parse("voice:media"), Asked()),
        lambda: index.count(parse("size:3"), "topic", "signals"),
        lambda: index.count(parse(""), "phase", "signals"),
        lambda: index.counts(parse(""), ("topic", "phase"), "signals"),
        lambda: index.span(parse("size:3"), "signals"),
        lambda: index.count(parse(""), "id", "signals; DROP TABLE signals"),  # type: ignore[arg-type]
        lambda: index.signals(parse(""), Asked(sort="size")),
        lambda: index.signals(parse(""), Asked(sort="n; DROP TABLE signals")),
        lambda: index.signals(parse(""), Asked(after="nonsense")),
        lambda: index.grid(parse(""), 99, "signals"),
        lambda: index.histogram(parse(""), timedelta(0), "signals"),
    ):
        with pytest.raises(QueryError):
            ask()


def test_moments_are_exact_from_the_first_to_the_last(index: Index):
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    step = timedelta(microseconds=1)
    moments = (
        first + step,
        first + 2 * step,
        DAY - step,
        DAY,
        DAY + step,
        last - 2 * step,
        last - step,
    )
    kept = [a_signal(n) for n in range(len(moments))]
    kept = [
        replace(signal, post=replace(signal.post, published=moment))
        for signal, moment in zip(kept, moments, strict=True)
    ]
    wrote(index, *kept)
    assert paged(index, "", Asked(sort="time", limit=2)) == [f"s:{n}" for n in range(7)]
    assert paged(index, "", Asked(sort="-time", limit=2)) == [f"s:{n}" for n in range(6, -1, -1)]
    for at, moment in enumerate(moments):
        text = f'"{moment.isoformat(timespec="microseconds").replace("+00:00", "Z")}"'
        for asked, expected in (
            (text, {at}),
            (f">{text}", set(range(at + 1, 7))),
            (f"[* TO {text}}}", set(range(at))),
        ):
            assert ids(index, f"time:{asked}") == sorted(f"s:{n}" for n in expected)
