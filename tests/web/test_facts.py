"""What is made of an event's posts: urgency, what is new, numbers, copies, contradictions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.figures import KINDS, MEASURES, figures
from monitor.model import Stated
from monitor.web.contradictions import contradictions
from monitor.web.folding import folded
from monitor.web.reasons import reasons_of_certainty, reasons_of_severity
from monitor.web.situation import BARS, step_of
from monitor.web.texts import read_texts
from monitor.web.urgency import urgency
from monitor.web.visit import PAUSE, Visit, left_behind, visit
from tests.web.build import NOON, event, place, signal

HOME = (51.3, -0.5, 51.7, 0.3)


def test_the_worst_surest_growing_event_at_home_is_as_urgent_as_can_be() -> None:
    worst = event(severity="Extreme", certainty="Observed", phase="growing", size=20, place=place())
    assert urgency(worst, HOME).total == 100
    assert urgency(event(verdict="dismissed", severity="Extreme"), HOME).total == 0


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"severity": "Severe"}, {"severity": "Moderate"}),
        ({"severity": "Unknown"}, {"severity": "Minor"}),
        ({"certainty": "Likely"}, {"certainty": "Possible"}),
        ({"verdict": "confirmed"}, {"certainty": "Likely"}),
        ({"phase": "growing"}, {"phase": "new"}),
        ({"phase": "quiet"}, {"phase": "closed"}),
        ({"size": 10}, {"size": 2}),
        ({"place": place()}, {"place": place(lat=52.5)}),
        ({"place": place(lat=51.8)}, {"place": None}),
    ],
)
def test_more_of_anything_is_more_urgent(more: dict[str, object], less: dict[str, object]) -> None:
    assert urgency(event(**more), HOME).total > urgency(event(**less), HOME).total


def test_without_a_home_everywhere_is_home() -> None:
    assert urgency(event(place=place(lat=-33)), None).away_m == 0
    far = urgency(event(place=place(lat=51.9, radius_m=1_000)), HOME).away_m
    assert far == pytest.approx(21_239, abs=5)


def test_home_may_lie_on_both_sides_of_the_antimeridian() -> None:
    fiji = (-20.0, 176.0, -12.0, -178.0)
    away = [urgency(event(place=place(-15.0, lon)), fiji).away_m for lon in (179.0, -179.0)]
    assert away == [0.0, 0.0]
    east = urgency(event(place=place(-15.0, -177.0)), fiji).away_m
    assert east is not None
    assert 100_000 < east < 110_000


def test_what_came_since_the_last_visit_is_new_for_the_whole_visit() -> None:
    first = visit("", 10, NOON)
    assert first.first
    assert first.news(event("11", seq=11)) == ""
    soon = visit(first.cookie, 12, NOON + timedelta(minutes=5))
    assert (soon.before, soon.latest) == (10, 12)
    back = visit(soon.cookie, 20, NOON + timedelta(hours=12))
    assert (back.before, back.left) == (12, NOON + timedelta(minutes=5))
    assert back.news(event("13", seq=14)) == "new"
    assert back.news(event("9", seq=14)) == "changed"
    assert back.news(event("9", seq=12)) == ""
    later = visit(back.cookie, 30, NOON + timedelta(hours=12) + PAUSE)
    assert later.before == 12
    assert left_behind(later).news(event("13", seq=30)) == ""


@given(st.text() | st.from_regex(r"\d{1,15}\.\d{1,15}\.\d{1,11}\.\d{1,11}", fullmatch=True))
def test_any_cookie_makes_a_visit(cookie: str) -> None:
    found = visit(cookie, 5, NOON)
    assert isinstance(found, Visit)
    assert found.before <= 5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("two people were injured, 200 evacuated", {"injured": 2, "evacuated": 200}),
        ("3 injured and one dead at 10:30", {"injured": 3, "dead": 1}),
        ("An earthquake of magnitude 6.1 shook the coast", {"magnitude": 6.1}),
        ("1,500 homes without power", {"without power": 1500}),
        ("15 fire engines and 100 firefighters", {"engines": 15, "firefighters": 100}),
        ("killed at least 12", {"dead": 12}),
        ("no one was injured", {"injured": 0}),
        ("nobody hurt", {"injured": 0}),
        ("hay cuatro heridos", {"injured": 4}),
        ("M4 closed in both directions, 3 lanes", {}),
        ("a 6-year-old boy is missing", {}),
        ("call 020 7946 0000 about the dead letter box", {}),
        ("at 10:30 dead slow traffic on the A12", {}),
        ("winds of 80mph", {"wind": 80}),
    ],
)
def test_key_numbers_are_read_from_texts(text: str, found: dict[str, float]) -> None:
    assert {figure.kind: figure.number for figure in figures(text)} == found


@given(st.text(alphabet=st.sampled_from("12 dead,.no injured\n of-")) | st.text())
def test_a_key_number_stands_in_its_text(text: str) -> None:
    for figure in figures(text):
        assert text[figure.start : figure.end] == figure.whole


def test_every_kind_of_number_has_a_name() -> None:
    words = read_texts().table("figure")
    assert sorted(words) == sorted([*KINDS, *MEASURES])


def test_copies_are_folded_under_the_first() -> None:
    told = "Large fire at a warehouse in Hackney Wick, avoid the area"
    folds = folded(
        [
            signal(3, "Something else entirely is going on here"),
            signal(2, f"{told} https://t.example/abc"),
            signal(1, told),
            signal(4, f"RT {told} now", repost_of="x:1"),
            signal(5, "Large fire at warehouse in Hackney Wick: avoid the area"),
            signal(6, "fire"),
        ]
    )
    assert [(f.first.post.id, [c.post.id for c in f.copies]) for f in folds] == [
        ("x:1", ["x:2", "x:4", "x:5"]),
        ("x:3", []),
        ("x:6", []),
    ]


def test_what_posts_do_not_agree_on_is_told() -> None:
    told = [
        signal(1, "2 injured in the fire", source="a", labels=("Fire",), places=(place(),)),
        signal(2, "5 injured", source="b", severity="Extreme", labels=("Fire",)),
        signal(3, "a bit of smoke", source="c", severity="Minor", labels=("Fire",)),
        signal(4, "football tonight", source="d", labels=("Safety/crush",)),
        signal(5, "in Leeds they say", source="e", places=(place(53.8, -1.5, "Leeds"),)),
        signal(6, "It was a false alarm", source="f", voice="official"),
        signal(7, "no fire engine yet, and no firefighter in sight", source="g"),
    ]
    found = contradictions(event(topics={"Fire": 3}, place=place()), told)
    said = {(one.of, one.what): [s.value for s in one.sayings] for one in found}
    assert said == {
        ("denied", ""): ["false alarm"],
        ("number", "injured"): ["5", "2"],
        ("severity", ""): ["Extreme", "Minor"],
        ("topic", ""): ["Safety/crush"],
        ("place", ""): ["Leeds"],
    }


def test_a_source_that_corrects_itself_does_not_contradict_itself() -> None:
    told = [signal(1, "2 injured", source="a"), signal(2, "3 injured", source="a")]
    assert contradictions(event(), told) == ()


def test_reasons_name_official_sources_and_count_the_others() -> None:
    told = [
        signal(1, "fire", author="p:1", severity="Moderate"),
        signal(2, "fire!", author="p:1", severity="Moderate"),
        signal(3, "big fire", author="p:2", severity="Severe"),
        signal(4, "Fire in Hackney", source="gazette", voice="media", severity="Severe"),
        signal(
            5,
            "We are attending",
            source="brigade",
            voice="official",
            stated=Stated(severity="Extreme"),
        ),
    ]
    severity = [str(reason) for reason in reasons_of_severity(told)]
    assert severity[0] == "brigade states Extreme. (2026-03-14 12:05 UTC)"
    assert "2 posts sound Severe, 1 of them of official sources or the media." in severity
    assert "2 posts sound Moderate." in severity
    certainty = [str(reason) for reason in reasons_of_certainty(event(), told)]
    assert certainty == [
        "1 official post: brigade.",
        "1 media source: gazette.",
        "2 people tell of it in words of their own.",
    ]
    (first, *_) = reasons_of_certainty(event(), told[:1])
    assert first.said == "No official source has said anything."


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3_000_000)))
def test_any_span_of_time_fits_the_bars(span: timedelta) -> None:
    assert span / step_of(span) <= BARS
