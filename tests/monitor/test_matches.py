from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.errors import QueryError
from monitor.model import Enrichment, Event, Place, Point, Post, Signal
from monitor.query import event_document, matches, parse, signal_document

PLACE = Place(
    name="London Borough of Hackney", start=0, end=0, role="happened", kind="district",
    lat=51.545, lon=-0.055, radius_m=3000.0, ref="geonames:2647694",
)  # fmt: skip
SIGNAL = Signal(
    post=Post(
        id="rss:1", title="Blaze in Hackney", text="Two houses are burning on Mare Street.",
        source="bbc", published=datetime(2026, 3, 14, 10, 30, tzinfo=UTC), voice="media",
    ),
    enrichment=Enrichment(
        lang="en", relevance=0.8, labels=("Security/violence",), severity="Severe", places=(PLACE,)
    ),
    event="7", sources=("bbc", "Guardian"), arrived=1, seq=3,
)  # fmt: skip
EVENT = Event(
    id="7", seq=3, texts=("Houses burning", "Feuer in Mare Street", "street Fire"), size=3,
    first=datetime(2026, 3, 14, 10, tzinfo=UTC), last=datetime(2026, 3, 15, 10, tzinfo=UTC),
    sources={"bbc": 2, "Guardian": 1}, topics={"Fire": 3}, langs={"en": 2, "de": 1},
    severity="Severe", certainty="Likely", place=PLACE, phase="growing", verdict="confirmed",
)  # fmt: skip


def of_signal(text: str, signal: Signal = SIGNAL) -> bool:
    return matches(parse(text), signal_document(signal))


def of_event(text: str, event: Event = EVENT) -> bool:
    return matches(parse(text), event_document(event))


@pytest.mark.parametrize(
    "text",
    [
        "", "blaze", "house", "burns", '"mare street"', "hackn*", "topic:security",
        "topic:Security/Violence", "source:BBC source:guardian", "voice:media", "lang:EN",
        "severity:>=Severe", "place:hackney", "place:geonames:2647694", "event:7", "id:rss:1",
        "time:2026-03-14", "time:[2026-03-14T10:30 TO 2026-03-14T10:30]", "relevance:>=0.8",
        'near:"51.5,-0.05,10km"', "flood OR blaze", "blaze -flood",
    ],
)  # fmt: skip
def test_a_signal_is_found_by(text: str):
    assert of_signal(text)


@pytest.mark.parametrize(
    "text",
    [
        "flood", '"houses burning"', '"house"', "urning*", "topic:Fire", "source:bb", "lang:de",
        "severity:>Severe", "place:camden", "place:unknown", "event:77", "id:RSS:1",
        "time:<2026-03-14", "relevance:<0.8", 'near:"51.5,-0.05,1km"', "-blaze",
        'like:"blaze in hackney"',
    ],
)  # fmt: skip
def test_a_signal_is_not_found_by(text: str):
    assert not of_signal(text)


def test_words_may_span_the_posts_of_an_event_and_a_phrase_may_not():
    assert of_event("burning feuer fire")
    assert of_event('"mare street"')
    assert not of_event('"street street"')
    assert not of_event('"burning feuer"')


def test_not_means_that_no_post_says_it():
    assert not of_event("-feuer")
    assert of_event("-flood")


def test_an_event_is_stemmed_by_all_its_languages():
    assert matches(parse("Feuers", ("de",)), event_document(EVENT))
    assert matches(parse("house", ("en",)), event_document(EVENT))


@pytest.mark.parametrize(
    "text",
    [
        "size:>=3", "phase:growing", "verdict:confirmed", "certainty:>Possible", "place:hackney",
        "first:2026-03-14", "last:2026-03-15", "time:2026-03-15", "source:guardian", "lang:de",
        'near:"51.545,-0.055,10m"', "id:7", "event:7",
    ],
)  # fmt: skip
def test_an_event_is_found_by(text: str):
    assert of_event(text)


def test_the_same_words_are_found_in_a_language_without_rules():
    assert of_signal("burning", replace(SIGNAL, enrichment=Enrichment(lang="xx")))
    assert not of_signal("burns", replace(SIGNAL, enrichment=Enrichment(lang="xx")))


def test_a_post_without_position_is_at_place_unknown():
    nowhere = replace(SIGNAL, enrichment=Enrichment(lang="en"))
    assert of_signal("place:unknown", nowhere)
    assert not of_signal('near:"0,0,20000km"', nowhere)


@pytest.mark.parametrize(
    ("lat", "lon"), [(90.5, 0.0), (0.0, 181.0), (float("nan"), 0.0), (0.0, float("inf"))]
)
def test_a_position_that_is_none_on_earth_is_unknown(lat: float, lon: float):
    signal = replace(SIGNAL, post=replace(SIGNAL.post, point=Point(lat=lat, lon=lon)))
    assert of_signal("place:unknown", signal)
    assert not of_signal('near:"0,0,20100km"', signal)


def test_what_is_only_mentioned_has_a_name_and_no_position():
    mentioned = replace(PLACE, role="mentioned")
    signal = replace(SIGNAL, enrichment=Enrichment(lang="en", places=(mentioned,)))
    assert of_signal("place:hackney place:unknown", signal)


def test_the_position_of_the_post_goes_before_its_places():
    signal = replace(SIGNAL, post=replace(SIGNAL.post, point=Point(lat=0.0, lon=180.0)))
    assert of_signal('near:"0,-180,10m"', signal)


def test_a_bare_event_is_everything_but_found_by_words():
    bare = Event(id="9", seq=4)
    assert of_event("*", bare)
    assert of_event("size:0 place:unknown phase:closed", bare)
    assert not of_event("fire", bare)


def test_a_field_that_a_document_lacks_is_refused_wherever_it_stands():
    with pytest.raises(QueryError):
        of_signal("blaze OR size:3")
    with pytest.raises(QueryError):
        of_event("flood voice:media")
