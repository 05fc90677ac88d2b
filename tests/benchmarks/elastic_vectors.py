"""How the ways to keep vectors in Elasticsearch compare: writing, asking, recall, size.

One is written after the other, until nothing is left to merge; all are asked in turn. Recall is the
share of the ten nearest signals, by exact cosine in numpy, that are found.
`python -m tests.benchmarks vectors --signals 100000`
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, get_args

import numpy as np
from elasticsearch import Elasticsearch
from rich.progress import Progress
from rich.table import Table

from indexes import elastic
from monitor.ledger.feed import LIMIT
from monitor.model import Change
from monitor.ports import Index
from monitor.query import parse
from tests.benchmarks.elastic import PREFIX, cluster
from tests.benchmarks.elastic_questions import NEAREST, rounds
from tests.benchmarks.search import changes, percentile
from tests.elastic import Server

ROUNDS = 100
TIGHT: Final = f"{elastic.Options().vectors}, tight"
WAYS: Final = (*get_args(elastic.Vectors), TIGHT)
"""The ways to keep vectors; the last is the usual one with `index.codec: best_compression`."""


@dataclass
class Way:
    """What was measured of one way."""

    written_s: float = 0.0
    megabytes: float = 0.0
    of_all_s: list[float] = field(default_factory=list)
    of_days_s: list[float] = field(default_factory=list)
    recalled: int = 0

    def plain(self, signals: int) -> dict[str, float]:
        """As figures."""
        return {
            "signals_a_second": signals / self.written_s,
            "disk_mb": self.megabytes,
            "p50_ms": 1e3 * percentile(self.of_all_s, 0.5),
            "p95_ms": 1e3 * percentile(self.of_all_s, 0.95),
            "days_p50_ms": 1e3 * percentile(self.of_days_s, 0.5),
            "days_p95_ms": 1e3 * percentile(self.of_days_s, 0.95),
            "recall": self.recalled / NEAREST / len(self.of_all_s),
        }


def measure(count: int, bar: Progress) -> dict[str, Way]:
    """What was measured of each way with so many signals."""
    ways = {name: Way() for name in WAYS}
    with ExitStack() as held:
        at = held.enter_context(cluster())
        at.clear(PREFIX)
        held.callback(at.clear, PREFIX)
        client = held.enter_context(Elasticsearch(at.url))
        indexes = {name: opened(at, client, number) for number, name in enumerate(WAYS)}
        for index in indexes.values():
            held.callback(index.close)
        task = bar.add_task(f"{count:,} signals", total=len(WAYS) * count + ROUNDS)
        for number, name in enumerate(WAYS):
            for seconds in writes(indexes[name], client, f"{PREFIX}-{number}", count):
                ways[name].written_s += seconds
                bar.advance(task, LIMIT)
            client.indices.flush(index=f"{PREFIX}-{number}-signals")
        vectors = np.stack([
            np.frombuffer(one.enrichment.vector, dtype="<f4")
            for change in changes(count, batch=LIMIT) for one in change.signals
        ])  # fmt: skip
        for _ in ask(indexes, ways, vectors):
            bar.advance(task)
        for number, way in enumerate(ways.values()):
            way.megabytes = megabytes(client, f"{PREFIX}-{number}")
    return ways


def opened(at: Server, client: Elasticsearch, number: int) -> Index:
    """An empty index that keeps vectors this way."""
    name = WAYS[number].split(",")[0]
    prefix = f"{PREFIX}-{number}"
    index = elastic.open(elastic.Options(url=at.url, prefix=prefix, replicas=0, vectors=name))
    index.prepare("benchmark")
    if WAYS[number] == TIGHT:
        signals = f"{prefix}-signals"
        client.indices.close(index=signals)
        client.indices.put_settings(index=signals, settings={"index.codec": "best_compression"})
        client.indices.open(index=signals)
    return index


def writes(index: Index, client: Elasticsearch, prefix: str, count: int) -> Iterator[float]:
    """The seconds of each change, and those until all is merged."""
    for change in changes(count, batch=LIMIT):
        begun = time.perf_counter()
        index.write(Change(last=change.last, signals=change.signals))
        yield time.perf_counter() - begun
    begun = time.perf_counter()
    index.refresh()
    while merging(client, prefix):
        time.sleep(0.1)
    yield time.perf_counter() - begun


def merging(client: Elasticsearch, prefix: str) -> bool:
    stats = client.indices.stats(index=f"{prefix}-signals", metric="merge")
    return bool(stats["_all"]["total"]["merges"]["current"])


def megabytes(client: Elasticsearch, prefix: str) -> float:
    """On disk, as it is when nothing merges."""
    stats = client.indices.stats(index=f"{prefix}-signals", metric="store")["_all"]["total"]
    return float(stats["store"]["size_in_bytes"] / 1e6)


def ask(indexes: dict[str, Index], ways: dict[str, Way], vectors: np.ndarray) -> Iterator[None]:
    """Each round asks all ways, of all signals and of those of three days."""
    for asked in rounds(ROUNDS, vectors[:: len(vectors) // 1_000 or 1]):
        nearest = {f"made:{at}" for at in np.argsort(vectors @ asked.vector)[-NEAREST:]}
        first, last = asked.three_days
        days = parse(f"time:[{first} TO {last}]")
        for name, index in indexes.items():
            begun = time.perf_counter()
            found = index.similar(asked.vector.tobytes(), parse(""), NEAREST)
            ways[name].of_all_s.append(time.perf_counter() - begun)
            ways[name].recalled += len(nearest & {hit.value.post.id for hit in found})
            begun = time.perf_counter()
            index.similar(asked.vector.tobytes(), days, NEAREST)
            ways[name].of_days_s.append(time.perf_counter() - begun)
        yield


def table(ways: Mapping[str, Mapping[str, float]], count: int) -> Table:
    """A line for each way."""
    said = Table(
        "vectors", "signals a second", "MB", "p50 ms", "p95 ms", "of 3 days p50 ms", "p95 ms",
        f"recall of {NEAREST}", title=f"similar among {count:,} signals",
    )  # fmt: skip
    for name, way in ways.items():
        rate, disk_mb, *times, recall = way.values()
        cells = (f"{took_ms:.1f}" for took_ms in times)
        said.add_row(name, f"{rate:,.0f}", f"{disk_mb:,.0f}", *cells, f"{recall:.3f}")
    return said
