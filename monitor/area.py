"""Areas of the earth: the home of a deployment, and what subscribers draw.

A line between two corners goes the short way around, so an area may cross the antimeridian.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from monitor.geo import distance_m, wrapped
from monitor.model import Place

if TYPE_CHECKING:
    from shapely import Polygon

Corners = tuple[tuple[float, float], ...]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A polygon of (latitude, longitude) corners with a margin around it."""

    name: str
    corners: Corners
    margin_m: float = 5_000.0

    @property
    def box(self) -> Box:
        """South, west, north, east; west is greater where the area crosses the antimeridian."""
        return box_of(self.corners)

    def touches(self, place: Place) -> bool:
        """True unless the place, with all its uncertainty, lies outside the area and its margin."""
        from shapely import Point
        from shapely.ops import nearest_points

        home = polygon(self.corners)
        near = (
            nearest_points(home, Point(place.lon + turn, place.lat))[0]
            for turn in (0.0, 360.0, -360.0)
        )
        gap = min(distance_m(place.lat, place.lon, point.y, point.x) for point in near)
        return gap <= self.margin_m + place.radius_m


def box_corners(south: float, west: float, north: float, east: float) -> Corners:
    """The corners of a box, which crosses the antimeridian where west is greater; some more on the
    long sides of one that goes around half the earth."""
    wide = east - west if west <= east else east - west + 360.0
    steps = 1 if wide <= 180.0 else 3
    lons = [west, *(wrapped(west + wide * step / steps) for step in range(1, steps)), east]
    return (*((south, lon) for lon in lons), *((north, lon) for lon in reversed(lons)))


def box_of(corners: Corners) -> Box:
    """The box around corners, as `Area.box`."""
    lats, lons = zip(*unrolled(corners), strict=True)
    west, east = min(lons), max(lons)
    if east - west >= 360.0:
        return min(lats), -180.0, max(lats), 180.0
    return min(lats), wrapped(west), max(lats), wrapped(east)


def unrolled(corners: Corners) -> Corners:
    """The corners on one sheet: where a line crosses the antimeridian, longitudes go on beyond 180
    degrees."""
    found = [corners[0]]
    for lat, lon in corners[1:]:
        found.append((lat, lon + 360.0 * round((found[-1][1] - lon) / 360.0)))
    return tuple(found)


def simple(corners: Corners) -> bool:
    """Whether lines between at least three corners enclose an area and do not cross; none that
    encloses a pole does on a sheet."""
    sheet = unrolled(corners)
    short = all(abs(a[1] - b[1]) <= 180.0 for a, b in pairwise([*sheet, sheet[0]]))
    return short and bool(polygon(corners).is_valid)


def holds(corners: Corners, lat: float, lon: float) -> bool:
    """Whether a point lies in a polygon, its edge included."""
    from shapely import Point

    drawn = polygon(corners)
    west = drawn.bounds[0]
    return bool(drawn.covers(Point(lon + 360.0 * math.ceil((west - lon) / 360.0), lat)))


@lru_cache(maxsize=20_000)
def polygon(corners: Corners) -> Polygon:
    """The area within corners on a sheet as `unrolled` has it, made ready to be asked often."""
    from shapely import Polygon, prepare

    made = Polygon([(lon, lat) for lat, lon in unrolled(corners)])
    prepare(made)
    return made


def outside(places: tuple[Place, ...], areas: tuple[Area, ...]) -> bool:
    """True where something happened, and no place of the text lies in one of the areas."""
    happened = any(place.role == "happened" for place in places)
    return happened and any(not any(map(area.touches, places)) for area in areas)
