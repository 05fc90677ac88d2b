"""What is stored says the same as what a question sees."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import fields
from datetime import UTC, datetime
from importlib.resources import files

import msgspec

from indexes.elastic.document import activity_body, event_body, key_of, signal_body
from monitor.model import Activity, Enrichment, Event, Place, Point, Post, Signal
from monitor.query import document

MAPPING = json.loads((files("indexes.elastic") / "mapping.json").read_text("utf-8"))
NOON = datetime(2026, 3, 14, 12, 0, 0, 123_456, tzinfo=UTC)
HACKNEY = Place(
    name="Hackney Wick",
    start=12,
    end=24,
    role="happened",
    kind="district",
    lat=51.5432,
    lon=-0.0245,
    radius_m=900.0,
    ref="geonames:2647688",
    confidence=0.9,
)
VECTOR = struct.pack("<3f", 0.6, 0.0, 0.8)
FIRE = Signal(
    post=Post(
        id="rss:feed:1",
        text="Feuer in der Straße, Feuer!",
        title="Brand",
        url="https://news.example/1",
        source="bbc",
        published=NOON,
        collected=NOON,
        voice="media",
    ),
    enrichment=Enrichment(
        lang="de",
        relevance=0.75,
        relevant=True,
        labels=("Fire", "Security/theft"),
        severity="Severe",
        places=(HACKNEY,),
        vector=VECTOR,
        models={"encode": "minilm"},
    ),
    event="7",
    sources=("bbc", "Met"),
    arrived=8,
    seq=9,
)
BLAZE = Event(
    id="7",
    seq=9,
    title="Brand",
    texts=("Feuer in Hackney", "Fire in Hackney", "Hackney Feuer"),
    first=NOON,
    last=NOON,
    size=3,
    sources={"bbc": 2, "met": 1},
    topics={"Fire": 3},
    langs={"en": 1, "de": 2},
    severity="Severe",
    certainty="Likely",
    place=HACKNEY,
    phase="new",
    merged_into="3",
)


def stored(value: Signal | Event) -> dict:
    return json.loads(signal_body(value) if isinstance(value, Signal) else event_body(value))


def placed(lat: float, lon: float) -> Signal:
    post = Post(id="s:1", text="here", published=NOON, point=Point(lat=lat, lon=lon, radius_m=50))
    return Signal(post=post, enrichment=Enrichment(), event="1", sources=("bbc",), arrived=1, seq=1)


def test_a_signal_is_stored_as_a_question_sees_it():
    held, seen = stored(FIRE), document(FIRE)
    assert set(held["terms"].split()) == seen.terms
    assert held["words"] == [" ".join(text) for text in seen.texts]
    assert held["names"] == ["hackney wick"]
    assert held["topic"] == list(seen.keywords["topic"])
    assert held["source"] == ["Met", "bbc"]
    assert held["place"] == ["Hackney Wick"]
    assert held["time_us"] == seen.numbers["time"]
    assert held["severity_rank"] == seen.numbers["severity"]
    assert held["relevance"] == 0.75
    assert (held["id"], held["event"], held["seq"]) == ("rss:feed:1", "7", 9)


def test_tags_hold_every_keyword_in_small_letters_and_every_ref():
    assert set(stored(FIRE)["tags"]) == {
        "topic=fire",
        "topic=security",
        "topic=security/theft",
        "source=bbc",
        "source=met",
        "lang=de",
        "voice=media",
        "severity=severe",
        "ref=geonames:2647688",
    }


def test_an_event_is_stored_as_a_question_sees_it():
    held, seen = stored(BLAZE), document(BLAZE)
    assert set(held["terms"].split()) == seen.terms
    assert held["words"] == [" ".join(text) for text in seen.texts]
    assert (held["time_us"], held["first_us"]) == (seen.numbers["last"], seen.numbers["first"])
    assert (held["size"], held["certainty_rank"]) == (3, seen.numbers["certainty"])
    assert {"phase=new", "verdict=none", "certainty=likely"} <= set(held["tags"])
    assert held["merged_into"] == "3"


def test_texts_are_in_the_field_of_their_language():
    assert stored(FIRE)["text_de"] == ["Brand\nFeuer in der Straße, Feuer!"]
    assert stored(BLAZE)["text_de"] == list(BLAZE.texts)
    assert stored(placed(1, 1))["text"] == ["here"]


def test_every_field_is_in_the_mapping():
    page = Activity(number=1, at=NOON, what="page", source="bbc")
    assert set(stored(FIRE)) <= set(MAPPING["signals"])
    assert set(stored(BLAZE)) <= set(MAPPING["events"])
    assert set(json.loads(activity_body(page))) <= set(MAPPING["activity"])


def test_every_field_of_the_mapping_is_used():
    texts = {"text", "text_en", "text_es", "text_fr", "text_it", "text_pt"}
    assert set(MAPPING["signals"]) - set(stored(FIRE)) == texts
    assert set(MAPPING["events"]) - set(stored(BLAZE)) == texts | {"last"}
    assert set(MAPPING["activity"]) == {field.name for field in fields(Activity)}


def test_the_value_gives_back_the_signal_without_its_vector():
    held = msgspec.convert(stored(FIRE)["value"], Signal)
    assert held.post == FIRE.post
    assert held.enrichment.vector == b""
    assert held.enrichment.places == FIRE.enrichment.places


def test_the_value_gives_back_the_event():
    assert msgspec.convert(stored(BLAZE)["value"], Event) == BLAZE


def test_a_vector_is_packed_in_the_order_of_the_network():
    packed = base64.b64decode(stored(FIRE)["vector"])
    assert struct.unpack(">3f", packed) == struct.unpack("<3f", VECTOR)


def test_a_vector_without_a_direction_is_left_out():
    known = Enrichment(vector=struct.pack("<3f", 0, 0, 0))
    bare = Signal(post=FIRE.post, enrichment=known, event="1", sources=(), arrived=1, seq=1)
    assert "vector" not in stored(bare)
    assert "vector" not in stored(placed(1, 1))


def test_milliseconds_are_those_that_a_moment_lies_in():
    post = Post(id="s:1", text="old", published=datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC))
    signal = Signal(post=post, enrichment=Enrichment(), event="1", sources=(), arrived=1, seq=1)
    assert (stored(signal)["time_us"], stored(signal)["time"]) == (-1, -1)
    assert stored(FIRE)["time"] == stored(FIRE)["time_us"] // 1_000


def test_a_position_is_exact():
    held = stored(placed(51.5, -0.12))
    assert (held["point"], held["radius_m"]) == ({"lat": 51.5, "lon": -0.12}, 50)


def test_what_is_off_the_earth_is_nowhere():
    held = stored(placed(95.0, 10.0))
    assert "nowhere" in held["tags"]
    assert "point" not in held


def test_what_has_no_position_is_nowhere():
    signal = Signal(
        post=Post(id="s:1", text="somewhere", published=NOON),
        enrichment=Enrichment(),
        event="1",
        sources=(),
        arrived=1,
        seq=1,
    )
    assert "nowhere" in stored(signal)["tags"]
    assert not {"point", "radius_m"} & set(stored(signal))


def test_a_long_id_is_stored_by_its_digest():
    longest, longer = "ä" * 256, "ä" * 256 + "b"
    assert key_of(longest) == longest
    assert key_of(longer) == "sha256:" + hashlib.sha256(longer.encode()).hexdigest()


def test_an_activity_holds_what_it_is_about_and_nothing_else():
    page = Activity(number=4, at=NOON, what="page", source="bbc", posts=3, ms=20)
    said = Activity(number=5, at=NOON, what="decision", event="7", verdict="confirm")
    assert json.loads(activity_body(page)) == {
        "number": 4,
        "at": 1773489600123,
        "what": "page",
        "source": "bbc",
        "posts": 3,
        "rows": 0,
        "refused": 0,
        "dead": 0,
        "ms": 20,
    }
    assert json.loads(activity_body(said)) == {
        "number": 5,
        "at": 1773489600123,
        "what": "decision",
        "event": "7",
        "verdict": "confirm",
    }
