"""What anybody would write first: TF-IDF with a logistic regression, TF-IDF with clusters.

Source: https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.measure import Floats


def tfidf(texts: Sequence[str], *others: Sequence[str]) -> list[Any]:
    """Sparse rows of words and word pairs for each list; the first one weighs them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    weigher = TfidfVectorizer(sublinear_tf=True, min_df=2 if len(texts) > 1000 else 1,
                              ngram_range=(1, 2))  # fmt: skip
    return [weigher.fit_transform(texts), *(weigher.transform(other) for other in others)]


def regression(matrix: Any, truth: NDArray[np.int8]) -> Any:
    """A logistic regression fitted to the rows of which the truth is known."""
    from sklearn.linear_model import LogisticRegression

    known = np.flatnonzero(truth >= 0)
    return LogisticRegression(solver="liblinear").fit(matrix[known], truth[known])


def probabilities(model: Any, matrix: Any) -> Floats:
    """How likely each row is a yes."""
    found: Floats = model.predict_proba(matrix)[:, 1]
    return found


def held_out(
    matrix: Any, truth: NDArray[np.int8], folds: NDArray[np.int64], chosen: Sequence[int]
) -> Floats:
    """The probability of each row of the chosen folds by a model that saw nothing of its fold."""
    found = np.zeros(len(truth))
    for fold in chosen:
        rows = np.flatnonzero(folds == fold)
        model = regression(matrix, np.where(folds == fold, np.int8(-1), truth))
        found[rows] = probabilities(model, matrix[rows])
    return found


def clusters(texts: Sequence[str], distances: Sequence[float]) -> list[NDArray[np.int64]]:
    """The cluster of each text, once for each distance (1 less the cosine) at which groups stay
    apart: average linkage over TF-IDF. Each text is a cluster of its own where there is only one,
    or none has a word that TF-IDF knows."""
    from sklearn.cluster import AgglomerativeClustering

    try:
        (matrix,) = tfidf(texts)
    except ValueError:  # its vocabulary is empty
        return [np.arange(len(texts))] * len(distances)
    if len(texts) < 2:
        return [np.zeros(1, np.int64)] * len(distances)
    apart = np.clip(1.0 - (matrix @ matrix.T).toarray(), 0.0, 2.0)
    return [
        AgglomerativeClustering(
            n_clusters=None, metric="precomputed", linkage="average", distance_threshold=distance
        ).fit_predict(apart)
        for distance in distances
    ]
