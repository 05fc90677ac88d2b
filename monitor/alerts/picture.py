"""A small still map as PNG: coast and towns, the home area, and where something happened, with
how unsure that is. It is drawn here: nobody is asked for it, so nobody learns who reads of what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Final

from monitor.alerts.ground import Box, land, towns
from monitor.alerts.ink import DENSITY, MARK, Stamp, colours, mark, name, sheet, tint
from monitor.area import Area
from monitor.geo import EARTH_RADIUS_M, box
from monitor.model import Severity

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

WIDTH: Final = 520
HEIGHT: Final = 260
"""Of the picture as it is shown; it has `DENSITY` times as many pixels."""
ALONE_M: Final = 40_000.0
"""How much of the world is shown, at least."""
SNAP: Final = 0.04
"""Degrees to which the centre of the smallest views is rounded: nearby events share the ground."""
NEAR_M: Final = 150_000.0
"""Home is shown with an event that is no further away."""
MOST_NAMES: Final = 12
SPECK: Final = 16.0
"""Square pixels of the smallest island that is drawn."""
METRES: Final = EARTH_RADIUS_M * math.pi / 180
"""Of a degree of latitude."""
_WIDE: Final = WIDTH * DENSITY
_HIGH: Final = HEIGHT * DENSITY
_SIDES: Final = (16, -38, 36, -60)
"""Where a town's name may stand: pixels from its dot to the name's top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where something happened. `number` stands in its mark; 0 for none."""

    lat: float
    lon: float
    radius_m: float = 0.0
    severity: Severity = "Unknown"
    number: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """What a picture shows: its centre, and how many of its pixels a degree of latitude is."""

    lat: float
    lon: float
    scale: float

    @property
    def narrow(self) -> float:
        """How much shorter a degree of longitude is than one of latitude."""
        return _narrow(self.lat)

    @property
    def box(self) -> Box:
        """South, west, north, east of the picture; longitudes go on beyond 180."""
        high = _HIGH / 2 / self.scale
        wide = min(_WIDE / 2 / self.scale / self.narrow, 180.0)
        return self.lat - high, self.lon - wide, self.lat + high, self.lon + wide

    def at(self, lat: float, lon: float) -> tuple[float, float]:
        """The pixel of a point, the near way around the world."""
        return self.flat(lat, self.lon + _turned(lon - self.lon))

    def flat(self, lat: float, lon: float) -> tuple[float, float]:
        """The pixel of a point whose longitude may go on beyond 180."""
        x = _WIDE / 2 + (lon - self.lon) * self.narrow * self.scale
        return x, _HIGH / 2 - (lat - self.lat) * self.scale


@lru_cache(maxsize=1_000)
def draw(spots: tuple[Spot, ...], area: Area | None) -> bytes:
    """The map of these spots as PNG, the first on top; the same bytes for the same spots."""
    from PIL import ImageDraw

    view = view_of(spots, area)
    made = _ground(view, area).copy()
    pen = ImageDraw.Draw(made)
    for spot in reversed(spots):
        _circle(made, pen, view, spot)
    marks = [_placed(view, spot) for spot in spots]
    _names(made, pen, view, [place for _, place in marks])
    for stamp, place in reversed(marks):
        _press(made, stamp, place[:2])
    _scale(made, pen, view)
    packed = BytesIO()
    made.save(packed, "PNG", compress_level=6)
    return packed.getvalue()


def view_of(spots: Sequence[Spot], area: Area | None) -> View:
    """What happened, with home around it where that is small or there are several; home alone where
    all of them are within."""
    boxes = [box(spot.lat, spot.lon, spot.radius_m) for spot in spots]
    view = _fit(_whole(boxes), 1.8)
    if area is None or (len(spots) == 1 and (area.box[2] - area.box[0]) * METRES > ALONE_M / 2):
        return view
    home = _whole([area.box])
    if all(_within(one, home) for one in boxes):
        return _fit(home, 1.12)
    both = _fit(_whole([*boxes, area.box]), 1.12)
    return both if _HIGH / both.scale < NEAR_M / METRES else view


def _within(inner: Box, outer: Box) -> bool:
    tall = outer[0] <= inner[0] and inner[2] <= outer[2]
    west = inner[1] + 360.0 * math.ceil((outer[1] - inner[1]) / 360.0)
    return tall and west + (inner[3] - inner[1]) % 360.0001 <= outer[3]


def _whole(boxes: Sequence[Box]) -> Box:
    """The smallest box around boxes: of the world's longitudes it leaves out the widest gap."""
    spans = sorted((west, west + (east - west) % 360.0001) for _, west, _, east in boxes)
    first, reached = spans[0]
    start, widest = first, first + 360.0 - max(east for _, east in spans)
    for west, east in spans:
        if west - reached > widest:
            start, widest = west, west - reached
        reached = max(reached, east)
    wide = 360.0 - max(widest, 0.0)
    return min(one[0] for one in boxes), start, max(one[2] for one in boxes), start + wide


