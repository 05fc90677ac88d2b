"""What a post costs from its line to the index, where a thousand signals are remembered, a hundred
thousand, a million: measured end to end at each size.

For each size a deployment is filled: ledger, grouper and embedded index hold so many made-up
signals (`world.py`), as if they had come within the last seven days. Filling writes whole blocks by
the ledger's and the index's own writes; indexes are filled by processes beside. Then the
same posts of the archive go through every deployment as `monitor once` takes them in: read, stored,
thought about by the real models, grouped, committed, followed into the index; a batch through each
in turn, so that whatever else the machine does hits all sizes alike.

Real vectors would be like no made-up event. So after the models have thought, vector, places and
topics of a post are exchanged for made-up ones, half of them near remembered events.
`python -m tests.benchmarks remembered`
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from rich.progress import Progress
from rich.table import Table

from indexes import embedded
from monitor.app import steps_of
from monitor.config import read_config
from monitor.ledger import Ledger, Recalled, open_ledger
from monitor.ledger.store import stamp
from monitor.lines import named
from monitor.model import Change, Enrichment, Post, Row, Signal, Tick
from monitor.ports import Enricher, Grouper
from tests.benchmarks.flow import Measured, Watched, lay_out, warmed
from tests.benchmarks.streams import streams
from tests.benchmarks.world import World, thoughts

POSTS = 1_000
BAR = 1.5


@dataclass(frozen=True)
class Cost:
    """What was remembered, and the milliseconds of one post more: from end to end, and of what
    grows with what is remembered. `dearer` is how many times the first size's post it costs."""

    signals: int
    events: int
    posts: int
    kept: int
    joined: int
    post_ms: float
    dearer: float
    group_ms: float
    commit_ms: float
    index_ms: float


class Likened:
    """The step after all others: what the models found is exchanged for what was made up."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, made: Mapping[str, Enrichment]) -> None:
        self._made = made

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        return [
            replace(
                one, vector=made.vector, places=made.places, topics=made.topics, labels=made.labels
            )
            for one, made in zip(known, (self._made[post.id] for post in posts), strict=True)
        ]


class Filled(Measured):
    """A deployment that remembers signals, whose steps were loaded for another."""

    def __init__(self, config: Path, signals: int, likened: Likened) -> None:
        super().__init__(config)
        self.signals = signals
        self.events = 0
        self.loaded: Sequence[Enricher] = ()
        self._likened = likened

    @cached_property
    def steps(self) -> Sequence[Enricher]:
        return self.loaded

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, which tells the grouper nothing at its start: it was told block by block."""
        ledger = super().ledger
        told = {"active": lambda memory: Recalled()}
        return replace(ledger, truth=Watched(ledger.truth, told))  # type: ignore[arg-type]

    @cached_property
    def grouper(self) -> Grouper:
        """The one grouper."""
        return super().open_grouper()

    def open_steps(self) -> Sequence[Enricher]:
        return [*super().open_steps(), self._likened]

    def open_grouper(self) -> Grouper:
        return self.grouper

    def fill(self, now: datetime) -> Iterator[int]:
        """Fill the grouper and the ledger, which is told that the index has seen it all; how many
        signals each block had."""
        ledger, world, last = open_ledger(self.config.data / "ledger.db"), World(now), 0
        for signals in world.blocks(self.signals):
            events = world.events(signals)
            self.grouper.remember(signals, events, ())
            last += len(signals)
            change = Change(last=last, signals=tuple(signals), events=tuple(events))
            ledger.truth.commit([Row(seq=last, at=now, what=Tick(at=now))], change)
            _see(ledger, signals)
            self.events += len(events)
            yield len(signals)
        with ledger.store.writing() as db:
            db.execute("INSERT INTO sqlite_sequence VALUES ('inbox', ?)", (last,))
        ledger.feed.advance(self.follower, last)
        ledger.close()

    def fill_index(self, now: datetime, beside: ProcessPoolExecutor) -> Any:
        """Have another process fill the index of this ledger; a future."""
        ledger = open_ledger(self.config.data / "ledger.db")
        name = ledger.feed.ledger_id()
        ledger.close()
        return beside.submit(index_filled, self.options("embedded"), name, self.signals, now)

    def cost(self, seconds: float, posts: int, first_ms: float | None) -> Cost:
        """What the posts cost, beside what one cost at the first size."""
        with self.ledger.store.reading() as db:
            kept, joined = db.execute(
                "SELECT count(*), total(CAST(event AS INTEGER) <= ?1) FROM signals WHERE seq > ?1",
                (self.signals,),
            ).fetchone()
        post_ms = seconds / posts * 1000
        group_ms, commit_ms, index_ms = (
            self.watch.seconds[name] / posts * 1000 for name in ("group", "commit", "index")
        )
        return Cost(
            signals=self.signals, events=self.events, posts=posts, kept=kept, joined=int(joined),
            post_ms=post_ms, dearer=post_ms / (first_ms or post_ms), group_ms=group_ms,
            commit_ms=commit_ms, index_ms=index_ms,
        )  # fmt: skip


