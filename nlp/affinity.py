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
from nlp.days import DAY_S, Day, day_of
from nlp.events import FINE_M, Sketch, Tally, Vector, copy_key, places_of, vector_of

NEAREST: Final = 8
"""How many events are measured closely, by meaning and again by place."""
_SLACK: Final = 2e-5
"""More than the rounding of a float32 product of unit vectors can come to."""
_LEEWAY: Final = 1e-3
"""More than the rounding of angles and moments can come to."""
_REACH_DEGREES: Final = 0.2
"""Further apart than two parts of a city can be and still be the same place."""
_SHORT, _LONG = 200, 1000
_FAR, _SLIP = 0.15, 0.1
_ALIKE, _STRANGE = 0.25, 0.05
_CARRIED, _COPY = 1.0, 3.0
"""A copy fits better than what place and topic carry, and that better than mere likeness."""

Likes = dict[int, NDArray[np.float32]]
"""What a post is like, by day, for every event that was there when its block began."""

Circle = tuple[float, float, float]
"""Latitude, longitude and radius in metres."""

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


def margin(
    probe: Probe, event: Sketch, centroid: Vector | None, copied: bool, limits: Limits
) -> float | None:
    """How well a post fits an event, which holds a text of the same words where it is `copied`;
    below 0 it is none of it, None where they cannot be one: two places too far apart. Within
    `carry` at one place the topic is enough; in a language that the models do not know, whose
    topics are wrong, place and time are."""
    where = apart(probe.place, event.place, limits.near_m)
    if where == "far":
        return None
    if copied:
        return _COPY
    likeness = _likeness(probe.vector, event, centroid)
    here = where == "same" and gap_of(probe.published, event) <= limits.carry
    carried = likeness - (_STRANGE if probe.foreign else _ALIKE)
    if here and carried >= 0 and (probe.foreign or _kin(probe.labels, event)):
        return _CARRIED + round(carried, 6)
    if likeness < limits.threshold - _SLIP:
        return -1.0
    return round(likeness - _needed(probe, event, where, limits) + (_SLIP if here else 0.0), 6)


def apart(a: Place | None, b: Place | None, near_m: float) -> Apart:
    """How two places lie: `same` and `beside` are parts of a city, `around` has a wider place that
    may contain the other, `far` means that it cannot be one happening."""
    if a is None or b is None:
        return "unknown"
    return _apart((a.lat, a.lon, a.radius_m), (b.lat, b.lon, b.radius_m), near_m)


def _apart(a: Circle, b: Circle, near_m: float) -> Apart:
    distance = distance_m(a[0], a[1], b[0], b[1])
    wider = max(a[2], b[2])
    if distance > a[2] + b[2] + near_m:
        return "far"
    if wider > FINE_M:
        return "around"
    return "same" if distance <= max(wider, near_m / 3) else "beside"


def gap_of(published: datetime, event: Sketch) -> timedelta:
    """The time between a moment and the event's span; nothing within it."""
    return max(timedelta(0), event.first - published, published - event.last)


def _likeness(vector: Vector | None, event: Sketch, centroid: Vector | None) -> float:
    """The mean of the cosines to the event's centre and to the nearest of its exemplars: the centre
    alone draws in whatever is general, one signal alone makes chains."""
    if vector is None or centroid is None or not event.count:
        return 0.0
    return round((float(np.dot(vector, centroid)) + event.likest(vector)) / 2, 6)


def _needed(probe: Probe, event: Sketch, where: Apart, limits: Limits) -> float:
    """The likeness that is asked of a post: more for long texts, which are all alike to a model,
    for unknown languages, which are too, over time, beside one another and of other topics."""
    chars = min(probe.chars, event.chars)
    stretch = min(1.0, max(0.0, (chars - _SHORT) / (_LONG - _SHORT)))
    needed = limits.threshold + limits.long_texts * stretch
    late = max(timedelta(0), gap_of(probe.published, event) - limits.carry)
    needed += limits.fade_a_day * (late / timedelta(days=1))
    if probe.foreign or _kin(probe.labels, event) is False:
        needed += _FAR
    if where == "beside":
        needed += _SLIP
    return needed


