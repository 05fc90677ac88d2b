"""What a person typed is looked up in the gazetteer: places, told apart by what holds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from monitor.geo import distance_m
from monitor.ports import Candidate
from nlp import lookup
from nlp.places import Options

Look = Callable[[str], Sequence[Candidate]]


@pytest.fixture(scope="module")
def look() -> Look:
    return lookup.open(Options())


def near(one: Candidate, lat: float, lon: float) -> bool:
    return distance_m(one.lat, one.lon, lat, lon) < 20_000


def test_a_name_gives_its_places_the_most_populous_first(look: Look) -> None:
    first, *others = look("Paris")
    assert first.label == "Paris, Île-de-France, France"
    assert near(first, 48.857, 2.352)
    assert "Paris, Texas, United States" in [one.label for one in others]


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("Paris, Texas", 33.66, -95.56),
        ("paris , france", 48.857, 2.352),
        ("Hackney, London", 51.545, -0.055),
        ("Paris, nowhere at all", 48.857, 2.352),
        ("sao paulo", -23.55, -46.63),
    ],
)
def test_what_stands_behind_a_comma_tells_places_apart(
    look: Look, text: str, lat: float, lon: float
) -> None:
    assert near(look(text)[0], lat, lon)


def test_only_places_that_a_circle_fits_are_found(look: Look) -> None:
    assert look("France") == []
    assert look("Texas, France, 12") == look("Texas, France") != []
    assert all(one.label != "Texas, United States" for one in look("Texas"))


@pytest.mark.parametrize("text", ["", ",", "12 Mill Road", "x" * 300, "zzqx", ", Texas"])
def test_what_is_no_name_is_not_found(look: Look, text: str) -> None:
    assert look(text) == []


def test_the_operators_own_places_come_first(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        "name,lat,lon,kind\nParis,51.5,-0.1,poi\nThe Old Mill,51.6,-0.2,poi\n", encoding="utf-8"
    )
    look = lookup.open(Options(gazetteer=str(tmp_path / "own.csv")))
    assert look("Paris")[0] == Candidate(label="Paris", lat=51.5, lon=-0.1)
    assert look("old mill") == [Candidate(label="The Old Mill", lat=51.6, lon=-0.2)]
