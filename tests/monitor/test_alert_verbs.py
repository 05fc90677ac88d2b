"""Every verb for alerts, on a deployment without sources."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config import read_config
from monitor.ledger import Entry, utc_now
from monitor.messages import Subscription
from monitor.model import Page
from tests.smtp import TOML, mail_server
from tests.verbs import Verb
from tests.web.site import posted, smoke

CONFIG = f"""{TOML}
[alerts]
page = "https://monitor.example"

[[subscription]]
name = "Duty"
to = "duty@example.org"
query = "flood"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "monitor.toml"
    path.write_text(CONFIG.format(port=1), encoding="utf-8")
    return path


@pytest.fixture
def app(config: Path) -> App:
    return App(read_config(config))


def given_up(app: App) -> None:
    """A message that a server refused."""
    box = app.ledger.outbox
    now = utc_now()
    box.put(
        Entry(
            id="m1",
            subscription="s",
            channel="email",
            to="ada@example.org",
            payload=b"words",
            at=now,
        )
    )
    (waiting,) = box.waiting("email", now)
    box.begin(waiting.number)
    box.fail(waiting.number, "550 5.7.1 not wanted")


def test_a_subscription_is_added_shown_suspended_and_removed(verb: Verb, config: Path) -> None:
    words = ("Fires", "ada@example.org", "smoke", "--near", "51.5,-0.1,3km", "--topic", "fire")
    added = verb("alert", "add", *words, "--every", "day", "-c", config, "--json").json
    assert (added["state"], added["topics"], added["every"]) == ("pending", ["Fire"], "day")
    name = added["id"]
    assert verb("alert", "show", name, "-c", config, "--json").json == added
    shown = verb("alert", "show", name, "-c", config)
    assert "51.5,-0.1,3km" in shown.out
    vouched = verb("alert", "add", *words, "--vouch", "-c", config, "--json").json
    assert vouched["state"] == "active"
    for do, state in (("suspend", "suspended"), ("resume", "active")):
        assert state in verb("alert", do, vouched["id"], "-c", config).out
    listed = verb("alert", "list", "-c", config, "--json").json["subscriptions"]
    assert {one["name"]: one["state"] for one in listed if one["id"] != name} == {
        "Fires": "active",
        "Duty": "active",
    }
    assert verb("alert", "remove", name, "-c", config).code == 0
    assert verb("alert", "remove", name, "-c", config).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("add", "Fires", "nobody"),
        ("add", "Fires", "ada@example.org", "fire AND ("),
        ("add", "Fires", "ada@example.org", "--severity", "awful"),
        ("add", "Fires", "ada@example.org", "--zone", "Moon"),
        ("add", "Fires", "ada@example.org", "--channel", "pigeon", "--vouch"),
        ("show", "nobody"),
        ("resume", "nobody"),
        ("test", "ada@example.org", "--channel", "pigeon"),
        ("test", "nobody"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    verb: Verb, config: Path, words: tuple[str, ...]
) -> None:
    ran = verb("alert", *words, "-c", config)
    assert (ran.code, ran.out) == (2, "")
    assert ";" in ran.err


def test_a_test_message_is_sent_at_once(verb: Verb, config: Path) -> None:
    with mail_server() as server:
        config.write_text(CONFIG.format(port=server.port), encoding="utf-8")
        ran = verb("alert", "test", "ada@example.org", "-c", config)
    assert ran.code == 0, ran.err
    (taken,) = server.taken
    assert taken.to == "ada@example.org"
    assert b"This is a test" in taken.data


def test_a_test_message_that_nobody_takes_is_a_failure(verb: Verb, config: Path) -> None:
    ran = verb("alert", "test", "ada@example.org", "-c", config)
    assert ran.code == 1
    assert "127.0.0.1" in ran.err


def test_all_alerts_are_stopped_and_go_on(verb: Verb, config: Path, app: App) -> None:
    assert verb("alert", "stop", "-c", config).code == 0
    assert app.ledger.subscribers.stopped
    assert verb("status", "-c", config, "--json").json["alerts"]["stopped"] is True
    assert re.search(r"stopped\W+yes", verb("status", "-c", config).out)
    assert verb("alert", "start", "-c", config).code == 0
    assert not app.ledger.subscribers.stopped
    app.close()


def test_the_outbox_says_what_was_given_up_and_tries_it_again(
    verb: Verb, config: Path, app: App
) -> None:
    given_up(app)
    said = verb("alert", "outbox", "-c", config, "--json").json
    assert [(one["state"], one["said"]) for one in said["outbox"]] == [
        ("failed", "550 5.7.1 not wanted")
    ]
    assert said["counts"]["failed"] == 1
    assert "ada@example.org" not in str(said)
    assert "not wanted" in " ".join(verb("alert", "outbox", "-c", config).out.split())
    assert "1 messages" in verb("alert", "outbox", "--retry", "-c", config).out
    assert len(app.ledger.outbox.waiting("email", utc_now())) == 1
    app.close()


def test_a_mail_that_came_back_suspends(
    verb: Verb, config: Path, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = verb("alert", "add", "F", "ada@example.org", "--vouch", "-c", config, "--json").json
    given_up(app)
    with app.ledger.store.writing() as db:
        db.execute("UPDATE outbox SET id = 'abcdefgh12', subscription = ?", (added["id"],))
    report = (
        b"To: alerts+abcdefgh12@example.org\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        b"--b\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; mail.example.org\n\n"
        b"Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(report)))
    assert "hard 5.1.1" in verb("alert", "bounce", "-c", config).out
    assert verb("alert", "show", added["id"], "-c", config, "--json").json["state"] == "suspended"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Subject: hello\n\nhello\n")))
    assert "no report" in verb("alert", "bounce", "-c", config).out
    app.close()


def test_a_preview_of_nothing_changes_nothing(verb: Verb, config: Path, app: App) -> None:
    verb("alert", "list", "-c", config)
    before = replace(app.ledger.subscribers.all()[0])
    assert verb("alert", "preview", "-c", config, "--json").json == {"plans": []}
    assert verb("alert", "preview", "-c", config).code == 0
    assert app.ledger.subscribers.all() == (before,)
    assert app.ledger.outbox.counts()["waiting"] == 0
    app.close()


def test_a_preview_says_what_would_go_to_whom_and_why(verb: Verb, tmp_path: Path) -> None:
    app = posted(tmp_path / "day", smoke(1))
    app.ledger.notices.begin()
    ada = Subscription(id="a", to="ada@example.org", name="Fires", query="smoke", state="active")
    app.ledger.subscribers.put(ada, replace(ada, id="b", query="flood"))
    app.ledger.inbox.accept("test", Page(posts=(smoke(2),)))
    app.catch_up()
    path = app.config.path
    (plan,) = verb("alert", "preview", "-c", path, "--json").json["plans"]
    assert (plan["subscription"], plan["to"]) == ("a", "ada@example.org")
    assert [[item["why"] for item in letter] for letter in plan["messages"]] == [["new"]]
    assert "(new)" in verb("alert", "preview", "-c", path).out
    assert app.ledger.subscribers.due() == 0
    app.close()


def test_a_place_is_looked_up(config: Path, verb: Verb) -> None:
    found = verb("alert", "place", "Paris, Texas", "--config", config, "--json")
    assert found.json["places"][0]["label"] == "Paris, Texas, United States"
    said = verb("alert", "place", "Paris, Texas", "--config", config).out
    lat, lon = (found.json["places"][0][name] for name in ("lat", "lon"))
    assert f"{lat},{lon}  Paris, Texas, United States" in said
    assert verb("alert", "place", "zzqx", "--config", config).code == 2
