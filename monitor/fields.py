"""The fields of a question: one table, which the parser, the help and the documentation read.

A number is how the tree and the indexes hold a moment (microseconds since 1970, UTC), a grade of
severity or certainty (its rank, `Unknown` being 0), a size or a probability.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from monitor.model import CERTAINTIES, SEVERITIES

Type = Literal["keyword", "id", "moment", "grade", "number", "place", "near", "like"]
Kind = Literal["signals", "events"]

BOTH: Final[tuple[Kind, ...]] = ("signals", "events")
SIGNALS: Final[tuple[Kind, ...]] = ("signals",)
EVENTS: Final[tuple[Kind, ...]] = ("events",)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MIN_RADIUS_M: Final = 10.0
"""No place is known better, and so large a circle is the same to the millimetre in every index."""
MAX_RADIUS_M: Final = 20_100_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field: which documents have it, how its values read, and one line of help.

    `values` lists all there are, grades in rising order, where there are few.
    """

    name: str
    type: Type
    of: tuple[Kind, ...]
    help: str
    values: tuple[str, ...] = ()


FIELDS: Final = {
    field.name: field
    for field in (
        Field(name="id", type="id", of=BOTH, help="the signal's or event's own id, exactly"),
        Field(name="event", type="id", of=BOTH, help="the event's id: all signals of an event"),
        Field(name="time", type="moment", of=BOTH, help="when published; an event's newest post"),
        Field(name="first", type="moment", of=EVENTS, help="when an event's oldest post was"),
        Field(name="last", type="moment", of=EVENTS, help="when an event's newest post was"),
        Field(name="topic", type="keyword", of=BOTH, help="a topic, finer ones below it included"),
        Field(
            name="severity", type="grade", of=BOTH, help="how bad it is (CAP)", values=SEVERITIES
        ),
        Field(name="certainty", type="grade", of=EVENTS, help="how sure (CAP)", values=CERTAINTIES),
        Field(name="source", type="keyword", of=BOTH, help="the name of a source that brought it"),
        Field(
            name="voice",
            type="keyword",
            of=SIGNALS,
            help="what the source is",
            values=("official", "media", "citizen", "unknown"),
        ),
        Field(name="lang", type="keyword", of=BOTH, help="an ISO 639-1 language code"),
        Field(
            name="place",
            type="place",
            of=BOTH,
            help='a place name, a ref as in "geonames:2643743", or unknown',
        ),
        Field(
            name="near",
            type="near",
            of=BOTH,
            help=f'a circle of {MIN_RADIUS_M:.0f} m or more: "51.5,-0.12,2km"',
        ),
        Field(
            name="phase",
            type="keyword",
            of=EVENTS,
            help="how an event goes on",
            values=("new", "growing", "quiet", "closed"),
        ),
        Field(
            name="verdict",
            type="keyword",
            of=EVENTS,
            help="what a person said",
            values=("none", "confirmed", "dismissed"),
        ),
        Field(name="size", type="number", of=EVENTS, help="how many signals an event has"),
        Field(name="relevance", type="number", of=SIGNALS, help="how relevant, 0 to 1"),
        Field(name="like", type="like", of=BOTH, help='near in meaning: "people trapped"'),
    )
}
"""Every field by name."""

_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_MATHS: Final = re.compile(r"now(?:([+-])(\d{1,6})([smhdw]))?(?:/([smhd]))?")
_DAY: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_CLOCK: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}(?::\d{2}(?::\d{2}(\.\d{1,6})?)?)?.*")
_RADIUS: Final = re.compile(r"(\d+(?:\.\d+)?) ?(m|km)")


def micros(moment: datetime) -> int:
    """A moment as a number."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(number: float) -> datetime:
    """A number as a moment."""
    return EPOCH + int(number) * MICROSECOND


def span_of(text: str, now: datetime) -> tuple[int, int] | None:
    """The half-open span of microseconds that a moment's text names, or None if it names none.

    `2026`, `2026-03`, `2026-03-14` and `2026-03-14T10:30` name a whole year, month, day and
    minute; `now-24h` one microsecond; `now-1d/d` a whole day. Without an offset it is UTC.
    """
    try:
        bounds = _relative(text, now) or _calendar(text) or _clock(text)
    except (ValueError, OverflowError):
        return None
    return (micros(bounds[0]), micros(bounds[1])) if bounds else None


def number_of(field: Field, text: str) -> float | None:
    """The number that a grade's or number's text means, or None if it means none."""
    if field.type == "grade":
        ranks = {value.casefold(): rank for rank, value in enumerate(field.values)}
        return ranks.get(text.casefold())
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def show(field: Field, number: float) -> str:
    """A number as a question writes it, exactly."""
    if field.type == "moment":
        return moment_of(number).isoformat().replace("+00:00", "Z")
    if field.type == "grade":
        return field.values[int(number)]
    return str(int(number)) if number == int(number) else repr(number)


def circle_of(text: str) -> tuple[float, float, float] | None:
    """Latitude, longitude and radius in metres of `51.5,-0.12,2km`, or None if it is no circle."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or not (radius := _RADIUS.fullmatch(parts[2])):
        return None
    try:
        lat, lon = float(parts[0]), float(parts[1])
    except ValueError:
        return None
    radius_m = round(float(radius[1]) * (1000.0 if radius[2] == "km" else 1.0), 3)
    inside = -90 <= lat <= 90 and -180 <= lon <= 180 and MIN_RADIUS_M <= radius_m <= MAX_RADIUS_M
    return (lat, lon, radius_m) if inside else None


def _relative(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    if not (found := _MATHS.fullmatch(text)):
        return None
    sign, amount, unit, rounding = found.groups()
    moment = now
    if sign:
        moment += _UNITS[unit] * (int(amount) if sign == "+" else -int(amount))
    if not rounding:
        return moment, moment + MICROSECOND
    whole = EPOCH + (moment - EPOCH) // _UNITS[rounding] * _UNITS[rounding]
    return whole, whole + _UNITS[rounding]


def _calendar(text: str) -> tuple[datetime, datetime] | None:
    if not (found := _DAY.fullmatch(text)):
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    start = datetime(year, month, day, tzinfo=UTC)
    if found[3]:
        return start, start + timedelta(days=1)
    if found[2]:
        return start, start.replace(year=year + month // 12, month=month % 12 + 1)
    return start, start.replace(year=year + 1)


def _clock(text: str) -> tuple[datetime, datetime] | None:
    if not (found := _CLOCK.fullmatch(text)):
        return None
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if found[1]:
        return moment, moment + MICROSECOND
    step = {13: "h", 16: "m"}.get(len(re.split(r"[Z+]|-(?=\d{2}:?\d{2}$)", text)[0]), "s")
    return moment, moment + _UNITS[step]
