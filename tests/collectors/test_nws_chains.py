"""What becomes of alerts that are updated, shared out and cancelled."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import nws
from monitor.model import Cursor, Page
from tests.servers import Given


def alert(name: str, hour: int, *of: tuple[str, int], kind: str = "Alert") -> dict[str, object]:
    """A message; `of` are earlier ones with their hours."""
    properties = {
        "id": name,
        "sent": f"2026-03-14T{hour:02}:00:00+00:00",
        "messageType": kind,
        "references": [
            {"identifier": other, "sent": f"2026-03-14T{sent:02}:00:00+00:00"} for other, sent in of
        ],
        "event": "Flood Warning",
    }
    return {"type": "Feature", "geometry": None, "properties": properties}


def update(name: str, hour: int, *of: tuple[str, int]) -> dict[str, object]:
    return alert(name, hour, *of, kind="Update")


def cancel(hour: int, *of: tuple[str, int]) -> dict[str, object]:
    return alert("X", hour, *of, kind="Cancel")


def poll(*alerts: object, cursor: Cursor | None = None) -> Page:
    body = json.dumps({"type": "FeatureCollection", "features": alerts}).encode()
    *_, page = nws.collect(nws.Options(), Given(body), cursor or Cursor())
    return page


def names(page: Page) -> list[str]:
    return [post.id.removeprefix("nws:") for post in page.posts]


def taken_back(page: Page) -> list[str]:
    return [name.removeprefix("nws:") for gone in page.gone for name in gone.ids]


A = alert("A", 9)
B = update("B", 10, ("A", 9))
C = update("0", 11, ("B", 10))


def test_an_update_keeps_the_id_of_the_first_message() -> None:
    first = poll(A)
    second = poll(B, cursor=first.cursor)
    third = poll(C, cursor=second.cursor)
    assert names(first) == names(second) == names(third) == ["A"]
    assert third.posts[0].published == first.posts[0].published
    assert third.posts[0].edited == datetime(2026, 3, 14, 11, tzinfo=UTC)


def test_of_a_chain_in_one_answer_the_newest_message_counts() -> None:
    page = poll(C, A, B)
    assert names(page) == ["A"]
    assert page.posts[0].edited == datetime(2026, 3, 14, 11, tzinfo=UTC)


def test_an_update_of_an_alert_that_nobody_saw_keeps_its_id() -> None:
    assert names(poll(update("C", 11, ("B", 10), ("A", 9)))) == ["A"]


def test_a_message_that_is_older_than_what_it_updates_is_dated_by_itself() -> None:
    [post] = poll(update("B", 9, ("A", 12))).posts
    assert post.published == post.edited == datetime(2026, 3, 14, 9, tzinfo=UTC)


def test_the_cursor_keeps_the_newest_thousand_updates() -> None:
    updates = [update(f"U{number}", 9, (f"A{number}", 8)) for number in range(1_001)]
    page = poll(*updates[:1_000])
    marks = poll(updates[0], updates[1_000], cursor=page.cursor).cursor.marks
    assert len(marks) == 1_000
    assert "first:U0" in marks
    assert "first:U1000" in marks


def test_what_was_updated_does_not_come_back() -> None:
    updated = poll(C, cursor=poll(B).cursor)
    assert poll(A, B, cursor=updated.cursor).posts == ()


def test_updates_that_share_an_area_out_all_stand() -> None:
    north = update("N", 10, ("A", 9))
    south = update("S", 10, ("A", 9))
    first = poll(south, north, cursor=poll(A).cursor)
    assert names(first) == ["A", "S"]
    later = update("T", 11, ("S", 10))
    second = poll(later, north, cursor=first.cursor)
    assert names(second) == ["A", "S"]
    assert second.posts[0] == first.posts[0]


def test_a_share_that_is_listed_late_stands_too() -> None:
    north = update("N", 11, ("A", 9))
    south = update("S", 10, ("A", 9))
    first = poll(north)
    assert names(poll(north, south, cursor=first.cursor)) == ["A", "S"]


def test_a_cancellation_takes_the_first_message_back_once() -> None:
    cancelled = cancel(12, ("0", 11))
    cursor = poll(C, cursor=poll(B, cursor=poll(A).cursor).cursor).cursor
    page = poll(C, cancelled, cursor=cursor)
    assert page.posts == ()
    assert taken_back(page) == ["A"]
    again = poll(cancelled, cursor=page.cursor)
    assert (again.posts, again.gone) == ((), ())
    assert names(poll(C, cursor=again.cursor)) == ["A"], "the ledger refuses it under its old id"


def test_a_cancellation_for_a_part_leaves_the_rest() -> None:
    cancelled = cancel(10, ("A", 9))
    page = poll(B, cancelled, A)
    assert (names(page), page.gone) == (["A"], ())
    late = cancel(12, ("A", 9))
    assert poll(B, late).gone == ()
    assert poll(cancel(9, ("A", 9)), cursor=poll(B).cursor).gone == ()


def test_what_stands_of_an_alert_that_was_cancelled_has_its_own_id() -> None:
    cancelled = cancel(10, ("A", 9))
    page = poll(cancelled)
    assert taken_back(page) == ["A"]
    assert names(poll(B, cancelled, cursor=page.cursor)) == ["B"]


NAMES = st.sampled_from(["A", "B", "C", "D"])
EARLIER = st.lists(st.tuples(NAMES, st.integers(8, 11)), max_size=2)
MESSAGES = st.builds(
    lambda name, hour, of, kind: alert(name, hour, *of, kind=kind),
    NAMES,
    st.integers(8, 11),
    EARLIER,
    st.sampled_from(["Alert", "Update", "Cancel"]),
)


@settings(max_examples=150)
@given(st.lists(MESSAGES, max_size=5), st.lists(MESSAGES, max_size=5))
def test_whatever_is_told_an_id_stands_for_one_post_and_is_taken_back_once(
    first: list[object], second: list[object]
) -> None:
    page = poll(*first)
    later = poll(*second, cursor=page.cursor)
    for one in (page, later):
        moments = [post.published for post in one.posts]
        assert moments == sorted(moments)
        assert len(set(names(one))) == len(names(one))
        assert set(taken_back(one)).isdisjoint(names(one))
    assert set(taken_back(page)).isdisjoint(taken_back(later))
