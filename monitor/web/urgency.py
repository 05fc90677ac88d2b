"""How urgent an event is: a number from 0 to 100 that orders the situation page, and its parts.

::

    severity    up to 45    Extreme 1, Severe 0.8, Moderate 0.5, Unknown 0.3, Minor 0.2
    certainty   up to 20    Observed 1, Likely 0.8, Possible 0.5, Unknown 0.4, Unlikely 0.1
    growth      up to 20    growing 1, new 0.6, quiet 0.2, closed 0; half of it for a single post
    nearness    up to 15    1 at home, half of it 25 km away; 0.5 where the place is not known

A person's verdict goes first: what is confirmed counts as observed, what is dismissed is not urgent
at all. Among equals the newest goes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.geo import distance_m, in_box
from monitor.model import Certainty, Event, Phase, Severity

HALF_M: Final = 25_000.0
LARGE: Final = 20
"""An event of so many posts grows as much as one can."""

_SEVERITY: Final[Mapping[Severity, float]] = {
    "Extreme": 1.0,
    "Severe": 0.8,
    "Moderate": 0.5,
    "Unknown": 0.3,
    "Minor": 0.2,
}
_CERTAINTY: Final[Mapping[Certainty, float]] = {
    "Observed": 1.0,
    "Likely": 0.8,
    "Possible": 0.5,
    "Unknown": 0.4,
    "Unlikely": 0.1,
}
_GROWTH: Final[Mapping[Phase, float]] = {"growing": 1.0, "new": 0.6, "quiet": 0.2, "closed": 0.0}

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """The parts, each in points. `away_m` is the distance to home, None where it is not known."""

    severity: float = 0.0
    certainty: float = 0.0
    growth: float = 0.0
    nearness: float = 0.0
    away_m: float | None = None

    @property
    def total(self) -> float:
        """From 0 to 100."""
        return round(self.severity + self.certainty + self.growth + self.nearness, 3)


def urgency(event: Event, home: Box | None) -> Urgency:
    """How urgent an event is, for those whose home is that south, west, north, east box; without
    one the whole world is home."""
    away_m = _away_m(event, home)
    if event.verdict == "dismissed" or not event.size:
        return Urgency(away_m=away_m)
    certainty = "Observed" if event.verdict == "confirmed" else event.certainty
    crowd = min(event.size, LARGE) / LARGE
    near = 0.5 if away_m is None else HALF_M / (HALF_M + away_m)
    return Urgency(
        severity=45 * _SEVERITY[event.severity],
        certainty=20 * _CERTAINTY[certainty],
        growth=20 * _GROWTH[event.phase] * (0.5 + crowd / 2),
        nearness=15 * near,
        away_m=away_m,
    )


def _away_m(event: Event, home: Box | None) -> float | None:
    """Metres from the event's place to the nearest point of home, its radius taken off."""
    place = event.place
    if place is None:
        return None
    if home is None:
        return 0.0
    south, west, north, east = home
    lat = min(max(place.lat, south), north)
    lon = place.lon
    if not in_box(lat, lon, home):
        lon = min((west, east), key=lambda edge: abs((edge - lon + 180.0) % 360.0 - 180.0))
    return max(0.0, distance_m(place.lat, place.lon, lat, lon) - place.radius_m)
