"""Make the shipped heads: `monitor train --data ../shared/data`.

Reads the labelled sets and the sentences of our own, measures on held-out events and cities, fits
to all, and writes weights, their meaning, all figures and the model card.
The same data, vectors and machine give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from monitor.errors import ConfigError
from nlp import encode, linear, topic
from nlp.train import card, data, fit, heads
from nlp.train.vectors import vectors_of

CACHE: Final = Path(".cache") / "vectors"
"""Vectors of the labelled texts, so that only the first training encodes them."""
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
    said = card.written(trained.meaning, encoder.model.version, trained.figures)
    (out / card.FIGURES).write_text(trained.figures, encoding="utf-8")
    (out / card.CARD).write_text(said, encoding="utf-8")
    return trained.figures
