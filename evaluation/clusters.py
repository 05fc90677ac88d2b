"""How well groups of texts agree with the events that they tell of.

B-cubed: for each text, the share of its group that tells of its event, and the share of its event
that is in its group; the figures are means over texts.
Source: https://doi.org/10.1007/s10791-008-9066-8 (Amigó et al. 2009)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.measure import Flags, Floats, Measure, Names, jackknifed, measured

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """`fragments` is the mean number of groups over which an event is spread; 1 is best."""

    texts: int
    events: int
    groups: int
    precision: Measure
    recall: Measure
    f1: Measure
    ami: Measure
    fragments: Measure


def numbered(names: Sequence[str] | Names | Labels) -> Labels:
    """Names as numbers from 0."""
    found: Labels = np.unique(np.asarray(names), return_inverse=True)[1].astype(np.int64)
    return found


def b_cubed(found: Labels, gold: Labels) -> tuple[Floats, Floats]:
    """Precision and recall of each text."""
    together = numbered(found * (int(gold.max()) + 1) + gold)
    both = np.bincount(together)[together]
    return both / np.bincount(found)[found], both / np.bincount(gold)[gold]


def b_cubed_means(precision: Floats, recall: Floats, weights: Floats) -> tuple[float, float, float]:
    """Means of both over texts of those weights, and F1."""
    p, r = (float(weights @ each / weights.sum()) for each in (precision, recall))
    return p, r, 2 * p * r / (p + r)


def fragments(found: Labels, gold: Labels) -> Labels:
    """Over how many groups each event is spread, by its number."""
    pairs = np.unique(np.stack([gold, found]), axis=1)
    return np.bincount(pairs[0], minlength=int(gold.max()) + 1)


def agreement(clusterings: Sequence[Labels], gold: Labels, which: Labels) -> Agreement:
    """All figures, each text judged by the clustering of that number. Intervals draw whole events;
    that of AMI, which events that are drawn twice deceive, leaves some out instead."""
    from sklearn.metrics import adjusted_mutual_info_score

    gold = numbered(gold)
    precision, recall, spread = (np.zeros(len(gold)) for _ in range(3))
    groups = 0
    for number in np.unique(which):
        found, mine = numbered(clusterings[number]), which == number
        for values, each in zip((precision, recall), b_cubed(found, gold), strict=True):
            values[mine] = each[mine]
        spread[mine] = fragments(found, gold)[gold][mine]
        groups += len(np.unique(found[mine]))
    sizes = np.bincount(gold)[gold]

    def ami(mark: Flags) -> float:
        every = ((mark & (which == number), clusterings[number]) for number in np.unique(which))
        return sum(
            float(mine.sum() / mark.sum() * adjusted_mutual_info_score(gold[mine], found[mine]))
            for mine, found in every
        )

    def statistic(weights: Floats) -> Sequence[float]:
        events = weights / sizes
        means = b_cubed_means(precision, recall, weights)
        return *means, float(events @ spread / events.sum())

    p, r, f1, spread_out = measured(statistic, gold.astype(np.str_))
    return Agreement(
        texts=len(gold),
        events=int(gold.max()) + 1,
        groups=groups,
        precision=p,
        recall=r,
        f1=f1,
        ami=jackknifed(ami, gold),
        fragments=spread_out,
    )


def best(clusterings: Sequence[Labels], gold: Labels, of: Flags) -> int:
    """The number of the clustering with the best B-cubed F1 over some of the texts."""

    def f1(found: Labels) -> float:
        p, r = (float(each[of].mean()) for each in b_cubed(numbered(found), gold))
        return 2 * p * r / (p + r)

    return max(range(len(clusterings)), key=lambda number: f1(clusterings[number]))


def crossed(clusterings: Sequence[Labels], gold: Labels, halves: Labels) -> Labels:
    """For each text the clustering that is best for the other half."""
    if len(np.unique(halves)) < 2:
        return np.full(len(gold), best(clusterings, gold, halves == halves[0]))
    return np.where(
        halves == 0,
        best(clusterings, gold, halves == 1),
        best(clusterings, gold, halves == 0),
    )
