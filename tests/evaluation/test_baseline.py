"""The plain baselines."""

from __future__ import annotations

import pytest

from evaluation.baseline import clusters

pytest.importorskip("sklearn", reason="evaluating needs scikit-learn")


@pytest.mark.parametrize("texts", [["fire"], ["🔥", "🚗💥", "🔥"]])
def test_texts_without_words_and_a_single_one_are_clusters_of_their_own(texts: list[str]) -> None:
    (found,) = clusters(texts, [0.9])
    assert found.tolist() == list(range(len(texts)))
