"""Looks up what a person typed in the gazetteer that texts are read with: cities, districts, and
the buildings and streets of an operator's own list.

Source: https://www.geonames.org/ (CC BY 4.0)
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.geo import distance_m
from monitor.ports import Candidate
from nlp.added import read
from nlp.gazetteer import Gazetteer, Toponym, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nlp.places import Options


def open(options: Options) -> Lookup:
    """The gazetteer of the step `places`, to be asked by people. Raises ModelError, ConfigError."""
    added = read(Path(options.gazetteer)) if options.gazetteer else {}
    return Lookup(load(options.cache, added))


class Lookup:
    """Places by name, the operator's own first, then the most populous; what stands behind a comma
    says in which region or city. Safe in threads."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._lock = threading.Lock()

    def __call__(self, text: str) -> Sequence[Candidate]:
        """The places of that name; countries and regions, which no circle fits, are none."""
        name, *behind = (part.strip() for part in text.split(","))
        with self._lock:
            found = [c for c in self._gazetteer.candidates(name) if not _is_region(c)]
            around = [c for part in behind for c in self._gazetteer.candidates(part)]
            held = [c for c in found if any(_holds(other, c) for other in around)]
            return [self._candidate(c) for c in held or found]

    def _candidate(self, c: Toponym) -> Candidate:
        names = (c.name, self._regions.get(c.admin1, ""), self._regions.get(c.country, ""))
        label = ", ".join(dict.fromkeys(name for name in names if name))
        return Candidate(label=label, lat=c.lat, lon=c.lon)

    @cached_property
    def _regions(self) -> Mapping[str, str]:
        return self._gazetteer.regions()


def _holds(other: Toponym, c: Toponym) -> bool:
    """Whether a place lies in the other one."""
    if other.kind == "country":
        return c.country == other.country
    if other.kind == "admin1":
        return c.admin1 == other.admin1
    near = distance_m(other.lat, other.lon, c.lat, c.lon) <= 2 * other.radius_m
    return near and other.ref != c.ref


def _is_region(c: Toponym) -> bool:
    return c.kind in ("country", "admin1")
