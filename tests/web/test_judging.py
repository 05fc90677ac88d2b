"""What a reader decides is pending at once, and done soon after."""

from __future__ import annotations

import html
import re
import threading
from typing import Any

import pytest

from monitor.errors import QueryError
from monitor.model import Change, Dead
from monitor.web.desk import LOST, Desk, checked
from tests.running import waited
from tests.web.build import NOON
from tests.web.site import Site

FIRE, OTHER = "36", "106"


def decided(site: Site, number: int) -> Any:
    """What became of a decision, when it is known."""
    waited(lambda: site.json(f"/decisions/{number}")["outcome"] != "pending")
    return site.json(f"/decisions/{number}")


def judge(site: Site, event: str, verdict: str, *value: str) -> Any:
    """Say it by the form of the event's page; what became of it."""
    page = site.get(f"/events/{event}").text
    anchors = re.findall(r'name="anchor" value="([^"]*)"', page)
    form = {"verdict": verdict, "value": list(value), "anchor": list(map(html.unescape, anchors))}
    part = site.post(f"/events/{event}/decide", form, HX_Request="true")
    assert part.status_code == 200
    number = int(re.findall(r'data-decision="(\d+)"', part.text)[-1])
    return decided(site, number)


def verdict_of(site: Site, event: str) -> str:
    return str(site.json(f"/events/{event}")["event"]["verdict"])


def test_a_decision_is_pending_until_the_ledger_has_it(own_day: Site) -> None:
    with own_day.app.consuming():
        form = {"verdict": "dismiss"}
        part = own_day.post(f"/events/{FIRE}/decide", form, HX_Request="true")
        assert 'data-outcome="pending"' in part.text
        assert 'data-pending="1"' in part.text
        assert "HX-Trigger" not in part.headers
        assert verdict_of(own_day, FIRE) == "confirmed"
        assert 'data-pending="1"' in own_day.get(f"/events/{FIRE}").text
    number = int(re.findall(r'data-decision="(\d+)"', part.text)[-1])
    assert decided(own_day, number)["outcome"] == "applied"
    again = own_day.get(f"/events/{FIRE}/decisions", HX_Request="true")
    assert again.headers["hx-trigger"] == "settled"
    assert 'data-pending="0"' in again.text
    assert verdict_of(own_day, FIRE) == "dismissed"


def test_a_decision_that_a_bug_swallows_does_not_wait_for_ever(own_day: Site) -> None:
    app = own_day.app
    with app.consuming():
        desk = Desk(app)
        seq = desk.tell(checked("confirm", FIRE, by="me", at=NOON))
        waiting = desk.told(seq)
        assert waiting is not None
        assert waiting.decided is None
        (row,) = app.ledger.inbox.rows(10)
        fault = Dead(id=f"row {seq}", reason="a bug in a step; see the log")
        app.ledger.truth.commit([row], Change(last=seq), [fault])
        lost = desk.told(seq)
    assert lost is not None
    assert lost.decided is not None
    assert (lost.decided.outcome, lost.decided.reason) == ("refused", LOST)


def test_the_index_follows_what_was_decided(own_day: Site) -> None:
    done = judge(own_day, FIRE, "dismiss")
    waited(lambda: FIRE in own_day.events(verdict="dismissed"))
    assert done["by"] == own_day.json("/session")["user"]
    listed = own_day.json("/events", limit=100)["events"]
    urgency = {event["id"]: event["urgency"]["total"] for event in listed}
    assert urgency[FIRE] == 0


def test_each_verdict_is_done_and_undone(own_day: Site) -> None:
    for verdict, value in (
        ("confirm", ()),
        ("dismiss", ()),
        ("topic", ("Met/flood",)),
        ("place", ("51.5", "-0.2", "Park")),
        ("note", ("the street is closed",)),
        ("hold", ()),
    ):
        before = own_day.json(f"/events/{FIRE}")["event"]
        done = judge(own_day, FIRE, verdict, *value)
        assert (done["outcome"], done["value"]) == ("applied", list(value))
        page = own_day.get(f"/events/{FIRE}").text
        assert f'data-decision="{done["number"]}"' in page
        undone = judge(own_day, FIRE, "undo", str(done["number"]))
        assert undone["outcome"] == "applied"
        after = own_day.json(f"/events/{FIRE}")["event"]
        ours = ("verdict", "topics", "place", "hold")
        assert {name: after[name] for name in ours} == {name: before[name] for name in ours}
        assert f'data-undone="{undone["number"]}"' in own_day.get(f"/events/{FIRE}").text


