"""What changes in the ledger becomes due to whom it is news."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.ledger import open_ledger
from monitor.model import Event, Page, Post
from tests.monitor.alerts.town import NOON, Town, about, post, subscription
from tests.worlds import Clock, consumed, day, fill, pipeline


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path, subscription("ada"))
    yield made
    made.ledger.close()


def test_a_new_event_is_told_once(town: Town) -> None:
    town.happens("1")
    assert about(town.tells()) == [("ada", ("1",))]
    town.happens("1", post("1"), post("2"))
    assert town.tells() == []


def test_who_does_not_ask_for_it_is_not_told(town: Town) -> None:
    town.subscribe(
        subscription("ben", query="flood"), subscription("cem", state="pending"),
        subscription("dan", topics=("Fire",)), subscription("eve", state="suspended"),
    )  # fmt: skip
    town.happens("1")
    assert about(town.tells()) == [("ada", ("1",)), ("dan", ("1",))]


def test_what_was_there_before_alerts_began_is_not_told(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.happens("1")
    town.ledger.feed.dismiss("alerts")
    town.subscribe(subscription())
    assert town.tells() == []
    town.happens("2")
    assert about(town.tells()) == [("ada", ("2",))]


@pytest.mark.parametrize(
    "known",
    [{"live": False}, {"last": NOON - timedelta(hours=25)}, {"verdict": "dismissed"}, {"size": 0}],
    ids=["from an archive", "older than a day", "dismissed", "empty"],
)
def test_no_first_message_of_what_is_no_news(town: Town, known: dict[str, object]) -> None:
    town.happens("1", **known)
    assert town.tells() == []


def test_an_event_that_comes_to_match_is_told_then(town: Town) -> None:
    town.subscribe(subscription("ben", query="size:>=3"))
    town.ledger.subscribers.remove("ada")
    town.happens("1", post("1"), post("2"))
    assert town.tells() == []
    town.happens("1", post("1"), post("2"), post("3"))
    assert about(town.tells()) == [("ben", ("1",))]


def test_a_subscription_changed_in_between_counts_as_it_is_now(town: Town) -> None:
    town.happens("1")
    town.subscribe(subscription("ada", query="flood"))
    assert town.tells() == []


def test_updates_go_in_the_thread_and_only_when_they_matter(town: Town) -> None:
    town.happens("1")
    (first,) = town.tells()
    town.happens("1", severity="Severe")
    (second,) = town.tells()
    town.happens("1", severity="Minor")
    assert town.tells() == []
    town.happens("1", severity="Severe")
    assert town.tells() == []
    town.happens("1", severity="Extreme")
    (third,) = town.tells()
    assert first.thread == ""
    assert (second.thread, third.thread) == (first.id, first.id)
    assert len({first.id, second.id, third.id}) == 3


def test_an_update_goes_also_where_the_event_matches_no_more(town: Town) -> None:
    town.subscribe(subscription("ben", query="phase:new"))
    town.happens("1")
    assert len(town.tells()) == 2
    town.happens("1", phase="closed")
    assert about(town.tells()) == [("ada", ("1",)), ("ben", ("1",))]
    town.happens("1", phase="closed", title="again")
    assert town.tells() == []


class Merged:
    """Two events, the first merged into the second, and undone."""

    def __init__(self, town: Town) -> None:
        self.town = town

    def merge(self, known: str = "Moderate") -> int:
        town = self.town
        whole = town.event("2", post("1"), post("2"), severity=known)
        bare = Event(id="1", seq=whole.seq, merged_into="2")
        return town.decides("merge", "2", "1", events=(bare, whole), moved={"town:1": "1"})

    def undo(self, merge: int) -> None:
        town = self.town
        back = (town.event("1", post("1")), town.event("2", post("2")))
        town.decides("undo", "2", str(merge), events=back)


def test_a_merge_tells_nobody(town: Town) -> None:
    town.happens("1", live=False)
    town.happens("2", live=False)
    Merged(town).merge()
    assert town.tells() == []


def test_what_was_told_of_a_merged_event_counts_for_the_other(town: Town) -> None:
    town.happens("1")
    (first,) = town.tells()
    town.happens("2", live=False)
    Merged(town).merge()
    town.happens("2", post("1"), post("2"), post("3"))
    assert town.tells() == []
    town.happens("2", post("1"), post("2"), severity="Extreme")
    (update,) = town.tells()
    assert (update.thread, update.events) == (first.id, ("2",))


def test_two_told_events_merged_are_measured_by_the_worse(town: Town) -> None:
    town.happens("1", severity="Severe")
    town.happens("2")
    assert len(town.tells()) == 2
    Merged(town).merge("Severe")
    assert town.tells() == []


def test_undo_does_not_tell_again(town: Town) -> None:
    merged = Merged(town)
    town.happens("1")
    assert len(town.tells()) == 1
    town.happens("2", live=False)
    number = merged.merge()
    town.tells()
    merged.undo(number)
    town.happens("1", post("1"), post("4"))
    assert town.tells() == []


def test_what_was_told_during_a_merge_is_not_told_after_its_undo(town: Town) -> None:
    merged = Merged(town)
    town.happens("1", live=False)
    town.happens("2", live=False)
    number = merged.merge()
    town.passes(minutes=1)
    town.happens("2", post("1"), post("2"), post("3"))
    assert about(town.tells()) == [("ada", ("2",))]
    merged.undo(number)
    town.happens("1", post("1"), post("4"))
    assert town.tells() == []


def test_what_was_told_before_a_merge_is_not_told_of_the_one_that_comes_back(town: Town) -> None:
    merged = Merged(town)
    town.happens("2")
    assert len(town.tells()) == 1
    town.passes(minutes=1)
    town.happens("1", live=False)
    number = merged.merge()
    town.tells()
    merged.undo(number)
    assert town.tells() == []
    town.happens("1", post("1"), post("4"))
    assert about(town.tells()) == [("ada", ("1",))]


def test_what_is_due_of_a_merged_event_is_due_of_the_other(town: Town) -> None:
    town.ledger.subscribers.stop()
    town.happens("1")
    assert town.tells() == []
    town.happens("2", live=False)
    Merged(town).merge()
    assert town.tells() == []
    town.ledger.subscribers.start()
    assert about(town.tells()) == [("ada", ("2",))]


def test_unsent_mail_of_a_deleted_post_is_taken_back(town: Town) -> None:
    town.happens("1", post("1"), post("2"))
    (first,) = town.tells()
    left = town.event("1", post("2"))
    town.commit(gone=("town:1",), events=(left,))
    (second,) = town.tells()
    assert second.id != first.id
    assert town.sent() == [second.id]


def test_an_event_whose_last_post_is_deleted_is_not_told(town: Town) -> None:
    town.happens("1")
    assert len(town.tells()) == 1
    town.commit(gone=("town:1",), events=(Event(id="1", seq=2),))
    assert town.tells() == []
    assert town.sent() == []
    assert town.ledger.notices.waiting() == ()


def test_an_update_that_is_taken_back_is_told_anew(town: Town) -> None:
    town.happens("1", post("1"), post("2"))
    (first,) = town.tells()
    town.sent()
    town.happens("1", post("1"), post("2"), post("3"), severity="Severe")
    assert len(town.tells()) == 1
    left = town.event("1", post("1"), post("2"), severity="Severe")
    town.commit(gone=("town:3",), events=(left,))
    (again,) = town.tells()
    assert (again.thread, town.sent()) == (first.id, [again.id])


def test_a_sent_mail_keeps_no_word_of_a_deleted_post(town: Town) -> None:
    town.happens("1")
    (first,) = town.tells()
    town.sent()
    town.commit(gone=("town:1",), events=(Event(id="1", seq=2),))
    town.tells()
    kept = town.ledger.outbox.entry(first.id)
    assert kept
    assert kept.payload == b""


@pytest.mark.parametrize(("origin", "told"), [("import", False), ("live", True)])
def test_the_sample_day_is_told_only_when_it_comes_live(
    tmp_path: Path, origin: str, told: bool
) -> None:
    clock = Clock()
    town = Town(tmp_path / origin, subscription())
    town.ledger.close()
    town.ledger = open_ledger(tmp_path / origin / "ledger.db", clock)
    town.clock = clock
    town.reopen()
    if told:
        fill(town.ledger, clock)
    else:
        posts = tuple(replace(one, author="") for one in day() if isinstance(one, Post))
        clock.now += timedelta(days=1)
        town.ledger.inbox.accept("sample-day", Page(posts=posts), "import")
    clock.now = NOON + timedelta(hours=6)
    consumed(pipeline(town.ledger))
    found = town.tells()
    town.passes(minutes=2)
    assert bool(found or town.tells()) is told
    town.ledger.close()