def index_filled(options: embedded.Options, ledger: str, signals: int, now: datetime) -> None:
    """Make the index of that ledger and fill it with the signals that the ledger gets."""
    index, world, last = embedded.open(options), World(now), 0
    index.prepare(ledger)
    for block in world.blocks(signals):
        last += len(block)
        change = Change(last=last, signals=tuple(block), events=tuple(world.events(block)))
        index.write(change)
    index.close()


def _see(ledger: Ledger, signals: Sequence[Signal]) -> None:
    """Have the ledger know that it saw the posts, as it does when it takes them in."""
    with ledger.store.writing() as db:
        db.executemany(
            "INSERT INTO seen VALUES (?, ?, ?, ?, ?)",
            [
                (post.id, post.source, post.digest, signal.seq, stamp(post.collected))
                for signal in signals
                for post in [signal.post]
            ],
        )


def measure(folder: Path, sizes: Sequence[int], bar: Progress) -> list[Cost]:
    """What a post costs at each of the sizes; the posts are relevant ones of the archive in that
    folder of labelled sets."""
    now = datetime.now(UTC)
    texts = [one.text for one in streams(folder, POSTS)[0].examples]
    lines = [
        json.dumps({"id": number, "text": text, "published": now.isoformat()}).encode() + b"\n"
        for number, text in enumerate(texts)
    ]
    made = {named(str(number)): one for number, one in enumerate(thoughts(now, len(texts)))}
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(2, spawn) as beside:
        apps = [
            Filled(lay_out(Path(place) / str(size), lines)[0], size, Likened(made))
            for size in sizes
        ]
        task = bar.add_task("remembered: filling", total=sum(sizes))
        waiting = [app.fill_index(now, beside) for app in reversed(apps)]
        for app in apps:
            for told in app.fill(now):
                bar.advance(task, told)
        for future in waiting:
            future.result()
        bar.update(task, description="remembered: the same posts come at each size")
        steps = steps_of(read_config(apps[0].config.path))
        for start in range(0, len(texts), batch := apps[0].rules.batch):
            warmed(steps, texts[start : start + batch])
        spent = through(apps, steps)
        first_ms = spent[0] / len(texts) * 1000
        costs = [
            app.cost(seconds, len(texts), first_ms)
            for app, seconds in zip(apps, spent, strict=True)
        ]
        for app in apps:
            app.close()
    return costs


def through(apps: Sequence[Filled], steps: Sequence[Enricher]) -> list[float]:
    """The seconds of each deployment, batch by batch in turn."""
    for app in apps:
        app.loaded = steps
        app.following  # noqa: B018 - opens the index
    spent = [0.0] * len(apps)
    turns = [_turns(app) for app in apps]
    going = True
    while going:
        for number, turn in enumerate(turns):
            begun = time.perf_counter()
            going = next(turn, False)
            spent[number] += time.perf_counter() - begun
    return spent


def _turns(app: Filled) -> Iterator[bool]:
    """Take the source in, page by page, as `once` does; stops after each thing done."""
    for _ in app.pipeline.collect(app.config.sources[0]):
        yield True
        while app.pipeline.consume():
            yield True
        app.catch_up()
        yield True


def table(found: Sequence[Cost]) -> Table:
    """The cost at each size, and how many times that at the first it is."""
    title = (
        f"cost of a post from end to end (bar: at most {BAR} times the first): {found[0].posts:,} "
        f"posts, {found[0].kept:,} kept; ledger, grouper and index hold the signals"
    )
    columns = (
        "remembered signals", "events", "joined", "ms a post", "times", "of it grouper",
        "commit", "index",
    )  # fmt: skip
    shown = Table(*columns, title=title)
    for one in found:
        counts = (one.signals, one.events, one.joined)
        times = (one.post_ms, one.dearer, one.group_ms, one.commit_ms, one.index_ms)
        shown.add_row(*(f"{count:,}" for count in counts), *(f"{each:.2f}" for each in times))
    return shown
