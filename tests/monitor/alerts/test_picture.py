"""The map of a message: small, the same for the same events, and right where the world is round."""

from __future__ import annotations

from io import BytesIO

import numpy
import pytest
from PIL import Image

from monitor.alerts.ink import FILL
from monitor.alerts.picture import HEIGHT, WIDTH, Spot, draw, view_of
from monitor.area import Area, box_corners
from monitor.geo import distance_m
from monitor.model import SEVERITIES
from tests.letters import LONDON

FIRE = Spot(lat=51.5465, lon=-0.0253, radius_m=1_500.0, severity="Severe")
ANTIPODES = Spot(lat=-77.8, lon=166.7, radius_m=900.0, severity="Minor", number=2)
FIJI = (
    Spot(lat=-17.7, lon=179.9, radius_m=30_000.0, number=1),
    Spot(lat=-16.5, lon=-179.8, radius_m=3_000.0, severity="Severe", number=2),
)
VILLAGE = Area(name="Village", corners=box_corners(48.0, 11.0, 48.05, 11.1))


def pixels(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def colour(severity: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(FILL[severity][1:]))  # type: ignore[index]


def colours(png: bytes) -> set[object]:
    return {shade for _, shade in pixels(png).getcolors(100_000) or ()}


@pytest.mark.parametrize(
    "spots",
    [
        (FIRE,),
        (ANTIPODES,),
        FIJI,
        tuple(
            Spot(lat=-60 + 5 * n, lon=-170 + 24 * n, radius_m=5e4, number=n + 1) for n in range(15)
        ),
        (Spot(lat=90.0, lon=0.0, radius_m=1e6), Spot(lat=-90.0, lon=180.0, radius_m=1e7)),
        (Spot(lat=0.0, lon=0.0),),
    ],
    ids=["city", "antarctic", "antimeridian", "world", "poles", "null island"],
)
def test_a_picture_is_small_wherever_it_is(spots: tuple[Spot, ...]) -> None:
    for area in (LONDON, None):
        png = draw(spots, area)
        assert png.startswith(b"\x89PNG")
        assert len(png) < 30_000
        assert pixels(png).size == (2 * WIDTH, 2 * HEIGHT)


def test_the_same_spots_give_the_same_bytes() -> None:
    first = draw((FIRE,), LONDON)
    draw.cache_clear()
    assert draw((FIRE,), LONDON) == first
    assert draw((FIRE,), None) != b""


def test_a_picture_says_nothing_of_when_and_where_it_was_made() -> None:
    chunks, png, at = [], draw((FIRE,), LONDON), 8
    while at < len(png):
        chunks.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    assert set(chunks) == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_mark_has_the_colour_of_its_severity(severity: str) -> None:
    spot = Spot(lat=51.5, lon=-0.1, severity=severity)  # type: ignore[arg-type]
    found = colours(draw((spot,), LONDON))
    assert colour(severity) in found
    assert not {colour(other) for other in SEVERITIES[1:] if other != severity} & found


def test_every_severity_has_a_shape_of_its_own() -> None:
    shapes = set()
    for severity in SEVERITIES:
        found = numpy.asarray(pixels(draw((Spot(lat=51.5, lon=-0.1, severity=severity),), None)))
        shapes.add((found == colour(severity)).all(axis=2).tobytes())
    assert len(shapes) == len(SEVERITIES)


def test_the_mark_stands_where_it_happened() -> None:
    view = view_of((FIRE,), None)
    x, y = view.at(FIRE.lat, FIRE.lon)
    made = pixels(draw((FIRE,), None))
    assert made.getpixel((round(x) - 10, round(y) + 17)) == colour("Severe")
    assert WIDTH / 2 < x < WIDTH * 1.5
    assert HEIGHT / 2 < y < HEIGHT * 1.5


def test_the_circle_is_as_large_as_it_is_unsure() -> None:
    unsure = Spot(lat=51.5, lon=-0.1, radius_m=5_000.0, severity="Severe")
    view = view_of((unsure,), None)
    x, y = view.at(unsure.lat, unsure.lon)
    made = pixels(draw((unsure,), None))
    beyond = range(2 * WIDTH - 1, round(x), -1)
    edge = next(at for at in beyond if made.getpixel((at, round(y))) == colour("Severe"))
    degrees = (edge - x) / view.scale / view.narrow
    assert distance_m(51.5, -0.1, 51.5, -0.1 + degrees) == pytest.approx(5_000, rel=0.03)


def test_home_is_drawn_around_what_happened_there() -> None:
    home = tuple(bytes.fromhex("0b5394"))
    inside = Spot(lat=48.02, lon=11.05)
    assert home in colours(draw((inside,), VILLAGE))
    assert home not in colours(draw((inside,), None))
    assert home in colours(draw((FIRE, Spot(lat=51.4, lon=-0.3)), LONDON))


def test_what_is_far_from_home_is_shown_without_it() -> None:
    south, west, north, east = view_of((ANTIPODES,), LONDON).box
    assert south < ANTIPODES.lat < north < 0
    assert west < ANTIPODES.lon < east


def test_both_sides_of_the_antimeridian_are_near_each_other() -> None:
    _, west, _, east = view_of(FIJI, None).box
    assert east - west < 10


def test_a_home_across_the_antimeridian_is_shown_whole() -> None:
    fiji = Area(name="Fiji", corners=box_corners(-20.0, 176.0, -12.0, -178.0))
    spots = [Spot(lat=-16.0, lon=179.5), Spot(lat=-17.0, lon=-179.5)]
    shown = view_of(spots, fiji)
    assert shown.box[1] < 176.0 < 182.0 < shown.box[3]
    assert shown.box[3] - shown.box[1] < 40.0


def test_all_events_of_a_digest_are_seen() -> None:
    spots = tuple(Spot(lat=51.3 + n / 50, lon=-0.5 + n / 25, number=n) for n in range(1, 20))
    for view in (view_of(spots, LONDON), view_of(spots, None), view_of(FIJI, LONDON)):
        for spot in FIJI if view.lat < 0 else spots:
            x, y = view.at(spot.lat, spot.lon)
            assert 0 < x < 2 * WIDTH
            assert 0 < y < 2 * HEIGHT


def test_a_digest_numbers_its_events() -> None:
    one, two = (Spot(lat=51.5, lon=-0.1, number=number) for number in (1, 2))
    assert draw((one,), LONDON) != draw((two,), LONDON)


def test_the_first_event_lies_on_top() -> None:
    under = Spot(lat=51.5, lon=-0.1, severity="Minor", number=2)
    above = Spot(lat=51.5, lon=-0.1, severity="Extreme", number=1)
    found = colours(draw((above, under), LONDON))
    assert colour("Extreme") in found


def test_land_and_sea_are_told_apart() -> None:
    coast = draw((Spot(lat=41.38, lon=2.17),), None)
    assert {tuple(bytes.fromhex("d3e0e8")), tuple(bytes.fromhex("eeefe9"))} <= colours(coast)
