"""Is a post a safety signal, about what, and how bad: linear heads on its vector and words.

What the source itself states wins over what the heads think: its topics are labels, its severity
stands. Who trained the heads on what, and how well they do, stands in `heads/MODEL_CARD.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from monitor.errors import ModelError
from monitor.model import Enrichment, Post, Severity, text_of
from nlp import features, linear, topic
from nlp.severity import severity_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DIGITS = 4
"""Probabilities are rounded, so that the number type of the encoder does not show in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """From which probability on a post is kept, and by whose judgement.

    threshold: replaces the one that the heads were tuned to.
    heads: a folder of heads of your own, as `monitor train` writes it, for one encoder;
        those that `monitor train --from decisions` made, where it is empty and there are any.
    """

    threshold: float | None = None
    heads: str = ""

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ModelError(
                f"relevance: threshold {self.threshold} is no probability; give 0 to 1"
            )


class Relevance:
    """Fills `relevance`, `relevant`, `topics`, `labels` and `severity`."""

    needs: ClassVar[frozenset[str]] = frozenset({"vector", "lang"})
    fills: ClassVar[frozenset[str]] = frozenset(
        {"relevance", "relevant", "topics", "labels", "severity"}
    )

    def __init__(self, heads: linear.Heads, threshold: float) -> None:
        self._heads = heads
        self._threshold = threshold
        self.version = f"heads {heads.meaning.weights[:8]}"
        self._topics = _with_finer([head.name for head in heads.meaning.topics])

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        """Raises ModelError where the vectors are not those that the heads were fitted to."""
        texts = [features.lead(text_of(post)) for post in posts]
        rows = self._heads(self._vectors(known), texts)
        return [
            self._judge(post, text, enrichment, [round(float(p), _DIGITS) for p in row])
            for post, text, enrichment, row in zip(posts, texts, known, rows, strict=True)
        ]

    def _judge(
        self, post: Post, text: str, enrichment: Enrichment, row: Sequence[float]
    ) -> Enrichment:
        relevance, *each = row
        relevant = relevance >= self._threshold
        heads = self._heads.meaning.topics
        topics = {name: max(each[at] for at in finer) for name, finer in self._topics.items()}
        reached = [head for head, p in zip(heads, each, strict=True) if p >= head.threshold]
        stated = post.stated.topics if post.stated else ()
        found = [head.name for head in reached] if relevant else []
        return replace(
            enrichment,
            relevance=relevance,
            relevant=relevant,
            topics=topics,
            labels=tuple(sorted({n for t in (*found, *stated) for n in (topic.broader(t), t)})),
            severity=_severity(post, text, [head.severity for head in reached], relevant),
            models={**enrichment.models, "relevance": self.version},
        )

    def _vectors(self, known: Sequence[Enrichment]) -> NDArray[np.float32]:
        import numpy as np

        belongs = f"@{self._heads.meaning.encoder[:8]} "
        for enrichment in known:
            encoder = enrichment.models.get("encode", "nothing")
            if belongs not in encoder:
                raise ModelError(
                    f"relevance: the heads read vectors of {belongs.strip()}, not of {encoder}; "
                    "train heads for this encoder with `monitor train` and name their folder "
                    "as heads, or configure the encoder that they belong to"
                )
        flat = np.frombuffer(b"".join(enrichment.vector for enrichment in known), "<f4")
        return flat.reshape(len(known), -1) if known else np.zeros((0, 1), np.float32)


def open(options: Options) -> Relevance:
    """Load the heads; raises ModelError where they are not there or damaged."""
    heads = linear.load(Path(options.heads) if options.heads else linear.FOLDER)
    threshold = heads.meaning.threshold if options.threshold is None else options.threshold
    return Relevance(heads, threshold)


def _with_finer(names: Sequence[str]) -> dict[str, list[int]]:
    """Every topic and category by name, with the numbers of itself and of what is below it: it is
    as probable as the most probable of these."""
    every = sorted({*names, *map(topic.broader, names)})
    return {
        each: [at for at, name in enumerate(names) if each in (name, topic.broader(name))]
        for each in every
    }


def _severity(post: Post, text: str, usual: Sequence[Severity], relevant: bool) -> Severity:
    if post.stated and post.stated.severity != "Unknown":
        return post.stated.severity
    return severity_of(text, usual) if relevant or post.stated else "Unknown"
