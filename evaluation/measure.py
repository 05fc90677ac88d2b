"""Figures with intervals: precision, recall, F1, average precision, calibration.

Intervals hold 95 % of resamples. Whole groups (events, cities) are drawn with replacement, because
texts of one event are alike; texts are drawn where there is only one group. A figure has no
interval where fewer than three of what is drawn hold what it counts: how much one event differs
from the next cannot be told from one or two, and an interval of these would be far too narrow.
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
ENOUGH: Final = 3
"""Groups that have to hold what a figure counts for it to have an interval."""
BLOCKS: Final = 20
"""Parts of the groups that are left out, each once, where repeats would deceive a figure."""
SEED: Final = 20261122
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure, NaN where there is nothing to divide by; its interval, NaN where it has none."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "-"
        if math.isnan(self.low):
            return f"{self.value:z.2f} [-]"
        return f"{self.value:z.2f} [{self.low:z.2f}, {self.high:z.2f}]"


def resamples(groups: Names) -> Iterator[Floats]:
    """Weights of the texts, one array a resample: how often each was drawn."""
    held = drawn_together(groups)
    size = int(held.max()) + 1
    draw = np.random.default_rng(SEED)
    for _ in range(TIMES):
        drawn = np.bincount(draw.integers(size, size=size), minlength=size)
        yield drawn[held].astype(np.float64)


def drawn_together(groups: Names) -> NDArray[np.int64]:
    """The number of what each text is drawn with: its group, or itself where there is only one."""
    names, held = np.unique(groups, return_inverse=True)
    return (np.arange(len(groups)) if len(names) < 2 else held).astype(np.int64)


def measured(
    statistic: Callable[[Floats], Sequence[float]], groups: Names, of: Sequence[Flags] = ()
) -> list[Measure]:
    """A measure for each number that the statistic gives for weights of the texts.

    `of` marks for each number the texts that hold what it counts; without it, all do.
    """
    exact = statistic(np.ones(len(groups)))
    held = drawn_together(groups)
    marks = of or [np.ones(len(groups), bool)] * len(exact)
    enough = np.array([len(np.unique(held[mark])) >= ENOUGH for mark in marks])
    low = high = np.full(len(exact), math.nan)
    if enough.any():
        drawn = np.array([statistic(weights) for weights in resamples(groups)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            low, high = np.where(enough, np.nanpercentile(drawn, (2.5, 97.5), axis=0), math.nan)
    return [Measure(*map(float, each)) for each in zip(exact, low, high, strict=True)]


def jackknifed(statistic: Callable[[Flags], float], groups: NDArray[Any]) -> Measure:
    """A measure of a statistic of the marked texts that groups which are drawn twice would deceive:
    each group, or each twentieth of them, is left out once. The interval is Student's, at most 1.

    Source: https://doi.org/10.1214/aoms/1177706647 (Tukey 1958)
    """
    from scipy.stats import t  # type: ignore[import-untyped]

    exact = statistic(np.ones(len(groups), bool))
    names, held = np.unique(groups, return_inverse=True)
    if len(names) < ENOUGH:
        return Measure(exact)
    blocks = np.random.default_rng(SEED).permutation(len(names)) % BLOCKS
    left = np.array([statistic(blocks[held] != block) for block in np.unique(blocks)])
    error = math.sqrt((len(left) - 1) * float(np.var(left)))
    wide = float(t.ppf(0.975, len(left) - 1)) * error
    return Measure(exact, exact - wide, min(1.0, exact + wide))


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

    marks = (said & yes, yes, yes, yes, np.ones(len(yes), bool))
    precision, recall, f1, ap, ece = measured(statistic, judged.groups, marks)
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
