"""What comes back: real reports of Postfix and of other servers, hostile ones, and none at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import email
from monitor.alerts.bounce import LONGEST, SOFT, bounced
from monitor.alerts.deliver import deliver
from monitor.ledger import Entry, Ledger, open_ledger
from monitor.messages import Message, Subscription
from tests.running import waited
from tests.smtp import Fault, mail_server, postfix

START = datetime(2026, 3, 14, 12, tzinfo=UTC)
NESTED = range(9_999)
ID = "2f6a1c0d9e8b7a65"
DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I am sorry to say that your mail could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
{outer}
Final-Recipient: rfc822; ada@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such user

--b1
Content-Type: {returned}

Message-ID: <{message}@example.org>
Subject: Fire

--b1--
"""
ARF = """\
From: <abuse@example.net>
To: <abuse@example.org>
Subject: FW: Fire
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

This is a report of a message that was received.

--b1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--b1
Content-Type: message/rfc822

From: Signal Monitor <alerts@example.org>
Message-ID: <{message}@example.org>
Subject: Fire

A warehouse burns.

--b1--
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A subscription that has been sent five mails."""
    made = open_ledger(tmp_path / "ledger.db", lambda: START)
    made.subscribers.put(Subscription(id="s1", to="ada@example.org", state="active"))
    for name in (ID, *(f"message-{number}" for number in range(1, SOFT))):
        sent(made, name)
    yield made
    made.close()


def sent(ledger: Ledger, name: str) -> None:
    ledger.outbox.put(entry(name))
    (waiting,) = ledger.outbox.waiting("email", START)
    ledger.outbox.begin(waiting.number)
    ledger.outbox.sent(waiting.number)


def entry(name: str) -> Entry:
    return Entry(
        id=name,
        subscription="s1",
        channel="email",
        to="ada@example.org",
        payload=b"words",
        at=START,
        event="17",
    )


def dsn(
    to: str = f"bounces+{ID}@example.org",
    status: str = "5.1.1",
    action: str = "failed",
    message: str = "another-message",
    returned: str = "message/rfc822",
    outer: str = "",
) -> bytes:
    text = DSN.format(
        to=to, status=status, action=action, message=message, returned=returned, outer=outer
    )
    return text.encode()


def state(ledger: Ledger) -> str:
    found = ledger.subscribers.get("s1")
    assert found is not None
    return found.state


def test_a_hard_bounce_suspends_the_subscription(ledger: Ledger) -> None:
    ledger.outbox.put(entry("on-its-way"))
    bounce = bounced(ledger, dsn())
    assert bounce is not None
    assert (bounce.kind, bounce.message, bounce.status) == ("hard", ID, "5.1.1")
    assert bounce.subscription == "s1"
    assert state(ledger) == "suspended"
    assert ledger.outbox.waiting("email", START) == ()
    assert [each.outcome for each in ledger.feed.activity(0)][-1] == "hard"


def test_crlf_makes_no_difference(ledger: Ledger) -> None:
    assert bounced(ledger, dsn().replace(b"\n", b"\r\n")) is not None
    assert state(ledger) == "suspended"


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_the_message_that_is_returned_names_itself(ledger: Ledger, returned: str) -> None:
    bounce = bounced(ledger, dsn(to="alerts@example.org", message=ID, returned=returned))
    assert bounce is not None
    assert bounce.message == ID


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "4.4.7", "5.3.4", ""])
def test_a_soft_bounce_suspends_nothing(ledger: Ledger, status: str) -> None:
    bounce = bounced(ledger, dsn(status=status))
    assert bounce is not None
    assert bounce.kind == "soft"
    assert state(ledger) == "active"


def test_soft_bounces_without_end_suspend_the_subscription(ledger: Ledger) -> None:
    names = [ID, *(f"message-{number}" for number in range(1, SOFT))]
    for name in names:
        assert state(ledger) == "active"
        bounced(ledger, dsn(to=f"bounces+{name}@example.org", status="5.2.2"))
    assert state(ledger) == "suspended"


def test_the_same_soft_bounce_counts_once(ledger: Ledger) -> None:
    for _ in range(SOFT + 1):
        bounced(ledger, dsn(status="5.2.2"))
    assert state(ledger) == "active"


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_of_delay_or_success_is_no_bounce(ledger: Ledger, action: str) -> None:
    assert bounced(ledger, dsn(action=action)) is None
    assert state(ledger) == "active"


