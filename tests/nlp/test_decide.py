"""What people's decisions do to events, and that the machine respects them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.model import Decided, Decision, Enrichment, Event, Gone, Post, Row, Said, Signal, Tick
from nlp import group
from nlp.group import Group

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


class Desk:
    """A person at a grouper: two fires of two posts each, `t:1` and `t:2` in event 1, `t:3` and
    `t:4` in event 3."""

    def __init__(self) -> None:
        self.grouper: Group = group.open(group.Options())
        self.seq = 0
        self.signals: dict[str, Signal] = {}
        self.events: dict[str, Event] = {}
        self.decided: dict[int, Decided] = {}
        for axis in (0, 0, 1, 1):
            self.post(axis)

    def post(self, axis: int, name: str = "", digest: str = "", after_h: float = 0) -> Signal:
        vector = np.zeros(4, dtype="<f4")
        vector[axis] = 1
        name = name or f"t:{self.seq + 1}"
        at = NOON + timedelta(hours=after_h)
        post = Post(id=name, text=f"fire {self.seq} {digest}", source="chat", published=at,
                    collected=at, author=f"p{self.seq}", digest=digest)  # fmt: skip
        self.row(post, Enrichment(labels=("Fire",), vector=vector.tobytes()), at)
        return self.signals[name]

    def say(
        self, verdict: Said, target: str = "1", *value: str, anchors: tuple[str, ...] = ()
    ) -> Decided:
        self.row(Decision(target=target, verdict=verdict, value=value, anchors=anchors, by="ann"))
        return self.decided[self.seq]

    def row(
        self,
        what: Post | Decision | Gone | Tick,
        known: Enrichment | None = None,
        at: datetime = NOON,
    ) -> None:
        self.seq += 1
        change = self.grouper([Row(seq=self.seq, at=at, what=what)], [known])
        self.signals |= {signal.post.id: signal for signal in change.signals}
        self.events |= {event.id: event for event in change.events}
        self.decided |= {done.seq: done for done in change.decided}
        for post in change.gone:
            del self.signals[post]

    def restart(self) -> None:
        self.grouper = group.open(group.Options())
        self.grouper.remember(self.signals.values(), self.events.values(), self.decided.values())

    def homes(self) -> dict[str, str]:
        return {post: signal.event for post, signal in self.signals.items()}


@pytest.fixture
def desk() -> Desk:
    return Desk()


APART = {"t:1": "1", "t:2": "1", "t:3": "3", "t:4": "3"}


def test_a_verdict_is_a_persons_and_outlives_posts_and_restarts(desk: Desk) -> None:
    assert desk.homes() == APART
    assert desk.say("confirm").outcome == "applied"
    assert (desk.events["1"].verdict, desk.events["1"].seq) == ("confirmed", 5)
    desk.restart()
    desk.post(0)
    assert (desk.events["1"].verdict, desk.events["1"].size) == ("confirmed", 3)
    desk.say("dismiss")
    assert desk.events["1"].verdict == "dismissed"
    desk.say("undo", "1", "7")
    assert desk.events["1"].verdict == "confirmed"
    assert desk.decided[7].undone == 8


def test_a_decision_that_changes_nothing_gives_the_event_no_number(desk: Desk) -> None:
    desk.say("confirm")
    desk.say("confirm")
    desk.say("note", "1", "called the station")
    assert desk.events["1"].seq == 5
    assert desk.decided[7].decision.value == ("called the station",)


def test_a_decision_follows_the_posts_that_the_person_saw(desk: Desk) -> None:
    done = desk.say("confirm", "1", anchors=("t:3", "t:4", "t:1"))
    assert (done.outcome, done.event) == ("applied", "3")
    assert (desk.events["1"].verdict, desk.events["3"].verdict) == ("none", "confirmed")


def test_a_decision_whose_posts_are_elsewhere_now_is_stale(desk: Desk) -> None:
    done = desk.say("confirm", "1", anchors=("t:1", "t:9", "t:8"))
    assert done.outcome == "stale"
    assert done.reason
    assert desk.events["1"].verdict == "none"


@pytest.mark.parametrize(
    ("verdict", "target", "value"),
    [
        ("confirm", "77", ()),
        ("merge", "1", ("1",)),
        ("merge", "1", ("77",)),
        ("merge", "1", ()),
        ("split", "1", ("t:1", "t:2")),
        ("split", "1", ("t:3",)),
        ("topic", "1", ("Nonsense/x",)),
        ("place", "1", ("north", "2")),
        ("place", "1", ("91", "2")),
        ("place", "1", ("nan", "2")),
        ("hold", "t:99", ()),
        ("undo", "1", ("99",)),
        ("undo", "1", ("minus one",)),
        ("undo", "1", ("9" * 5000,)),
    ],
)
def test_nonsense_is_refused_with_a_reason_and_changes_nothing(
    desk: Desk, verdict: Said, target: str, value: tuple[str, ...]
) -> None:
    before = dict(desk.events), dict(desk.signals)
    done = desk.say(verdict, target, *value)
    assert done.outcome == "refused"
    assert done.reason
    assert (desk.events, desk.signals) == before


def test_a_merge_moves_all_and_leaves_a_bare_event_that_points_to_it(desk: Desk) -> None:
    desk.say("dismiss", "3")
    done = desk.say("merge", "1", "3")
    assert done.moved == {"t:3": "3", "t:4": "3"}
    assert set(desk.homes().values()) == {"1"}
    assert desk.events["3"] == Event(id="3", seq=6, verdict="dismissed", merged_into="1")
    assert (desk.events["1"].size, desk.events["1"].verdict) == (4, "none")
    assert desk.say("confirm", "3").event == "1"


def test_an_undone_merge_gives_the_old_event_back_as_it_was(desk: Desk) -> None:
    before = desk.events["3"]
    desk.say("merge", "1", "3")
    desk.restart()
    desk.post(1)
    assert desk.homes()["t:6"] == "1"
    desk.say("undo", "1", "5")
    assert desk.events["3"] == replace(before, seq=7)
    assert desk.homes() == {**APART, "t:6": "1"}
    assert desk.decided[5].undone == 7
    assert desk.say("undo", "1", "5").outcome == "refused"
    assert desk.say("undo", "1", "7").outcome == "refused"


def test_a_split_founds_an_event_of_its_own_number_and_can_be_undone(desk: Desk) -> None:
    done = desk.say("split", "1", "t:2")
    assert done.moved == {"t:2": "1"}
    assert desk.homes() == {**APART, "t:2": "5"}
    assert (desk.events["5"].size, desk.events["1"].size) == (1, 1)
    desk.say("undo", "1", "5")
    assert desk.homes() == APART
    assert desk.events["5"] == Event(id="5", seq=6, merged_into="1")


def test_a_merge_whose_posts_were_split_off_since_is_undone_after_the_split(desk: Desk) -> None:
    desk.say("merge", "1", "3")
    desk.say("split", "1", "t:3", "t:4")
    assert desk.say("undo", "1", "5").outcome == "refused"
    desk.say("undo", "1", "6")
    desk.say("undo", "1", "5")
    assert desk.homes() == APART


@pytest.mark.parametrize("anew", [False, True])
def test_the_machine_never_moves_what_a_person_put_somewhere(desk: Desk, anew: bool) -> None:
    desk.say("merge", "1", "3")
    if anew:
        desk.restart()
    assert desk.post(2, name="t:3", digest="edited").event == "1"
    assert desk.post(2, name="t:1", digest="edited").event == "1"
    desk.say("undo", "1", "5")
    assert desk.post(3, name="t:4", digest="edited").event == str(desk.seq)


def test_a_split_post_stays_apart_when_it_is_edited_to_be_alike(desk: Desk) -> None:
    desk.say("split", "1", "t:2")
    desk.post(0, after_h=1)
    desk.restart()
    assert desk.post(0, name="t:2", digest="edited").event == "5"


def test_a_topic_and_a_place_of_a_person_stand_before_the_machines(desk: Desk) -> None:
    desk.say("topic", "1", "Security/violence")
    desk.say("place", "1", "51.5", "-0.1", "Bank")
    desk.post(0)
    event = desk.events["1"]
    assert list(event.topics.items()) == [("Security/violence", 3), ("Fire", 3)]
    assert event.place is not None
    assert (event.place.name, event.place.lat, event.place.ref) == ("Bank", 51.5, "person")
    desk.say("undo", "1", "5")
    desk.say("undo", "1", "6")
    assert (desk.events["1"].topics, desk.events["1"].place) == ({"Fire": 3}, None)


def test_a_hold_covers_what_comes_later_and_beats_expiry_but_no_deletion(desk: Desk) -> None:
    desk.say("hold", "1")
    late = desk.post(0)
    assert late.hold
    assert desk.events["1"].hold
    desk.row(Gone(ids=("t:1", "t:3"), reason="expired"))
    assert "t:1" in desk.signals
    assert "t:3" not in desk.signals
    desk.row(Gone(ids=("t:1",), reason="deleted"))
    assert "t:1" not in desk.signals
    desk.say("undo", "1", "5")
    assert not any(signal.hold for signal in desk.signals.values())


def test_one_post_can_be_held_and_stays_held_when_the_events_hold_is_undone(desk: Desk) -> None:
    desk.say("hold", "t:1")
    assert not desk.events["1"].hold
    desk.say("hold", "1")
    desk.say("undo", "1", "6")
    assert [desk.signals[post].hold for post in ("t:1", "t:2")] == [True, False]
    desk.say("undo", "t:1", "5")
    assert not desk.signals["t:1"].hold


def test_an_emptied_event_keeps_what_a_person_said_of_it(desk: Desk) -> None:
    desk.say("confirm", "1")
    desk.row(Gone(ids=("t:1", "t:2")))
    assert desk.events["1"] == Event(id="1", seq=6, verdict="confirmed")
    assert desk.post(0).event == "7"
