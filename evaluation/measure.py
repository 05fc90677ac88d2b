"""Figures with intervals: precision, recall, F1, average precision, calibration.

Intervals hold 95 % of resamples. Whole groups (events, cities) are drawn with replacement, because
texts of one event are alike; texts are drawn where there is only one group.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Names = NDArray[np.str_]

TIMES: Final = 400
SEED: Final = 20261122
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure and its interval; NaN where there is nothing to divide by."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "-"
        if math.isnan(self.low):
            return f"{self.value:.2f}"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def resamples(groups: Names) -> Iterator[Floats]:
    """Weights of the texts, one array a resample: how often each was drawn."""
    names, held = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        held = np.arange(len(groups))
    size = int(held.max()) + 1
    draw = np.random.default_rng(SEED)
    for _ in range(TIMES):
        drawn = np.bincount(draw.integers(size, size=size), minlength=size)
        yield drawn[held].astype(np.float64)


def measured(statistic: Callable[[Floats], Sequence[float]], groups: Names) -> list[Measure]:
    """A measure for each number that the statistic gives for weights of the texts."""
    exact = statistic(np.ones(len(groups)))
    drawn = np.array([statistic(weights) for weights in resamples(groups)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanpercentile(drawn, (2.5, 97.5), axis=0)
    return [Measure(*map(float, each)) for each in zip(exact, low, high, strict=True)]


def ratio(part: float, whole: float) -> float:
    """NaN where there is no whole."""
    return float(part / whole) if whole else math.nan


def f1_of(right: float, said: float, yes: float) -> float:
    """The harmonic mean of precision and recall; NaN where nothing is a yes."""
    return ratio(2 * right, said + yes) if yes else math.nan


class Ranking:
    """Average precision for many weightings of the same texts, which are sorted once."""

    def __init__(self, found: Floats, yes: Flags) -> None:
        self._order = np.argsort(-found, kind="stable")
        self._yes = yes[self._order]
        falling = found[self._order]
        self._ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)

    def __call__(self, weights: Floats) -> float:
        """The mean of the precisions at each step, each worth the recall that it adds."""
        sorted_weights = weights[self._order]
        said = np.cumsum(sorted_weights)[self._ends]
        right = np.cumsum(sorted_weights * self._yes)[self._ends]
        if right[-1] == 0:
            return math.nan
        precision = right / np.maximum(said, 1e-12)
        return float((np.diff(right, prepend=0.0) * precision).sum() / right[-1])

    def curve(self, most: int = 60) -> list[tuple[float, float]]:
        """Points of recall and precision."""
        if not self._yes.any():
            return []
        right, said = np.cumsum(self._yes)[self._ends], self._ends + 1
        chosen = np.unique(np.linspace(0, len(self._ends) - 1, most).astype(int))
        every = zip(right[chosen] / right[-1], right[chosen] / said[chosen], strict=True)
        return [(float(x), float(y)) for x, y in every]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was found of each text (a probability), what was said of it, and what is true."""

    found: Floats
    said: Flags
    yes: Flags
    groups: Names

    def where(self, mask: Any) -> Judged:
        """Those of a mask or of indices."""
        return Judged(
            found=self.found[mask], said=self.said[mask], yes=self.yes[mask],
            groups=self.groups[mask],
        )  # fmt: skip


def judge(found: Floats, level: float, truth: NDArray[np.int8], groups: Names) -> Judged:
    """Probabilities from a threshold on said to be a yes; truth 1 is one."""
    return Judged(found=found, said=found >= level, yes=truth == 1, groups=groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """How well yes is told from no."""

    size: int
    positive: int
    precision: Measure
    recall: Measure
    f1: Measure
    ap: Measure
    ece: Measure


def binary(judged: Judged) -> Binary:
    """All figures of a list of texts."""
    said, yes = judged.said, judged.yes
    ranking, bins = Ranking(judged.found, yes), _bins(judged.found)

    def statistic(weights: Floats) -> Sequence[float]:
        right, kept, true = (weights[each].sum() for each in (said & yes, said, yes))
        error = _error(judged.found, yes, bins, weights)
        f1 = f1_of(right, kept, true)
        return ratio(right, kept), ratio(right, true), f1, ranking(weights), error

    precision, recall, f1, ap, ece = measured(statistic, judged.groups)
    return Binary(
        size=len(yes), positive=int(yes.sum()), precision=precision, recall=recall, f1=f1, ap=ap,
        ece=ece,
    )  # fmt: skip


def calibration(found: Floats, yes: Flags) -> list[tuple[float, float, int]]:
    """For each tenth of probabilities that has texts: the mean, the share that is true, texts."""
    bins = _bins(found)
    return [
        (float(found[bins == b].mean()), float(yes[bins == b].mean()), int((bins == b).sum()))
        for b in range(BINS)
        if (bins == b).any()
    ]


def _bins(found: Floats) -> NDArray[np.int64]:
    return np.minimum((found * BINS).astype(np.int64), BINS - 1)


def _error(found: Floats, yes: Flags, bins: NDArray[np.int64], weights: Floats) -> float:
    """Expected calibration error: how far probability and truth are apart, by bins."""
    gap = np.bincount(bins, weights * (found - yes), minlength=BINS)
    return ratio(float(np.abs(gap).sum()), float(weights.sum()))
