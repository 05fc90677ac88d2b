"""Distances and boxes on the sphere, in degrees and metres."""

import math

EARTH_RADIUS_M = 6_371_008.7714


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance in metres between two points in degrees (haversine)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = math.sin((phi2 - phi1) / 2) ** 2
    half += math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def box(lat: float, lon: float, radius_m: float) -> tuple[float, float, float, float]:
    """South, west, north and east of the smallest box around a circle.

    West is greater than east where the box crosses the antimeridian; a circle over a pole
    takes in every longitude.
    """
    angle = radius_m / EARTH_RADIUS_M
    south, north = lat - math.degrees(angle), lat + math.degrees(angle)
    if south <= -90.0 or north >= 90.0:
        return max(south, -90.0), -180.0, min(north, 90.0), 180.0
    reach = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(lat))))
    if reach >= 180.0:
        return south, -180.0, north, 180.0
    return south, wrapped(lon - reach), north, wrapped(lon + reach)


def in_box(lat: float, lon: float, bounds: tuple[float, float, float, float]) -> bool:
    """Whether a point lies in a south, west, north, east box, edges included."""
    south, west, north, east = bounds
    if not south <= lat <= north:
        return False
    return west <= lon <= east if west <= east else (lon >= west or lon <= east)


def wrapped(lon: float) -> float:
    """The same longitude within -180 to 180."""
    return lon if -180.0 <= lon <= 180.0 else (lon + 180.0) % 360.0 - 180.0


def on_grid(lat: float, lon: float) -> tuple[float, float]:
    """The point's corner, south-west, of a grid of a centimetre: that of Lucene, which keeps a
    degree in 32 bits. What all circles and tiles are decided by, so that every index says the same.

    Source: https://lucene.apache.org/core/10_0_0/core/org/apache/lucene/geo/GeoEncodingUtils.html
    """
    return _floored(lat, 180.0 / 2**32), _floored(lon, 360.0 / 2**32)


def _floored(degrees: float, step: float) -> float:
    return min(math.floor(degrees / step), 2**31 - 1) * step


def on_sphere(lat: float, lon: float) -> tuple[float, float, float]:
    """A point in degrees, as the grid has it, on the unit sphere: straight distances there need no
    trigonometry and know neither poles nor antimeridian."""
    phi, lam = map(math.radians, on_grid(lat, lon))
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def chord(radius_m: float) -> float:
    """The straight distance on the unit sphere that a distance along the earth spans."""
    return 2 * math.sin(min(radius_m / EARTH_RADIUS_M, math.pi) / 2)


def tile(lat: float, lon: float, zoom: int) -> tuple[int, int]:
    """Column and row of the Web Mercator tile of a point of the grid; beyond 85.05 degrees the
    outermost row.

    Source: https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames
    """
    across = 2**zoom
    lat, lon = on_grid(lat, lon)
    phi = math.radians(max(-85.05112878, min(85.05112878, lat)))
    column = math.floor((lon + 180.0) / 360.0 * across)
    row = math.floor((1.0 - math.asinh(math.tan(phi)) / math.pi) / 2.0 * across)
    return min(max(column, 0), across - 1), min(max(row, 0), across - 1)
