import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.geo import box, distance_m, in_box

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def test_london_is_344_km_from_paris():
    assert distance_m(51.50853, -0.12574, 48.85341, 2.3488) == pytest.approx(343_550, rel=0.002)


def test_a_degree_of_latitude_is_111_km():
    assert distance_m(0, 0, 1, 0) == pytest.approx(111_195, rel=0.0001)


def test_antipodes_are_half_the_circumference_apart():
    assert distance_m(0, 0, 0, 180) == pytest.approx(20_015_115, rel=0.0001)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_the_same_both_ways(lat1, lon1, lat2, lon2):
    there = distance_m(lat1, lon1, lat2, lon2)
    assert there == pytest.approx(distance_m(lat2, lon2, lat1, lon1), abs=0.01)


@given(latitudes, longitudes, latitudes, longitudes, st.floats(1, 5_000_000))
def test_a_point_within_the_radius_is_within_the_box(lat, lon, lat2, lon2, radius_m):
    if distance_m(lat, lon, lat2, lon2) < radius_m - 1:
        assert in_box(lat2, lon2, box(lat, lon, radius_m))


def test_a_box_over_the_antimeridian_has_its_west_east_of_its_east():
    south, west, north, east = box(0, 179.9, 50_000)
    assert south < 0 < north
    assert west > east
    assert in_box(0, -179.9, (south, west, north, east))
    assert not in_box(0, 0, (south, west, north, east))


def test_a_box_over_a_pole_takes_every_longitude():
    assert box(89.9, 10, 50_000)[1:] == (-180.0, 90.0, 180.0)
