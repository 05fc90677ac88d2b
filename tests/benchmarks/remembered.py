"""What a post costs the grouper that remembers a thousand signals, a hundred thousand, a million.

The signals are made up by a seeded generator: events of seven days in forty cities, mostly small, a
few large; a vector has something of all, of its topic and of its event, so that cosines lie where
those of tweets lie. At each size the same new posts come, half of them of events that are there, in
batches as `consume` cuts them; then they are taken back. `python -m tests.benchmarks remembered`
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress
from rich.table import Table

from monitor.model import Enrichment, Event, Gone, Place, Post, Row, Signal
from nlp import group
from nlp.group import Group

SIZES = (1_000, 100_000, 1_000_000)
POSTS = 1_000
BATCH = 64
BLOCK = 20_000
"""Signals that are made up and told at once."""
DIM = 384
CITIES = 40
NEWER = 10**9
"""Rows of the new posts are numbered from here."""
START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=7)
LABELS = tuple(f"Topic{number}/finer" for number in range(30))
SHARES = {"all": 0.08, "topic": 0.22, "event": 0.40, "own": 0.30}
"""Of a vector's square: unrelated posts have a cosine of 0.08, those of a topic 0.3, of an event
0.7."""
TOPICS = {label: round(0.013 * number, 4) for number, label in enumerate(LABELS)}
WORDS = 20_000
BAR = 1.5


@dataclass(frozen=True)
class Cost:
    """What was remembered, and the milliseconds of the grouper for one post more: by the clock, and
    of processor time."""

    signals: int
    events: int
    joined: int
    post_ms: float
    post_cpu_ms: float
    worst_batch_ms: float


@dataclass(frozen=True)
class Happenings:
    """The events of seven days as arrays, one entry an event: how many signals, when, where, of
    which topic, and its direction."""

    sizes: NDArray[np.int64]
    begun_s: NDArray[np.float64]
    lasted_s: NDArray[np.float64]
    where: NDArray[np.float64]
    topic: NDArray[np.int64]


class World:
    """Signals made up: topics and cities are always the same, the rest goes by the seed."""

    def __init__(self, seed: int = 5) -> None:
        self.rng = np.random.default_rng(1)
        self._all = self.directions(1)[0]
        self._topics = self.directions(len(LABELS))
        self._cities = np.column_stack(
            [self.rng.uniform(36, 55, size=CITIES), self.rng.uniform(-9, 25, size=CITIES)]
        )
        self.rng = np.random.default_rng(seed)
        self._seq = 0

    def happenings(self, signals: int) -> Happenings:
        """Events that have so many signals together: one in two has one, the largest 300."""
        sizes = np.minimum(self.rng.zipf(1.8, size=signals), 300)
        count = int(np.searchsorted(np.cumsum(sizes), signals)) + 1
        sizes = sizes[:count]
        sizes[-1] -= sizes.sum() - signals
        return Happenings(
            sizes=sizes,
            begun_s=self.rng.uniform(0, 7 * 86_400, size=count),
            lasted_s=self.rng.exponential(6 * 3_600, size=count),
            where=self.spots(count),
            topic=self.rng.integers(len(LABELS), size=count),
        )

    def spots(self, count: int) -> NDArray[np.float64]:
        """Latitudes and longitudes in the cities."""
        spread = self.rng.normal(0, 0.1, size=(count, 2))
        found: NDArray[np.float64] = self._cities[self.rng.integers(CITIES, size=count)] + spread
        return found

    def told(self, every: Happenings) -> Iterator[list[Signal]]:
        """The signals of all events, whole events at a time."""
        ends = np.cumsum(every.sizes)
        start = 0
        while start < len(ends):
            base = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, base + BLOCK)))
            yield self._signals(every, np.arange(start, stop))
            start = stop

    def _signals(self, every: Happenings, events: NDArray[np.int64]) -> list[Signal]:
        centres = self.directions(len(events))
        of = np.repeat(np.arange(len(events)), every.sizes[events])
        vectors = self.vectors(every.topic[events][of], centres[of])
        moments = every.begun_s[events][of] + self.rng.random(len(of)) * every.lasted_s[events][of]
        moments = np.minimum(moments, 7 * 86_400 - 60)
        order = np.lexsort((moments, of))
        made = []
        names: dict[int, str] = {}
        for at in order:
            self._seq += 1
            event = int(events[of[at]])
            name = names.setdefault(event, str(self._seq))
            moment = START + timedelta(seconds=float(moments[at]))
            post, enrichment = self.post(
                f"old:{self._seq}", moment, every.where[event], int(every.topic[event]), vectors[at]
            )
            made.append(
                Signal(
                    post=post, enrichment=enrichment, event=name, sources=(post.source,),
                    arrived=self._seq, seq=self._seq,
                )
            )  # fmt: skip
        return made

    def vectors(
        self, topics: NDArray[np.int64], centres: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """A unit vector for each topic and event's direction."""
        weights = {name: share**0.5 for name, share in SHARES.items()}
        found = weights["all"] * self._all + weights["topic"] * self._topics[topics]
        found = found + weights["event"] * centres + weights["own"] * self.directions(len(topics))
        unit: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit.astype("<f4")

    def post(
        self,
        name: str,
        at: datetime,
        where: Sequence[float],
        topic: int,
        vector: NDArray[np.float32],
    ) -> tuple[Post, Enrichment]:
        """A post of that moment; two in three name a place."""
        rng = self.rng
        words = " ".join(f"w{word}" for word in rng.integers(WORDS, size=18))
        lat, lon = (float(degrees + rng.normal(0, 0.003)) for degrees in where)
        place = Place(
            name="Street", start=0, end=6, role="happened", kind="street", lat=round(lat, 3),
            lon=round(lon, 3), radius_m=500.0, ref="", confidence=0.7,
        )  # fmt: skip
        post = Post(
            id=name, text=words, source=f"source-{topic}", published=at, collected=at,
            author=f"p{rng.integers(200_000)}", voice="citizen", digest=name,
        )  # fmt: skip
        return post, Enrichment(
            lang="en", relevance=0.9, relevant=True, topics=TOPICS, labels=(LABELS[topic],),
            severity="Moderate", places=(place,) if rng.random() < 2 / 3 else (),
            vector=vector.tobytes(), models={"encode": "made up"},
        )  # fmt: skip

    def directions(self, count: int) -> NDArray[np.float32]:
        """Unit vectors without a common direction."""
        found = self.rng.standard_normal((count, DIM), dtype=np.float32)
        unit: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit


