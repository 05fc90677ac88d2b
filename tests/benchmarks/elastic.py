"""What our index on Elasticsearch costs beside requests that one would write by hand.

Writing and asking take turns, part by part and question by question, so that what else the machine
does meets both alike. `python -m tests.benchmarks elastic --sizes 10000,100000`
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk
from rich.progress import Progress
from rich.table import Table

from indexes import elastic
from indexes.elastic.document import event_body, signal_body
from indexes.elastic.mapping import mappings, settings
from indexes.elastic.write import IN_FLIGHT, MAX_BYTES
from monitor.documents import words_kept
from monitor.ledger.feed import LIMIT
from monitor.model import Change
from monitor.ports import Index
from tests.benchmarks.elastic_questions import Answer, Question, Questions, rounds
from tests.benchmarks.search import changes, percentile
from tests.elastic import Server, server

PART = 2
LEAST = 300_000
"""Signals: a smaller size is written several times."""
ROUNDS = 1_000
SHARES = (50, 95)
"""Of a hundred times, the one that so many are no longer than."""
WARM = 10
HEAP = "1g"
PREFIX = "monitor-benchmark"
BARE = f"{PREFIX}-bare"


@dataclass
class Turns:
    """Seconds of what took turns: ours, and what one would write by hand."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    def at(self, share: int) -> dict[str, float]:
        """Milliseconds at so many in a hundred of ours, of what is by hand, and their ratio."""
        ours, bare = (1e3 * percentile(took, share / 100) for took in (self.ours, self.bare))
        return {"ours_ms": ours, "bare_ms": bare, "ratio": ours / bare}


@dataclass
class Figures:
    """What was measured at one size."""

    server: str
    signals: int
    documents: int
    written: Turns
    asked: dict[str, Turns]
    megabytes: float
    heap_mb: tuple[float, float]

    def plain(self) -> dict[str, Any]:
        """Rates, times and ratios of ours and by hand; of what is written a ratio of 1 or more is
        better, of what is asked one of 1 or less."""
        ours, bare = (self.documents / sum(took) for took in (self.written.ours, self.written.bare))
        asked = {
            name: {f"p{share}": turns.at(share) for share in SHARES}
            for name, turns in self.asked.items()
        }
        return {
            "server": self.server,
            "signals": self.signals,
            "written": {"ours_a_second": ours, "bare_a_second": bare, "times": ours / bare},
            "asked": asked,
            "disk_mb": self.megabytes,
            "million_mb": self.megabytes * 1e6 / self.signals,
            "heap_mb": self.heap_mb,
        }


@contextmanager
def cluster() -> Iterator[Server]:
    """A server of our own, or the one that ES_URL names."""
    if url := os.environ.get("ES_URL"):
        yield Server(Path(os.devnull), url.rstrip("/"), {})
    else:
        with server(heap=HEAP, quick=False) as made:
            yield made


@contextmanager
def opened(at: Server, options: elastic.Options) -> Iterator[tuple[Index, Elasticsearch]]:
    """An empty index of ours, the bare ones beside it, and a client; all gone after it."""
    at.clear(PREFIX)
    index, client = elastic.open(options), Elasticsearch(at.url)
    index.prepare("benchmark")
    for of in ("signals", "events"):
        client.indices.create(
            index=f"{BARE}-{of}", mappings=mappings(of, {}, options), settings=settings(options)
        )
    try:
        yield index, client
    finally:
        index.close()
        client.close()
        at.clear(PREFIX)


def measure(sizes: Sequence[int], bar: Progress) -> Iterator[Figures]:
    """The figures of each size, one size after the other on one server."""
    with cluster() as at:
        _, about = at.ask("GET", "/")
        options = elastic.Options(url=at.url, prefix=PREFIX, replicas=0)
        with opened(at, options) as (index, client):
            list(writes(index, client, changes(20_000, batch=LIMIT)))
        for count in sizes:
            yield size(at, options, count, bar, about["version"]["number"])


