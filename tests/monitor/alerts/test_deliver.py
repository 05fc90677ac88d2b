"""From the outbox to a mail server: each message once, later where it must be, never for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.alerts.deliver import TRIES, deliver
from monitor.errors import ConfigError, DeliveryRefused, DeliveryUnavailable
from monitor.ledger import Entry, Ledger
from monitor.ledger.outbox import put, withdraw
from monitor.messages import Message, Subscription
from monitor.ports import Channel
from tests.smtp import Fault, Server, mail_server
from tests.soak_mail import endure, opened
from tests.worlds import Clock

START = datetime(2026, 3, 14, 12, tzinfo=UTC)


@dataclass
class Door:
    """A channel whose answers a test gives, the last one for ever; None is a yes."""

    answers: list[Exception | None] = field(default_factory=lambda: [None])
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    closed: int = 0

    def accepts(self, to: str) -> None:
        """Anybody."""

    def compose(self, message: Message) -> bytes:
        return message.text.encode()

    def send(self, to: str, payload: bytes) -> None:
        self.sent.append((to, payload))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock() -> Clock:
    return Clock(now=START)


def entry(name: str, to: str = "ada@example.org", subscription: str = "s1") -> Entry:
    return Entry(
        id=name,
        subscription=subscription,
        channel="email",
        to=to,
        payload=f"words of {name}".encode(),
        at=START,
        posts=(f"post of {name}",),
        event="17",
    )


def fill(ledger: Ledger, *entries: Entry) -> None:
    with ledger.store.writing() as db:
        for each in entries:
            put(db, each)


def go(ledger: Ledger, channel: Channel) -> int:
    return deliver(ledger, "email", lambda _: channel, threading.Event())


def counts(ledger: Ledger) -> dict[str, int]:
    return {name: number for name, number in ledger.outbox.counts().items() if number}


def outcomes(ledger: Ledger) -> list[tuple[str, str, str]]:
    return [(each.channel, each.event, each.outcome) for each in ledger.feed.activity(0)]


def test_what_waits_goes_once_and_in_order(ledger: Ledger) -> None:
    fill(ledger, entry("a"), entry("b"))
    door = Door()
    assert go(ledger, door) == 2
    assert go(ledger, door) == 0
    assert [payload for _, payload in door.sent] == [b"words of a", b"words of b"]
    assert counts(ledger) == {"sent": 2}


def test_a_message_that_is_put_twice_goes_once(ledger: Ledger) -> None:
    fill(ledger, entry("a"), replace(entry("a"), payload=b"other words"))
    door = Door()
    go(ledger, door)
    assert door.sent == [("ada@example.org", b"words of a")]


def test_activity_tells_of_mail_without_whom_it_was_for(ledger: Ledger) -> None:
    fill(ledger, entry("a"), entry("b"))
    go(ledger, Door([None, DeliveryRefused("server: no; leave it")]))
    assert outcomes(ledger) == [("email", "17", "sent"), ("email", "17", "failed")]
    with ledger.store.reading() as db:
        lines = db.execute("SELECT value FROM activity").fetchall()
    assert not any(b"ada" in value for (value,) in lines)


def test_another_channel_is_left_alone(ledger: Ledger) -> None:
    fill(ledger, replace(entry("a"), channel="webhook"))
    assert go(ledger, Door()) == 0


def test_a_channel_is_not_opened_where_nothing_waits(ledger: Ledger) -> None:
    def never(kind: str) -> Channel:
        raise ConfigError(f"[channel.{kind}]: is missing; add that table")

    assert deliver(ledger, "email", never, threading.Event()) == 0


def test_a_channel_that_cannot_be_opened_leaves_everything_waiting(ledger: Ledger) -> None:
    def broken(kind: str) -> Channel:
        raise ConfigError(f"[channel.{kind}]: is missing; add that table")

    fill(ledger, entry("a"))
    with pytest.raises(ConfigError):
        deliver(ledger, "email", broken, threading.Event())
    assert counts(ledger) == {"waiting": 1}


def test_the_connection_is_let_go_when_nothing_waits(ledger: Ledger) -> None:
    fill(ledger, entry("a"), entry("b"))
    door = Door()
    go(ledger, door)
    assert door.closed == 1


def test_what_is_not_taken_now_is_tried_ever_later(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, entry("a"))
    door = Door([DeliveryUnavailable("server: busy; tried again")])
    waits = []
    for _ in range(9):
        assert go(ledger, door) == 1
        assert go(ledger, door) == 0
        before = clock.now
        while not ledger.outbox.waiting("email", clock.now):
            clock.now += timedelta(seconds=15)
        waits.append((clock.now - before).total_seconds() / 60)
    expected = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(0.75 * e <= w <= 1.25 * e + 0.25 for w, e in zip(waits, expected, strict=True))
    assert len({payload for _, payload in door.sent}) == 1


def test_it_is_given_up_after_three_days(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, entry("a"))
    door = Door([DeliveryUnavailable("server: busy; tried again")])
    while counts(ledger) == {"waiting": 1}:
        go(ledger, door)
        clock.now += timedelta(minutes=5)
    assert len(door.sent) == TRIES
    assert timedelta(days=2.4) < clock.now - START < timedelta(days=3.7)
    assert counts(ledger) == {"failed": 1}


def test_a_destination_that_is_away_keeps_nobody_waiting(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, *(entry(f"a{number}") for number in range(60)))
    busy = Door([DeliveryUnavailable("server: busy; tried again")])
    go(ledger, busy)
    clock.now += timedelta(minutes=2)
    fill(ledger, entry("new"))
    door = Door()
    go(ledger, door)
    assert door.sent[0][1] == b"words of new"


def test_what_is_refused_is_not_tried_again(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, entry("a"))
    door = Door([DeliveryRefused("server: no; leave it")])
    go(ledger, door)
    clock.now += timedelta(days=1)
    assert go(ledger, door) == 0
    assert counts(ledger) == {"failed": 1}


def test_a_recipient_that_is_gone_suspends_the_subscription(ledger: Ledger) -> None:
    asked = Subscription(id="s1", to="ada@example.org", state="active")
    other = Subscription(id="s2", to="bob@example.org", state="active")
    ledger.subscribers.put(asked, other)
    fill(ledger, entry("a"), entry("b"), entry("c", "bob@example.org", "s2"))
    door = Door([DeliveryRefused("server: no such user; leave it", gone=True), None])
    go(ledger, door)
    suspended, kept = ledger.subscribers.get("s1"), ledger.subscribers.get("s2")
    assert suspended is not None
    assert kept is not None
    assert (suspended.state, kept.state) == ("suspended", "active")
    assert suspended.reason
    assert [payload for _, payload in door.sent] == [b"words of a", b"words of c"]


def test_a_bug_in_a_channel_costs_one_message_a_while(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, entry("a"), entry("b"))
    go(ledger, Door([ZeroDivisionError("ada@example.org"), None]))
    assert counts(ledger) == {"waiting": 1, "sent": 1}
    clock.now += timedelta(minutes=2)
    go(ledger, Door())
    assert counts(ledger) == {"sent": 2}


def test_nothing_goes_while_alerts_are_stopped(ledger: Ledger) -> None:
    fill(ledger, entry("a"))
    door = Door()
    ledger.subscribers.stop()
    assert go(ledger, door) == 0
    ledger.subscribers.start()
    assert go(ledger, door) == 1


def test_it_stops_between_two_messages(ledger: Ledger) -> None:
    stop = threading.Event()

    class Stopping(Door):
        def send(self, to: str, payload: bytes) -> None:
            super().send(to, payload)
            stop.set()

    fill(ledger, entry("a"), entry("b"))
    assert deliver(ledger, "email", lambda _: Stopping(), stop) == 1
    assert counts(ledger) == {"waiting": 1, "sent": 1}


def test_a_message_found_begun_goes_again_and_is_counted(ledger: Ledger) -> None:
    fill(ledger, entry("a"))
    (waiting,) = ledger.outbox.waiting("email", START)
    assert ledger.outbox.begin(waiting.number)
    door = Door()
    go(ledger, door)
    assert door.sent == [("ada@example.org", b"words of a")]
    assert counts(ledger) == {"sent": 1, "repeats": 1}


def test_a_message_is_begun_once(ledger: Ledger) -> None:
    fill(ledger, entry("a"))
    (waiting,) = ledger.outbox.waiting("email", START)
    assert ledger.outbox.begin(waiting.number)
    assert not ledger.outbox.begin(waiting.number)


def test_what_quotes_a_deleted_post_is_taken_back_before_it_goes(ledger: Ledger) -> None:
    fill(ledger, entry("a"), entry("b"))
    with ledger.store.writing() as db:
        assert withdraw(db, ["post of a", "post of nobody"]) == ("a",)
    door = Door()
    go(ledger, door)
    assert [payload for _, payload in door.sent] == [b"words of b"]


def test_what_was_sent_loses_its_bytes_with_the_post_it_quotes(ledger: Ledger) -> None:
    fill(ledger, entry("a"))
    go(ledger, Door())
    with ledger.store.writing() as db:
        assert withdraw(db, ["post of a"]) == ()
    found = ledger.outbox.entry("a")
    assert found is not None
    assert found.payload == b""
    with ledger.store.reading() as db:
        assert db.execute("SELECT * FROM quoted").fetchall() == []


@pytest.mark.parametrize(("days", "kept"), [(6, b"words of a"), (8, b""), (91, None)])
def test_time_empties_what_was_sent(ledger: Ledger, days: int, kept: bytes | None) -> None:
    fill(ledger, entry("a"))
    go(ledger, Door())
    fill(ledger, entry("b"))
    ledger.outbox.tidy(START + timedelta(days=days))
    found = ledger.outbox.entry("a")
    assert (found and found.payload) == kept
    assert [each.payload for each in ledger.outbox.waiting("email", START)] == [b"words of b"]
    with ledger.store.reading() as db:
        (quoted,) = db.execute("SELECT count(*) FROM quoted").fetchone()
    assert quoted == (2 if days < 7 else 1)


def mailed(ledger: Ledger, clock: Clock, server: Server) -> None:
    """One mail through a real server, however often it must be tried."""
    channel = opened(server.port)
    message = Message(
        id="message-1",
        subscription="s1",
        to="ada@example.org",
        subject="Fire",
        text="A warehouse burns.",
        html="<p>A warehouse burns.</p>",
        at=START,
    )
    fill(ledger, replace(entry("message-1"), payload=channel.compose(message)))
    for _ in range(5):
        go(ledger, channel)
        clock.now += timedelta(hours=1)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("rcpt", "451 4.7.1 greylisted, come back later", times=2),
        Fault("greet", times=3),
        Fault("data"),
        Fault("accept"),
    ],
    ids=lambda fault: fault.stage,
)
def test_a_server_at_fault_has_the_mail_in_the_end(
    ledger: Ledger, clock: Clock, fault: Fault
) -> None:
    with mail_server(faults=[fault]) as server:
        mailed(ledger, clock, server)
    assert counts(ledger) == {"sent": 1}
    assert len({taken.data for taken in server.taken}) == 1
    assert len(server.taken) == (2 if fault.stage == "accept" else 1)


def test_a_server_that_refuses_is_not_asked_again(ledger: Ledger, clock: Clock) -> None:
    with mail_server(faults=[Fault("rcpt", "554 5.7.1 no", times=9)]) as server:
        mailed(ledger, clock, server)
    assert (server.connections, server.faults[0].times) == (1, 8)
    assert counts(ledger) == {"failed": 1}


def test_killed_again_and_again_every_mail_arrives_under_one_id(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    came = endure(tmp_path, mails=40, kills=3, seed=2)
    record_property("repeats", came.repeats)
    assert (came.kills, came.missing, came.doubled) == (3, 0, 0)
    assert came.repeats <= came.possible <= came.kills
