"""Which event a post may belong to, and how well it fits.

Candidates are found with matrices, whose last bits depend on their shape; so more are taken than
are asked for, and each is measured again by itself. What comes out does not depend on what else is
in memory or in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from monitor.geo import distance_m
from monitor.model import Enrichment, Place, Post, text_of
from nlp.events import FINE_M, Tally, Vector, copy_key, places_of, vector_of

NEAREST: Final = 8
"""How many events are measured closely, by meaning and again by place."""
_SLACK: Final = 2e-5
"""More than the rounding of a float32 product of unit vectors can come to."""
_REACH_DEGREES: Final = 0.2
"""Further apart than two parts of a city can be and still be the same place."""
_SHORT, _LONG = 200, 1000
_FAR, _SLIP = 0.15, 0.1
_ALIKE, _STRANGE = 0.25, 0.05
_CARRIED, _COPY = 1.0, 3.0
"""A copy fits better than what place and topic carry, and that better than mere likeness."""

Likes = NDArray[np.float32]
"""What a post is like, for every event that was there when its block began."""

Apart = Literal["unknown", "same", "around", "beside", "far"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers of `nlp.group.Options`, in the units of this module."""

    threshold: float
    long_texts: float
    fade_a_day: float
    window: timedelta
    memory: timedelta
    carry: timedelta
    near_m: float
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Probe:
    """A post as it is compared: what it says, when, where and of what."""

    at: datetime
    published: datetime
    vector: Vector | None
    key: bytes
    place: Place | None
    labels: frozenset[str]
    foreign: bool
    chars: int


def probe_of(post: Post, enrichment: Enrichment, at: datetime, limits: Limits) -> Probe:
    """What of a post is compared, at the moment of its row."""
    vector = vector_of(enrichment.vector) if enrichment.vector else None
    places = places_of(post, enrichment.places)
    return Probe(
        at=at,
        published=post.published,
        vector=vector if vector is not None and vector.any() else None,
        key=copy_key(post),
        place=places[0] if places else None,
        labels=frozenset(enrichment.labels),
        foreign=bool(limits.languages and enrichment.lang)
        and enrichment.lang not in limits.languages,
        chars=len(text_of(post)),
    )


def margin(probe: Probe, tally: Tally, centroid: Vector | None, limits: Limits) -> float | None:
    """How well a post fits an event; below 0 it is none of it, None where they cannot be one: two
    places too far apart. Within `carry` at one place the topic is enough; in a language that the
    models do not know, whose topics are wrong, place and time are."""
    where = apart(probe.place, tally.place, limits.near_m)
    if where == "far":
        return None
    if probe.key and probe.key in tally.keys:
        return _COPY
    likeness = _likeness(probe.vector, tally, centroid)
    here = where == "same" and gap_of(probe.published, tally) <= limits.carry
    carried = likeness - (_STRANGE if probe.foreign else _ALIKE)
    if here and carried >= 0 and (probe.foreign or _kin(probe.labels, tally)):
        return _CARRIED + round(carried, 6)
    if likeness < limits.threshold - _SLIP:
        return -1.0
    return round(likeness - _needed(probe, tally, where, limits) + (_SLIP if here else 0.0), 6)


def apart(a: Place | None, b: Place | None, near_m: float) -> Apart:
    """How two places lie: `same` and `beside` are parts of a city, `around` has a wider place that
    may contain the other, `far` means that it cannot be one happening."""
    if a is None or b is None:
        return "unknown"
    distance = distance_m(a.lat, a.lon, b.lat, b.lon)
    fine = max(a.radius_m, b.radius_m) <= FINE_M
    if distance > a.radius_m + b.radius_m + near_m:
        return "far"
    if not fine:
        return "around"
    return "same" if distance <= max(a.radius_m, b.radius_m, near_m / 3) else "beside"


def gap_of(published: datetime, tally: Tally) -> timedelta:
    """The time between a moment and the event's span; nothing within it."""
    return max(timedelta(0), tally.first - published, published - tally.last)


