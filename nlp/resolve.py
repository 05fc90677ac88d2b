"""Decides which place each name of a text means: the home area first, then the other names of the
text, then how populous the candidates are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.geo import box, distance_m, in_box
from nlp.gazetteer import Box, Toponym
from nlp.toponyms import LARGE, Mention

UNCOUNTED: Final = 5_000
"""Inhabitants that we suppose where GeoNames says 0."""
PEOPLED: Final = 300_000
"""A region of that many is what its name means, rather than some village of the same name."""
BESIDE: Final = 150
"""Code points between two names that explain each other."""
NEAR_M: Final = 50_000.0
AROUND_M: Final = 200_000.0


@dataclass(frozen=True, slots=True)
class Home:
    """The home area, and the wider box in which its margin lies."""

    inner: Box
    outer: Box

    @classmethod
    def of(cls, bounds: Box, margin_m: float) -> Home:
        """The area with a margin around it."""
        south, west, north, east = bounds
        low, high = box(south, west, margin_m), box(north, east, margin_m)
        sides = low[1], high[3]
        if east - west >= 360.0 or (sides[1] - sides[0]) % 360.0 < (east - west) % 360.0:
            sides = -180.0, 180.0
        return cls(bounds, (low[0], sides[0], high[2], sides[1]))

    @property
    def centre(self) -> tuple[float, float, float]:
        """Latitude and longitude of the middle, and metres from there to a corner."""
        south, west, north, east = self.inner
        width = (east - west) % 360.0
        lat, lon = (south + north) / 2, (west + width / 2 + 180.0) % 360.0 - 180.0
        return lat, lon, distance_m(lat, lon, south, west)


@dataclass(frozen=True, slots=True)
class Other:
    """Another name of the same text: what it means most likely, which regions it may be, and how
    much it counts."""

    pick: Toponym | None
    regions: frozenset[str]
    nearness: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The place that a mention means, or None; `confidence` says how far the next one is behind."""

    mention: Mention
    place: Toponym | None
    confidence: float


def resolve(text: str, mentions: Sequence[Mention], home: Home | None) -> list[Choice]:
    """One choice for each mention, in their order; the same name means the same place."""
    priors = [_priors(text, m, home) for m in mentions]
    alone = [_ranked(m.candidates, prior)[0] for m, prior in zip(mentions, priors, strict=True)]
    best: dict[str, tuple[Toponym | None, float]] = {}
    for i, mention in enumerate(mentions):
        others = [
            Other(
                pick,
                frozenset(map(_region, filter(_is_region, m.candidates))),
                _nearness(m, mention),
            )
            for m, pick in zip(mentions, alone, strict=True)
            if not m.kind and m.name != mention.name
        ][:40]
        behind = _qualifier(text, mentions, i)
        region = any(_is_region(c) and c.population >= PEOPLED for c in mention.candidates)
        scores = [
            prior
            if region and not _is_region(c) and (c.population < LARGE or not c.main)
            else prior + max((_context(c, o) for o in others), default=0.0) + _qualified(c, behind)
            for c, prior in zip(mention.candidates, priors[i], strict=True)
        ]
        found = _ranked(mention.candidates, scores)
        best[mention.name] = max(best.get(mention.name, found), found, key=lambda pair: pair[1])
    return [Choice(m, best[m.name][0], best[m.name][1] * m.certainty) for m in mentions]


def _nearness(one: Mention, other: Mention) -> float:
    """How much a name says of another one: less where they are sentences apart."""
    return 1.0 if abs(one.start - other.start) <= BESIDE else 0.4


def _ranked(candidates: Sequence[Toponym], scores: Sequence[float]) -> tuple[Toponym | None, float]:
    """The best candidate and how sure it is, by its lead over the best other one 30 km away."""
    if not candidates:
        return None, 0.0
    best = max(range(len(candidates)), key=lambda i: (scores[i], -i))
    place = candidates[best]
    rivals = (
        score
        for c, score in zip(candidates, scores, strict=True)
        if distance_m(place.lat, place.lon, c.lat, c.lon) > 30_000.0
    )
    lead = scores[best] - max(rivals, default=-math.inf)
    return place, 1.0 / (1.0 + math.exp(-1.5 * min(lead, 20.0)))


