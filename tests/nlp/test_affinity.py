"""What the shelf leaves out without reading it, no post could have joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.model import Enrichment, Place, Post, Signal
from nlp.affinity import Limits, Probe, Shelf, margin, probe_of
from nlp.events import Tally

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
LIMITS = Limits(
    threshold=0.45, long_texts=0.2, fade_a_day=0.25, window=timedelta(hours=48),
    memory=timedelta(days=7), carry=timedelta(hours=3), near_m=3_000.0,
    languages=frozenset({"en"}),
)  # fmt: skip


class Town:
    """Posts made up, a few topics, all over a town and four days."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.topics = self.rng.normal(size=(3, 8))

    def signal(self, number: int) -> Signal:
        rng = self.rng
        vector = self.topics[number % 3] + rng.normal(size=8)
        radius = float(rng.choice([500.0, 2_500.0, 25_000.0]))
        lat, lon = 51.5 + rng.normal(0, 0.05), -0.1 + rng.normal(0, 0.05)
        place = Place(
            name="x", start=0, end=1, role="happened", kind="district", lat=lat, lon=lon,
            radius_m=radius, ref=f"{number}", confidence=0.8,
        )  # fmt: skip
        at = NOON + timedelta(hours=float(rng.uniform(0, 96)))
        post = Post(
            id=f"t:{number}", text=f"word {number} " * int(rng.integers(1, 80)), source="chat",
            published=at, collected=at,
        )  # fmt: skip
        enrichment = Enrichment(
            lang=str(rng.choice(["en", "tr"])), labels=(f"T{number % 3}/a",),
            places=(place,) if rng.random() < 0.7 else (),
            vector=(vector / np.linalg.norm(vector)).astype("<f4").tobytes(),
        )  # fmt: skip
        return Signal(
            post=post,
            enrichment=enrichment,
            event="0",
            sources=("chat",),
            arrived=number,
            seq=number,
        )

    def events(self, count: int) -> dict[str, Tally]:
        return {
            str(number): Tally(
                replace(self.signal(3 * place + number % 3), arrived=place)
                for place in range(int(self.rng.integers(1, 4)))
            )
            for number in range(1, count + 1)
        }


def shelved(events: dict[str, Tally]) -> Shelf:
    shelf = Shelf(LIMITS)
    for name, tally in events.items():
        shelf.put(name, tally)
    return shelf


def probes(town: Town, count: int) -> Sequence[Probe]:
    told = [town.signal(number) for number in range(count)]
    return [probe_of(s.post, s.enrichment, NOON + timedelta(hours=96), LIMITS) for s in told]


@pytest.mark.parametrize("seed", range(5))
def test_an_event_that_is_left_out_fits_no_better_than_nothing(seed: int) -> None:
    town = Town(seed)
    events = town.events(8)
    shelf = shelved(events)
    left_out = fitting = 0
    for probe in probes(town, 200):
        near = shelf.near(probe, None)
        for name, tally in events.items():
            fit = margin(probe, tally.sketch(), shelf.centre(name), probe.key in tally.keys, LIMITS)
            fits = fit is not None and fit >= 0 and shelf.eligible(name, probe)
            assert not fits or name in near
            fitting += fits
            left_out += name not in near
    assert fitting
    assert left_out


def test_what_is_weighed_at_once_is_what_is_weighed_alone_whatever_changed_since() -> None:
    town = Town(7)
    events = town.events(300)
    shelf = shelved(events)
    asked = probes(town, 40)
    weighed = shelf.weigh(asked)
    assert weighed is not None
    for name, tally in Town(8).events(60).items():
        shelf.put(name, tally)
    for name in map(str, range(100, 160)):
        shelf.drop(name)
    for probe, likes in zip(asked, weighed, strict=True):
        assert sorted(shelf.near(probe, likes)) == sorted(shelf.near(probe, None))


def test_an_event_without_signals_leaves_and_its_day_with_it() -> None:
    shelf = shelved({"1": Tally([Town(1).signal(0)])})
    shelf.put("1", Tally())
    assert shelf.weigh(probes(Town(1), 3)) is None