def size(at: Server, options: elastic.Options, count: int, bar: Progress, version: str) -> Figures:
    """The figures of one size."""
    again = max(1, LEAST // count)
    task = bar.add_task(f"{count:,} signals", total=again * count + ROUNDS)
    written = Turns()
    for turn in range(1, again):
        with opened(at, options) as (index, client):
            fill(index, client, count, turn, written, partial(bar.advance, task))
    with opened(at, options) as (index, client):
        vectors, documents = fill(index, client, count, 0, written, partial(bar.advance, task))
        client.indices.delete(index=[f"{BARE}-signals", f"{BARE}-events"])
        names = [f"{PREFIX}-signals", f"{PREFIX}-events"]
        client.indices.flush(index=names)
        client.indices.refresh(index=names)
        asked, heap = ask(index, client, np.stack(vectors), bar, task)
        stats = client.indices.stats(index=names, metric="store")["_all"]["total"]
        return Figures(
            server=version,
            signals=count,
            documents=again * documents,
            written=written,
            asked=asked,
            megabytes=stats["store"]["size_in_bytes"] / 1e6,
            heap_mb=(min(heap), max(heap)),
        )


def fill(
    index: Index,
    client: Elasticsearch,
    count: int,
    turn: int,
    written: Turns,
    done: Callable[[int], None],
) -> tuple[list[np.ndarray], int]:
    """Write so many signals to both, and note the seconds; some vectors of theirs, and how many
    documents there were."""
    documents, vectors = 0, []
    for ours_s, bare_s, part in writes(index, client, changes(count, batch=LIMIT), turn):
        written.ours.append(ours_s)
        written.bare.append(bare_s)
        documents += sum(len(one.signals) + len(one.events) for one in part)
        vectors.append(np.frombuffer(part[0].signals[0].enrichment.vector, dtype="<f4"))
        done(sum(len(one.signals) for one in part))
    return vectors, documents


def writes(
    index: Index, client: Elasticsearch, every: Iterator[Change], turn: int = 0
) -> Iterator[tuple[float, float, list[Change]]]:
    """The seconds that each part took: ours, and the same documents in bulk by hand. What was made
    for it beforehand burdens neither, nor what a new index writes down once with its first
    document."""
    first = True
    while part := list(islice(every, PART)):
        signals = (one for change in part for one in change.signals)
        events = (one for change in part for one in change.events)
        documents = [
            *(document("signals", one.post.id, signal_body(one)) for one in signals),
            *(document("events", one.id, event_body(one)) for one in events),
        ]
        if first:
            first = False
            write(index, [replace(part[0], signals=part[0].signals[:1], events=())])
            bulk(client, documents[:1])
        arms: list[Callable[[], None]] = [
            partial(write, index, part),
            partial(bulk, client, documents),
        ]
        took = [0.0, 0.0]
        words_kept.cache_clear()
        gc.collect()
        gc.freeze()
        for arm in (0, 1) if turn % 2 else (1, 0):
            begun = time.perf_counter()
            arms[arm]()
            took[arm] = time.perf_counter() - begun
        gc.unfreeze()
        turn += 1
        yield took[0], took[1], part


def write(index: Index, part: Sequence[Change]) -> None:
    for change in part:
        if refused := index.write(change):
            raise RuntimeError(f"{refused[0].id}: {refused[0].reason}")


def document(of: str, id_: str, body: bytes) -> dict[str, Any]:
    """A document as the client's helper takes it."""
    return {"_index": f"{BARE}-{of}", "_id": id_, "_source": msgspec.json.decode(body)}


def bulk(client: Elasticsearch, documents: Sequence[dict[str, Any]]) -> None:
    """Documents that are there already, by the client's own helper."""
    for _ in parallel_bulk(
        client, documents, thread_count=IN_FLIGHT, chunk_size=LIMIT, max_chunk_bytes=MAX_BYTES
    ):
        pass


def ask(
    index: Index, client: Elasticsearch, vectors: np.ndarray, bar: Progress, task: int
) -> tuple[dict[str, Turns], list[float]]:
    """The seconds of each question, round by round, and megabytes of heap in use meanwhile."""
    asked: dict[str, Turns] = {}
    heap: list[float] = []
    questions = Questions(index, client, PREFIX)
    for number, about in enumerate(rounds(WARM + ROUNDS, vectors)):
        for question in questions.about(about):
            turns = asked.setdefault(question.name, Turns())
            arms = [(turns.ours, question.ours), (turns.bare, question.bare)]
            answers: list[Answer] = []
            for times, call in arms if number % 2 else reversed(arms):
                begun = time.perf_counter()
                answers.append(call())
                times.append(time.perf_counter() - begun)
            compare(question, *answers)
        used = client.nodes.stats(metric="jvm")["nodes"].values()
        heap.append(max(node["jvm"]["mem"]["heap_used_in_bytes"] for node in used) / 1e6)
        bar.advance(task)
    for turns in asked.values():
        del turns.ours[:WARM], turns.bare[:WARM]
    return asked, heap


def compare(question: Question, one: Answer, other: Answer) -> None:
    """Only equal answers can be compared in time; by hand, what lies on a circle's edge may fall on
    either side of it."""
    apart = abs(one[0] - other[0])
    if apart > question.edge or (not apart and list(one[1]) != list(other[1])):
        raise RuntimeError(
            f"{question.name}: {one[0]} and {other[0]}, {list(one[1])}, {list(other[1])}"
        )


def written_table(every: Sequence[Mapping[str, Any]]) -> Table:
    """Writing, size and heap: a line for each size."""
    table = Table(
        "signals", "documents a second", "by hand", "ratio",
        "MB on disk", "MB a million", "MB heap",
        title=f"written to Elasticsearch {every[0]['server']} in changes of {LIMIT:,}",
    )  # fmt: skip
    for one in every:
        ours, bare, times = one["written"].values()
        table.add_row(
            f"{one['signals']:,}", f"{ours:,.0f}", f"{bare:,.0f}", f"{times:.2f}",
            f"{one['disk_mb']:,.0f}", f"{one['million_mb']:,.0f}",
            "-".join(f"{used:,.0f}" for used in one["heap_mb"]),
        )  # fmt: skip
    return table


def asked_table(one: Mapping[str, Any]) -> Table:
    """The questions at one size."""
    table = Table(
        "question", *("p50 ms", "by hand", "ratio"), *("p95 ms", "by hand", "ratio"),
        title=f"asked of {one['signals']:,} signals, and the same by hand",
    )  # fmt: skip
    for name, shares in one["asked"].items():
        cells = [
            cell
            for ours, bare, ratio in (said.values() for said in shares.values())
            for cell in (f"{ours:.1f}", f"{bare:.1f}", f"{ratio:.2f}")
        ]
        table.add_row(name, *cells)
    return table
