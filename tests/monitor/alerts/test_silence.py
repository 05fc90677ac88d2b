"""The operator hears of sources that fall silent or fail: once, and once when they are back."""

from __future__ import annotations

import email
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from channels import email as mail
from monitor.alerts import silence
from monitor.alerts.deliver import deliver
from monitor.alerts.paper import Letterhead
from monitor.alerts.silence import Silences
from monitor.config import Source, build_config, read_config
from monitor.ledger import Health, Ledger, open_ledger
from monitor.model import UNDATED
from monitor.schedule import Schedule
from tests.benchmarks.alerts import Quick
from tests.monitor.alerts.test_schedule import waited
from tests.monitor.alerts.town import NOON
from tests.ordeal import FORK
from tests.smtp import TOML, Fault, Server, mail_server
from tests.worlds import Clock

HEAD = Letterhead(title="Town", operator="op@example.org", page="https://monitor.example")
FEED = {"kind": "rss", "url": "https://feed.example/rss", "expect": "6h"}
HEALTHY = Health(state="ok", answered=NOON, posted=NOON)


def sources(*names: str) -> tuple[Source, ...]:
    tables = [{"name": name, **FEED} for name in names]
    return build_config({"source": tables}, Path("monitor.toml")).sources


class Desk:
    """An operator's desk: sources fare as they are told, time passes, and mail comes in."""

    def __init__(self, path: Path, server: Server, *names: str, lang: str = "en") -> None:
        self.clock = Clock(NOON)
        self.server = server
        self.path = path
        self.names = names
        self.lang = lang
        self.ledger = open_ledger(path, self.clock)
        self.restart()

    def restart(self) -> None:
        """As another process finds it."""
        self.ledger.close()
        self.ledger = open_ledger(self.path, self.clock)
        options = mail.Options(
            host="127.0.0.1", port=self.server.port, security="none", sender="us@example.org"
        )
        self.channel = mail.open(options)
        self.silences = Silences(
            self.ledger, sources(*self.names), HEAD, self.lang, lambda kind: self.channel
        )

    def fares(self, name: str, health: Health) -> None:
        self.ledger.desk.report(name, health)

    def lives(self, name: str) -> None:
        self.fares(name, replace(HEALTHY, posted=self.clock.now, answered=self.clock.now))

    def fails(self, name: str, failures: int, said: str = "feed.example: it answered 500") -> None:
        before = self.ledger.desk.health(name)
        self.fares(name, replace(before, state="unavailable", failures=failures, message=said))

    def passes(self, **time: float) -> list[EmailMessage]:
        """What came meanwhile; it is looked and delivered every ten minutes."""
        before = len(self.server.taken)
        until = self.clock.now + timedelta(**time)
        while self.clock.now < until:
            self.clock.now = min(self.clock.now + timedelta(minutes=10), until)
            self.silences()
            deliver(self.ledger, "email", lambda kind: self.channel, threading.Event())
        return [read(one.data) for one in self.server.taken[before:]]


