"""A subscription matches what the same question finds in `monitor events`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes import embedded
from monitor.alerts.matching import Matcher, subscribable, wanted
from monitor.errors import QueryError
from monitor.messages import Subscription
from monitor.model import Change, Event, Place
from monitor.query import event_document, matches, parse
from tests.questions import event_questions, events

SQUARE = ((51.4, -0.2), (51.4, 0.0), (51.6, 0.0), (51.6, -0.2))


def asking(id: str, query: str = "", **wanted) -> Subscription:
    return Subscription(id=id, to="ada@example.org", query=query, **wanted)


def matched(event: Event, *subscriptions: Subscription) -> tuple[str, ...]:
    matcher = Matcher(parse)
    matcher.take(subscriptions)
    return matcher(event)


def at(lat: float, lon: float, name: str = "Hackney") -> Place:
    return Place(
        name=name,
        start=0,
        end=0,
        role="happened",
        kind="district",
        lat=lat,
        lon=lon,
        radius_m=500.0,
    )


def fire(**known) -> Event:
    whole = {
        "texts": ("A large fire",),
        "size": 1,
        "topics": {"Fire": 1},
        "severity": "Severe",
        "langs": {"en": 1},
        "place": at(51.54, -0.06),
    }
    return Event(id="7", seq=7, **{**whole, **known})


several_events = st.integers(1, 6).flatmap(
    lambda count: st.tuples(*(events(id=str(n), seq=n) for n in range(1, count + 1)))
)
several_questions = st.lists(event_questions, min_size=1, max_size=30)


@settings(max_examples=100)
@given(questions=several_questions, told=several_events)
def test_it_matches_what_the_question_means(
    questions: Sequence[str], told: Sequence[Event]
) -> None:
    matcher = Matcher(parse)
    matcher.take(asking(f"{n:02}", question) for n, question in enumerate(questions))
    for event in told:
        of = event_document(event)
        meant = [f"{n:02}" for n, text in enumerate(questions) if matches(parse(text), of)]
        assert list(matcher(event)) == meant


@settings(max_examples=15)
@given(questions=several_questions, told=several_events)
def test_it_matches_what_the_index_finds(
    tmp_path_factory: pytest.TempPathFactory, questions: Sequence[str], told: Sequence[Event]
) -> None:
    path = tmp_path_factory.mktemp("index") / "index.db"
    index = embedded.open(embedded.Options(path=str(path)))
    index.prepare("ledger")
    index.write(Change(last=9, events=tuple(told)))
    matcher = Matcher(parse)
    matcher.take(asking(question, question) for question in questions)
    alerted = {(question, event.id) for event in told for question in matcher(event)}
    found = {(q, event.id) for q in questions for event in index.scan(parse(q), "events")}
    index.close()
    assert alerted == found


@pytest.mark.parametrize(
    ("wanted", "does"),
    [
        ({"topics": ("Fire",)}, True),
        ({"topics": ("Met", "Fire")}, True),
        ({"topics": ("Fire/vegetation",)}, False),
        ({"severity": "Severe"}, True),
        ({"severity": "Extreme"}, False),
        ({"certainty": "Possible"}, False),
        ({"area": ((51.54, -0.05),), "radius_m": 1_000.0}, True),
        ({"area": ((51.54, -0.05),), "radius_m": 500.0}, False),
        ({"area": SQUARE}, True),
        ({"area": SQUARE[:3]}, True),
        ({"area": ((51.4, -0.2), (51.4, 0.0), (51.5, 0.0))}, False),
        ({"query": "fire", "area": SQUARE, "topics": ("Fire",), "severity": "Minor"}, True),
        ({"query": "flood", "area": SQUARE, "topics": ("Fire",), "severity": "Minor"}, False),
        ({}, True),
    ],
)
def test_all_that_a_subscription_asks_must_hold(wanted: dict[str, object], does: bool) -> None:
    assert bool(matched(fire(), asking("a", **wanted))) is does


def test_an_area_has_no_event_without_a_place() -> None:
    assert matched(fire(place=None), asking("a", area=SQUARE), asking("b")) == ("b",)


@pytest.mark.parametrize("radius", [60_000.0, 2_000_000.0, 9_900_000.0, 19_000_000.0, 20_015_000.0])
@pytest.mark.parametrize("centre", [(-17.0, 179.9), (-17.0, -179.9), (80.0, 10.0), (0.0, 100.0)])
def test_a_circle_reaches_across_the_antimeridian_and_the_poles(
    centre: tuple[float, float], radius: float
) -> None:
    wide = asking("a", area=(centre,), radius_m=radius)
    for lat in range(-85, 90, 10):
        for lon in range(-180, 181, 15):
            event = fire(place=at(lat, lon))
            of = event_document(event)
            near = matches(parse(f'near:"{centre[0]},{centre[1]},{radius / 1000}km"'), of)
            assert bool(matched(event, wide)) is near


@pytest.mark.parametrize(
    "lons", [(170.0, -170.0), (-170.0, 170.0), (175.0, 180.0), (-180.0, -175.0), (179.9, -179.9)]
)
def test_an_area_reaches_across_the_antimeridian(lons: tuple[float, float]) -> None:
    """The matcher, which looks tiles up, agrees with what is asked in full."""
    first, last = lons
    area = ((-10.0, first), (10.0, first), (10.0, last), (-10.0, last))
    west, east = sorted(lon % 360.0 for lon in lons)
    if (east - west) > 180.0:
        west, east = east, west + 360.0
    for lon in (-180.0, -179.95, -179.0, -172.0, -169.0, 0.0, 90.0, 169.0, 172.0, 179.95, 180.0):
        event = fire(place=at(5.0, lon))
        inside = any(west <= lon + turn <= east for turn in (0.0, 360.0))
        asked = wanted(asking("a", area=area), parse)
        assert asked.holds(event_document(event)) == inside, lon
        assert matched(event, asking("a", area=area)) == (("a",) if inside else ()), lon


def test_relative_moments_count_from_the_last_renewal() -> None:
    now = datetime.now(UTC)
    matcher = Matcher(parse)
    matcher.take([asking("a", "time:>=now-1h"), asking("b", "fire")])
    assert matcher(fire(last=now)) == ("a", "b")
    assert matcher(fire(last=now - timedelta(hours=2))) == ("b",)
    matcher.renew()
    assert matcher(fire(last=now)) == ("a", "b")


def test_subscriptions_take_the_place_of_those_before() -> None:
    matcher = Matcher(parse)
    matcher.take([asking("a", "fire"), asking("b", "fire")])
    assert matcher(fire()) == ("a", "b")
    matcher.take([asking("b", "flood"), asking("c", "fire")])
    assert matcher(fire()) == ("c",)


def test_a_question_that_cannot_be_asked_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        broken = asking("a", "topic:(")
        assert matched(fire(), broken, asking("b", "fire"), asking("c", "voice:media")) == ("b",)


@pytest.mark.parametrize(
    "question", ["like:smoke", "-flood", 'fire AND NOT "false alarm"', "NOT (a b)", "voice:media"]
)
def test_what_cannot_be_followed_is_refused(question: str) -> None:
    with pytest.raises(QueryError):
        subscribable(parse(question))


@pytest.mark.parametrize(
    "question", ["", "fire -topic:Met", "NOT place:unknown", "NOT -fire", "fi*"]
)
def test_what_can_be_followed_is_taken(question: str) -> None:
    subscribable(parse(question))


def test_a_topic_of_any_case_matches() -> None:
    assert matched(replace(fire(), topics={"Fire/Wild": 1}), asking("a", topics=("fire/wild",)))
