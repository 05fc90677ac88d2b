"""Make the shipped heads: `python -m nlp.train --data ../shared/data`.

Reads the labelled sets and the sentences of our own, measures on held-out events and cities, fits
to all, and writes weights, their meaning and the figures of the model card. The same data, vectors
and machine give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nlp import encode, linear, topic
from nlp.train import data, heads
from nlp.train.vectors import vectors_of


def main() -> None:
    """Train with what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m nlp.train", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="labelled sets")
    parser.add_argument("--out", type=Path, default=linear.FOLDER, help="folder for the heads")
    parser.add_argument("--cache", type=Path, default=Path(".cache/vectors"), help="for vectors")
    parser.add_argument("--model", default=encode.Options().model, help="the encoder")
    parser.add_argument("--dtype", default="bfloat16", choices=["float32", "bfloat16"])
    asked = parser.parse_args()
    topics = topic.read_all()
    examples = data.read_all(asked.data, data.FITTED) + data.own(topics)
    judged = data.read_all(asked.data, data.JUDGED)
    encoder = encode.open(encode.Options(model=asked.model, dtype=asked.dtype))
    texts = [example.text for example in (*examples, *judged)]
    vectors = vectors_of(texts, encoder.encode, encoder.version, asked.cache)
    trained = heads.train(examples, judged, vectors, topics, encoder.model.sha256)
    linear.save(asked.out, trained.meaning, trained.weights, trained.bias)
    (asked.out / "FIGURES.md").write_text(trained.figures, encoding="utf-8")
    sys.stdout.write(trained.figures)


if __name__ == "__main__":
    main()