def read(data: bytes) -> EmailMessage:
    found = email.message_from_bytes(data, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.fixture
def server() -> Iterator[Server]:
    with mail_server() as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Iterator[Desk]:
    made = Desk(tmp_path / "ledger.db", server, "a", "b", "c")
    for name in made.names:
        made.lives(name)
    yield made
    made.ledger.close()


def test_a_silence_is_told_once_and_its_end_once(desk: Desk) -> None:
    assert desk.passes(hours=5) == []
    desk.lives("b")
    desk.lives("c")
    (mail,) = desk.passes(hours=2)
    assert (mail["To"], mail["Subject"]) == ("op@example.org", "Town: 1 source has fallen silent")
    assert "- a: no post since Sat 14 Mar 2026, 12:00 UTC" in text(mail)
    assert "https://monitor.example/sources" in text(mail)
    for _ in range(20):
        desk.lives("b")
        desk.lives("c")
        assert desk.passes(hours=5) == []
    for name in desk.names:
        desk.lives(name)
    (mail,) = desk.passes(hours=2)
    assert mail["Subject"] == "Town: 1 source is back"
    assert desk.passes(hours=2) == []


def test_many_at_once_are_one_mail(desk: Desk) -> None:
    (mail,) = desk.passes(hours=12)
    assert mail["Subject"] == "Town: 3 sources have fallen silent"
    assert [name for name in desk.names if f"- {name}: no post" in text(mail)] == ["a", "b", "c"]


def test_those_that_follow_soon_are_told_together(desk: Desk) -> None:
    desk.fails("a", 3)
    assert len(desk.passes(minutes=20)) == 1
    desk.fails("b", 3)
    assert desk.passes(minutes=20) == []
    desk.fails("c", 3)
    desk.lives("a")
    (mail,) = desk.passes(hours=2)
    assert mail["Subject"] == "Town: 2 sources keep failing and 1 source is back"


def test_what_mends_itself_soon_is_not_told(desk: Desk) -> None:
    desk.fails("a", 2)
    assert desk.passes(hours=1) == []
    desk.fails("a", 3)
    desk.silences()
    desk.lives("a")
    assert desk.passes(hours=1) == []


def test_what_keeps_failing_is_told_with_what_it_says_and_no_address(desk: Desk) -> None:
    desk.fails("a", 3, "https://feed.example/rss?key=1: it answered 404\r\nBcc: x@example.org")
    (mail,) = desk.passes(hours=1)
    assert mail["Subject"] == "Town: 1 source keeps failing"
    assert "last answer: Sat 14 Mar 2026, 12:00 UTC. It says: it answered 404" in text(mail)
    assert "feed.example" not in text(mail)
    assert mail["Bcc"] is None


def test_a_silent_source_that_fails_is_no_news(desk: Desk) -> None:
    assert len(desk.passes(hours=12)) == 1
    for failures in (1, 2, 3, 9):
        desk.fails("a", failures)
        assert desk.passes(hours=3) == []


def test_a_source_that_left_the_configuration_is_not_called_back(desk: Desk) -> None:
    assert len(desk.passes(hours=12)) == 1
    desk.names = ("a", "b")
    desk.restart()
    assert desk.passes(hours=3) == []


def test_one_that_never_had_a_post_is_not_called_silent(desk: Desk) -> None:
    for name in desk.names:
        desk.fares(name, replace(HEALTHY, posted=UNDATED))
    assert desk.passes(days=3) == []


def test_nothing_is_told_while_alerts_are_stopped(desk: Desk) -> None:
    desk.ledger.subscribers.stop()
    assert desk.passes(hours=12) == []
    desk.ledger.subscribers.start()
    assert len(desk.passes(hours=1)) == 1


def test_a_server_that_is_away_loses_nothing_and_repeats_nothing(desk: Desk) -> None:
    desk.server.faults.append(Fault("rcpt", "451 4.7.1 come back later", times=3))
    assert len(desk.passes(hours=24)) == 1
    assert desk.ledger.outbox.counts()["sent"] == 1


@pytest.mark.parametrize("lang", ["de", "es", "fr", "xx"])
def test_it_is_told_in_the_first_language(tmp_path: Path, server: Server, lang: str) -> None:
    desk = Desk(tmp_path / "ledger.db", server, "a", lang=lang)
    desk.lives("a")
    (mail,) = desk.passes(hours=12)
    assert mail["Content-Language"] == (lang if lang != "xx" else "en")
    assert "{" not in text(mail)
    desk.ledger.close()


def test_killed_behind_the_outbox_it_is_sent_once_more_not_told_anew(desk: Desk) -> None:
    desk.clock.now += timedelta(hours=12)
    process = FORK.Process(target=killed, args=(desk.path, desk.clock))
    process.start()
    process.join()
    assert process.exitcode == 9
    desk.restart()
    assert desk.ledger.outbox.counts()["begun"] == 1
    (mail,) = desk.passes(hours=12)
    (once,) = {read(one.data)["Message-ID"] for one in desk.server.taken}
    assert mail["Message-ID"] == once
    assert desk.ledger.outbox.counts()["repeats"] == 1


def killed(path: Path, clock: Clock) -> None:
    """Dies when the mail is in the outbox and begun."""
    ledger: Ledger = open_ledger(path, clock)
    channel = mail.open(mail.Options(host="127.0.0.1", port=1, sender="us@example.org"))
    silences = Silences(ledger, sources("a", "b", "c"), HEAD, "en", lambda kind: channel)
    silences()
    clock.now += silence.GATHER
    silences()
    (waiting,) = ledger.outbox.waiting("email", clock.now)
    ledger.outbox.begin(waiting.number)
    os._exit(9)


CONFIG = f"""{TOML}
[alerts]
operator = "op@example.org"

[[source]]
name = "feed"
kind = "rss"
url = "https://feed.example/rss"
"""


def run(config: Path) -> None:
    app = Quick(read_config(config))
    Schedule(app).run()
    app.close()
    os._exit(0)


def test_run_tells_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "GATHER", timedelta(0))
    config = tmp_path / "monitor.toml"
    ledger = open_ledger(tmp_path / "data" / "ledger.db")
    never = NOON.replace(year=2126)
    failing = Health(state="refused", failures=4, message="it answered 403", again=never)
    ledger.desk.report("feed", failing)
    with mail_server() as server:
        config.write_text(CONFIG.format(port=server.port), encoding="utf-8")
        process = FORK.Process(target=run, args=(config,))
        process.start()
        assert waited(lambda: len(server.taken) == 1)
        assert process.pid
        os.kill(process.pid, signal.SIGTERM)
        process.join()
        assert process.exitcode == 0
    assert "feed: keeps failing, last answer: never" in text(read(server.taken[0].data))
    ledger.close()