def _likeness(vector: Vector | None, tally: Tally, centroid: Vector | None) -> float:
    """The mean of the cosines to the event's centre and to the nearest of its exemplars: the centre
    alone draws in whatever is general, one signal alone makes chains."""
    told = (*tally.exemplars, *tally.lately)
    if vector is None or centroid is None or not told:
        return 0.0
    nearest = max(float(np.dot(vector, other)) for other in told)
    return round((float(np.dot(vector, centroid)) + nearest) / 2, 6)


def _needed(probe: Probe, tally: Tally, where: Apart, limits: Limits) -> float:
    """The likeness that is asked of a post: more for long texts, which are all alike to a model,
    for unknown languages, which are too, over time, beside one another and of other topics."""
    chars = min(probe.chars, tally.chars / tally.size)
    stretch = min(1.0, max(0.0, (chars - _SHORT) / (_LONG - _SHORT)))
    needed = limits.threshold + limits.long_texts * stretch
    late = max(timedelta(0), gap_of(probe.published, tally) - limits.carry)
    needed += limits.fade_a_day * (late / timedelta(days=1))
    if probe.foreign or _kin(probe.labels, tally) is False:
        needed += _FAR
    if where == "beside":
        needed += _SLIP
    return needed


def _kin(labels: frozenset[str], tally: Tally) -> bool | None:
    """Whether a post and an event are of one topic: the finer ones where both have some, else the
    categories; None where either has no topic. An event's are those of a quarter of its signals."""
    held = {label for label, count in tally.topics.items() if count * 4 >= tally.size}
    ours, theirs = _split(labels), _split(held)
    if not ours[0] or not theirs[0]:
        return None
    if not ours[0] & theirs[0]:
        return False
    return bool(ours[1] & theirs[1]) if ours[1] and theirs[1] else True


def _split(labels: Iterable[str]) -> tuple[set[str], set[str]]:
    """Categories and finer topics; `Other` says nothing."""
    told = [label for label in labels if label != "Other"]
    return {label.partition("/")[0] for label in told}, {label for label in told if "/" in label}


