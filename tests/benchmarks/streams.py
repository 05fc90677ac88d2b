"""Two streams of posts from the labelled sets: all relevant, and one in twenty."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from nlp.train import data
from nlp.train.data import Example

SHARE = 20
"""One of so many posts of the second stream is relevant."""


@dataclass(frozen=True)
class Stream:
    """Posts in the order in which they come, each with its label; `bar` is the measurement that
    ours is held against, and how many times as many posts a second it has to do."""

    name: str
    examples: tuple[Example, ...]
    bar: tuple[str, float]

    @property
    def lines(self) -> list[bytes]:
        """The posts as `jsonl` reads them."""
        rows = ({"id": one.id, "text": one.text} for one in self.examples)
        return [json.dumps(row).encode() + b"\n" for row in rows]

    @property
    def relevant(self) -> frozenset[str]:
        """The ids of the relevant ones."""
        return frozenset(one.id for one in self.examples if one.relevant)


def streams(folder: Path, posts: int) -> tuple[Stream, Stream]:
    """Both streams from the folder of labelled sets; the same each time. They are shorter where the
    sets have no more."""
    crises = [one for one in data.read(folder, "crisislext26") if one.relevant]
    cities = [one for one in data.read(folder, "city_incident_tweets") if one.relevant]
    ordinary = data.read(folder, "ordinary_tweets")
    few = min(posts // SHARE, len(cities), len(ordinary) // (SHARE - 1))
    mixed = cities[:few] + ordinary[: few * (SHARE - 1)]
    random.Random(data.SEED).shuffle(mixed)
    return (
        Stream("every post relevant", tuple(crises[:posts]), ("plain stack", 1.5)),
        Stream("5 % relevant", tuple(mixed), ("our encoder alone", 0.6)),
    )
