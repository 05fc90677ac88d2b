"""What is due goes when its time has come: at once, in a digest, or folded into one summary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.alerts.release import dry_run
from monitor.alerts.timing import digest_after, digest_before, quiet_until
from monitor.messages import Message, Subscription
from tests.monitor.alerts.town import NOON, Town, about, post, subscription
from tests.worlds import contents


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.ledger.close()


def several(town: Town, first: int, count: int, **known: object) -> None:
    """So many events, in one row."""
    posts = [post(str(n), published=town.clock.now) for n in range(first, first + count)]
    events = [town.event(one.id.removeprefix("town:"), one, **known) for one in posts]
    signals = [town.signals(event, [one])[0] for event, one in zip(events, posts, strict=True)]
    town.commit(events=tuple(events), signals=tuple(signals))


def sizes(messages: list[Message]) -> list[int]:
    return [len(one.events) for one in messages]


def test_a_few_events_go_each_by_itself(town: Town) -> None:
    town.subscribe(subscription(most=3))
    several(town, 1, 3)
    assert sizes(town.tells()) == [1, 1, 1]


def test_what_is_beyond_the_hours_messages_waits_and_is_one_summary(town: Town) -> None:
    town.subscribe(subscription(most=3))
    several(town, 1, 3)
    assert len(town.tells()) == 3
    for number in range(4, 9):
        town.passes(minutes=5)
        town.happens(str(number))
        assert town.tells() == []
    town.passes(minutes=34)
    assert town.tells() == []
    town.passes(minutes=2)
    assert sizes(town.tells()) == [5]
    town.passes(minutes=1)
    town.happens("9")
    assert sizes(town.tells()) == [1]


def test_a_storm_is_one_mail(town: Town) -> None:
    town.subscribe(subscription())
    for step in range(5):
        several(town, step * 2_000, 2_000)
        assert town.tells() == []
        town.passes(seconds=20)
    town.passes(minutes=1)
    (message,) = town.tells()
    assert len(message.events) == 10_000
    town.passes(hours=2)
    assert town.tells() == []


def test_a_storm_that_does_not_end_is_summed_up_in_between(town: Town) -> None:
    town.subscribe(subscription())
    told = []
    for minute in range(25):
        several(town, minute * 100, 100)
        told += town.tells()
        town.passes(seconds=50)
    town.passes(minutes=20)
    told += town.tells()
    assert sum(sizes(told)) == 2_500
    assert len(told) == 2


def test_a_summary_has_the_most_severe_first(town: Town) -> None:
    town.subscribe(subscription(most=1))
    for number, severity in enumerate(("Minor", "Extreme", "Moderate", "Severe"), 1):
        several(town, number, 1, severity=severity)
    town.ledger.subscribers.stop()
    town.tells()
    town.passes(minutes=2)
    town.ledger.subscribers.start()
    assert about(town.tells()) == [("ada", ("2", "4", "3", "1"))]


def test_quiet_hours_defer_and_lose_nothing(town: Town) -> None:
    town.subscribe(subscription(quiet=(13 * 60, 7 * 60)), subscription("ben"))
    town.passes(hours=1)
    town.happens("1")
    town.passes(hours=8)
    town.happens("2")
    assert sizes([one for one in town.tells() if one.subscription == "ada"]) == []
    town.clock.now = datetime(2026, 3, 15, 6, 59, tzinfo=UTC)
    assert town.tells() == []
    town.passes(minutes=1)
    assert about(town.tells()) == [("ada", ("2", "1"))]


def test_stopped_nothing_goes_and_then_all_in_one(town: Town) -> None:
    town.subscribe(subscription())
    town.ledger.subscribers.stop()
    for number in range(1, 4):
        town.happens(str(number))
        assert town.tells() == []
    town.passes(hours=30)
    town.ledger.subscribers.start()
    assert sizes(town.tells()) == [3]


def test_a_digest_goes_at_its_local_time_with_new_things_only(town: Town) -> None:
    town.subscribe(subscription(every="day", at=18 * 60, zone="Europe/Rome"))
    town.happens("1")
    town.happens("2", severity="Severe")
    town.clock.now = datetime(2026, 3, 14, 16, 59, tzinfo=UTC)
    assert town.tells() == []
    town.passes(minutes=1)
    assert about(town.tells()) == [("ada", ("2", "1"))]
    town.happens("1", post("1"), post("9"))
    town.happens("3")
    assert town.tells() == []
    town.passes(days=1)
    assert about(town.tells()) == [("ada", ("3",))]
    town.passes(days=1)
    assert town.tells() == []


def test_a_digest_that_was_missed_goes_late(town: Town) -> None:
    town.subscribe(subscription(every="week", at=0, weekday=6))
    for number in ("1", "2"):
        town.happens(number)
        assert town.tells() == []
        town.passes(minutes=30)
    town.reopen()
    town.passes(days=30)
    assert sizes(town.tells()) == [2]


def test_a_digest_counts_against_the_usual(town: Town) -> None:
    town.subscribe(subscription(every="day", at=0))
    for day in range(1, 31):
        several(town, day * 100, 4)
        town.tells()
        town.clock.now = NOON + timedelta(days=day)
    said = town.tells()[-1].text.split("\n")
    assert any(re.search(r"4 events since .*14 Apr|4 events since", one) for one in said)
    assert any(re.search(r"usual.*\b4\b", one, re.IGNORECASE) for one in said), said


def test_nothing_is_usual_for_a_new_subscription(town: Town) -> None:
    town.subscribe(subscription(every="day", at=0, made=NOON))
    several(town, 1, 4)
    town.tells()
    town.passes(days=1)
    (message,) = town.tells()
    assert "usual" not in message.text.lower()


def test_a_new_process_goes_on_where_the_other_ended(town: Town) -> None:
    town.subscribe(subscription())
    town.happens("1")
    assert len(town.tells()) == 1
    town.reopen()
    town.happens("2")
    assert about(town.tells()) == [("ada", ("2",))]


def test_who_unsubscribes_gets_nothing_more(town: Town) -> None:
    town.subscribe(subscription(most=1))
    town.happens("1")
    town.tells()
    town.happens("2")
    town.tells()
    town.subscribe(subscription(state="ended"))
    town.passes(hours=3)
    assert town.tells() == []


def test_a_message_that_cannot_be_written_costs_no_other(town: Town) -> None:
    town.subscribe(subscription("ada", quiet=(-90, 99_999)), subscription("ben"))
    town.happens("1")
    assert about(town.tells()) == [("ben", ("1",))]


def test_a_dry_run_shows_what_would_go_and_changes_nothing(town: Town) -> None:
    town.subscribe(
        subscription("ada"), subscription("ben", every="day", at=18 * 60),
        subscription("cem", quiet=(0, 23 * 60)), subscription("dan", query="flood"),
    )  # fmt: skip
    town.happens("1")
    town.happens("2", severity="Severe")
    before = contents(town.path)
    shown = [
        (one.subscription.id, one.at, [[item.news.event.id for item in g] for g in one.letters])
        for one in town.plans()
    ]
    evening = NOON.replace(hour=18)
    assert shown == [
        ("ada", NOON, [["1"], ["2"]]),
        ("ben", evening, [["2", "1"]]),
        ("cem", NOON.replace(hour=23), [["2", "1"]]),
    ]
    assert [item.news.why for item in town.plans()[0].letters[0]] == ["new"]
    assert contents(town.path) == before
    assert len(town.tells()) == 2
    assert [one.subscription.id for one in town.plans()] == ["ben", "cem"]


def local(hour: float, day: int, month: int, zone_h: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour - zone_h)


ROME: Subscription = subscription(every="day", at=150, zone="Europe/Rome")


def test_digests_survive_a_change_of_clocks() -> None:
    """On 29 March 02:30 does not exist in Rome; on 25 October it comes twice."""
    spring = [digest_after(ROME, local(12, day, 3, 1)) for day in (27, 28, 29)]
    assert spring == [local(2.5, 28, 3, 1), local(2.5, 29, 3, 1), local(2.5, 30, 3, 2)]
    autumn = [digest_after(ROME, local(12, day, 10, 2)) for day in (23, 24, 25)]
    assert autumn == [local(2.5, 24, 10, 2), local(2.5, 25, 10, 2), local(2.5, 26, 10, 1)]


@pytest.mark.parametrize("every", ["hour", "day", "week"])
@pytest.mark.parametrize(
    "zone", ["Europe/Rome", "Asia/Kathmandu", "Australia/Lord_Howe", "Nowhere"]
)
def test_a_digest_has_one_moment_after_the_other(every: str, zone: str) -> None:
    asked = replace(ROME, every=every, zone=zone, weekday=6)
    now = datetime(2026, 3, 26, 0, 7, tzinfo=UTC)
    end = now + timedelta(days=12)
    while now < end:
        after = digest_after(asked, now)
        assert digest_before(asked, now) <= now < after
        assert digest_before(asked, after) == after
        assert digest_before(asked, after - timedelta(seconds=1)) <= now
        now += timedelta(minutes=47)


@pytest.mark.parametrize(
    ("quiet", "hour", "until"),
    [
        ((22 * 60, 6 * 60), 21.99, None),
        ((22 * 60, 6 * 60), 22, local(6, 29, 3, 2)),
        ((22 * 60, 6 * 60), 24, local(6, 29, 3, 2)),
        ((22 * 60, 6 * 60), 29, None),
        ((9 * 60, 17 * 60), 9, local(17, 28, 3, 1)),
        ((9 * 60, 17 * 60), 17, None),
        (None, 12, None),
    ],
)
def test_quiet_hours_are_local(
    quiet: tuple[int, int] | None, hour: float, until: datetime | None
) -> None:
    """The night of 28 March in Rome is an hour short."""
    assert quiet_until(replace(ROME, quiet=quiet), local(hour, 28, 3, 1)) == until


def test_the_plan_of_a_town_without_subscribers_is_empty(town: Town) -> None:
    town.happens("1")
    assert dry_run(town.ledger, town.config, NOON) == ()
