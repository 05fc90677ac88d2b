"""Make the shipped heads: `monitor train --data ../shared/data`.

Reads the labelled sets and the sentences of our own, measures on held-out events and cities, fits
to all, and writes weights, their meaning, all figures and the block of figures in the model card.
The same data, vectors and machine give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from monitor.errors import ConfigError
from nlp import encode, linear, topic
from nlp.train import data, fit, heads
from nlp.train.vectors import vectors_of

CARD: Final = "MODEL_CARD.md"
FIGURES: Final = "FIGURES.md"
CACHE: Final = Path(".cache") / "vectors"
"""Vectors of the labelled texts, so that only the first training encodes them."""
_BLOCK: Final = re.compile(
    r"(?<=<!-- figures: made by monitor train -->\n).*?(?=<!-- /figures)", re.S
)

Tell = Callable[[str, int, int], None]
"""Is told what is being done, and how much of how much is."""


def remake(folder: Path, out: Path | None, model: str, tell: Tell) -> str:
    """Train with the labelled sets of a folder for that encoder, the shipped one where it is empty,
    and write to `out`, the place of the shipped heads where it is None; the figures. Raises
    ConfigError, ModelError."""
    fit.ready()
    missing = [
        name for name in (*data.FITTED, *data.JUDGED) if not data.path(folder, name).exists()
    ]
    if missing:
        raise ConfigError(
            f"{folder}: lacks {', '.join(missing)}; name the labelled sets with --data"
        )
    out = out or linear.FOLDER
    topics = topic.read_all()
    examples = data.read_all(folder, data.FITTED) + data.own(topics)
    judged = data.read_all(folder, data.JUDGED)
    options = encode.Options(model=model or encode.Options().model, dtype="bfloat16")
    encoder = encode.open(options)
    texts = [example.text for example in (*examples, *judged)]
    vectors = vectors_of(
        texts,
        encoder.encode,
        encoder.version,
        CACHE,
        lambda done, of: tell("texts encoded", done, of),
    )
    trained = heads.train(
        examples, judged, vectors, topics, encoder.model.sha256,
        tell=lambda done, of: tell("heads fitted", done, of),
    )  # fmt: skip
    linear.save(out, trained.meaning, trained.weights, trained.bias)
    (out / FIGURES).write_text(trained.figures, encoding="utf-8")
    if not model:
        card = (linear.FOLDER / CARD).read_text(encoding="utf-8")
        (out / CARD).write_text(carded(card, trained.summary), encoding="utf-8")
    return trained.figures


def carded(card: str, summary: str) -> str:
    """A model card with these figures in its block."""
    return _BLOCK.sub(lambda _: f"\n{summary}\n", card)
