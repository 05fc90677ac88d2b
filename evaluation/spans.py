"""Labelled place names and those that were found: where they meet, and how far apart they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.asked import PlacesLine, Span
from evaluation.measure import Measure, Names, f1_of, measured, ratio
from monitor.geo import distance_m
from monitor.model import Place
from nlp.gazetteer import Toponym

WITHIN_KM: Final = (161, 20, 5, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A labelled text with what was found in it."""

    line: PlacesLine
    set: str
    lang: str
    found: tuple[Place, ...]


def groups_of(texts: Sequence[Text]) -> Names:
    """What is drawn together: events or cities; each text by itself where it names none."""
    return np.array([text.line.group or f"/{n}" for n, text in enumerate(texts)])


def meets(place: Place, span: Span) -> bool:
    """Whether they overlap."""
    return place.start < span.end and span.start < place.end


def named(text: Text) -> list[Place]:
    """The places found that have a name in the text."""
    return [place for place in text.found if place.end > place.start]


def spans_of(text: Text) -> tuple[int, int, int, int, int]:
    """Exact names, found ones that overlap, labelled ones that do, all found, all labelled."""
    gold = text.line.places
    said = named(text)
    return (
        len({(p.start, p.end) for p in said} & {(g.start, g.end) for g in gold}),
        sum(any(meets(p, g) for g in gold) for p in said),
        sum(any(meets(p, g) for p in said) for g in gold),
        len(said),
        len(gold),
    )


def span_measures(texts: Sequence[Text]) -> list[Measure]:
    """Strict precision, recall and F1, then the lenient ones."""
    numbers = np.array([spans_of(text) for text in texts], float)
    exact_there, met_there, _, _, gold_there = numbers.T > 0

    def statistic(weights: NDArray[np.float64]) -> Sequence[float]:
        exact, met, recalled, said, gold = weights @ numbers
        precision, recall = ratio(met, said), ratio(recalled, gold)
        both = ratio(2 * precision * recall, precision + recall) if said and gold else 0.0
        strict = (ratio(exact, said), ratio(exact, gold), f1_of(exact, said, gold))
        return (*strict, precision, recall, both)

    marks = (exact_there, gold_there, gold_there, met_there, gold_there, gold_there)
    return measured(statistic, groups_of(texts), marks)


def located(text: Text) -> list[Span]:
    """The labelled names of which the position is known."""
    return [span for span in text.line.places if span.lat is not None and span.lon is not None]


def away_km(span: Span, place: Place | Toponym) -> float:
    """Kilometres from a labelled position to a place."""
    return distance_m(span.lat or 0.0, span.lon or 0.0, place.lat, place.lon) / 1000


def nearest(text: Text, span: Span) -> float | None:
    """Kilometres from a labelled mention to the place found there, None where none was."""
    met = [place for place in named(text) if meets(place, span)]
    best = max(met, key=lambda place: (overlap(place, span), place.confidence), default=None)
    return None if best is None else away_km(span, best)


def overlap(place: Place, span: Span) -> int:
    """How many characters they share, where they overlap."""
    return min(place.end, span.end) - max(place.start, span.start)


def hits(away: Sequence[float | None]) -> tuple[int, ...]:
    """Mentions, covered ones, and those within each distance."""
    known = [each for each in away if each is not None]
    return len(away), len(known), *(sum(each <= km for each in known) for km in WITHIN_KM)


def position_measures(numbers: Sequence[tuple[int, ...]], groups: Names) -> list[Measure]:
    """Coverage, accuracy within each distance, and that of covered mentions."""
    counted = np.array(numbers, float)

    def statistic(weights: NDArray[np.float64]) -> Sequence[float]:
        every, covered, *near = weights @ counted
        return (
            ratio(covered, every),
            *(ratio(each, every) for each in near),
            *(ratio(each, covered) for each in near),
        )

    marks = [counted[:, 0] > 0] * (1 + len(WITHIN_KM)) + [counted[:, 1] > 0] * len(WITHIN_KM)
    return measured(statistic, groups, marks)