class Shelf:
    """The events in memory as arrays: centre, span, newest arrival and place of each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._slots: dict[str, int] = {}
        self._orders: list[tuple[int, str]] = []
        self._free: list[int] = []
        self._changed: dict[int, None] = {}
        self._centres: NDArray[np.float32] = np.zeros((64, 0), dtype=np.float32)
        # first and last published, newest arrival, latitude, longitude
        self._facts: NDArray[np.float64] = _blank(64)

    def put(self, name: str, tally: Tally) -> None:
        """An event as it is now; one without signals leaves."""
        if not tally.size:
            self.drop(name)
            return
        slot = self._slots.get(name)
        if slot is None:
            slot = self._slots[name] = self._room()
            self._orders[slot] = order(name)
        centre = tally.centroid()
        if centre is not None and not self._centres.shape[1]:
            self._centres = np.zeros((len(self._centres), len(centre)), dtype=np.float32)
        self._centres[slot] = 0.0 if centre is None else centre
        place = tally.place
        fine = place is not None and place.radius_m <= FINE_M
        self._facts[:, slot] = (
            tally.first.timestamp(),
            tally.last.timestamp(),
            tally.newest.timestamp(),
            place.lat if place and fine else np.nan,
            place.lon if place and fine else np.nan,
        )
        self._changed[slot] = None

    def drop(self, name: str) -> None:
        """Let an event go."""
        slot = self._slots.pop(name, None)
        if slot is not None:
            self._facts[:, slot] = np.nan
            self._free.append(slot)

    def centre(self, name: str) -> Vector:
        """An event's centre, contiguous."""
        centre: Vector = self._centres[self._slots[name]]
        return centre

    def weigh(self, probes: Sequence[Probe]) -> NDArray[np.float32] | None:
        """The likeness of a block of posts to all events as they are now, one row a post, to be
        given to `near` while the block lasts."""
        self._changed.clear()
        width = self._centres.shape[1]
        if not width or not self._orders:
            return None
        block = np.zeros((len(probes), width), dtype=np.float32)
        for row, probe in enumerate(probes):
            if probe.vector is not None:
                block[row] = probe.vector
        weighed: NDArray[np.float32] = block @ self._centres[: len(self._orders)].T
        return weighed

    def near(self, probe: Probe, weighed: NDArray[np.float32] | None) -> list[str]:
        """The events that may be a post's, by meaning or by place; each once."""
        count = len(self._orders)
        if not count:
            return []
        first, last, newest, lat, lon = self._facts[:, :count]
        at, window = probe.published.timestamp(), self._limits.window.total_seconds()
        open_since = (probe.at - self._limits.memory).timestamp()
        eligible = np.flatnonzero(
            (first - window <= at) & (at <= last + window) & (newest >= open_since)
        )
        found = dict.fromkeys(self._like(probe, eligible, weighed))
        place = probe.place
        if place is not None and place.radius_m <= FINE_M:
            gap = np.maximum(np.maximum(first[eligible] - at, at - last[eligible]), 0.0)
            here = gap <= self._limits.carry.total_seconds()
            slots, gap = eligible[here], gap[here]
            north = lat[slots] - place.lat
            east = (lon[slots] - place.lon) * math.cos(math.radians(place.lat))
            away = north * north + east * east
            found |= dict.fromkeys(self._closest(slots, away, gap))
        return list(found)

    def eligible(self, name: str, probe: Probe) -> bool:
        """Whether an event is near enough in time to be considered at all."""
        slot = self._slots.get(name)
        if slot is None:
            return False
        first, last, newest = self._facts[:3, slot]
        at, window = probe.published.timestamp(), self._limits.window.total_seconds()
        recent = newest >= (probe.at - self._limits.memory).timestamp()
        return bool(recent and first - window <= at <= last + window)

    def _closest(
        self, slots: NDArray[np.intp], away: NDArray[np.float64], gap: NDArray[np.float64]
    ) -> list[str]:
        """The events at the least distance, then time; one without a fine place is at none."""
        reach = _REACH_DEGREES * _REACH_DEGREES
        if len(slots) > NEAREST:
            reach = min(reach, float(np.partition(away, NEAREST - 1)[NEAREST - 1]))
        ranked = sorted(
            (float(away[i]), float(gap[i]), self._orders[slots[i]])
            for i in np.flatnonzero(away <= reach)
        )
        return [name for _, _, (_, name) in ranked[:NEAREST]]

    def _like(
        self, probe: Probe, eligible: NDArray[np.intp], weighed: NDArray[np.float32] | None
    ) -> list[str]:
        vector = probe.vector
        if vector is None or not len(eligible) or not self._centres.shape[1]:
            return []
        scores = np.zeros(len(self._orders), dtype=np.float32)
        if weighed is not None:
            scores[: len(weighed)] = weighed
        if self._changed:
            changed = np.fromiter(self._changed, dtype=np.intp)
            scores[changed] = self._centres[changed] @ vector
        scores = scores[eligible]
        if len(eligible) > NEAREST:
            floor = np.partition(scores, -NEAREST)[-NEAREST] - _SLACK
            eligible = eligible[scores >= floor]
        ranked = sorted(
            (-round(float(np.dot(self._centres[slot], vector)), 6), self._orders[slot])
            for slot in eligible
        )
        return [name for _, (_, name) in ranked[:NEAREST]]

    def _room(self) -> int:
        if self._free:
            return self._free.pop()
        slot = len(self._orders)
        self._orders.append((0, ""))
        if slot == len(self._centres):
            self._centres = np.concatenate([self._centres, np.zeros_like(self._centres)])
            self._facts = np.concatenate([self._facts, _blank(slot)], axis=1)
        return slot


def order(name: str) -> tuple[int, str]:
    """Events by number: ties go to the older one."""
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    return int(digits or "0"), name


def _blank(count: int) -> NDArray[np.float64]:
    return np.full((5, count), np.nan)
