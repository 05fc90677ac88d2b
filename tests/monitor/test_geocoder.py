"""A typed address is asked of the operator's service: politely, and nobody else hears of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor.area import Area, box_corners
from monitor.config import build_config
from monitor.errors import ConfigError, QueryError, SourceChanged, SourceError, SourceUnavailable
from monitor.geocoder import Addresses, Located, Locator
from monitor.ports import Candidate
from monitor.tables import GeocoderTable
from tests.servers import Reply, Site

HOME = Area(name="London", corners=box_corners(51.3, -0.5, 51.7, 0.3))
HERE = Candidate(label="Mill Road, London", lat=51.5, lon=-0.1)
THERE = Candidate(label="Mill Road, Cambridge", lat=52.2, lon=0.14)

PHOTON = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [-0.0553, 51.5456]},
            "properties": {
                "osm_id": 12,
                "name": "Town Hall",
                "street": "Mare Street",
                "housenumber": "1",
                "city": "London",
                "country": "United Kingdom",
                "state": None,
            },
        }
    ],
}
NOMINATIM = [{"place_id": 1, "lat": "51.5456", "lon": "-0.0553", "display_name": "Town Hall, E8"}]
GEOJSON = {
    "type": "FeatureCollection",
    "features": [
        {
            "geometry": {"type": "Point", "coordinates": [-0.0553, 51.5456]},
            "properties": {"display_name": "Town Hall, E8", "name": "Town Hall"},
        }
    ],
}


def service(site: Site, url: str, answer: Any = PHOTON, **more: Any) -> Addresses:
    site.pages["/api"] = Reply(body=json.dumps(answer).encode())
    return Addresses(GeocoderTable(url=f"{url}/api?limit=8&q={{address}}", **more), "us")


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        (PHOTON, "Town Hall, Mare Street 1, London, United Kingdom"),
        (NOMINATIM, "Town Hall, E8"),
        (GEOJSON, "Town Hall, E8"),
    ],
    ids=["photon", "nominatim", "geojson"],
)
def test_a_label_and_a_position_come_back(site: Site, url: str, answer: Any, label: str) -> None:
    assert service(site, url, answer)("Town Hall") == (
        Candidate(label=label, lat=51.5456, lon=-0.0553),
    )


def test_what_is_typed_is_sent_as_one_value_and_once(site: Site, url: str) -> None:
    ask = service(site, url)
    for _ in range(3):
        ask("1 Mare Street & key=x#/é")
    ((path, headers),) = site.asked
    assert path == "/api?limit=8&q=1%20Mare%20Street%20%26%20key%3Dx%23%2F%C3%A9"
    assert headers["user-agent"] == "us"


@pytest.mark.parametrize(
    "answer",
    [
        "words",
        {"features": [{"geometry": {"coordinates": [1]}, "properties": {}}]},
        [{"lat": "north", "lon": "1", "display_name": "x"}],
        {"error": "no key"},
    ],
)
def test_an_answer_of_another_form_is_said(site: Site, url: str, answer: Any) -> None:
    with pytest.raises(SourceChanged, match=r"\[geocoder\]"):
        service(site, url, answer)("Secret Street 1")


def test_what_lies_nowhere_or_has_no_name_is_left_out(site: Site, url: str) -> None:
    rows = [
        {"lat": 95, "lon": 0, "display_name": "beyond the pole"},
        {"lat": "nan", "lon": 0, "display_name": "no number"},
        {"lat": 1, "lon": 2, "display_name": " \u202e "},
        {"lat": 1, "lon": 2, "display_name": "a\n\x00<b>b</b>" + "x" * 500},
    ]
    (found,) = service(site, url, rows)("x")
    assert "\n" not in found.label
    assert len(found.label) <= 201


@pytest.mark.parametrize("door", ["/fault/slow", "/fault/429", "/fault/500", "/fault/404"])
def test_no_fault_tells_what_was_typed(
    site: Site, url: str, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = GeocoderTable(url=f"{url}{door}?q={{address}}", timeout_s=0.5)
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as fault:
        Addresses(table, "us")("Secret Street 1")
    assert "Secret" not in str(fault.value)
    assert "Secret" not in caplog.text


def test_an_answer_beyond_the_cap_is_refused(site: Site, url: str) -> None:
    rows = [{"lat": 1, "lon": 2, "display_name": "x" * 1_200_000}]
    with pytest.raises(SourceError, match="larger"):
        service(site, url, rows)("x")


def test_a_redirect_leads_nowhere(site: Site, url: str) -> None:
    site.pages["/api"] = Reply(status=302, headers={"Location": f"{url}/other?q=Secret"})
    with pytest.raises(SourceError, match="redirects"):
        Addresses(GeocoderTable(url=f"{url}/api?q={{address}}"), "us")("Secret")
    assert len(site.asked) == 1


class Asked:
    """A geocoder that answers the same to all, and remembers what it was asked."""

    def __init__(self, *found: Candidate, fault: SourceError | None = None) -> None:
        self.found = found
        self.fault = fault
        self.texts: list[str] = []

    def __call__(self, text: str) -> Sequence[Candidate]:
        self.texts.append(text)
        if self.fault:
            raise self.fault
        return self.found


def test_the_service_is_asked_only_for_what_is_not_known_at_home() -> None:
    away = Asked(HERE)
    assert Locator(Asked(HERE, THERE), away, HOME)("Mill Road").candidates == (HERE, THERE)
    assert away.texts == []
    assert Locator(Asked(THERE), away, HOME)("  Mill\n Road ").candidates == (HERE, THERE)
    assert away.texts == ["Mill Road"]


def test_a_service_that_is_away_takes_nothing_from_the_gazetteer() -> None:
    away = Asked(fault=SourceUnavailable("geo.example: no connection; tried again"))
    found = Locator(Asked(THERE), away, HOME)("Mill Road")
    assert found == Located(candidates=(THERE,), fault="geo.example: no connection; tried again")


def test_few_are_shown_those_at_home_first() -> None:
    many = [Candidate(label=f"Mill Road {n}", lat=10.0, lon=n) for n in range(20)]
    found = Locator(Asked(*many, HERE), None, HOME)("Mill Road").candidates
    assert (len(found), found[0]) == (8, HERE)


@pytest.mark.parametrize("text", ["", "  ", "x" * 201, "a\x00b"])
def test_what_cannot_be_a_name_is_said(text: str) -> None:
    with pytest.raises(QueryError):
        Locator(Asked(), None, HOME)(text)


@pytest.mark.parametrize(
    "url",
    ["https://geo.example/api", "https://geo.example/{address}?q=1", "ftp://x/?q={address}", "x"],
)
def test_an_address_whose_query_has_no_gap_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"\[geocoder\] url"):
        build_config({"geocoder": {"url": url}}, Path("monitor.toml"))


def test_no_service_is_asked_unless_one_is_named() -> None:
    config = build_config({}, Path("monitor.toml"))
    assert config.geocoder.url == ""