def test_two_events_merge_and_part_again(own_day: Site) -> None:
    sizes = [own_day.json(f"/events/{name}")["event"]["size"] for name in (FIRE, OTHER)]
    done = judge(own_day, FIRE, "merge", OTHER)
    assert own_day.json(f"/events/{FIRE}")["event"]["size"] == sum(sizes)
    page = own_day.get(f"/events/{OTHER}").text
    assert f'href="/events/{FIRE}"' in page
    judge(own_day, FIRE, "undo", str(done["number"]))
    again = [own_day.json(f"/events/{name}")["event"]["size"] for name in (FIRE, OTHER)]
    assert again == sizes


def test_posts_are_split_off(own_day: Site) -> None:
    posts = own_day.json(f"/events/{OTHER}")["posts"]
    leaving = [posts[0]["post"]["id"], posts[1]["post"]["id"]]
    done = judge(own_day, OTHER, "split", *leaving)
    assert done["outcome"] == "applied"
    new = own_day.json(f"/events/{done['number']}")
    left = {p for fold in new["posts"] for p in (fold["post"]["id"], *fold["copies"])}
    assert left == set(leaving)


def test_what_comes_too_late_says_so(own_day: Site) -> None:
    judge(own_day, FIRE, "merge", OTHER)
    anchors = ["gone:1", "gone:2"]
    wanted = {"target": OTHER, "verdict": "confirm", "anchors": anchors}
    headers = {"X-CSRF-Token": own_day.csrf()}
    made = own_day.browser.post("/api/v1/decisions", json=wanted, headers=headers)
    assert made.status_code == 202
    assert decided(own_day, made.json()["number"])["outcome"] == "stale"


def test_a_refused_decision_is_shown_with_its_reason(own_day: Site) -> None:
    done = judge(own_day, FIRE, "merge", "999999")
    assert (done["outcome"], bool(done["reason"])) == ("refused", True)
    assert 'data-outcome="refused"' in own_day.get(f"/events/{FIRE}").text


def test_a_form_without_scripts_leads_back_to_the_event(own_day: Site) -> None:
    answer = own_day.post(f"/events/{FIRE}/decide", {"verdict": "confirm"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/events/{FIRE}#history")


def test_a_dropped_post_is_promoted(own_day: Site) -> None:
    post = own_day.json("/dropped")["dropped"][0]["id"]
    with own_day.app.consuming():
        part = own_day.post("/dropped/promote", {"post": post}, HX_Request="true")
        assert 'data-outcome="pending"' in part.text
        own_day.app.catch_up()
    done = own_day.get("/dropped/promoted?post=" + post, HX_Request="true")
    assert 'data-outcome="applied"' in done.text
    assert own_day.json("/signals", q=f'id:"{post}"')["total"] == 1


@pytest.mark.parametrize(
    ("verdict", "value"),
    [
        ("praise", ()),
        ("confirm", ("x",)),
        ("merge", ()),
        ("merge", ("x",)),
        ("topic", ("Weather",)),
        ("place", ("91", "0")),
        ("place", ("51.5",)),
        ("place", ("nan", "0")),
        ("note", (" ",)),
        ("note", ("x" * 3_000,)),
        ("note", ("a\x00b",)),
        ("undo", ("first",)),
        ("split", ()),
    ],
)
def test_what_makes_no_sense_is_not_told(verdict: str, value: tuple[str, ...]) -> None:
    with pytest.raises(QueryError):
        checked(verdict, FIRE, value=value, by="analyst", at=NOON)


def test_the_desk_stops_when_it_is_told(own_day: Site) -> None:
    before = threading.active_count()
    desk = Desk(own_day.app)
    desk.open()
    assert threading.active_count() == before + 1
    desk.close()
    assert threading.active_count() == before
