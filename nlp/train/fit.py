"""Fit one logistic regression a head to features that are the same as at run time.

Relevance learns from every labelled text. A topic learns its labelled texts and its own sentences
against irrelevant texts and those of topics that it does not stand beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ModelError
from nlp import features, topic
from nlp.linear import Head
from nlp.topic import Topic
from nlp.train.data import Example

Floats = NDArray[np.float64]
Truth = NDArray[np.int8]
"""1 for yes, 0 for no, -1 where it is not known."""

CUE: Final = 1.0
BUCKETS: Final = 2**15
FOLDS: Final = 5
_STRENGTH: Final = 2.0
_RARE: Final = 0.05
"""Few positives are weighed up to that share of the negatives."""

_WEIGHTS: Final = {
    ("own", True): 3.0,
    ("own", False): 3.0,
    ("crisislext6", True): 0.5,
    ("disaster_response_messages", True): 0.3,
    ("disaster_response_messages", False): 0.3,
    ("crime_headlines", True): 0.5,
    ("crime_headlines", False): 0.5,
}
"""What a label of a set is worth where it is not 1: noisy or distant sets less, our own more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A fitted head."""

    weights: Floats
    bias: float

    def __call__(self, matrix: Any) -> Floats:
        """Probabilities, one a row."""
        probabilities: Floats = 1 / (1 + np.exp(-(matrix @ self.weights + self.bias)))
        return probabilities


def ready() -> None:
    """Raises ModelError where the library that fits is not installed."""
    if find_spec("sklearn") is None:
        raise ModelError("scikit-learn: is not installed; run pip install 'scikit-learn>=1.5'")


def matrix_of(
    vectors: NDArray[np.float32],
    texts: Sequence[str],
    topics: Sequence[Topic | Head],
    buckets: int,
    cue: float = CUE,
) -> Any:
    """Sparse rows: the vector, the cue words of each topic, the hashed words."""
    from scipy import sparse  # type: ignore[import-untyped]

    words = [features.words(features.lead(text)) for text in texts]
    cues = topic.Cues([each.cues for each in topics])
    flags = np.array([cues(each) for each in words], np.float32) * np.float32(cue)
    held = [features.hashed(each, buckets) for each in words]
    ends = np.cumsum([0, *map(len, held)])
    columns = np.fromiter((bucket for each in held for bucket in each), np.int64)
    values = np.fromiter((value for each in held for value in each.values()), np.float32)
    hashed = sparse.csr_matrix((values, columns, ends), shape=(len(texts), buckets))
    return sparse.hstack([sparse.csr_matrix(vectors), sparse.csr_matrix(flags), hashed]).tocsr()


def weights_of(examples: Sequence[Example]) -> Floats:
    """What each example is worth in fitting."""
    return np.array([_WEIGHTS.get((e.set, bool(e.relevant)), 1.0) for e in examples])


def relevance_truth(examples: Sequence[Example]) -> Truth:
    """Whether each example is relevant."""
    return np.array([-1 if e.relevant is None else int(e.relevant) for e in examples], np.int8)


def topic_truth(examples: Sequence[Example], one: Topic, topics: Sequence[Topic]) -> Truth:
    """Whether each example is about a topic; not known where only topics beside it are named."""
    others = [each for each in topics if each.name != one.name and each.name not in one.beside]
    related = {each.name for each in topics} - {each.name for each in others}
    ours, theirs = _facts([one]), _facts(others)
    beside = _facts([each for each in topics if each.name in related])

    def truth(example: Example) -> int:
        if example.relevant is None:
            return -1
        if not example.relevant:
            return 0
        if example.facts & ours:
            return 1
        return 0 if example.facts & theirs and not example.facts & beside else -1

    return np.array([truth(example) for example in examples], np.int8)


def thinned(truth: Truth, limit: int = 12_000) -> Truth:
    """The truth with no more negatives than about `limit`, taken evenly."""
    no = np.flatnonzero(truth == 0)
    every = max(1, len(no) // limit)
    fewer = truth.copy()
    fewer[np.delete(no, np.s_[::every])] = -1
    return fewer


def folds_of(examples: Sequence[Example]) -> NDArray[np.int64]:
    """The fold of each example: whole events, cities and slices are held out together."""
    groups = sorted({e.group for e in examples}, key=lambda g: (not g[:1].isdigit(), g))
    fold = {group: number % FOLDS for number, group in enumerate(groups)}
    return np.array([fold[e.group] for e in examples], np.int64)


def fit(matrix: Any, truth: Truth, weights: Floats) -> Linear:
    """The head for all rows of which the truth is known."""
    from sklearn.linear_model import LogisticRegression

    known = np.flatnonzero(truth >= 0)
    yes, worth = truth[known] == 1, weights[known].copy()
    rare = _RARE * worth[~yes].sum() / worth[yes].sum()
    worth[yes] *= max(1.0, rare)
    model = LogisticRegression(C=_STRENGTH, max_iter=300, tol=1e-3)
    model.fit(matrix[known], yes, sample_weight=worth)
    return Linear(weights=model.coef_[0].astype(np.float64), bias=float(model.intercept_[0]))


def held_out(matrix: Any, truth: Truth, weights: Floats, folds: NDArray[np.int64]) -> Floats:
    """The probability of each row by a head that saw nothing of its fold."""
    found = np.zeros(len(truth))
    for fold in range(FOLDS):
        rows = np.flatnonzero(folds == fold)
        found[rows] = fit(matrix, np.where(folds == fold, -1, truth), weights)(matrix[rows])
    return found


def _facts(topics: Sequence[Topic]) -> frozenset[str]:
    return frozenset(fact for each in topics for fact in (*each.labels, f"own:topic={each.name}"))
