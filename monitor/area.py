"""The home area: what this deployment looks after."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.geo import distance_m
from monitor.model import Place

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A polygon of (latitude, longitude) corners with a margin around it."""

    name: str
    corners: Corners
    margin_m: float = 5_000.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """South, west, north, east."""
        lats, lons = zip(*self.corners, strict=True)
        return min(lats), min(lons), max(lats), max(lons)

    def touches(self, place: Place) -> bool:
        """True unless the place, with all its uncertainty, lies outside the area and its margin."""
        from shapely import Point, Polygon
        from shapely.ops import nearest_points

        home = Polygon([(lon, lat) for lat, lon in self.corners])
        nearest, _ = nearest_points(home, Point(place.lon, place.lat))
        gap = distance_m(place.lat, place.lon, nearest.y, nearest.x)
        return gap <= self.margin_m + place.radius_m


def box_corners(south: float, west: float, north: float, east: float) -> Corners:
    """The corners of a box."""
    return (south, west), (south, east), (north, east), (north, west)


def outside(places: tuple[Place, ...], areas: tuple[Area, ...]) -> bool:
    """True where something happened, and no place of the text lies in one of the areas."""
    happened = any(place.role == "happened" for place in places)
    return happened and any(not any(map(area.touches, places)) for area in areas)
