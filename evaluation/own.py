"""A user's own texts through the steps of the monitor, as they are shipped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluation import baseline, shipped
from evaluation.asked import Asked, Line, Told
from evaluation.labelled import parts
from evaluation.measure import Floats, Judged, Names
from evaluation.report import score_table
from monitor.model import Enrichment, Post
from monitor.ports import Table
from nlp.train import data, fit

ABOUT: Final = (
    "A file of your own, judged by the shipped heads as they are: nothing was fitted to it, so "
    "there is no split, neither honest nor at random.",
    "TF-IDF and logistic regression was fitted to the labelled sets, where they are; its "
    "thresholds were chosen there by the rules by which those of the heads were.",
    "Intervals hold 95 % of resamples of events or cities (of texts where none are named). A "
    "figure for which fewer than three of them hold a yes has none, [-].",
)
DTYPE: Final = "float32"
"""Exact, so that a file has the same figures on every processor."""
_BATCH: Final = 256


def enriched(lines: Sequence[Line], told: Told) -> list[Enrichment]:
    """What language, encoder and heads say of each line."""
    steps = shipped.identifier(), shipped.encoder(DTYPE), shipped.heads()
    found: list[Enrichment] = []
    for block in _blocks(lines):
        told("language, vectors, heads", len(found), len(lines))
        posts = [Post(id=line.id, text=line.text, lang=line.lang) for line in block]
        known: Sequence[Enrichment] = [Enrichment()] * len(posts)
        for step in steps:
            known = step(posts, known)
        found += known
    return found


def groups(lines: Sequence[Line]) -> Names:
    """What is drawn together: events or cities; each text by itself where it names none."""
    return np.array([line.group or f"/{number}" for number, line in enumerate(lines)])


class Plain:
    """The baseline: fitted to the labelled sets, asked about texts of one's own."""

    def __init__(self, folder: Path, texts: Sequence[str], topics: Sequence[Any]) -> None:
        self.examples = data.read_all(folder, data.FITTED) + data.own(topics)
        self._seen, self._rows = baseline.tfidf([one.text for one in self.examples], texts)

    def __call__(self, truth: fit.Truth) -> Floats:
        """Probabilities of the lines."""
        return baseline.probabilities(baseline.regression(self._seen, truth), self._rows)

    def held_out(self, truth: fit.Truth) -> Floats:
        """Probabilities of the labelled texts, by models that saw nothing of their event or city:
        what a threshold is chosen by."""
        folds = fit.folds_of(self.examples)
        return baseline.held_out(self._seen, truth, folds, range(fit.FOLDS))


def plain_of(asked: Asked, texts: Sequence[str], topics: Sequence[Any], told: Told) -> Plain | None:
    """The baseline, or None where the labelled sets are not there."""
    if not (asked.data / f"{data.FITTED[0]}.jsonl.gz").exists():
        return None
    told("TF-IDF and logistic regression", 0, 1)
    return Plain(asked.data, texts, topics)


def by_name(lines: Sequence[Line], known: Sequence[Enrichment], judged: Judged) -> list[Table]:
    """Scores by event, by city and by language, where lines name them."""
    columns = {
        "By event": [line.event for line in lines],
        "By city": [line.city for line in lines],
        "By language": [one.lang or "?" for one in known],
    }
    tables = (
        score_table(title, parts(judged, np.array(names)).items())
        for title, names in columns.items()
    )
    return [table for table in tables if table.rows]


def _blocks(lines: Sequence[Line]) -> list[Sequence[Line]]:
    return [lines[begin : begin + _BATCH] for begin in range(0, len(lines), _BATCH)]