def event(signals: Sequence[Signal]) -> Event:
    """The value that the ledger holds of an event."""
    first, last = signals[0], signals[-1]
    return Event(
        id=first.event, seq=last.seq, title=first.post.text[:60],
        texts=tuple(signal.post.text for signal in signals[:50]), first=first.post.published,
        last=last.post.published, size=len(signals), sources={first.post.source: len(signals)},
        topics={first.enrichment.labels[0]: len(signals)}, langs={"en": len(signals)},
        place=None, phase="quiet" if last.post.published > NOW - timedelta(days=2) else "closed",
    )  # fmt: skip


def by_event(signals: Sequence[Signal]) -> list[Event]:
    """The events of some signals, which stand event by event."""
    every: dict[str, list[Signal]] = {}
    for signal in signals:
        every.setdefault(signal.event, []).append(signal)
    return [event(mine) for mine in every.values()]


def new_posts(old: Sequence[Signal]) -> list[tuple[Post, Enrichment]]:
    """Posts after all others: every second one of an event of the last day, the rest of none."""
    world = World(seed=11)
    topics = world.rng.integers(len(LABELS), size=POSTS)
    vectors, spots = world.vectors(topics, world.directions(POSTS)), world.spots(POSTS)
    lately = [signal for signal in old if signal.post.published > NOW - timedelta(days=1)]
    turned = world.directions(POSTS)
    found = []
    for number in range(POSTS):
        at = NOW + timedelta(seconds=number)
        name, topic = f"new:{number}", int(topics[number])
        post, enrichment = world.post(name, at, spots[number], topic, vectors[number])
        if number % 2 and lately:
            like = lately[number % len(lately)].enrichment
            near = 0.85 * np.frombuffer(like.vector, "<f4") + 0.5 * turned[number]
            vector = (near / np.linalg.norm(near)).astype("<f4").tobytes()
            enrichment = replace(enrichment, vector=vector, places=like.places, labels=like.labels)
        found.append((post, enrichment))
    return found


