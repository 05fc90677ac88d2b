"""Readers have alerts sent to webhooks and targets too: confirmed there, no secret comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from monitor.alerts.deliver import deliver
from monitor.app import App
from monitor.ledger import utc_now
from monitor.tables import WebTable
from tests.web.site import MAIL, PAGE, Site, configured, posted, served, smoke
from tests.web.test_alerts import kept, path, said
from tests.web.test_gate import ADA, BOB, enter, tokens

HOOK = "https://hooks.example.org/T0/very-secret"


def able(app: App, folder: Path) -> App:
    """The deployment with every channel set up."""
    for name, text in (
        ("webhook.secret", "whsec_" + "QUFB" * 8),
        ("targets.toml", 'desk = "json://desk.example.org/very-secret"\n'),
    ):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600)
    webhook = {"secret_file": str(folder / "webhook.secret"), "allow": ["intranet.example"]}
    apprise = {"targets_file": str(folder / "targets.toml")}
    channels = {**MAIL, "webhook": webhook, "apprise": apprise}
    return configured(app, alerts={"page": PAGE}, channel=channels)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A page that asks for a token, and Ada before it."""
    app = able(posted(tmp_path / "day", smoke(1)), tmp_path)
    with served(app, WebTable(port=0, token_file=tokens(tmp_path))) as opened:
        enter(opened, ADA)
        yield opened
    app.close()


def ask(site: Site, **wanted: Any) -> httpx2.Response:
    body = {"name": "Fires", "query": "smoke", "channel": "webhook", "to": HOOK, **wanted}
    headers = {"X-CSRF-Token": site.csrf()}
    return site.browser.post("/api/v1/subscriptions", json=body, headers=headers)


def confirmation(site: Site, channel: str, key: str) -> str:
    """What the receiver is asked."""
    (waiting,) = site.app.ledger.outbox.waiting(channel, utc_now())
    found = msgspec.json.decode(waiting.payload)
    return str(found[key] if key == "text" else found["data"]["text"])


@pytest.mark.parametrize(
    ("channel", "to", "key"), [("webhook", HOOK, "data"), ("apprise", "desk", "text")]
)
def test_whoever_reads_what_comes_there_confirms(
    site: Site, channel: str, to: str, key: str
) -> None:
    assert ask(site, channel=channel, to=to).status_code == 202
    assert (kept(site).state, kept(site).channel) == ("pending", channel)
    link = next(word for word in confirmation(site, channel, key).split() if PAGE in word)
    form = site.get(path(link)).text
    assert "very-secret" not in form
    assert site.post(path(link), {}).status_code == 200
    assert kept(site).state == "active"


def test_the_secret_of_an_address_comes_back_nowhere(site: Site) -> None:
    made = ask(site)
    one = kept(site)
    assert one.to == HOOK
    assert made.json()["to"] == "https://hooks.example.org/…"
    pages = [
        "/alerts",
        f"/alerts/{one.id}",
        path(site.app.links.manage(one.id)),
        "/api/v1/subscriptions",
        f"/api/v1/subscriptions/{one.id}",
    ]
    assert [name for name in pages if "very-secret" in site.get(name).text] == []
    enter(site, BOB)
    assert site.get(f"/alerts/{one.id}").status_code == 404


def test_a_change_leaves_the_address_as_it_is(site: Site) -> None:
    made = ask(site).json()
    headers = {"X-CSRF-Token": site.csrf()}
    known = ("name", "to", "channel", "query", "every", "lang")
    body = {**{name: made[name] for name in known}, "every": "hour"}
    put = site.browser.put(f"/api/v1/subscriptions/{made['id']}", json=body, headers=headers)
    assert (put.status_code, put.json()["every"]) == (200, "hour")
    page = site.get(f"/alerts/{made['id']}").text
    form = {"name": said(page, "name"), "query": "flood"}
    assert site.post(f"/alerts/{made['id']}", form).status_code == 303
    manage = path(site.app.links.manage(made["id"]))
    assert site.post(manage, {**form, "every": "week"}).status_code == 303
    assert (kept(site).to, kept(site).query, kept(site).every) == (HOOK, "flood", "week")
    other = {**body, "to": "https://elsewhere.example/x"}
    put = site.browser.put(f"/api/v1/subscriptions/{made['id']}", json=other, headers=headers)
    assert put.status_code == 400


@pytest.mark.parametrize(
    "to",
    [
        "http://hooks.example.org/x",
        "https://intranet.example/admin",
        "http://intranet.example/admin",
        "file:///etc/passwd",
        "ada@example.org",
        "https://",
    ],
)
def test_only_public_addresses_of_https_are_taken(site: Site, to: str) -> None:
    assert ask(site, to=to).status_code == 400
    assert site.app.ledger.subscribers.all() == ()
    assert site.app.ledger.outbox.waiting("webhook", utc_now()) == ()


@pytest.mark.parametrize("to", ["https://127.0.0.1:9/x", "https://[::1]/x", "https://localhost/x"])
def test_nothing_is_connected_to_inside_our_own_network(site: Site, to: str) -> None:
    ask(site, to=to)
    deliver(site.app.ledger, "webhook", site.app.channel, threading.Event())
    assert site.app.ledger.outbox.counts()["failed"] == 1
    assert kept(site).state == "pending"


def test_only_targets_of_the_operator_are_taken(site: Site) -> None:
    assert ask(site, channel="apprise", to="json://evil.example").status_code == 400
    assert ask(site, channel="pigeon", to="desk").status_code == 400


def test_the_page_offers_every_channel(site: Site) -> None:
    page = site.get("/alerts").text
    assert '<option value="webhook">' in page
    form = {"name": "Fires", "channel": "webhook", "to": HOOK, "query": "smoke"}
    assert 'data-recent="1"' in site.post("/alerts", {**form, "do": "check"}).text
    assert site.post("/alerts", form).status_code == 303
    assert kept(site).to == HOOK


def test_nobody_without_a_token_makes_one(site: Site) -> None:
    with httpx2.Client(base_url=site.address) as stranger:
        body = {"name": "x", "channel": "webhook", "to": HOOK}
        assert stranger.post("/api/v1/subscriptions", json=body).status_code == 401
    assert site.app.ledger.subscribers.all() == ()
