"""The promise of a grouper: what it says is a function of the sequence, however it is cut and
however often the grouper is made anew from what the ledger holds."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from monitor.model import (
    Change,
    Decided,
    Decision,
    Enrichment,
    Event,
    Gone,
    Place,
    Point,
    Post,
    Row,
    Signal,
    Stated,
    Tick,
)
from monitor.ports import Grouper

GROUPERS = ("group",)
START = datetime(2026, 3, 14, tzinfo=UTC)


class Ledger:
    """Signals, events and decisions as they are after the changes so far."""

    def __init__(self) -> None:
        self.signals: dict[str, Signal] = {}
        self.events: dict[str, Event] = {}
        self.decided: dict[int, Decided] = {}
        self.consumed_at = START

    def commit(self, rows: Sequence[Row], change: Change) -> None:
        for values in (change.signals, change.events, change.decided):
            names = [v.post.id if isinstance(v, Signal) else str(v) for v in values]
            assert len(set(names)) == len(names)
        assert not {s.post.id for s in change.signals} & set(change.gone)
        assert change.last == rows[-1].seq
        self.signals |= {signal.post.id: signal for signal in change.signals}
        self.events |= {event.id: event for event in change.events}
        self.decided |= {done.seq: done for done in change.decided}
        for post in change.gone:
            self.signals.pop(post, None)
        self.consumed_at = rows[-1].at

    def whole(self, names: Iterable[str]) -> tuple[list[Signal], list[Event], list[Decided]]:
        told = set(names)
        signals = sorted(self.signals.values(), key=lambda signal: signal.arrived)
        return (
            [signal for signal in signals if signal.event in told],
            [self.events[name] for name in sorted(told) if name in self.events],
            [d for _, d in sorted(self.decided.items()) if d.event in told or str(d.seq) in told],
        )

    def active(self, memory: timedelta) -> set[str]:
        since = self.consumed_at - memory
        recent = {s.event for s in self.signals.values() if s.post.collected >= since}
        return recent | {e.id for e in self.events.values() if e.phase != "closed"}

    def concerned(self, rows: Sequence[Row]) -> set[str]:
        return {name for row in rows for name in self._concerned(row.what)}

    def _concerned(self, what: object) -> set[str]:
        if isinstance(what, Post):
            return self._homes((what.id, what.repost_of))
        if isinstance(what, Gone):
            authors = {s.event for s in self.signals.values() if s.post.author in what.authors}
            return self._homes(what.ids) | authors
        if not isinstance(what, Decision):
            return set()
        found = self._homes((what.target, *what.anchors, *what.value))
        found |= self._chain((what.target, *what.value))
        former = self.decided.get(int(what.value[0])) if what.verdict == "undo" else None
        if former:
            found |= self._homes(former.moved)
            found |= self._chain((former.event, *former.moved.values(), str(former.seq)))
        return found

    def _homes(self, posts: Iterable[str]) -> set[str]:
        return {self.signals[post].event for post in posts if post in self.signals}

    def _chain(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            while name in self.events and name not in found:
                found.add(name)
                name = self.events[name].merged_into
        return found


def told(
    name: str, rows: Sequence[Row], known: dict[int, Enrichment], cuts: Sequence[int], anew: int
) -> Ledger:
    """The ledger after the rows, cut at `cuts`, with a new grouper before every `anew`-th call."""
    ledger, grouper = Ledger(), opened(name)
    for number, batch in enumerate(batches(rows, cuts)):
        if anew and number % anew == 0:
            grouper = opened(name)
            grouper.remember(*ledger.whole(ledger.active(grouper.memory)))
        missing = [e for e in sorted(ledger.concerned(batch)) if not grouper.holds(e)]
        grouper.remember(*ledger.whole(missing))
        ledger.commit(batch, grouper(batch, [known.get(row.seq) for row in batch]))
    return ledger


def batches(rows: Sequence[Row], cuts: Sequence[int]) -> list[list[Row]]:
    """Posts in runs of the sizes of `cuts`, over and over; every other row by itself."""
    found: list[list[Row]] = []
    limit = 0
    for row in rows:
        post = isinstance(row.what, Post)
        if post and found and isinstance(found[-1][0].what, Post) and len(found[-1]) < limit:
            found[-1].append(row)
        else:
            found.append([row])
            limit = cuts[len(found) % len(cuts)]
    return found


def opened(name: str) -> Grouper:
    part = import_module(f"nlp.{name}")
    grouper: Grouper = part.open(part.Options())
    return grouper


TEXTS = ("smoke over the harbour and sirens all along the quay", "a crash on the bridge", "hi")
SPOTS = (
    ("Hackney", 51.545, -0.055, 2500.0),
    ("Dalston", 51.546, -0.075, 800.0),
    ("Croydon", 51.37, -0.1, 3000.0),
    ("London", 51.507, -0.128, 25000.0),
)
VERDICTS = ("confirm", "dismiss", "topic", "place", "hold", "note") + ("merge", "split", "undo") * 2


class City:
    """A lively city: posts on a few themes at a few places over days, their edits, copies and
    deletions, decisions that often make sense, and ticks."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.themes = self.noise.normal(size=(5, 12))
        self.known: dict[int, Enrichment] = {}
        self.posts: list[str] = []
        self.made: list[str] = []
        self.at, self.seq = START, 0

    def row(self) -> Row:
        self.seq += 1
        self.at += timedelta(minutes=self.dice.choice([0, 1, 7, 40, 400]))
        roll = self.dice.random()
        what: Post | Decision | Tick | Gone
        if roll < 0.75 or not self.posts:
            what = self.post()
        elif roll < 0.88:
            what = self.decision()
        else:
            what = Tick(at=self.at) if roll < 0.93 else self.gone()
        return Row(seq=self.seq, at=self.at, what=what)

    def post(self) -> Post:
        dice = self.dice
        again = self.posts and dice.random() < 0.25
        name = dice.choice(self.posts) if again else str(self.seq)
        self.posts.append(name)
        if dice.random() < 0.95:
            self.known[self.seq] = self.enrichment()
        return Post(
            id=f"t:{name}",
            text=f"{dice.choice(TEXTS)} {dice.choice(['', self.seq])}",
            title=dice.choice(["", "", f"Title {self.seq}"]),
            source=dice.choice("abc"),
            published=self.at - timedelta(hours=dice.choice([0, 0, 0, 1, 30])),
            collected=self.at,
            dated=dice.random() < 0.9,
            author=dice.choice(["", "p1", "p2", "p3", "p4"]),
            voice=dice.choice(["citizen", "citizen", "media", "official", "unknown"]),
            repost_of=f"t:{dice.choice(self.posts)}" if dice.random() < 0.1 else "",
            point=Point(lat=51.5, lon=-0.1) if dice.random() < 0.1 else None,
            stated=Stated(severity="Severe") if dice.random() < 0.1 else None,
            digest=dice.choice("12"),
        )

    def enrichment(self) -> Enrichment:
        dice = self.dice
        vector = self.themes[dice.randrange(5)] + 0.6 * self.noise.normal(size=12)
        vector = (vector / np.linalg.norm(vector)).astype("<f4")
        return Enrichment(
            lang=dice.choice(["en", "en", "es"]),
            labels=dice.choice([(), ("Fire",), ("Fire", "Fire/building"), ("Transport",)]),
            severity=dice.choice(["Unknown", "Minor", "Extreme"]),
            places=tuple(
                Place(name=n, start=0, end=1, role="happened", kind="city", lat=lat, lon=lon,
                      radius_m=r, ref=f"geonames:{n}", confidence=round(dice.random(), 2))
                for n, lat, lon, r in dice.sample(SPOTS, dice.choice([0, 1, 2]))
            ),
            vector=vector.tobytes() if dice.random() < 0.9 else b"",
        )  # fmt: skip

    def decision(self) -> Decision:
        dice = self.dice
        verdict = dice.choice(VERDICTS)
        some = [f"t:{dice.choice(self.posts)}" for _ in range(dice.randrange(1, 6))]
        value = {
            "merge": (self.number(),),
            "split": tuple(some),
            "topic": (dice.choice(["Fire", "Security/theft", "nonsense"]),),
            "place": dice.choice([("51.5", "-0.1", "Bank"), ("north", "1")]),
            "note": ("seen",),
            "undo": (dice.choice(self.made or ["1"]),),
        }.get(verdict, ())
        self.made.append(str(self.seq))
        return Decision(
            target=dice.choice([self.number(), *some]) if verdict == "hold" else self.number(),
            verdict=verdict,
            value=value,
            anchors=tuple(dice.choice([[], [], [], some])),
        )

    def number(self) -> str:
        return self.dice.choice([*self.posts, *self.posts, *self.made])

    def gone(self) -> Gone:
        if self.dice.random() < 0.2:
            return Gone(authors=("p1",), reason="account")
        why = self.dice.choice(["deleted", "expired"])
        return Gone(ids=(f"t:{self.dice.choice(self.posts)}",), reason=why)


