"""The events whose newest post is of one day, as arrays: what is asked of every event for each post
is asked of a few days at once, however many are remembered."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlp.events import Tally, Vector

DAY_S: Final = 86_400
FACTS: Final = 7
"""First and last published, newest arrival, latitude, longitude, radius, and how many radians the
event's exemplars are from its centre at most. NaN where there is no event or no place."""


def day_of(moment: datetime) -> int:
    """The number of a moment's day."""
    return math.floor(moment.timestamp() / DAY_S)


class Day:
    """Events in slots: `names`, `centres` and `facts` of each; a free slot has no name."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.centres: NDArray[np.float32] = np.zeros((64, 0), dtype=np.float32)
        self.facts: NDArray[np.float64] = _blank(64)
        self.earliest = math.inf
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._changed: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def slot(self, name: str) -> int:
        """Where an event is."""
        return self._slots[name]

    def put(self, name: str, tally: Tally) -> None:
        """An event of this day as it is now."""
        slot = self._slots.get(name)
        if slot is None:
            slot = self._slots[name] = self._room()
            self.names[slot] = name
        centre, place = tally.centroid(), tally.place
        if centre is not None and not self.centres.shape[1]:
            self.centres = np.zeros((len(self.centres), len(centre)), dtype=np.float32)
        self.centres[slot] = 0.0 if centre is None else centre
        first = tally.first.timestamp()
        self.earliest = min(self.earliest, first)
        self.facts[:, slot] = (
            first,
            tally.last.timestamp(),
            tally.newest.timestamp(),
            *((place.lat, place.lon, place.radius_m) if place else (np.nan, np.nan, np.nan)),
            _spread(tally, centre),
        )
        self._changed[slot] = None

    def drop(self, name: str) -> None:
        """Let an event go."""
        slot = self._slots.pop(name)
        self.names[slot] = ""
        self.facts[:, slot] = np.nan
        self._free.append(slot)

    def weigh(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The likeness of each post of a block to each event as it is now; what changes from now on
        is known."""
        self._changed.clear()
        weighed: NDArray[np.float32] = block @ self.centres[: len(self.names)].T
        return weighed

    def scores(self, vector: Vector, weighed: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """The likeness of a post to each event; `weighed` is what it was when its block began."""
        count = len(self.names)
        if weighed is None:
            found: NDArray[np.float32] = self.centres[:count] @ vector
            return found
        scores = np.zeros(count, dtype=np.float32)
        scores[: len(weighed)] = weighed[:count]
        if self._changed:
            changed = np.fromiter(self._changed, dtype=np.intp)
            scores[changed] = self.centres[changed] @ vector
        return scores

    def _room(self) -> int:
        if self._free:
            return self._free.pop()
        slot = len(self.names)
        self.names.append("")
        if slot == len(self.centres):
            self.centres = np.concatenate([self.centres, np.zeros_like(self.centres)])
            self.facts = np.concatenate([self.facts, _blank(slot)], axis=1)
        return slot


def _spread(tally: Tally, centre: Vector | None) -> float:
    told = (*tally.exemplars, *tally.lately)
    if centre is None or not told:
        return math.pi
    return math.acos(max(-1.0, min(1.0, min(float(np.dot(one, centre)) for one in told))))


def _blank(count: int) -> NDArray[np.float64]:
    return np.full((FACTS, count), np.nan)