def _kin(labels: frozenset[str], event: Sketch) -> bool | None:
    """Whether a post and an event are of one topic: the finer ones where both have some, else the
    categories; None where either has no topic."""
    ours, theirs = _split(labels), _split(event.topics)
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
    """The events in memory by the day of their newest post, as arrays."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._window = limits.window.total_seconds()
        self._days: dict[int, Day] = {}
        self._homes: dict[str, int] = {}

    def put(self, name: str, tally: Tally) -> None:
        """An event as it is now; one without signals leaves."""
        number = day_of(tally.last) if tally.size else None
        if number != self._homes.get(name):
            self.drop(name)
        if number is not None:
            self._homes[name] = number
            self._days.setdefault(number, Day()).put(name, tally)

    def drop(self, name: str) -> None:
        """Let an event go."""
        number = self._homes.pop(name, None)
        if number is not None:
            self._days[number].drop(name)
            if not self._days[number]:
                del self._days[number]

    def centre(self, name: str) -> Vector:
        """An event's centre, contiguous."""
        day = self._days[self._homes[name]]
        centre: Vector = day.centres[day.slot(name)]
        return centre

    def weigh(self, probes: Sequence[Probe]) -> list[Likes] | None:
        """The likeness of a block of posts to all events that may be theirs, as they are now, to be
        given to `near` while the block lasts."""
        width = max((day.centres.shape[1] for day in self._days.values()), default=0)
        if not width:
            return None
        block = np.zeros((len(probes), width), dtype=np.float32)
        for row, probe in enumerate(probes):
            if probe.vector is not None:
                block[row] = probe.vector
        found: list[Likes] = [{} for _ in probes]
        for number, day in self._days.items():
            rows = [row for row, probe in enumerate(probes) if self._reaches(probe, number, day)]
            if rows and day.centres.shape[1]:
                for row, weighed in zip(rows, day.weigh(block[rows]), strict=True):
                    found[row][number] = weighed
        return found

    def near(self, probe: Probe, likes: Likes | None) -> list[str]:
        """The events that may be a post's, by meaning or by place, without those that it surely
        does not fit; each once."""
        every = [
            Held(day, slots, (likes or {}).get(number))
            for number, day in self._days.items()
            if self._reaches(probe, number, day)
            and len(slots := np.flatnonzero(self._open(probe, day, slice(len(day.names)))))
        ]
        found = dict.fromkeys((*self._like(probe, every), *self._closest(probe, every)))
        return [name for name in found if self._possible(probe, name)]

    def eligible(self, name: str, probe: Probe) -> bool:
        """Whether an event is near enough in time to be considered at all."""
        number = self._homes.get(name)
        if number is None:
            return False
        day = self._days[number]
        return bool(self._open(probe, day, day.slot(name)))

    def _open(self, probe: Probe, day: Day, slots: slice | int) -> NDArray[np.bool_]:
        """Which events a post may join: those near enough in time, with an arrival of late."""
        first, last, newest = day.facts[:3, slots]
        at, window = probe.published.timestamp(), self._window
        since = (probe.at - self._limits.memory).timestamp()
        near: NDArray[np.bool_] = (first - window <= at) & (at <= last + window) & (newest >= since)
        return near

    def _reaches(self, probe: Probe, number: int, day: Day) -> bool:
        """Whether a day may have events that a post is near in time."""
        at = probe.published.timestamp()
        return at - self._window < (number + 1) * DAY_S and day.earliest <= at + self._window

    def _possible(self, probe: Probe, name: str) -> bool:
        """Whether `margin` could be 0 or more, by what is known here: a copy is found elsewhere."""
        day = self._days[self._homes[name]]
        slot, limits = day.slot(name), self._limits
        first, last, _, lat, lon, radius, spread = (float(fact) for fact in day.facts[:, slot])
        where: Apart = "unknown"
        if probe.place is not None and not math.isnan(lat):
            ours = (probe.place.lat, probe.place.lon, probe.place.radius_m)
            where = _apart(ours, (lat, lon, radius), limits.near_m)
        if where == "far":
            return False
        likeness = 0.0
        if probe.vector is not None and day.centres.shape[1]:
            cosine = max(-1.0, min(1.0, float(np.dot(day.centres[slot], probe.vector))))
            likeness = (cosine + math.cos(max(0.0, math.acos(cosine) - spread))) / 2
        at, carry = probe.published.timestamp(), limits.carry.total_seconds()
        gap = max(0.0, first - at, at - last)
        late = max(0.0, gap - carry) / DAY_S
        needed = limits.threshold + min(0.0, limits.long_texts) + limits.fade_a_day * late
        if where == "same" and gap <= carry + 1:
            needed = min(needed - _SLIP, _STRANGE if probe.foreign else _ALIKE)
        return likeness >= needed - _LEEWAY

    def _closest(self, probe: Probe, every: Sequence[Held]) -> list[str]:
        """The events at the least distance, then time; one without a fine place is at none."""
        place, at = probe.place, probe.published.timestamp()
        if place is None or place.radius_m > FINE_M or not every:
            return []
        first, last, _, lat, lon, radius, _ = np.concatenate(
            [held.day.facts[:, held.slots] for held in every], axis=1
        )
        gap = np.maximum(np.maximum(first - at, at - last), 0.0)
        north = lat - place.lat
        east = (lon - place.lon) * math.cos(math.radians(place.lat))
        away = north * north + east * east
        here = np.flatnonzero((gap <= self._limits.carry.total_seconds()) & (radius <= FINE_M))
        reach = _REACH_DEGREES * _REACH_DEGREES
        if len(here) > NEAREST:
            reach = min(reach, float(np.partition(away[here], NEAREST - 1)[NEAREST - 1]))
        names = _Names(every)
        ranked = sorted(
            (float(away[i]), float(gap[i]), order(names[int(i)])) for i in here[away[here] <= reach]
        )
        return [name for _, _, (_, name) in ranked[:NEAREST]]

    def _like(self, probe: Probe, every: Sequence[Held]) -> list[str]:
        """The events whose centres are nearest."""
        vector = probe.vector
        told = [held for held in every if held.day.centres.shape[1]]
        if vector is None or not told:
            return []
        scores = np.concatenate(
            [held.day.scores(vector, held.weighed)[held.slots] for held in told]
        )
        best = np.arange(len(scores))
        if len(scores) > NEAREST:
            best = np.flatnonzero(scores >= np.partition(scores, -NEAREST)[-NEAREST] - _SLACK)
        names = _Names(told)
        ranked = sorted(
            (-round(float(np.dot(self.centre(names[int(i)]), vector)), 6), order(names[int(i)]))
            for i in best
        )
        return [name for _, (_, name) in ranked[:NEAREST]]


@dataclass(frozen=True, slots=True)
class Held:
    """The events of a day that a post may join, by slot, and what the post was like when its block
    began."""

    day: Day
    slots: NDArray[np.intp]
    weighed: NDArray[np.float32] | None


class _Names:
    """The names of some days' events, one day after the other."""

    def __init__(self, every: Sequence[Held]) -> None:
        self._every = every
        self._ends = np.cumsum([len(held.slots) for held in every])

    def __getitem__(self, place: int) -> str:
        number = int(np.searchsorted(self._ends, place, side="right"))
        held = self._every[number]
        # Counted from the end of its day's slots: the number is below 0.
        return held.day.names[int(held.slots[place - self._ends[number]])]


def order(name: str) -> tuple[int, str]:
    """Events by number: ties go to the older one."""
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    return int(digits or "0"), name