def sequence(seed: int, length: int) -> tuple[list[Row], dict[int, Enrichment]]:
    city = City(seed)
    return [city.row() for _ in range(length)], city.known


@pytest.mark.parametrize("name", GROUPERS)
@settings(max_examples=30, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(1, 90), min_size=1, max_size=5),
    anew=st.integers(0, 4),
)
def test_the_ledger_does_not_depend_on_how_the_sequence_is_cut(
    name: str, seed: int, cuts: list[int], anew: int
) -> None:
    rows, known = sequence(seed, 120)
    undisturbed = told(name, rows, known, [1], 0)
    cut = told(name, rows, known, cuts, anew)
    assert cut.events == undisturbed.events
    assert cut.signals == undisturbed.signals
    assert cut.decided == undisturbed.decided


@pytest.mark.parametrize("name", GROUPERS)
@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(seed=st.integers(0, 2**32))
def test_every_event_can_be_told_again_from_what_the_ledger_holds(name: str, seed: int) -> None:
    rows, known = sequence(seed, 80)
    ledger = told(name, rows, known, [7], 0)
    for event in ledger.events.values():
        members = [s for s in ledger.signals.values() if s.event == event.id]
        assert event.size == len(members)
        assert event.seq <= rows[-1].seq
    homes = {signal.event for signal in ledger.signals.values()}
    assert homes == {event.id for event in ledger.events.values() if event.size}


@pytest.mark.parametrize("name", GROUPERS)
def test_telling_again_what_is_known_changes_nothing(name: str) -> None:
    rows, known = sequence(3, 60)
    ledger = told(name, rows, known, [64], 0)
    grouper = opened(name)
    for _ in range(2):
        grouper.remember(*ledger.whole(ledger.events))
    tick = Row(seq=61, at=rows[-1].at, what=Tick(at=rows[-1].at))
    first = grouper([tick], [None])
    grouper.remember(*ledger.whole(ledger.events))
    again = grouper([replace(tick, seq=62)], [None])
    assert (again.signals, again.events, again.gone) == ((), (), ())
    assert first.signals == ()


@pytest.mark.parametrize("name", GROUPERS)
def test_an_event_is_held_until_it_is_too_old_for_any_post(name: str) -> None:
    grouper = opened(name)
    post = Post(id="t:1", text="smoke", source="a", published=START, collected=START)
    grouper([Row(seq=1, at=START, what=post)], [Enrichment()])
    assert grouper.holds("1")
    later = START + grouper.memory + timedelta(hours=1)
    grouper([Row(seq=2, at=later, what=Tick(at=later))], [None])
    assert not grouper.holds("1")
