"""Prints how well places are found and resolved on the labelled development sets.

    python -m nlp.train.measure_places --data ../shared/data --split dev

Spans: precision, recall and F1 over exact and over overlapping spans. Positions: the share of gold
mentions that lie within 161 km of where they are put. The sets are disasters, most
of them far from a single city.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.geo import distance_m
from monitor.model import Enrichment, Place, Post
from nlp.gazetteer import Gazetteer, load
from nlp.places import Options
from nlp.places import open as open_places
from nlp.resolve import resolve
from nlp.toponyms import Mention

NEAR_M = 161_000.0


@dataclass(frozen=True, slots=True)
class Gold:
    """A labelled span; the position is None where only the span is labelled."""

    start: int
    end: int
    at: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Tweet:
    """A labelled text."""

    event: str
    text: str
    golds: tuple[Gold, ...]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of labelled data")
    parser.add_argument("--split", default="dev", help="train or dev")
    parser.add_argument("--limit", type=int, default=3_000, help="texts of each set")
    asked = parser.parse_args()
    step = open_places(Options())
    for name in ("idrisi_recognition", "idrisi_geocoding"):
        tweets = read(asked.data / f"{name}.jsonl.gz", asked.split)[: asked.limit]
        posts = [Post(id=str(i), text=tweet.text) for i, tweet in enumerate(tweets)]
        begun = time.perf_counter()
        found = [e.places for e in step(posts, [Enrichment(lang="en")] * len(posts))]
        spent = time.perf_counter() - begun
        _say(f"{name} {asked.split}: {len(posts)} texts, {len(posts) / spent:.0f} a second")
        if name == "idrisi_recognition":
            _spans(tweets, found)
        else:
            _positions(tweets, found, load())


def read(path: Path, split: str) -> list[Tweet]:
    """The labelled texts of a split."""
    tweets = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["split"] == split:
                golds = tuple(
                    Gold(x["start"], x["end"], (x["lat"], x["lon"]) if "lat" in x else None)
                    for x in row["locations"]
                )
                tweets.append(Tweet(row["event"], row["text"], golds))
    return tweets


def _spans(tweets: Sequence[Tweet], found: Sequence[tuple[Place, ...]]) -> None:
    events: dict[str, list[tuple[Tweet, tuple[Place, ...]]]] = defaultdict(list)
    for tweet, places in zip(tweets, found, strict=True):
        events[tweet.event].append((tweet, places))
        events["all"].append((tweet, places))
    for event, pairs in sorted(events.items()):
        exact = _f1(
            (len({(g.start, g.end) for g in t.golds} & {(p.start, p.end) for p in ps}),) * 2
            + (len(ps), len(t.golds))
            for t, ps in pairs
        )
        loose = _f1(
            (
                sum(any(_meet(p, g) for g in t.golds) for p in ps),
                sum(any(_meet(p, g) for p in ps) for g in t.golds),
                len(ps),
                len(t.golds),
            )
            for t, ps in pairs
        )
        _say(f"  {event:32} strict {exact}   lenient {loose}")


def _meet(place: Place, gold: Gold) -> bool:
    return place.start < gold.end and gold.start < place.end


def _f1(counts: Iterable[tuple[int, int, int, int]]) -> str:
    right, recalled, said, labelled = (sum(column) for column in zip(*counts, strict=True))
    precision, recall = right / max(1, said), recalled / max(1, labelled)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return f"P {100 * precision:5.1f} R {100 * recall:5.1f} F1 {100 * f1:5.1f}"


def _positions(
    tweets: Sequence[Tweet], found: Sequence[tuple[Place, ...]], gazetteer: Gazetteer
) -> None:
    total = populous = gold = own = possible = 0
    for tweet, places in zip(tweets, found, strict=True):
        spans = sorted({g for g in tweet.golds if g.at is not None}, key=lambda g: g.start)
        mentions = [_mention(tweet.text, g, gazetteer) for g in spans]
        for span, choice in zip(spans, resolve(tweet.text, mentions, None), strict=True):
            total += 1
            options = choice.mention.candidates
            first = max(options, key=lambda c: c.population, default=None)
            populous += first is not None and _near(span, first.lat, first.lon)
            possible += any(_near(span, c.lat, c.lon) for c in options)
            gold += choice.place is not None and _near(span, choice.place.lat, choice.place.lon)
            own += any(_meet(p, span) and _near(span, p.lat, p.lon) for p in places)
    for name, count in (
        ("most populous place of the gold name", populous),
        ("resolved from gold names", gold),
        ("best that the candidates allow", possible),
        ("found and resolved by the whole step", own),
    ):
        _say(f"  {name:40} {100 * count / total:5.1f} % of {total} within 161 km")


def _mention(text: str, gold: Gold, gazetteer: Gazetteer) -> Mention:
    name = text[gold.start : gold.end]
    return Mention(gold.start, gold.end, name, "here", 1.0, gazetteer.candidates(name))


def _near(gold: Gold, lat: float, lon: float) -> bool:
    return gold.at is not None and distance_m(*gold.at, lat, lon) <= NEAR_M


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
