"""Topics are told by one rule, whoever gave the probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import baseline, topics
from evaluation.labelled import Corpus
from nlp.topic import read_all
from nlp.train import data, fit

pytest.importorskip("sklearn", reason="evaluating needs scikit-learn")

FOUND = np.array([0.9, 0.4, 0.1, 0.02, 0.01, 0.01])
TRUTH = np.array([1, 1, 0, 0, 0, 0], np.int8)
FOLDS = np.array([0, 0, 0, 1, 1, 1])


def test_nothing_is_said_to_be_a_topic_because_other_folds_hold_none() -> None:
    """Fold 0 is judged by fold 1, which has no positives: no threshold is best there."""
    assert topics.said_of(FOUND, TRUTH, FOLDS).tolist() == [True, False, *[False] * 4]


def corpus() -> Corpus:
    examples = tuple(
        data.Example(text="x", set="crisislext26", group=str(fold), relevant=bool(yes))
        for yes, fold in zip(TRUTH, FOLDS, strict=True)
    )
    none = np.zeros((len(examples), 1))
    return Corpus(
        examples=examples, judged=(), topics=(), ours=none, plain=none,
        judged_vectors=none.astype(np.float32), judged_plain=none, split=np.ones(6, bool),
        folds=FOLDS, random=FOLDS, groups=FOLDS.astype(str), sets=np.array(["crisislext26"] * 6),
    )  # fmt: skip


def test_the_baseline_gets_the_thresholds_that_ours_would(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((fit, "held_out"), (baseline, "held_out")):
        monkeypatch.setattr(module, name, lambda *_: FOUND)
    monkeypatch.setattr(topics, "random_fold", lambda *_: FOUND)
    monkeypatch.setattr(fit, "topic_truth", lambda *_: TRUTH)
    one = topics._judged(read_all()[0], corpus())
    assert one.plain.said.tolist() == one.ours.said.tolist()
