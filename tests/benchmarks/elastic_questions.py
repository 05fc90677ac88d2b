"""Five typical questions of an analyst: through our index, and as one would write them by hand.

No two rounds ask the same, so that no answer comes out of a cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch
from elasticsearch.helpers import pack_dense_vector

from monitor.fields import micros
from monitor.model import Event
from monitor.ports import Asked, Found, Index
from monitor.query import parse
from monitor.words import stems
from tests.benchmarks.search import DAYS, DISTRICTS, LABELS, START, vocabulary

PAGE = 20
NEAREST = 10
NEWEST = Asked(sort="-time", limit=PAGE)
BY_TIME = [{"time_us": "desc"}, {"id": "asc"}]
Answer = tuple[int, Mapping[str, Any]]
"""How many there are, and what the page holds in its order: values by id, counts by key."""


@dataclass(frozen=True)
class Question:
    """One question: `ours` through the index, `bare` by hand; the answers are the same, but for
    `edge` finds at most."""

    name: str
    ours: Callable[[], Answer]
    bare: Callable[[], Answer]
    edge: int = 0


@dataclass(frozen=True)
class Round:
    """What one round asks about."""

    words: tuple[str, str]
    phrase: tuple[str, str]
    district: str
    topic: str
    lat: float
    lon: float
    day: int
    vector: np.ndarray

    @property
    def week(self) -> tuple[str, str]:
        return _days(self.day, 7)

    @property
    def three_days(self) -> tuple[str, str]:
        return _days(self.day, 3)


def rounds(count: int, vectors: np.ndarray, seed: int = 11) -> Iterator[Round]:
    """What is asked about, round by round; it is asked for what lies near these vectors."""
    rng = np.random.default_rng(seed)
    words = vocabulary(np.random.default_rng(7))
    for _ in range(count):
        first, second = rng.choice(200, 2, replace=False)
        one, other = rng.choice(12, 2, replace=False)
        near = vectors[rng.integers(len(vectors))] + rng.standard_normal(vectors.shape[1]) / 40
        yield Round(
            words=(words[first], words[second]),
            phrase=(words[one], words[other]),
            district=str(rng.choice(DISTRICTS)),
            topic=str(rng.choice(LABELS)),
            lat=round(51.5 + rng.normal(0, 0.08), 4),
            lon=round(-0.12 + rng.normal(0, 0.12), 4),
            day=int(rng.integers(0, DAYS - 7)),
            vector=(near / np.linalg.norm(near)).astype(np.float32),
        )


class Questions:
    """The five questions to one index, and to the same by a client."""

    def __init__(self, index: Index, client: Elasticsearch, prefix: str) -> None:
        self._index = index
        self._client = client
        self._signals, self._events = f"{prefix}-signals", f"{prefix}-events"

    def about(self, asked: Round) -> tuple[Question, ...]:
        """Those of a round."""
        return (
            self._words(asked),
            self._phrase(asked),
            self._near(asked),
            self._count(asked),
            self._similar(asked),
        )

    def _words(self, asked: Round) -> Question:
        """By score."""
        (one, other), (first, last) = asked.words, asked.week
        query: dict[str, Any] = {
            "must": [{"match": {"terms": _forms(one)}}, {"match": {"terms": _forms(other)}}],
            "filter": [{"range": {"time_us": _between(first, last)}}],
        }
        order = ["_score", {"time_us": "desc"}, {"id": "asc"}]
        text = f"{one} {other} time:[{first} TO {last}]"
        return Question(
            "words in a week",
            lambda: _finds(self._index.signals(parse(text), Asked(limit=PAGE))),
            lambda: self._page(self._signals, {"bool": query}, order),
        )

    def _phrase(self, asked: Round) -> Question:
        """Of events, newest first."""
        phrase, district = " ".join(asked.phrase), asked.district
        query = [
            {"match_phrase": {"words": phrase}},
            {"match_phrase": {"names": district.casefold()}},
        ]
        text = f'"{phrase}" place:"{district}"'
        return Question(
            "events: phrase and place",
            lambda: _finds(self._index.events(parse(text), NEWEST)),
            lambda: self._page(self._events, {"bool": {"filter": query}}, BY_TIME),
        )

    def _near(self, asked: Round) -> Question:
        """Newest first."""
        centre = {"lat": asked.lat, "lon": asked.lon}
        query = [
            {"term": {"topic": asked.topic}},
            {"geo_distance": {"distance": "2km", "point": centre}},
        ]
        text = f'topic:{asked.topic} near:"{asked.lat},{asked.lon},2km"'
        return Question(
            "topic within 2 km",
            lambda: _finds(self._index.signals(parse(text), NEWEST)),
            lambda: self._page(self._signals, {"bool": {"filter": query}}, BY_TIME),
            edge=3,
        )

    def _count(self, asked: Round) -> Question:
        word, (first, last) = asked.words[0], asked.week
        query = [
            {"match": {"terms": _forms(word)}},
            {"range": {"time_us": _between(first, last)}},
        ]
        text = f"{word} time:[{first} TO {last}]"

        def bare() -> Answer:
            found = self._client.search(
                index=self._signals, size=0, track_total_hits=False,
                query={"bool": {"filter": query}},
                aggs={"by": {"terms": {"field": "topic", "size": 10_000}}},
            )["aggregations"]["by"]["buckets"]  # fmt: skip
            return len(found), {bucket["key"]: bucket["doc_count"] for bucket in found}

        def ours() -> Answer:
            found = self._index.count(parse(text), "topic", "signals")
            return len(found), {bucket.key: bucket.count for bucket in found}

        return Question("a word's topics, counted", ours, bare)

    def _similar(self, asked: Round) -> Question:
        first, last = asked.three_days
        knn = {
            "field": "vector",
            "query_vector": pack_dense_vector(asked.vector),
            "k": NEAREST,
            "num_candidates": 4 * NEAREST,
            "filter": {"range": {"time_us": _between(first, last)}},
        }
        text = f"time:[{first} TO {last}]"

        def ours() -> Answer:
            found = self._index.similar(asked.vector.tobytes(), parse(text), NEAREST)
            return len(found), {hit.value.post.id: hit.value for hit in found}

        def bare() -> Answer:
            found = self._client.search(
                index=self._signals, size=NEAREST, track_total_hits=False, source=["value"], knn=knn
            )["hits"]["hits"]
            return len(found), {hit["_id"]: hit["_source"]["value"] for hit in found}

        return Question("similar in three days", ours, bare)

    def _page(self, name: str, query: dict[str, Any], order: list[Any]) -> Answer:
        """Finds by hand, all counted."""
        found = self._client.search(
            index=name, query=query, sort=order, size=PAGE, source=["value"], track_total_hits=True
        )["hits"]
        values = {hit["_id"]: hit["_source"]["value"] for hit in found["hits"]}
        return found["total"]["value"], values


def _forms(word: str) -> str:
    """A word with and without its ending."""
    return " ".join({word, *stems({word}, "en")})


def _days(day: int, count: int) -> tuple[str, str]:
    first = START + timedelta(days=day)
    return first.date().isoformat(), (first + timedelta(days=count - 1)).date().isoformat()


def _between(first: str, last: str) -> dict[str, int]:
    low, high = datetime.fromisoformat(f"{first}T00Z"), datetime.fromisoformat(f"{last}T00Z")
    return {"gte": micros(low), "lt": micros(high + timedelta(days=1))}


def _finds(found: Found) -> Answer:
    values = (hit.value for hit in found.hits)
    return found.total, {
        value.id if isinstance(value, Event) else value.post.id: value for value in values
    }
