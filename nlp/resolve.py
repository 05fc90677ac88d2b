"""Decides which place each name of a text means: the home area first, then the other names of the
text, then how populous the candidates are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.geo import box, distance_m, in_box
from nlp.gazetteer import Box, Toponym
from nlp.toponyms import Mention

UNCOUNTED: Final = 5_000
"""Inhabitants that we suppose where GeoNames says 0."""
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
        return cls(bounds, (low[0], min(low[1], high[1]), high[2], max(low[3], high[3])))

    @property
    def centre(self) -> tuple[float, float, float]:
        """Latitude and longitude of the middle, and metres from there to a corner."""
        south, west, north, east = self.inner
        width = (east - west) % 360.0
        lat, lon = (south + north) / 2, (west + width / 2 + 180.0) % 360.0 - 180.0
        return lat, lon, distance_m(lat, lon, south, west)


@dataclass(frozen=True, slots=True)
class Choice:
    """The place that a mention means, or None; `confidence` says how far the next one is behind."""

    mention: Mention
    place: Toponym | None
    confidence: float


def resolve(text: str, mentions: Sequence[Mention], home: Home | None) -> list[Choice]:
    """One choice for each mention, in their order; the same name means the same place."""
    priors = [_priors(m.candidates, home) for m in mentions]
    alone = [_ranked(m.candidates, prior) for m, prior in zip(mentions, priors, strict=True)]
    regions = [
        {c.admin1 if c.kind == "admin1" else c.country for c in m.candidates if _is_region(c)}
        if not m.kind
        else set[str]()
        for m in mentions
    ]
    choices: list[Choice] = []
    for i, mention in enumerate(mentions):
        others = [j for j in range(len(mentions)) if mentions[j].name != mention.name][:40]
        picks = [alone[j][0] for j in others]
        named = set[str]().union(*(regions[j] for j in others))
        behind = _qualifier(text, mentions, i)
        scores = [
            prior + _context(c, picks, named) + _qualified(c, behind)
            for c, prior in zip(mention.candidates, priors[i], strict=True)
        ]
        place, confidence = _ranked(mention.candidates, scores)
        choices.append(Choice(mention, place, confidence * mention.certainty))
    return choices


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


def _priors(candidates: Sequence[Toponym], home: Home | None) -> list[float]:
    """A prior for each; a region named like its chief city stands behind the city."""
    chief = {c.admin1 for c in candidates if c.kind == "city" and c.population >= 300_000}
    return [
        _prior(c, home) - (1.7 if c.kind == "admin1" and c.admin1 in chief else 0.0)
        for c in candidates
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


def _context(c: Toponym, picks: Sequence[Toponym | None], named: set[str]) -> float:
    """What the other names of the text say for a candidate: the strongest of them counts."""
    best = 0.0
    if c.kind != "country":
        if c.kind != "admin1" and c.admin1 in named:
            best = 5.0
        elif c.country in named:
            best = 2.5
    for other in picks:
        if other is None or other.kind == "country" or other.ref == c.ref:
            continue
        if c.kind == "country" or (c.kind == "admin1" and other.kind != "admin1"):
            held = other.country == c.country if c.kind == "country" else other.admin1 == c.admin1
            best = max(best, 3.0 if held else 0.0)
            continue
        away = distance_m(c.lat, c.lon, other.lat, other.lon)
        if other.kind != "admin1" and away <= NEAR_M:
            best = max(best, 3.0)
        elif away <= AROUND_M:
            best = max(best, 1.5)
        elif c.country == other.country:
            best = max(best, 0.7)
    return best


def _qualifier(text: str, mentions: Sequence[Mention], i: int) -> tuple[Toponym, ...]:
    """Candidates of the name directly behind, as in "Paris, Texas"."""
    if i + 1 == len(mentions):
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


def _is_region(c: Toponym) -> bool:
    return c.kind in ("country", "admin1")
