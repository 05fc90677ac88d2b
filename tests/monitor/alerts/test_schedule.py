"""`run` tells subscribers by itself: a post comes in, a mail goes out."""

from __future__ import annotations

import email
from email.policy import default
from pathlib import Path

from monitor.config import read_config
from monitor.ledger import Ledger, open_ledger
from monitor.model import Page, Post
from tests.benchmarks.alerts import Quick
from tests.monitor.alerts.town import subscription
from tests.running import running, stopped, waited
from tests.smtp import TOML, mail_server


def posted(ledger: Ledger, number: int) -> None:
    post = Post(id=f"feed:{number}", text=f"A large fire {number}", source="a", voice="media")
    ledger.inbox.accept("a", Page(posts=(post,)))


def test_a_post_comes_in_and_a_mail_goes_out(tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    ledger = open_ledger(tmp_path / "data" / "ledger.db")
    ledger.subscribers.put(subscription("ada", query="fire"), subscription("ben", query="flood"))
    posted(ledger, 1)
    with mail_server() as server:
        config.write_text(TOML.format(port=server.port), encoding="utf-8")
        process = running(lambda: Quick(read_config(config)), tmp_path / "log")
        waited(lambda: len(server.taken) == 1)
        posted(ledger, 2)
        waited(lambda: len(server.taken) == 2)
        assert stopped(process)
    assert {mail.to for mail in server.taken} == {"ada@example.org"}
    ids = [email.message_from_bytes(m.data, policy=default)["Message-ID"] for m in server.taken]
    assert len(set(ids)) == 2
    assert ledger.outbox.counts()["sent"] == 2
    assert ledger.notices.waiting() == ()
    ledger.close()