def _fit(shown: Box, room: float) -> View:
    """The view that shows a box with some room around it, and no less than `ALONE_M`."""
    south, west, north, east = shown
    lat, lon = max(-80.0, min(80.0, (south + north) / 2)), (west + east) / 2
    high = max((north - south) * room, ALONE_M / METRES / 2)
    wide = max((east - west) * _narrow(lat) * room, ALONE_M / METRES)
    scale = max(min(_HIGH / high, _WIDE / wide), _HIGH / 180.0)
    snap = SNAP if wide * METRES <= ALONE_M else 0.0001
    return View(
        round(round(lat / snap) * snap, 4),
        round(_turned(round(lon / snap) * snap), 4),
        float(f"{scale:.4g}"),
    )


def _narrow(lat: float) -> float:
    return max(0.05, math.cos(math.radians(lat)))


def _turned(lon: float) -> float:
    """The same longitude within -180 to 180."""
    return (lon + 540.0) % 360.0 - 180.0


@lru_cache(maxsize=32)
def _ground(view: View, area: Area | None) -> Image:
    """Sea, land, grid and home: the same under many events."""
    from PIL import ImageDraw

    made, ink = sheet(_WIDE, _HIGH), colours()
    pen = ImageDraw.Draw(made)
    for rings in land(_wider(view.box), SPECK / view.scale**2):
        for ring, fill in zip(rings, ("land", *["sea"] * len(rings)), strict=False):
            corners = [view.flat(lat, lon) for lon, lat in ring]
            pen.polygon(corners, fill=ink[fill], outline=ink["coast"], width=2)
    _grid(pen, view)
    if area:
        corners = [view.at(*corner) for corner in area.corners]
        _dashes(pen, [*corners, corners[0]])
    return made


def _wider(shown: Box) -> Box:
    """A little more than a box, so that no cut edge of the land is seen."""
    south, west, north, east = shown
    more = (north - south) / 20
    return south - more, west - more, north + more, east + more


def _grid(pen: ImageDraw, view: View) -> None:
    """Lines of latitude and longitude, some across the picture."""
    south, west, north, east = view.box
    step = _nice((north - south) / 3)
    for number in range(math.ceil(south / step), math.floor(north / step) + 1):
        _, y = view.flat(number * step, view.lon)
        pen.line([(0, y), (_WIDE, y)], fill=colours()["grid"], width=1)
    step = _nice((east - west) / 6)
    for number in range(math.ceil(west / step), math.floor(east / step) + 1):
        x, _ = view.flat(view.lat, number * step)
        pen.line([(x, 0), (x, _HIGH)], fill=colours()["grid"], width=1)


def _dashes(pen: ImageDraw, corners: Sequence[tuple[float, float]]) -> None:
    """A dashed line along corners, clipped to the picture before it is cut into dashes."""
    import shapely

    seen = shapely.box(-40, -40, _WIDE + 40, _HIGH + 40)
    shown = shapely.intersection(shapely.LineString(corners), seen)
    for part in getattr(shown, "geoms", [shown]):
        for start in range(0, int(part.length), 22):
            ends = [part.interpolate(start), part.interpolate(min(start + 13, part.length))]
            pen.line([(end.x, end.y) for end in ends], fill=colours()["home"], width=3)