def test_a_complaint_suspends_the_subscription(ledger: Ledger) -> None:
    bounce = bounced(ledger, ARF.format(kind="abuse", message=ID).encode())
    assert bounce is not None
    assert (bounce.kind, bounce.message) == ("complaint", ID)
    assert state(ledger) == "suspended"


def test_a_report_of_no_spam_is_no_complaint(ledger: Ledger) -> None:
    assert bounced(ledger, ARF.format(kind="not-spam", message=ID).encode()) is None
    assert state(ledger) == "active"


def test_a_report_on_what_we_never_sent_is_passed_over(ledger: Ledger) -> None:
    assert bounced(ledger, dsn(to="bounces+guessed-name@example.org")) is None
    assert state(ledger) == "active"


def test_a_message_that_is_not_sent_yet_cannot_come_back(ledger: Ledger) -> None:
    ledger.outbox.put(entry("not-sent-yet"))
    assert bounced(ledger, dsn(to="bounces+not-sent-yet@example.org")) is None
    assert state(ledger) == "active"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 1000,
        b"Subject: I am away\r\nTo: bounces+2f6a1c0d9e8b7a65@example.org\r\n\r\nuntil Monday",
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n",
        b"Content-Type: message/delivery-status\r\n\r\n" + b"\r\n" * 1_000_000,
        b"Content-Type: message/rfc822\r\n\r\n" * 100_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(9999)
        ),
        b"To: " + b"bounces+aaaaaaaa@example.org, " * 100_000,
        b"To: =?utf-8?q?" + b"=41" * 100_000 + b"?=\r\n\r\n",
        b"Content-Type: multipart/report; boundary=" + b"x" * 1_000_000,
    ],
    ids=range(10),
)
def test_what_is_no_report_is_passed_over(ledger: Ledger, raw: bytes) -> None:
    assert bounced(ledger, raw) is None


def test_a_report_is_read_though_what_it_returns_is_large(ledger: Ledger) -> None:
    raw = dsn().replace(b"Subject: Fire\n", b"Subject: Fire\n\n" + b"A warehouse burns.\n" * 50_000)
    assert len(raw) > 2 * LONGEST
    assert bounced(ledger, raw) is not None


@settings(max_examples=100)
@given(at=st.integers(0, 900), noise=st.binary(max_size=40))
def test_a_damaged_report_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, at: int, noise: bytes
) -> None:
    raw = dsn()
    ledger = _kept(tmp_path_factory)
    found = bounced(ledger, raw[:at] + noise + raw[at + len(noise) :])
    assert found is None or found.message == ID


_ledgers: list[Ledger] = []


def _kept(folders: pytest.TempPathFactory) -> Ledger:
    """One ledger for all examples."""
    if not _ledgers:
        _ledgers.append(open_ledger(folders.mktemp("kept") / "ledger.db", lambda: START))
        sent(_ledgers[0], ID)
    return _ledgers[0]


def test_what_postfix_returns_suspends_the_subscription(tmp_path: Path) -> None:
    """A mail goes out through Postfix, the server beyond refuses it, Postfix writes to the return
    address."""
    ledger = open_ledger(tmp_path / "ledger.db", lambda: START)
    ledger.subscribers.put(Subscription(id="s1", to="ada@example.net", state="active"))
    refusal = Fault("rcpt", "550 5.1.1 no such user", times=9)
    with mail_server(faults=[refusal]) as beyond, postfix(beyond.port) as server:
        options = email.Options(
            host="127.0.0.1",
            port=server.port,
            sender="alerts@example.org",
            bounces="bounces@example.org",
            ca_file=server.ca_file,
        )
        channel = email.open(options)
        message = Message(
            id=ID,
            subscription="s1",
            to="ada@example.net",
            subject="Fire",
            text="A warehouse burns.",
            html="<p>A warehouse burns.</p>",
            at=START,
        )
        ledger.outbox.put(
            replace(entry(ID), to="ada@example.net", payload=channel.compose(message))
        )
        assert deliver(ledger, "email", lambda _: channel, threading.Event()) == 1
        waited(lambda: server.returned, server.folder / "log")
        raw = server.returned[0].read_bytes()
    assert state(ledger) == "active"
    bounce = bounced(ledger, raw)
    assert bounce is not None
    assert (bounce.kind, bounce.message, bounce.status) == ("hard", ID, "5.1.1")
    assert state(ledger) == "suspended"
    ledger.close()
