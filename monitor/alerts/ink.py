"""The few colours of a picture, and what is stamped on it: marks of severities and names, made once
and smooth at their edges. All is drawn by the number of a colour, which makes pictures quick and
small."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from monitor.model import SEVERITIES, Severity

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

DENSITY: Final = 2
"""Pixels for each of the page's: for sharp screens."""
MARK: Final = 56
LETTERS: Final = 28
"""Pixels of a mark and of letters: a phone shows them at little more than a quarter."""
FILL: Final[dict[Severity, str]] = {
    "Extreme": "#8a1257",
    "Severe": "#b32a0d",
    "Moderate": "#945400",
    "Minor": "#1f6d9f",
    "Unknown": "#5b6671",
}
"""The colours of severities: white words on them, and they on white, are read well (WCAG AA)."""
_PLAIN: Final = {
    "sea": "#d3e0e8",
    "coast": "#9aabb6",
    "land": "#eeefe9",
    "grid": "#d9ddda",
    "home": "#0b5394",
    "ink": "#17212b",
    "soft": "#4d5b69",
    "white": "#ffffff",
}
_GROUND: Final = ("sea", "coast", "land", "grid")
_TINT: Final = 0.17
_OCTAGON: Final = ((8, 1), (16, 1), (23, 8), (23, 16), (16, 23), (8, 23), (1, 16), (1, 8))
_SHAPES: Final[dict[Severity, tuple[tuple[float, float], ...]]] = {
    "Extreme": _OCTAGON,
    "Severe": ((12, 0.5), (24, 22), (0, 22)),
    "Moderate": ((12, 0), (24, 12), (12, 24), (0, 12)),
    "Minor": tuple(
        (12 + 10.5 * math.cos(turn * math.pi / 18), 12 + 10.5 * math.sin(turn * math.pi / 18))
        for turn in range(36)
    ),
    "Unknown": ((2.5, 2.5), (21.5, 2.5), (21.5, 21.5), (2.5, 21.5)),
}
"""The shapes of severities, as the page has them, in a box of 24 by 24."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A small picture, and the pixels of it that count."""

    image: Image
    mask: Image

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height in pixels."""
        return self.image.size


@cache
def colours() -> dict[str, int]:
    """The number of each colour: of the plain ones, of each severity, and of `<ground>+<severity>`
    for the ground within a circle."""
    return {name: number for number, name in enumerate(_mixed())}


def sheet(width: int, height: int) -> Image:
    """An empty picture: all sea."""
    from PIL import Image

    made = Image.new("P", (width, height), colours()["sea"])
    made.putpalette(_palette())
    return made


@cache
def tint(severity: Severity) -> tuple[int, ...]:
    """For each colour's number that of its tint within a circle of that severity."""
    known = colours()
    tinted = {known[name]: known[f"{name}+{severity}"] for name in _GROUND}
    tinted |= {
        known[f"{name}+{other}"]: known[f"{name}+{severity}"]
        for name in _GROUND
        for other in SEVERITIES
    }
    return tuple(tinted.get(number, number) for number in range(256))


@lru_cache(maxsize=300)
def mark(severity: Severity, number: int) -> Stamp:
    """The mark of a severity, with its number in it; a dot for 0."""
    from PIL import Image, ImageDraw

    fine, edge = 4, 6
    whole = (MARK + 2 * edge) * fine
    made = Image.new("RGB", (whole, whole), "#ffffff")
    outline = Image.new("L", (whole, whole), 0)
    corners = [
        ((x * MARK / 24 + edge) * fine, (y * MARK / 24 + edge) * fine) for x, y in _SHAPES[severity]
    ]
    edges = ImageDraw.Draw(outline)
    edges.polygon(corners, fill=255)
    edges.line([*corners, *corners[:2]], fill=255, width=8 * fine, joint="curve")
    pen = ImageDraw.Draw(made)
    pen.polygon(corners, fill=FILL[severity])
    x, y = whole / 2, whole * (0.6 if severity == "Severe" else 0.5)
    if number:
        font = _font((28 if number < 10 else 24) * fine)
        pen.text((x, y), str(number), font=font, anchor="mm", fill="#ffffff", stroke_width=1)
    else:
        r = 9 * fine
        pen.ellipse((x - r, y - r, x + r, y + r), fill="#ffffff")
    small = (whole // fine, whole // fine)
    return _stamp(
        made.resize(small, Image.Resampling.LANCZOS), outline.resize(small, Image.Resampling.BOX)
    )


@lru_cache(maxsize=1_000)
def name(words: str, colour: str = "soft") -> Stamp:
    """Words in plain Latin letters, with a rim that parts them from what is below."""
    from PIL import Image, ImageDraw

    font = _font(LETTERS)
    left, top, right, bottom = font.getbbox(words, anchor="ls", stroke_width=3)
    size, start = (math.ceil(right - left), math.ceil(bottom - top)), (-left, -top)
    made = Image.new("RGB", size, _PLAIN["land"])
    ImageDraw.Draw(made).text(start, words, font=font, anchor="ls", fill=_PLAIN[colour])
    rim = Image.new("L", size, 0)
    pen = ImageDraw.Draw(rim)
    pen.text(start, words, font=font, anchor="ls", fill=255, stroke_width=3, stroke_fill=255)
    return _stamp(made, rim)


def _stamp(image: Image, mask: Image) -> Stamp:
    from PIL import Image

    few = image.quantize(palette=sheet(1, 1), dither=Image.Dither.NONE)
    return Stamp(few, mask.point([255 * (level > 127) for level in range(256)]))


def _mixed() -> dict[str, str]:
    found = _PLAIN | dict(FILL.items())
    for severity, fill in FILL.items():
        found |= {f"{one}+{severity}": _between(_PLAIN[one], fill, _TINT) for one in _GROUND}
        found |= {f"white/{severity}": _between("#ffffff", fill, 0.5)}
    for share in (0.25, 0.5, 0.75):
        found |= {f"{ink}/{share}": _between(_PLAIN["land"], _PLAIN[ink], share)
                  for ink in ("soft", "ink")}  # fmt: skip
    return found


def _between(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _parts(colour: str) -> bytes:
    return bytes.fromhex(colour[1:])


@cache
def _palette() -> bytes:
    return b"".join(_parts(colour) for colour in _mixed().values())


@cache
def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)
