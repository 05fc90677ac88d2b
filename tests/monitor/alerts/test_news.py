"""What is known of an event, and when it matters to who was told before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerts.news import Newsroom, told_of, why
from monitor.alerts.paper import Link, News
from monitor.config import Source
from monitor.model import Event
from monitor.ports import Policy
from tests.monitor.alerts.town import HOME, NOON, Town, post, subscription

ADA = subscription()


def news(**known) -> News:
    event = {"severity": "Moderate", "place": HOME, "phase": "new", "size": 1}
    event |= {
        name: known.pop(name) for name in ("severity", "place", "phase", "verdict") if name in known
    }
    return News(event=Event(id="1", seq=1, **event), **known)


TOLD = told_of(news(casualties=2), None, "ada", "first", NOON)
NEAR = replace(HOME, lat=HOME.lat + 0.008)
FAR = replace(HOME, lat=HOME.lat + 0.01)


@pytest.mark.parametrize(
    ("now", "because"),
    [
        (news(casualties=2), None),
        (news(severity="Severe"), "severity"),
        (news(severity="Minor"), None),
        (news(official=("police",)), "official"),
        (news(official=("police",), denied=True), None),
        (news(casualties=3), "casualties"),
        (news(casualties=1), None),
        (news(place=NEAR), None),
        (news(place=FAR), "moved"),
        (news(place=replace(FAR, radius_m=1_000.0)), None),
        (news(place=None), None),
        (news(phase="closed"), "closed"),
        (news(verdict="dismissed"), "closed"),
        (news(severity="Extreme", phase="closed", place=FAR), "severity"),
    ],
)
def test_an_update_is_told_when_it_matters(now: News, because: str | None) -> None:
    assert why(now, TOLD, ADA) == because
    if because:
        assert why(now, told_of(now, TOLD, "ada", "second", NOON), ADA) is None


def test_a_place_found_later_is_no_move() -> None:
    nowhere = told_of(news(place=None), None, "ada", "first", NOON)
    assert why(news(), nowhere, ADA) is None


def test_a_digest_does_not_tell_that_something_is_over() -> None:
    assert why(news(phase="closed"), TOLD, subscription(every="day")) is None


def test_a_thread_has_one_head() -> None:
    second = told_of(news(severity="Severe"), TOLD, "ada", "second", NOON)
    assert (TOLD.message, second.message) == ("first", "first")


def test_worse_numbers_stay_told() -> None:
    fewer = told_of(news(casualties=1, official=("police",)), TOLD, "ada", "second", NOON)
    assert (fewer.casualties, fewer.official) == (2, True)
    assert told_of(news(), fewer, "ada", "third", NOON).official


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.ledger.close()


def told(town: Town, *posts, sources: tuple[Source, ...] = (), **known) -> News:
    town.happens("1", *posts, **known)
    found = Newsroom(town.ledger, sources).news("1")
    assert found
    return found


def test_persons_are_counted_and_neither_named_nor_linked(town: Town) -> None:
    found = told(
        town,
        post("1", voice="citizen", author="a", title="Help", url="https://x.example/ada/1"),
        post("2", voice="citizen", author="a", text="again"),
        post("3", voice="unknown", author="b"),
        post("4", voice="citizen", author="c", repost_of="town:1"),
        post("5", author="d", title="A journalist", url="https://x.example/dan/1"),
    )
    assert (found.people, found.title, found.links) == (2, "", ())
    assert found.event.texts == ()


def test_official_sources_come_first(town: Town) -> None:
    found = told(
        town,
        post("1", title="Fire in Hackney", url="https://gazette.example/1"),
        post("2", title="Fire still on", url="https://gazette.example/2",
             published=NOON + timedelta(hours=1)),
        post("3", title="Fire at mill", url="https://fire.example/3", voice="official",
             source="brigade", published=NOON + timedelta(hours=2)),
        post("4", title="Bad", url="ftp://sheet.example/4", source="sheet"),
    )  # fmt: skip
    assert found.title == "Fire at mill"
    assert found.links == (
        Link(source="brigade", url="https://fire.example/3", voice="official"),
        Link(source="gazette", url="https://gazette.example/2"),
    )
    assert (found.official, found.media) == (("brigade",), ("gazette", "sheet"))
    assert found.confirmed


def test_words_that_may_not_be_kept_are_not_passed_on(town: Town) -> None:
    strict = Source(
        name="gazette", kind="rss", every=timedelta(minutes=1), options=None,
        policy=Policy(terms="", deletions="", text_days=30),
    )  # fmt: skip
    titled = post("1", title="Fire in Hackney", url="https://gazette.example/1")
    found = told(town, titled, sources=(strict,))
    assert found.title == ""
    assert [link.url for link in found.links] == ["https://gazette.example/1"]


def test_numbers_are_those_that_the_weightiest_voice_gave_last(town: Town) -> None:
    later = NOON + timedelta(hours=1)
    found = told(
        town,
        post("1", text="Two people were injured", voice="official", source="brigade"),
        post("2", text="Three people were injured, one dead", published=later),
        post("3", text="40 dead", voice="citizen", published=later + timedelta(hours=1)),
    )
    assert found.numbers == {"dead": 1.0, "injured": 2.0}
    assert found.casualties == 3


def test_a_denial_is_no_confirmation(town: Town) -> None:
    found = told(town, post("1", voice="official"), certainty="Unlikely")
    assert found.denied
    assert not found.confirmed


def test_a_message_stands_on_its_posts(town: Town) -> None:
    many = [post(f"{n:03}", voice="citizen", author=f"a{n}") for n in range(80)]
    last = post("999", title="Fire", url="https://gazette.example/999")
    found = told(town, *many, last)
    assert set(found.quoted) == {one.id for one in (*many[:50], last)}


def test_what_has_changed_is_told_anew(town: Town) -> None:
    newsroom = Newsroom(town.ledger, ())
    town.happens("1")
    before = newsroom.news("1")
    town.happens("1", severity="Severe")
    assert newsroom.news("1") == before
    newsroom.changed(["1"])
    after = newsroom.news("1")
    assert after
    assert after.event.severity == "Severe"


def test_nothing_is_known_of_an_empty_event(town: Town) -> None:
    town.commit(events=(Event(id="1", seq=1, merged_into="2"),))
    newsroom = Newsroom(town.ledger, ())
    assert newsroom.news("1") is None
    assert newsroom.news("3") is None
