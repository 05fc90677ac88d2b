"""All heads at once, with thresholds chosen on what each of them had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    """What training gives: the heads, what they mean, and how good they are, as Markdown; of that
    the model card says the `summary`."""

    meaning: Meaning
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    figures: str
    summary: str


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
    first, threshold, figures, summary = _relevance(examples, judged, seen, unseen)
    tell(1, total)
    ends = (vectors.shape[1], vectors.shape[1] + len(topics), matrix.shape[1])
    adds = "\n\n## What each kind of feature adds\n\n" + evaluate.table(
        "features|threshold|recall crisislext26|recall crisislext6|recall cities|"
        "ordinary tweets kept|news kept",
        [
            [name, *_share(examples, judged, seen[:, :end], unseen[:, :end], tell, (done, total))]
            for done, name, end in zip(
                (2, 3, 4), ("vector", "and cue words", "and hashed words"), ends, strict=True
            )
        ],
    )
    figures += adds
    fitted, named, rows = [first], [], []
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
            threshold=threshold,
            cue=fit.CUE,
            buckets=buckets,
            topics=tuple(named),
        ),
        weights=np.stack([each.weights for each in fitted]).astype(np.float32),
        bias=np.array([each.bias for each in fitted], np.float32),
        figures=figures + "\n",
        summary=(summary + adds).replace("\n## ", "\n### "),
    )


def _relevance(
    examples: Sequence[Example], judged: Sequence[Example], seen: Any, unseen: Any
) -> tuple[fit.Linear, float, str, str]:
    truth, weights = fit.relevance_truth(examples), fit.weights_of(examples)
    found = fit.held_out(seen, truth, weights, fit.folds_of(examples))
    linear = fit.fit(seen, truth, weights)
    alarms = linear(unseen)
    sets = np.array([example.set for example in judged])
    threshold = evaluate.quiet_threshold(alarms[sets == "ordinary_tweets"])
    scores = evaluate.relevance_scores(examples, found, truth, threshold)
    levels = sorted({0.3, 0.4, threshold, 0.6, 0.7})
    trade = [_trade(level, examples, found, truth, alarms, sets) for level in levels]
    figures = [
        f"Relevance at threshold {threshold:.2f}; every event, city and slice by a head that saw "
        "nothing of it.",
        evaluate.score_table(scores),
        "## What another threshold would give",
        evaluate.table(
            "threshold|recall crisislext26|recall crisislext6|recall cities|"
            "ordinary tweets kept|news kept",
            trade,
        ),
    ]
    whole = [one for one in scores if not one.name.startswith("·")]
    summary = [figures[0], evaluate.score_table(whole), *figures[2:]]
    return linear, threshold, "\n\n".join(figures), "\n\n".join(summary)


def _share(
    examples: Sequence[Example],
    judged: Sequence[Example],
    seen: Any,
    unseen: Any,
    tell: Tell,
    done: tuple[int, int],
) -> list[str]:
    """What a part of the features gives at the same false alarms."""
    truth, weights = fit.relevance_truth(examples), fit.weights_of(examples)
    found = fit.held_out(seen, truth, weights, fit.folds_of(examples))
    alarms = fit.fit(seen, truth, weights)(unseen)
    sets = np.array([example.set for example in judged])
    level = evaluate.quiet_threshold(alarms[sets == "ordinary_tweets"])
    tell(*done)
    return _trade(level, examples, found, truth, alarms, sets)


def _trade(
    level: float,
    examples: Sequence[Example],
    found: Floats,
    truth: fit.Truth,
    alarms: Floats,
    judged: NDArray[np.str_],
) -> list[str]:
    sets = np.array([example.set for example in examples])
    recalls = [
        evaluate.score("", found[sets == name], truth[sets == name], level).recall
        for name in ("crisislext26", "crisislext6", "city_incident_tweets")
    ]
    kept = [(alarms[judged == name] >= level).mean() for name in ("ordinary_tweets", "news")]
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
