"""How well held-out events and cities are told from the rest: tables for the model card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlp.train.data import Example
from nlp.train.fit import Floats, Truth

CHOOSES: Final = "city_incident_tweets"
"""The set whose irrelevant texts choose the threshold of relevance; it may be shipped, as may what
comes of it."""
FALSE_ALARMS: Final = 0.1
"""The share of them that may be kept: the threshold is the lowest that keeps to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of `size` texts, `yes` are positive; precision, recall and F1 are for those."""

    name: str
    size: int
    yes: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(name: str, found: Floats, truth: Truth, threshold: float) -> Score:
    """Precision and recall where the truth is known."""
    known = truth >= 0
    said, yes = found[known] >= threshold, truth[known] == 1
    hits = int((said & yes).sum())
    return Score(
        name=name,
        size=int(known.sum()),
        yes=int(yes.sum()),
        precision=hits / max(1, int(said.sum())),
        recall=hits / max(1, int(yes.sum())),
    )


def choosing(examples: Sequence[Example]) -> NDArray[np.bool_]:
    """Which texts choose the threshold of relevance."""
    return np.array([e.set == CHOOSES and e.relevant is False for e in examples])


def quiet_threshold(irrelevant: Floats) -> float:
    """The lowest threshold, in hundredths, at which few enough irrelevant texts are kept, given
    what is thought of each by a head that saw nothing of its city."""
    steps = np.arange(5, 100) / 100
    return float(next(step for step in steps if (irrelevant >= step).mean() <= FALSE_ALARMS))


def best_threshold(found: Floats, truth: Truth) -> float:
    """The threshold, in hundredths from 0.3 to 0.6, with the highest F1 on held-out texts.

    Outside of that a topic with few texts would be a label hardly ever, or of nearly everything.
    """
    steps = [number / 100 for number in range(30, 61)]
    return max(steps, key=lambda step: (score("", found, truth, step).f1, -abs(step - 0.5)))


def average_precision(found: Floats, truth: Truth) -> float:
    """Area under the precision-recall curve."""
    from sklearn.metrics import average_precision_score

    known = truth >= 0
    return float(average_precision_score(truth[known] == 1, found[known]))


def relevance_scores(
    examples: Sequence[Example], found: Floats, truth: Truth, threshold: float
) -> list[Score]:
    """One score a set, then one for each event or city."""
    sets = np.array([example.set for example in examples])
    groups = np.array([example.group for example in examples])
    places = sorted({example.group for example in examples if "/" not in example.group})
    masks: list[tuple[str, NDArray[np.bool_]]] = [(n, sets == n) for n in dict.fromkeys(sets)]
    masks += [(f"· {name}", groups == name) for name in places]
    return [score(str(n), found[mask], truth[mask], threshold) for n, mask in masks]


def table(head: str, rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; `head` are the names of its columns, parted by bars."""
    names = head.split("|")
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def score_table(scores: Iterable[Score]) -> str:
    """Scores as a Markdown table."""
    rows = [
        (s.name, f"{s.size:,}", f"{s.yes:,}", *(f"{v:.2f}" for v in (s.precision, s.recall, s.f1)))
        for s in scores
    ]
    return table("held out|texts|positive|precision|recall|F1", rows)
