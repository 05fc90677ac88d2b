"""The API tells what the verbs and the pages tell."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from monitor.model import Event
from monitor.objects import event_json, signal_json, value_json
from monitor.ports import Asked
from monitor.web.suggest import suggestions
from tests.web.site import Site

VIEWS = ("", "topic=Fire", "q=fire+OR+water&severity=Moderate", "near=51.5,-0.1,8km")


def read_again(value: Any) -> Any:
    """What a program reads of it."""
    return json.loads(json.dumps(value))


def all_of(day: Site, path: str, key: str, **params: Any) -> list[Any]:
    """Every page, one after the other."""
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        page = day.json(path, after=after, **params)
        found += page[key]
        after = page["next"]
    return found


@pytest.mark.parametrize("sort", ["", "-last", "first", "-size", "likeness"])
def test_events_are_those_of_the_verb(day: Site, sort: str) -> None:
    told = all_of(day, "/events", "events", limit=7, sort=sort, q="fire OR water")
    asked = day.app.question("(fire OR water) AND size:>=1")
    hits = day.app.index.events(asked, Asked(limit=1_000, sort="-last")).hits
    expected = {hit.value.id: event_json(hit.value) for hit in hits}  # type: ignore[arg-type,union-attr]
    assert [event["id"] for event in told] == list(dict.fromkeys(e["id"] for e in told))
    assert {event["id"] for event in told} == set(expected)
    for event in told:
        assert {name: event[name] for name in expected[event["id"]]} == expected[event["id"]]


def test_signals_are_those_of_the_verb(day: Site) -> None:
    told = all_of(day, "/signals", "signals", limit=40, sort="time", topic="Fire")
    hits = day.app.index.signals(day.app.question("topic:Fire"), Asked(limit=1_000, sort="time"))
    expected = [read_again(signal_json(hit.value)) for hit in hits.hits]  # type: ignore[arg-type]
    assert [{k: v for k, v in signal.items() if k != "like"} for signal in told] == expected


def test_totals_are_those_of_the_page(day: Site) -> None:
    for view in VIEWS:
        page = day.get(f"/?{view}").text
        told = day.get(f"/api/v1/events?{view}").json()
        assert f'data-total="{told["total"]}"' in page


def test_counts_add_up(day: Site) -> None:
    total = day.json("/signals", limit=0)["total"]
    for every in ("1h", "1d"):
        buckets = day.json("/histogram", every=every, of="signals")["buckets"]
        assert sum(bucket["count"] for bucket in buckets) == total
    voices = day.json("/counts", by="voice", of="signals")["buckets"]
    assert sum(bucket["count"] for bucket in voices) == total
    tiles = day.json("/grid", zoom=9, of="signals")["buckets"]
    assert sum(bucket["count"] for bucket in tiles) == total


@pytest.mark.parametrize("of", ["events", "signals"])
@pytest.mark.parametrize("view", VIEWS)
def test_an_export_is_what_a_scan_finds(day: Site, of: Any, view: str) -> None:
    lines = day.get(f"/api/v1/export/{of}.jsonl?{view}")
    listed = [json.loads(line) for line in lines.text.splitlines()]
    question = day.json(f"/{of}?{view}&limit=0")["question"]
    found = day.app.index.scan(day.app.question(question), of)
    scanned = [read_again(value_json(value)) for value in found]
    assert listed == scanned
    assert lines.headers["x-total-count"] == str(len(scanned))
    assert lines.headers["content-disposition"] == f'attachment; filename="{of}.jsonl"'
    layer = day.get(f"/api/v1/export/{of}.geojson?{view}").json()
    assert [one["id"] for one in layer["features"]] == [value["id"] for value in scanned]
    table = day.get(f"/api/v1/export/{of}.csv?{view}").content.decode()
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [row["id"] for row in rows] == [value["id"] for value in scanned]


def test_a_map_layer_has_positions_in_degrees(day: Site) -> None:
    layer = day.get("/api/v1/events.geojson")
    assert layer.headers["content-type"] == "application/geo+json"
    assert day.get("/api/v1/events", accept="application/geo+json").json() == layer.json()
    events = {event["id"]: event for event in day.json("/events", limit=100)["events"]}
    assert layer.json()["total"] == len(events) == len(layer.json()["features"])
    for feature in layer.json()["features"]:
        place = events[feature["id"]]["place"]
        assert feature["geometry"]["coordinates"] == [
            pytest.approx(place["lon"], abs=1e-6),
            pytest.approx(place["lat"], abs=1e-6),
        ]
    one = day.json("/events/36.geojson")
    size = events["36"]["size"]
    assert len(one["features"]) == size + 1


def test_an_event_is_told_as_on_its_page(day: Site) -> None:
    told = day.json("/events/36")
    event = day.app.ledger.truth.event("36")
    assert isinstance(event, Event)
    assert told["event"] == event_json(event)
    posts = [fold["post"]["id"] for fold in told["posts"]]
    copies = [copy for fold in told["posts"] for copy in fold["copies"]]
    assert len(posts) + len(copies) == event.size
    assert sum(told["sparks"]) == event.size
    assert [decision["verdict"] for decision in told["decisions"]] == ["confirm", "split"]
    like = day.json("/events/36/similar")["alike"]
    assert like
    assert all(one["event"]["id"] != "36" for one in like)


@pytest.mark.parametrize(
    ("path", "status", "position"),
    [
        ("/events?q=fire+AND+(", 400, 10),
        ("/events?q=voice:official", 400, 6),
        ("/events?voice=official", 400, None),
        ("/events?sort=nothing", 400, None),
        ("/events?after=nothing", 400, None),
        ("/events?sort=-last&after=nothing", 400, None),
        ("/signals?sort=urgency", 400, None),
        ("/events?since=yesterday", 400, None),
        ("/counts?by=time", 400, None),
        ("/export/signals.csv?q=like:%22trapped%22", 400, None),
        ("/dropped?after=x", 400, None),
    ],
)
def test_a_question_that_cannot_be_asked_says_where(
    day: Site, path: str, status: int, position: int | None
) -> None:
    answer = day.get(f"/api/v1{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["position"] == position
    assert problem["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/events?limit=no", 422),
        ("/events?limit=5000", 422),
        ("/histogram?every=0h", 422),
        ("/events/999999", 404),
        ("/events/x", 422),
        ("/decisions/999999", 404),
        ("/nothing", 404),
    ],
)
def test_any_other_fault_is_a_problem_too(day: Site, path: str, status: int) -> None:
    answer = day.get(f"/api/v1{path}")
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_dropped_posts_and_sources_are_told(day: Site) -> None:
    dropped = all_of(day, "/dropped", "dropped", limit=60)
    held = list(day.app.dropped(day.app.question(""), 10_000))
    assert [drop["id"] for drop in dropped] == [drop.post.id for drop in held]
    assert {drop["reason"] for drop in dropped} == {"relevance", "area"}
    sources = day.json("/sources")
    assert sources["index"]["behind"] == 0
    assert sources["ledger"]["signals"] == day.json("/signals", limit=0)["total"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sev", ["severity:"]),
        ("fire -se", ["severity:"]),
        ("severity:", ["severity:Extreme", "severity:Severe", "severity:Moderate"]),
        ("severity:>=mod", ["severity:>=Moderate"]),
        ("(topic:fi", ["topic:Fire"]),
        ("place:so", ['place:"Soho Square"']),
        ('place:"so', ['place:"Soho Square"']),
        ("time:now", ["time:now-1h", "time:now-24h"]),
        ("nothing:x", []),
        ("", []),
    ],
)
def test_what_may_be_written_next_is_suggested(text: str, expected: list[str]) -> None:
    values = {"topic": ["Fire", "Infra/power"], "place": ["Soho Square", "Bow"]}
    found = suggestions(text, len(text), "events", lambda field: values[field])
    assert [one.text for one in found][: len(expected)] == expected
    assert bool(found) == bool(expected)
    for one in found:
        assert 0 <= one.start <= one.end == len(text)


def test_suggestions_know_what_the_index_holds(day: Site) -> None:
    found = day.json("/suggestions", text="fire topic:inf", of="signals")["suggestions"]
    assert {one["text"] for one in found} >= {"topic:Infra", "topic:Infra/power"}
    assert {(one["start"], one["end"]) for one in found} == {(5, 14)}
