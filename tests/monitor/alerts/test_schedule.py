"""`run` tells subscribers by itself: a post comes in, a mail goes out."""

from __future__ import annotations

import email
import os
import signal
import time
from collections.abc import Callable
from email.policy import default
from pathlib import Path

from monitor.config import read_config
from monitor.ledger import Ledger, open_ledger
from monitor.model import Page, Post
from monitor.schedule import Schedule
from tests.benchmarks.alerts import Quick
from tests.monitor.alerts.town import subscription
from tests.ordeal import FORK
from tests.smtp import mail_server

PATIENCE_S = 60.0
CONFIG = """
[channel.email]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "alerts@example.org"
"""


def run(config: Path) -> None:
    """One life of the process."""
    app = Quick(read_config(config))
    Schedule(app).run()
    app.close()
    os._exit(0)


def waited(look: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def posted(ledger: Ledger, number: int) -> None:
    post = Post(id=f"feed:{number}", text=f"A large fire {number}", source="a", voice="media")
    ledger.inbox.accept("a", Page(posts=(post,)))


def test_a_post_comes_in_and_a_mail_goes_out(tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    ledger = open_ledger(tmp_path / "data" / "ledger.db")
    ledger.subscribers.put(subscription("ada", query="fire"), subscription("ben", query="flood"))
    posted(ledger, 1)
    with mail_server() as server:
        config.write_text(CONFIG.format(port=server.port), encoding="utf-8")
        process = FORK.Process(target=run, args=(config,))
        process.start()
        assert waited(lambda: len(server.taken) == 1)
        posted(ledger, 2)
        assert waited(lambda: len(server.taken) == 2)
        assert process.pid
        os.kill(process.pid, signal.SIGTERM)
        process.join()
        assert process.exitcode == 0
    assert {mail.to for mail in server.taken} == {"ada@example.org"}
    ids = [email.message_from_bytes(m.data, policy=default)["Message-ID"] for m in server.taken]
    assert len(set(ids)) == 2
    assert ledger.outbox.counts()["sent"] == 2
    assert ledger.notices.waiting() == ()
    ledger.close()
