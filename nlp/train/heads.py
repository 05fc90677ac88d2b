"""All heads at once, with thresholds chosen on what each of them had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nlp.linear import Head, Meaning
from nlp.topic import Topic
from nlp.train import evaluate, fit
from nlp.train.data import Example
from nlp.train.fit import Floats
from nlp.train.vectors import Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What training gives: the heads, what they mean, and how good they are, as Markdown."""

    meaning: Meaning
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    figures: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relevance:
    """The head for relevance, what one that saw nothing of its group says of each text, and the
    threshold that those of the cities choose."""

    linear: fit.Linear
    truth: fit.Truth
    found: Floats
    threshold: float


_TRADE: Final = (
    "threshold|recall crisislext26|recall crisislext6|recall cities|"
    "other city tweets kept|ordinary tweets kept|news kept"
)


def train(
    examples: Sequence[Example],
    judged: Sequence[Example],
    vectors: NDArray[np.float32],
    topics: Sequence[Topic],
    encoder: str,
    buckets: int = fit.BUCKETS,
    tell: Tell = lambda done, of: None,
) -> Trained:
    """Heads for relevance and each topic; `vectors` are those of `examples`, then of `judged`."""
    texts = [example.text for example in (*examples, *judged)]
    matrix = fit.matrix_of(vectors, texts, topics, buckets)
    seen, unseen = matrix[: len(examples)], matrix[len(examples) :]
    total = len(topics) + 4
    relevance = _relevance(examples, seen)
    figures = _figures(relevance, examples, judged, relevance.linear(unseen))
    tell(1, total)
    ends = (vectors.shape[1], vectors.shape[1] + len(topics), matrix.shape[1])
    shares = []
    for done, name, end in zip(
        (2, 3, 4), ("vector", "and cue words", "and hashed words"), ends, strict=True
    ):
        part = _relevance(examples, seen[:, :end])
        alarms = part.linear(unseen[:, :end])
        shares.append([name, *_trade(part.threshold, part, examples, judged, alarms)])
        tell(done, total)
    figures += "\n\n## What each kind of feature adds\n\n"
    figures += evaluate.table(f"features|{_TRADE}", shares)
    fitted, named, rows = [relevance.linear], [], []
    for done, one in enumerate(topics, 5):
        linear, reached, row = _topic(one, examples, topics, seen)
        fitted.append(linear)
        named.append(Head(name=one.name, threshold=reached, severity=one.severity, cues=one.cues))
        rows.append(row)
        tell(done, total)
    figures += "\n\n## Topics\n\n" + evaluate.table(
        "topic|positive|of them our own|AP|threshold|precision|recall|F1", rows
    )
    return Trained(
        meaning=Meaning(
            encoder=encoder,
            weights="",
            threshold=relevance.threshold,
            cue=fit.CUE,
            buckets=buckets,
            topics=tuple(named),
        ),
        weights=np.stack([each.weights for each in fitted]).astype(np.float32),
        bias=np.array([each.bias for each in fitted], np.float32),
        figures=figures + "\n",
    )


def _relevance(examples: Sequence[Example], seen: Any) -> _Relevance:
    truth, weights = fit.relevance_truth(examples), fit.weights_of(examples)
    found = fit.held_out(seen, truth, weights, fit.folds_of(examples))
    return _Relevance(
        linear=fit.fit(seen, truth, weights),
        truth=truth,
        found=found,
        threshold=evaluate.quiet_threshold(found[evaluate.choosing(examples)]),
    )


def _figures(
    relevance: _Relevance, examples: Sequence[Example], judged: Sequence[Example], alarms: Floats
) -> str:
    """How good it is; `alarms` are the probabilities of `judged`."""
    threshold = relevance.threshold
    scores = evaluate.relevance_scores(examples, relevance.found, relevance.truth, threshold)
    levels = sorted({0.3, 0.4, threshold, 0.6, 0.7})
    trade = [_trade(level, relevance, examples, judged, alarms) for level in levels]
    return "\n\n".join(
        (
            f"Relevance at threshold {threshold:.2f}; every event, city and slice by a head that "
            "saw nothing of it.",
            evaluate.score_table(scores),
            "## What another threshold would give",
            evaluate.table(_TRADE, trade),
        )
    )


def _trade(
    level: float,
    relevance: _Relevance,
    examples: Sequence[Example],
    judged: Sequence[Example],
    alarms: Floats,
) -> list[str]:
    """What is found and what is kept for nothing at that threshold."""
    truth, found = relevance.truth, relevance.found
    sets = np.array([example.set for example in examples])
    others = np.array([example.set for example in judged])
    recalls = [
        evaluate.score("", found[sets == name], truth[sets == name], level).recall
        for name in ("crisislext26", "crisislext6", "city_incident_tweets")
    ]
    kept = [
        (found[evaluate.choosing(examples)] >= level).mean(),
        *((alarms[others == name] >= level).mean() for name in ("ordinary_tweets", "news")),
    ]
    return [f"{level:.2f}", *(f"{v:.2f}" for v in recalls), *(f"{v:.1%}" for v in kept)]


def _topic(
    one: Topic, examples: Sequence[Example], topics: Sequence[Topic], seen: Any
) -> tuple[fit.Linear, float, list[str]]:
    truth, weights = fit.topic_truth(examples, one, topics), fit.weights_of(examples)
    fewer = fit.thinned(truth)
    found = fit.held_out(seen, fewer, weights, fit.folds_of(examples))
    threshold = evaluate.best_threshold(found, truth)
    score = evaluate.score(one.name, found, truth, threshold)
    row = [
        one.name,
        f"{score.yes:,}",
        str(len(one.examples)),
        f"{evaluate.average_precision(found, truth):.2f}",
        f"{threshold:.2f}",
        *(f"{v:.2f}" for v in (score.precision, score.recall, score.f1)),
    ]
    return fit.fit(seen, fewer, weights), threshold, row
