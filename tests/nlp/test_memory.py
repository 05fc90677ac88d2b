"""What the grouper keeps of signals and events, and that keeping them apart changes nothing."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.model import Enrichment, Event, Place, Point, Post, Row, Signal, Stated, Tick
from nlp import group, memory
from nlp.events import Tally
from nlp.kept import Kept
from tests.contracts.test_groupers import sequence, told

NOON = datetime(2026, 3, 14, 12, 30, 15, 250_000, tzinfo=UTC)
TOPICS = {f"Topic/{number}": round(0.0137 * number, 4) for number in range(31)}
CROYDON = Place(
    name="Croydon 🔥", start=4, end=13, role="happened", kind="district",
    lat=51.376, lon=-0.098, radius_m=2500.5, ref="geonames:2651817", confidence=0.1 + 0.2,
)  # fmt: skip


def signal(number: int, words: str = "Smoke over the harbour") -> Signal:
    vector = np.random.default_rng(number).normal(size=384) + 5.0
    vector = (vector / np.linalg.norm(vector)).astype("<f4")
    return Signal(
        post=Post(
            id=f"t:{number}", text=f"{words} {number}", title="Ждите", url=f"https://x.example/{number}",
            source="wire", published=NOON, collected=NOON + timedelta(microseconds=number),
            edited=NOON, author=f"p{number}", point=Point(lat=51.3, lon=-0.1), voice="media",
            media=("a.jpg",), stated=Stated(topics=("Fire",)), digest=f"{number:064x}",
        ),
        enrichment=Enrichment(
            lang="en", relevance=0.7099, relevant=True, topics=TOPICS, labels=("Fire",),
            severity="Severe", places=(CROYDON,), vector=vector.tobytes(),
            models={"encode": "all-MiniLM-L6-v2@53aa5117 bfloat16"},
        ),
        event="7", sources=("wire", "chat"), arrived=number, seq=number + 1, hold=True,
    )  # fmt: skip


def test_signals_come_back_as_they_were_put_away() -> None:
    kept = Kept()
    many = [
        signal(1),
        replace(signal(2), enrichment=Enrichment(), hold=False),
        signal(3, "x" * 9000),
    ]
    for one in many:
        kept.put(one)
    assert [kept.get(one.post.id) for one in many] == many
    assert kept.home("t:3") == "7"
    kept.drop("t:3")
    assert (kept.get("t:3"), kept.home("t:3"), "t:3" in kept) == (None, None, False)
    assert kept.posts("7") == ("t:1", "t:2")
    assert kept.signals("7") == many[:2]
    assert kept.posts_by("p2") == ("t:2",)


def test_a_signal_put_away_again_takes_the_place_of_the_former() -> None:
    kept = Kept()
    kept.put(signal(1))
    edited = replace(signal(1, "Fire at the harbour"), event="9")
    kept.put(edited)
    assert kept["t:1"] == edited
    assert kept.home("t:1") == "9"


def test_an_event_comes_back_as_it_was_put_away() -> None:
    event = Event(
        id="7", seq=12, title="Дым", texts=("Smoke", "дым"), first=NOON, last=NOON, size=2,
        sources={"wire": 2}, topics={"Fire": 1}, langs={"und": 1}, severity="Minor",
        certainty="Likely", place=CROYDON, phase="quiet", verdict="confirmed", hold=True,
    )  # fmt: skip
    kept = Kept()
    kept.put_event(Event(id="7", seq=12), None)
    assert kept.event("7") == Event(id="7", seq=12)
    sketch = Tally([signal(1), signal(2)]).sketch()
    kept.put_event(event, sketch)
    assert kept.event("7") == event
    assert kept.sketch("7") == sketch


@pytest.mark.parametrize("seed", range(12))
def test_how_many_events_are_at_hand_changes_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, known = sequence(seed, 150)
    all_at_hand = told("group", rows, known, [7], 0)
    monkeypatch.setattr(memory, "AT_HAND", 1)
    one_at_hand = told("group", rows, known, [7], 0)
    assert one_at_hand.events == all_at_hand.events
    assert one_at_hand.signals == all_at_hand.signals
    assert one_at_hand.decided == all_at_hand.decided


def test_a_remembered_signal_costs_less_than_its_vector() -> None:
    grouper = group.open(group.Options())

    def held() -> int:
        return tracemalloc.get_traced_memory()[0]

    def take(rows: Iterable[int]) -> None:
        for number in rows:
            one = signal(number)
            grouper([Row(seq=number, at=NOON, what=one.post)], [one.enrichment])

    tracemalloc.start()
    try:
        take(range(1, 101))
        before = held()
        take(range(101, 301))
        grown = held() - before
    finally:
        tracemalloc.stop()
    assert grown < 200 * len(signal(1).enrichment.vector)
    assert grouper.holds("1")
    assert not grouper.holds("2")


def test_what_is_too_old_for_any_post_leaves_nothing_behind() -> None:
    grouper = group.open(group.Options())
    for number in range(1, 40):
        one = signal(number)
        grouper([Row(seq=number, at=NOON, what=one.post)], [one.enrichment])
    late = NOON + timedelta(days=30)
    for seq in (40, 41):
        grouper([Row(seq=seq, at=late, what=Tick(at=late))], [None])
    assert not any(grouper.holds(str(number)) for number in range(1, 40))
