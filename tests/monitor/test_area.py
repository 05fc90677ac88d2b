"""What lies wholly outside of home is not kept."""

from __future__ import annotations

from monitor.area import Area, box_corners, outside
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