@lru_cache(maxsize=200)
def _towns(view: View) -> tuple[tuple[str, float, float], ...]:
    """The largest towns of a view: name and pixel."""
    found = ((town.name, *view.at(town.lat, town.lon)) for town in towns(view.box, 300))
    return tuple((said, x, y) for said, x, y in found if 14 < y < _HIGH - 14)


def _names(made: Image, pen: ImageDraw, view: View, taken: list[Box]) -> None:
    """Names of towns, the largest first, where nothing else is drawn yet."""
    marks, named = tuple(taken), 0
    for said, x, y in _towns(view):
        stamp = name(said)
        wide, high = stamp.size
        left = round(x - wide / 2)
        if left < 6 or left + wide > _WIDE - 6:
            continue
        for side in _SIDES if any(_meet((x, y, x, y), one) for one in marks) else _SIDES[:1]:
            place = (left, round(y) + side - 6, left + wide, round(y) + side - 6 + high)
            wider = (place[0] - 24, place[1] - 14, place[2] + 24, place[3] + 14)
            clear = not any(_meet(wider, one) for one in taken[len(marks) :])
            if clear and not any(_meet(place, one) for one in marks) and place[3] < _HIGH - 52:
                taken.append((left, min(place[1], y - 6), place[2], max(place[3], y + 6)))
                pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colours()["soft"])
                _press(made, stamp, place[:2])
                named += 1
                break
        if named == MOST_NAMES:
            return


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _circle(made: Image, pen: ImageDraw, view: View, spot: Spot) -> None:
    """Where it may have been, unless its mark hides that or it is all that is seen."""
    from PIL import Image, ImageDraw

    reach = spot.radius_m / METRES * view.scale
    x, y = view.at(spot.lat, spot.lon)
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    right, bottom = min(_WIDE, int(x + reach) + 2), min(_HIGH, int(y + reach) + 2)
    if not MARK / 2 < reach < 4 * _WIDE or left >= right or top >= bottom:
        return
    mask = Image.new("L", (right - left, bottom - top), 0)
    inner = (x - reach - left, y - reach - top, x + reach - left, y + reach - top)
    ImageDraw.Draw(mask).ellipse(inner, fill=255)
    tinted = made.crop((left, top, right, bottom)).point(tint(spot.severity))
    made.paste(tinted, (left, top), mask)
    around = (x - reach, y - reach, x + reach, y + reach)
    pen.ellipse(around, outline=colours()[spot.severity], width=3)


def _placed(view: View, spot: Spot) -> tuple[Stamp, tuple[int, int, int, int]]:
    """A spot's mark, and what it covers."""
    stamp = mark(spot.severity, spot.number)
    x, y = view.at(spot.lat, spot.lon)
    left, top = round(x) - stamp.size[0] // 2, round(y) - stamp.size[1] // 2
    return stamp, (left, top, left + stamp.size[0], top + stamp.size[1])


def _press(made: Image, stamp: Stamp, place: tuple[int, int]) -> None:
    made.paste(stamp.image, place, stamp.mask)


def _scale(made: Image, pen: ImageDraw, view: View) -> None:
    """A bar of a round length, in a corner; none where degrees differ too much for one."""
    south, _, north, _ = view.box
    if north - south > 40.0:
        return
    length_m = _nice(110 * DENSITY / view.scale * METRES)
    said = f"{length_m / 1_000:g} km" if length_m >= 1_000 else f"{length_m:g} m"
    x, y = 12 * DENSITY, _HIGH - 10 * DENSITY
    reach = length_m / METRES * view.scale
    for colour, width in (("land", 9), ("ink", 4)):
        corners = [(x, y - 10), (x, y), (x + reach, y), (x + reach, y - 10)]
        pen.line(corners, fill=colours()[colour], width=width)
    stamp = name(said, "ink")
    _press(made, stamp, (x + 4, y - 4 - stamp.size[1]))


def _nice(most: float) -> float:
    """The greatest of 1, 2 and 5 times a power of ten that is no more."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(times * power for times in (1, 2, 5) if times * power <= most * 1.000001)
