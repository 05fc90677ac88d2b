"""Signals of seven days, made up by a seeded generator, for what is measured by how much is
remembered.

Events lie in forty cities, mostly small, a few large; a vector has something of all, of its topic
and of its event, so that cosines lie where those of tweets lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.model import Enrichment, Event, Place, Post, Signal

FIRST = 1_000
"""So many signals are the same, however many come after them."""
BLOCK = 20_000
"""Signals that are made up and told at once."""
DAYS = 7
DIM = 384
CITIES = 40
LABELS = tuple(f"Topic{number}/finer" for number in range(30))
SHARES = {"all": 0.08, "topic": 0.22, "event": 0.40, "own": 0.30}
"""Of a vector's square: unrelated posts have a cosine of 0.08, those of a topic 0.3, of an event
0.7."""
TOPICS = {label: round(0.013 * number, 4) for number, label in enumerate(LABELS)}
WORDS = 20_000


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
    """Signals made up, which end at a moment: topics and cities are always the same, the rest goes
    by the seed."""

    def __init__(self, now: datetime, seed: int = 5) -> None:
        self.now = now
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
            begun_s=self.rng.uniform(0, DAYS * 86_400, size=count),
            lasted_s=self.rng.exponential(6 * 3_600, size=count),
            where=self.spots(count),
            topic=self.rng.integers(len(LABELS), size=count),
        )

    def spots(self, count: int) -> NDArray[np.float64]:
        """Latitudes and longitudes in the cities."""
        spread = self.rng.normal(0, 0.1, size=(count, 2))
        found: NDArray[np.float64] = self._cities[self.rng.integers(CITIES, size=count)] + spread
        return found

    def blocks(self, signals: int) -> Iterator[list[Signal]]:
        """So many signals of whole events, block by block."""
        first = min(FIRST, signals)
        for count in filter(None, (first, signals - first)):
            yield from self.told(self.happenings(count))

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
        moments = np.minimum(moments, DAYS * 86_400 - 60)
        order = np.lexsort((moments, of))
        made = []
        names: dict[int, str] = {}
        for at in order:
            self._seq += 1
            event = int(events[of[at]])
            name = names.setdefault(event, str(self._seq))
            moment = self.now - timedelta(days=DAYS, seconds=-float(moments[at]))
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

    def events(self, signals: Sequence[Signal]) -> list[Event]:
        """The events of signals that stand event by event."""
        every: dict[str, list[Signal]] = {}
        for signal in signals:
            every.setdefault(signal.event, []).append(signal)
        return [self._event(mine) for mine in every.values()]

    def _event(self, signals: Sequence[Signal]) -> Event:
        first, last = signals[0], signals[-1]
        lately = last.post.published > self.now - timedelta(days=2)
        return Event(
            id=first.event, seq=last.seq, title=first.post.text[:60],
            texts=tuple(signal.post.text for signal in signals[:50]), first=first.post.published,
            last=last.post.published, size=len(signals), sources={first.post.source: len(signals)},
            topics={first.enrichment.labels[0]: len(signals)}, langs={"en": len(signals)},
            place=None, phase="quiet" if lately else "closed",
        )  # fmt: skip


def thoughts(now: datetime, posts: int) -> list[Enrichment]:
    """What is thought of posts after all signals: every second one lies near one of an event of the
    last day, the rest near none."""
    old = next(World(now).blocks(FIRST))
    lately = [signal for signal in old if signal.post.published > now - timedelta(days=1)]
    world = World(now, seed=11)
    topics = world.rng.integers(len(LABELS), size=posts)
    vectors, spots = world.vectors(topics, world.directions(posts)), world.spots(posts)
    turned = world.directions(posts)
    found = []
    for number, topic in enumerate(topics):
        _, enrichment = world.post("", now, spots[number], int(topic), vectors[number])
        if number % 2 and lately:
            like = lately[number % len(lately)].enrichment
            near = 0.85 * np.frombuffer(like.vector, "<f4") + 0.5 * turned[number]
            vector = (near / np.linalg.norm(near)).astype("<f4").tobytes()
            enrichment = replace(enrichment, vector=vector, places=like.places, labels=like.labels)
        found.append(enrichment)
    return found
