"""What lies wholly outside of home is not kept."""

from __future__ import annotations

import pytest

from monitor.area import Area, Corners, box_corners, holds, outside, simple
from monitor.model import Place

LONDON = Area(name="London", corners=box_corners(51.28, -0.52, 51.70, 0.34), margin_m=5_000)


def place(lat: float, lon: float, radius_m: float = 1_000, role: str = "happened") -> Place:
    return Place(
        name="there",
        start=0,
        end=5,
        role=role,  # type: ignore[arg-type]
        kind="city",
        lat=lat,
        lon=lon,
        radius_m=radius_m,
    )


def test_inside_and_in_the_margin_is_home() -> None:
    assert LONDON.touches(place(51.5, -0.1))
    assert LONDON.touches(place(51.74, -0.1, 100))
    assert not LONDON.touches(place(51.80, -0.1, 100))


def test_an_unsure_place_may_still_be_home() -> None:
    assert LONDON.touches(place(51.80, -0.1, 8_000))


def test_a_post_is_outside_only_when_all_that_happened_is() -> None:
    paris, hackney = place(48.85, 2.35), place(51.545, -0.055)
    assert outside((paris,), (LONDON,))
    assert not outside((paris, hackney), (LONDON,))
    assert not outside((), (LONDON,))
    assert not outside((place(48.85, 2.35, role="mentioned"),), (LONDON,))


def test_a_post_that_names_home_at_all_is_kept() -> None:
    quillan, richmond = place(42.88, 2.18), place(51.46, -0.31, role="mentioned")
    assert not outside((quillan, richmond), (LONDON,))


FIJI = box_corners(-20.0, 176.0, -12.0, -178.0)
DRAWN = ((-20.0, 176.0), (-12.0, 176.0), (-12.0, -178.0), (-20.0, -178.0))


@pytest.mark.parametrize("corners", [FIJI, DRAWN, DRAWN[2:] + DRAWN[:2], DRAWN[::-1]])
def test_an_area_crosses_the_antimeridian_the_short_way(corners: Corners) -> None:
    within = [(-15.0, lon) for lon in (176.0, 179.9, 180.0, -180.0, -179.0, -178.0)]
    beyond = [(-15.0, lon) for lon in (175.9, -177.9, 0.0, 90.0)] + [(-21.0, 180.0)]
    assert [point for point in within if not holds(corners, *point)] == []
    assert [point for point in beyond if holds(corners, *point)] == []
    assert simple(corners)


def test_home_may_lie_on_both_sides_of_the_antimeridian() -> None:
    fiji = Area(name="Fiji", corners=FIJI, margin_m=5_000)
    assert fiji.box == (-20.0, 176.0, -12.0, -178.0)
    assert fiji.touches(place(-15.0, 179.0))
    assert fiji.touches(place(-15.0, -179.0))
    assert fiji.touches(place(-15.0, -177.97, 100))
    assert not fiji.touches(place(-15.0, -177.9, 100))
    assert not fiji.touches(place(-15.0, 0.0))


@pytest.mark.parametrize(
    "box",
    [(-10.0, -100.0, 10.0, 120.0), (-10.0, 60.0, 10.0, -60.0), (-90.0, -180.0, 90.0, 180.0)],
)
def test_a_box_may_go_around_more_than_half_the_earth(
    box: tuple[float, float, float, float],
) -> None:
    corners = box_corners(*box)
    assert Area(name="wide", corners=corners).box == pytest.approx(box)
    assert simple(corners)
    for lon in range(-180, 181, 15):
        west, east = box[1], box[3]
        inside = west <= lon <= east if west <= east else lon >= west or lon <= east
        assert holds(corners, 0.0, lon) == inside, lon


def test_what_encloses_a_pole_or_crosses_itself_is_no_area() -> None:
    assert not simple(((80.0, 0.0), (80.0, 120.0), (85.0, -120.0)))
    assert not simple(((0.0, 170.0), (1.0, -170.0), (0.0, -170.0), (1.0, 170.0)))