def _priors(text: str, mention: Mention, home: Home | None) -> list[float]:
    """A prior for each candidate; a region named like its chief city stands behind the city, but
    not where the text calls it a state."""
    chief = {c.admin1 for c in mention.candidates if c.kind == "city" and c.population >= 300_000}
    before = text[max(0, mention.start - 9) : mention.start].casefold()
    behind = text[mention.end : mention.end + 6].casefold()
    state = 3.0 if before == "state of " or behind == " state" else 0.0
    return [
        _prior(c, home)
        + (state - (1.7 if c.admin1 in chief else 0.0) if c.kind == "admin1" else 0.0)
        for c in mention.candidates
    ]


def _prior(c: Toponym, home: Home | None) -> float:
    """How likely a text means the place, before anything else of the text is read; log10 scale."""
    score = math.log10(max(c.population, UNCOUNTED if c.population == 0 else 100))
    score += {"country": 2.0, "admin1": -0.6}.get(c.kind, 0.0)
    score -= 0.0 if c.main else 0.8
    if home is not None and c.kind not in ("country", "admin1"):
        if in_box(c.lat, c.lon, home.inner):
            score += 4.0
        elif in_box(c.lat, c.lon, home.outer):
            score += 2.5
    return score


def _context(c: Toponym, other: Other) -> float:
    """What another name of the text says for a candidate."""
    best = 0.0
    if not _is_region(c) and c.admin1 in other.regions:
        best = 5.0
    elif c.kind != "country" and c.country in other.regions:
        best = 2.5
    pick = other.pick
    if pick is None or pick.kind == "country" or pick.ref == c.ref:
        return best * other.nearness
    if _is_region(c) and not (c.kind == pick.kind == "admin1"):
        held = _region(c) in (pick.country, pick.admin1)
        return max(best, 3.0 if held else 0.0) * other.nearness
    if c.kind == "admin1":
        return max(best, 3.0 if c.country == pick.country else 0.0) * other.nearness
    away = distance_m(c.lat, c.lon, pick.lat, pick.lon)
    if pick.kind != "admin1" and away <= NEAR_M:
        best = max(best, 3.0)
    elif away <= AROUND_M:
        best = max(best, 1.5)
    elif c.country == pick.country:
        best = max(best, 0.7)
    return best * other.nearness


def _qualifier(text: str, mentions: Sequence[Mention], i: int) -> tuple[Toponym, ...]:
    """Candidates of the name directly behind, as in "Paris, Texas"."""
    if i + 1 == len(mentions) or mentions[i + 1].kind:
        return ()
    gap = text[mentions[i].end : mentions[i + 1].start]
    return mentions[i + 1].candidates if gap in (", ", ",", " ", " (") else ()


def _qualified(c: Toponym, behind: Sequence[Toponym]) -> float:
    """8 where one of the qualifier's meanings holds the candidate."""
    for other in behind:
        if other.ref == c.ref:
            continue
        if other.kind == "country" and other.country == c.country and c.kind != "country":
            return 8.0
        if other.kind == "admin1" and other.admin1 == c.admin1 and c.kind != "admin1":
            return 8.0
        if (
            other.kind == "city"
            and other.population > c.population
            and distance_m(c.lat, c.lon, other.lat, other.lon) <= 2 * other.radius_m
        ):
            return 4.0 + math.log10(other.population) / 2
    return 0.0


def _region(c: Toponym) -> str:
    """The code of the region that the place is or lies in."""
    return c.country if c.kind == "country" else c.admin1


def _is_region(c: Toponym) -> bool:
    return c.kind in ("country", "admin1")
