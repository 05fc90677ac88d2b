"""From areas to a point and a radius that covers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.geo import distance_m
from monitor.model import Point

Ring = Sequence[tuple[float, float]]
"""Latitude and longitude of each corner; one or two corners are a point or a line."""
Circle = tuple[float, float, float]
"""Latitude, longitude, radius in metres."""


def covering(rings: Sequence[Ring], circles: Sequence[Circle] = ()) -> Point | None:
    """The centroid of all areas, with the radius that covers every corner and circle.

    None where nothing has a position on the earth. Areas may lie across the antimeridian.
    """
    rings = [ring for ring in rings if ring and all(_on_earth(*corner) for corner in ring)]
    circles = [circle for circle in circles if _on_earth(circle[0], circle[1]) and circle[2] >= 0]
    discs: list[Circle] = [(lat, lon, 0.0) for ring in rings for lat, lon in ring]
    discs += circles
    if not discs:
        return None
    if len(discs) == 1:
        return Point(lat=discs[0][0], lon=discs[0][1], radius_m=discs[0][2])
    lat, lon = _centroid(rings, circles)
    radius = max(distance_m(lat, lon, *disc[:2]) + disc[2] for disc in discs)
    return Point(lat=round(lat, 6), lon=round(lon, 6), radius_m=round(radius, 1))


def _on_earth(lat: float, lon: float) -> bool:
    """False for what is out of range, NaN included."""
    return -90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0


def _centroid(rings: Sequence[Ring], circles: Sequence[Circle]) -> tuple[float, float]:
    """Latitude and longitude, on the plate carrée, shifted where areas cross the antimeridian."""
    import shapely
    from shapely.geometry import MultiPoint, Polygon
    from shapely.geometry import Point as Spot

    lons = [lon for ring in rings for _, lon in ring] + [circle[1] for circle in circles]
    shift = 360.0 if max(lons) - min(lons) > 180.0 else 0.0

    def east(lon: float) -> float:
        return lon + shift if lon < 0 else lon

    areas: list[Any] = []
    for ring in rings:
        corners = [(east(lon), lat) for lat, lon in ring]
        area = Polygon(corners) if len(corners) > 3 else None
        areas.append(area if area and area.is_valid else MultiPoint(corners).convex_hull)
    areas += [Spot(east(lon), lat).buffer(max(m, 1.0) / 111_195) for lat, lon, m in circles]
    centre = shapely.union_all(areas).centroid
    lon = centre.x - 360.0 if centre.x > 180.0 else centre.x
    return float(centre.y), float(lon)
