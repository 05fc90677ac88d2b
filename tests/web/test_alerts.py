"""Readers subscribe; who gets the mail has the last word, without a name and with one click."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from schemathesis import GenerationMode

from monitor.ledger import utc_now
from monitor.messages import Subscription
from monitor.tables import WebTable
from monitor.web.access import user
from tests.web.site import PAGE, Site, able, posted, served, smoke
from tests.web.test_gate import ADA, BOB, enter, tokens
from tests.web.test_openapi import ask

FORM = {
    "name": "Fires",
    "to": "ada@example.org",
    "query": "smoke",
    "shape": "circle",
    "lat": "51.5",
    "lon": "-0.1",
    "radius_km": "3",
    "topics": ["Fire"],
    "severity": "Minor",
    "every": "day",
    "at": "07:30",
    "quiet_from": "22:00",
    "quiet_to": "06:00",
    "zone": "Europe/London",
}


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Site]:
    """A page that asks for a token."""
    app = able(posted(tmp_path / "day", smoke(1)))
    with served(app, WebTable(port=0, token_file=tokens(tmp_path))) as site:
        yield site
    app.close()


def kept(site: Site, name: str = "Fires") -> Subscription:
    (found,) = [one for one in site.app.ledger.subscribers.all() if one.name == name]
    return found


def path(address: str) -> str:
    return address.removeprefix(PAGE)


def stranger(site: Site) -> httpx2.Client:
    """Somebody who has a link and nothing else."""
    return httpx2.Client(base_url=site.address)


def said(page: str, name: str) -> str:
    """The value of a form's field."""
    found = re.search(rf'<input name="{name}"[^>]*? value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def test_a_reader_subscribes_and_its_address_confirms(mine: Site) -> None:
    answer = mine.post("/alerts", FORM)
    assert answer.status_code == 303
    one = kept(mine)
    assert (one.state, one.by, one.every, one.quiet) == ("pending", user(), "day", (1320, 360))
    assert (one.area, one.radius_m, one.topics) == (((51.5, -0.1),), 3_000.0, ("Fire",))
    page = mine.get(answer.headers["location"]).text
    assert 'id="asked"' in page
    assert f'data-subscription="{one.id}" data-state="pending"' in page
    (mail,) = mine.app.ledger.outbox.waiting("email", utc_now())
    assert mail.to == "ada@example.org"


def test_a_fault_is_said_and_nothing_that_was_written_is_lost(mine: Site) -> None:
    answer = mine.post("/alerts", {**FORM, "to": "nobody", "quiet_to": "", "lat": "north"})
    assert answer.status_code == 400
    assert answer.text.count('role="alert"') == 3
    assert (said(answer.text, "to"), said(answer.text, "lat")) == ("nobody", "north")
    assert 'value="Fire" checked' in answer.text
    assert len(mine.app.ledger.subscribers.all()) == 1


def test_what_it_would_find_is_shown_before(mine: Site) -> None:
    form = {"name": "x", "to": "ada@example.org", "do": "check"}
    for query, number in (("smoke", 1), ("flood", 0), ("", 1)):
        page = mine.post("/alerts", {**form, "query": query}).text
        assert f'data-recent="{number}"' in page, query
    polygon = {"shape": "polygon", "corners": "51, -1\n52, -1\n52, 1\n"}
    assert 'data-recent="0"' in mine.post("/alerts", {**form, **polygon}).text
    assert kept(mine, "Duty").state == "active"
    assert len(mine.app.ledger.subscribers.all()) == 1


def test_a_search_leads_to_an_alert_of_it(mine: Site) -> None:
    page = mine.get("/?q=smoke&near=51.5,-0.1,3km&topic=Fire&severity=Severe&phase=new").text
    (link,) = re.findall(r'class="alert-me" href="([^"]*)"', page)
    form = mine.get(html.unescape(link)).text
    assert said(form, "query") == 'smoke phase:"new"'
    assert (said(form, "lat"), said(form, "radius_km")) == ("51.5", "3")
    assert 'value="Fire" checked' in form
    assert '<option value="Severe" selected>' in form


def test_a_subscription_is_changed_and_removed_by_who_made_it(mine: Site) -> None:
    mine.post("/alerts", FORM)
    one = kept(mine)
    page = mine.get(f"/alerts/{one.id}").text
    assert (said(page, "query"), said(page, "radius_km")) == ("smoke", "3")
    assert "ada@example.org" in page
    changed = {**FORM, "query": "flood", "to": "eve@example.org"}
    assert mine.post(f"/alerts/{one.id}", changed).status_code == 303
    assert (kept(mine).query, kept(mine).to) == ("flood", "ada@example.org")
    assert mine.post(f"/alerts/{one.id}", {**FORM, "at": "soon"}).status_code == 400
    assert mine.post(f"/alerts/{one.id}", {"do": "remove"}).status_code == 303
    assert mine.get(f"/alerts/{one.id}").status_code == 404


def test_what_stands_in_the_configuration_is_shown_and_left_alone(mine: Site) -> None:
    duty = kept(mine, "Duty")
    page = mine.get(f"/alerts/{duty.id}").text
    assert '<form class="alert"' not in page
    assert "duty@example.org" not in mine.get("/alerts").text
    assert mine.post(f"/alerts/{duty.id}", {"do": "remove"}).status_code == 400
    assert kept(mine, "Duty").state == "active"


def test_where_mail_is_not_set_up_it_is_said(day: Site) -> None:
    page = day.get("/alerts")
    assert page.status_code == 200
    assert "[channel.email]" in page.text


def test_no_get_changes_anything(mine: Site) -> None:
    mine.post("/alerts", FORM)
    links, one = mine.app.links, kept(mine)
    with stranger(mine) as browser:
        for address in (links.confirm(one.id), links.manage(one.id), links.unsubscribe(one.id)):
            for method in ("GET", "HEAD"):
                assert browser.request(method, path(address)).status_code in (200, 405)
    assert kept(mine) == one


def test_who_reads_the_mail_confirms_without_a_name(closed: Site) -> None:
    enter(closed, ADA)
    closed.post("/alerts", FORM)
    address = path(closed.app.links.confirm(kept(closed).id))
    with stranger(closed) as browser:
        form = browser.get(address).text
        assert kept(closed).state == "pending"
        assert browser.post(address).status_code == 403
        csrf = re.findall(r'name="csrf" value="([^"]*)"', form)[0]
        for _ in range(2):
            assert browser.post(address, data={"csrf": csrf}).status_code == 200
            assert kept(closed).state == "active"


def test_one_click_ends_it_without_session_token_or_login(closed: Site) -> None:
    """As RFC 8058 has it: a mail provider posts, from anywhere, to the signed address."""
    enter(closed, ADA)
    closed.post("/alerts", FORM)
    one = kept(closed)
    address = path(closed.app.links.unsubscribe(one.id))
    click = {"List-Unsubscribe": "One-Click"}
    with stranger(closed) as provider:
        for _ in range(2):
            headers = {"Origin": "https://mail.example"}
            assert provider.post(address, data=click, headers=headers).status_code == 200
        assert "no mail of this subscription" in provider.get(address).text
        forged = path(closed.app.links.manage(one.id)).replace("manage", "unsubscribe")
        assert provider.post(forged, data=click).status_code == 400
        large = provider.post(address, data={"x": "x" * 300_000})
        assert large.status_code == 413
    assert (kept(closed).state, kept(closed).reason) == ("ended", "unsubscribed")
    assert closed.app.ledger.outbox.waiting("email", utc_now()) == ()


def test_nothing_else_is_open(closed: Site) -> None:
    token = path(closed.app.links.unsubscribe("x"))
    with stranger(closed) as browser:
        for way in ("/alerts", "/alerts/", "/alerts/x", "/alerts/confirm", "/alerts/manage"):
            assert browser.get(way).status_code == 303, way
            assert browser.post(way, data={"do": "remove"}).status_code in (303, 403), way
        for way in ("/api/v1/subscriptions", "/api/v1/subscriptions/x"):
            assert browser.get(way).status_code == 401
        for way in (f"{token}/../../x", "/alerts/unsubscribe/%2e%2e/x", "/alerts/unsubscribe//x"):
            assert browser.post(way).status_code in (303, 400, 403, 404), way
        for method in ("PUT", "DELETE", "PATCH"):
            assert browser.request(method, token).status_code == 403
        elsewhere = browser.post(token, headers={"Host": "evil.example"})
        assert elsewhere.status_code == 421


def test_links_lead_to_the_name_of_the_page(mine: Site) -> None:
    address = path(mine.app.links.unsubscribe("x"))
    assert mine.browser.post(address, headers={"Host": "monitor.example"}).status_code == 200


def test_who_gets_the_mail_changes_pauses_and_ends_it(closed: Site) -> None:
    enter(closed, ADA)
    closed.post("/alerts", FORM)
    one = closed.app.registrar.confirm(kept(closed).id)
    address = path(closed.app.links.manage(one.id))
    with stranger(closed) as browser:

        def act(**form: str) -> httpx2.Response:
            csrf = re.findall(r'name="csrf" value="([^"]*)"', browser.get(address).text)[0]
            return browser.post(address, data={**FORM, **form, "csrf": csrf})

        assert "ada@example.org" in browser.get(address).text
        assert act(do="pause").status_code == 303
        assert kept(closed).state == "suspended"
        assert act(do="resume").status_code == 303
        assert act(do="save", query="flood").status_code == 303
        assert (kept(closed).state, kept(closed).query) == ("active", "flood")
        assert act(do="save", at="soon").status_code == 400
        assert 'data-recent="1"' in act(do="check", shape="anywhere").text
        assert act(do="remove").status_code == 303
        assert kept(closed).state == "ended"
        assert browser.post(address, data={"do": "pause"}).status_code == 403


def test_a_reader_sees_only_what_is_his(closed: Site) -> None:
    enter(closed, ADA)
    closed.post("/alerts", FORM)
    one = kept(closed)
    enter(closed, BOB)
    assert one.id not in closed.get("/alerts").text
    assert "ada@example.org" not in closed.get("/alerts").text
    assert closed.get(f"/alerts/{one.id}").status_code == 404
    assert closed.post(f"/alerts/{one.id}", {"do": "remove"}).status_code == 404
    assert closed.json("/subscriptions") == {"subscriptions": []}
    assert closed.get(f"/api/v1/subscriptions/{one.id}").status_code == 404
    headers = {"X-CSRF-Token": closed.csrf()}
    gone = closed.browser.delete(f"/api/v1/subscriptions/{one.id}", headers=headers)
    assert gone.status_code == 404
    assert kept(closed) == one


def test_a_program_subscribes_changes_and_removes(mine: Site) -> None:
    headers = {"X-CSRF-Token": mine.csrf()}
    wanted: dict[str, Any] = {
        "name": "Fires",
        "to": "ada@example.org",
        "query": "smoke",
        "polygon": [[51.0, -1.0], [52.0, -1.0], [52.0, 1.0]],
        "every": "hour",
    }
    made = mine.browser.post("/api/v1/subscriptions", json=wanted, headers=headers)
    assert (made.status_code, made.json()["state"]) == (202, "pending")
    address = f"/subscriptions/{made.json()['id']}"
    assert mine.json(address) == made.json()
    assert {**mine.json(address), **wanted} == made.json()
    wanted["every"] = "week"
    put = mine.browser.put(f"/api/v1{address}", json=wanted, headers=headers)
    assert (put.status_code, put.json()["every"]) == (200, "week")
    wrong = mine.browser.put(
        f"/api/v1{address}", json={**wanted, "query": "fire AND ("}, headers=headers
    )
    assert (wrong.status_code, wrong.json()["position"]) == (400, 10)
    shown = mine.json("/subscriptions")["subscriptions"]
    assert {one["to"] for one in shown} == {"ada@example.org", "d…@example.org"}
    assert mine.browser.delete(f"/api/v1{address}", headers=headers).status_code == 204
    assert mine.get(f"/api/v1{address}").status_code == 404


def test_who_asks_too_often_is_told_so(mine: Site) -> None:
    codes = [
        mine.post("/alerts", {**FORM, "to": f"a{n}@example.org"}).status_code for n in range(5)
    ]
    assert codes == [303, 303, 303, 303, 429]
    wanted = {"name": "Fires", "to": "b@example.org"}
    headers = {"X-CSRF-Token": mine.csrf()}
    answer = mine.browser.post("/api/v1/subscriptions", json=wanted, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (429, "Too Many Requests")


def test_how_alerts_fare_is_shown(mine: Site) -> None:
    mine.post("/alerts", FORM)
    mine.app.ledger.subscribers.stop()
    page = mine.get("/sources").text
    assert 'data-stopped="true"' in page
    assert mine.json("/sources")["alerts"]["subscriptions"] == {"active": 1, "pending": 1}
    assert "stopped" in mine.get("/alerts").text


def test_a_name_is_no_markup(mine: Site) -> None:
    mine.post("/alerts", {**FORM, "name": "<b>x</b>", "query": '"><script>alert(1)</script>'})
    mine.post("/alerts", {**FORM, "name": "<b>x</b>", "query": "x"})
    one = kept(mine, "<b>x</b>")
    for address in ("/alerts", f"/alerts/{one.id}", path(mine.app.links.manage(one.id))):
        page = mine.get(address).text
        assert "<b>x" not in page
        assert "<script>alert" not in page


def test_every_answer_is_as_documented(mine: Site) -> None:
    mine.post("/alerts", FORM)
    schema = schemathesis.openapi.from_url(f"{mine.address}/api/v1/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    about = [one for one in operations if one.path.startswith("/api/v1/subscriptions")]
    assert len(about) == 5
    for operation in about:
        ask(mine, operation, GenerationMode.POSITIVE)
