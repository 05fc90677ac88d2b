"""The labelled sets with their features, and how they are split: whole events and cities at once,
or, to show how much that flatters, at random."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation import baseline, shipped
from evaluation.measure import SEED, Flags, Floats, Judged, Names
from nlp import encode, models, topic
from nlp.topic import Topic
from nlp.train import data, fit, vectors

SPLIT: Final = ("crisislext26", "crisislext6", "city_incident_tweets")
"""The sets that name the event or city of each text. Of the others, slices are held out."""
DTYPE: Final = "bfloat16"
"""Of the vectors, as `nlp.train` has them by default: one cache serves both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Labelled texts and features of them: rows of `ours` and `plain` stand as `examples` do.

    `judged` are texts that nothing is fitted to, `judged_vectors` and `judged_plain` theirs;
    `split` marks the examples of sets that name an event or city; `folds` hold whole events and
    cities, `random` tears them apart.
    """

    examples: tuple[data.Example, ...]
    judged: tuple[data.Example, ...]
    topics: tuple[Topic, ...]
    ours: Any
    plain: Any
    judged_vectors: vectors.Vectors
    judged_plain: Any
    split: Flags
    folds: NDArray[np.int64]
    random: NDArray[np.int64]
    groups: Names
    sets: Names


@lru_cache(maxsize=1)
def corpus(folder: Path, cache: Path, quick: bool) -> Corpus:
    """The sets with their features; texts that the cache lacks are encoded, which takes long."""
    topics = topic.read_all()
    examples = data.read_all(folder, data.FITTED) + data.own(topics)
    judged = data.read_all(folder, data.JUDGED)
    if quick:
        examples, judged = examples[::8], judged[::8]
    texts = [example.text for example in (*examples, *judged)]
    found = cached(texts, cache)
    first, rest = texts[: len(examples)], texts[len(examples) :]
    plain, judged_plain = baseline.tfidf(first, rest)
    return Corpus(
        examples=tuple(examples),
        judged=tuple(judged),
        topics=tuple(topics),
        ours=fit.matrix_of(found[: len(first)], first, topics, fit.BUCKETS),
        plain=plain,
        judged_vectors=found[len(first) :],
        judged_plain=judged_plain,
        split=np.array([example.set in SPLIT for example in examples]),
        folds=fit.folds_of(examples),
        random=np.random.default_rng(SEED).integers(fit.FOLDS, size=len(examples)),
        groups=np.array([example.group for example in examples]),
        sets=np.array([example.set for example in examples]),
    )


def cached(texts: list[str], cache: Path) -> vectors.Vectors:
    """One vector a text; the encoder is opened only where the cache lacks one."""

    def encoded(block: Any) -> vectors.Vectors:
        return shipped.encoder(DTYPE).encode(block)

    version = f"{models.find(encode.Options().model).version} {DTYPE}"
    return vectors.vectors_of(texts, encoded, version, cache)


def random_fold(
    matrix: Any, truth: fit.Truth, weights: Floats, random: NDArray[np.int64]
) -> Floats:
    """Probabilities of the first random fold by a head fitted to the others; zeros elsewhere."""
    found = np.zeros(len(truth))
    rows = np.flatnonzero(random == 0)
    head = fit.fit(matrix, np.where(random == 0, np.int8(-1), truth), weights)
    found[rows] = head(matrix[rows])
    return found


def languages(texts: Iterable[str]) -> Names:
    """The language of each text as the monitor tells it, `?` where it cannot."""
    return np.array([shipped.identifier().identify(text) or "?" for text in texts])


def parts(judged: Judged, names: Names, least: int = 1) -> Mapping[str, Judged]:
    """A list by name, for names of at least so many texts."""
    found = {str(name): judged.where(names == name) for name in np.unique(names) if name}
    return {name: part for name, part in found.items() if len(part.yes) >= least}