def measure(sizes: Sequence[int], bar: Progress) -> list[Cost]:
    """The cost at each of the growing sizes; at the first of them the posts come once before, that
    whatever is made only once is there."""
    task = bar.add_task("remembered", total=max(sizes))
    grouper, world = group.open(group.Options()), World()
    found: list[Cost] = []
    posts: list[tuple[Post, Enrichment]] = []
    held = events = 0
    for size in sorted(sizes):
        for signals in world.told(world.happenings(size - held)):
            whole = by_event(signals)
            grouper.remember(signals, whole, ())
            events += len(whole)
            bar.advance(task, len(signals))
            if not posts:
                posts = new_posts(signals)
        held = size
        if not found:
            cost(grouper, posts, size, events, first=NEWER)
        found.append(cost(grouper, posts, size, events, first=NEWER * (2 + len(found))))
    return found


def cost(
    grouper: Group, posts: Sequence[tuple[Post, Enrichment]], size: int, events: int, first: int
) -> Cost:
    """Tell it the posts, in rows from the first number on, then that they were taken back."""
    took, joined, busy = [], 0, 0.0
    for start in range(0, len(posts), BATCH):
        batch = posts[start : start + BATCH]
        rows = [
            Row(seq=first + start + number, at=post.collected, what=post)
            for number, (post, _) in enumerate(batch)
        ]
        begun, worked = time.perf_counter(), time.process_time()
        change = grouper(rows, [enrichment for _, enrichment in batch])
        took.append(time.perf_counter() - begun)
        busy += time.process_time() - worked
        joined += sum(int(signal.event) < NEWER for signal in change.signals)
    gone = Gone(ids=tuple(post.id for post, _ in posts), reason="deleted")
    at = NOW + timedelta(seconds=len(posts))
    grouper([Row(seq=first + len(posts), at=at, what=gone)], [None])
    return Cost(
        signals=size, events=events, joined=joined,
        post_ms=sum(took) / len(posts) * 1000, post_cpu_ms=busy / len(posts) * 1000,
        worst_batch_ms=max(took) * 1000,
    )  # fmt: skip


def dearer(one: Cost, first: Cost, others_ms: float) -> float:
    """How many times the first a post costs, with the milliseconds of the other steps."""
    return (one.post_ms + others_ms) / (first.post_ms + others_ms)


def table(found: Sequence[Cost], others_ms: float | None) -> Table:
    """The cost at each size, and how many times that at the first it is; with the milliseconds of
    the other steps too, where they are known."""
    title = f"cost of a post (bar: at most {BAR} times the first)"
    columns = [
        "remembered signals",
        "events",
        "joined",
        "ms of the grouper",
        "times",
        "cpu ms",
        "worst batch ms",
    ]
    shown = Table(*columns, *(["ms with all steps", "times"] if others_ms else []), title=title)
    for one in found:
        cells = [
            f"{one.signals:,}", f"{one.events:,}", f"{one.joined:,}", f"{one.post_ms:.2f}",
            f"{dearer(one, found[0], 0.0):.2f}", f"{one.post_cpu_ms:.2f}",
            f"{one.worst_batch_ms:.0f}",
        ]  # fmt: skip
        if others_ms:
            whole = one.post_ms + others_ms
            cells += [f"{whole:.2f}", f"{dearer(one, found[0], others_ms):.2f}"]
        shown.add_row(*cells)
    return shown
