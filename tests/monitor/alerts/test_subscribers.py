"""The ledger's side of subscriptions: whole transactions, seen by whoever looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from monitor.ledger import Entry, Ledger, open_ledger
from monitor.messages import Subscription
from tests.worlds import START, Clock

ADA = Subscription(id="a", to="ada@example.org", by="ada", state="active", made=START)
BOB = Subscription(id="b", to="bob@example.org", by="bob", made=START)


def mail(subscription: str, name: str = "m1") -> Entry:
    return Entry(
        id=name,
        subscription=subscription,
        channel="email",
        to="ada@example.org",
        payload=b"words",
        at=START,
    )


def due(ledger: Ledger, subscription: str) -> None:
    with ledger.store.writing() as db:
        db.execute("INSERT INTO due VALUES (?, '1', '2026-03-14')", (subscription,))


def test_what_was_put_is_found_by_state_address_and_maker(ledger: Ledger) -> None:
    kept = ledger.subscribers
    kept.put(ADA, BOB)
    assert kept.get("a") == ADA
    assert kept.get("c") is None
    assert kept.all() == (ADA, BOB)
    assert kept.all("active") == (ADA,)
    assert kept.all("active", "pending", by="bob") == (BOB,)
    assert kept.all("active", to="bob@example.org") == ()
    assert kept.counts() == {"active": 1, "pending": 1}


def test_the_version_moves_whenever_subscriptions_do(ledger: Ledger, tmp_path: Path) -> None:
    other = open_ledger(tmp_path / "ledger.db")
    seen = [other.subscribers.version()]
    ledger.subscribers.put(ADA)
    seen.append(other.subscribers.version())
    ledger.subscribers.change("a", lambda one: replace(one, state="suspended"))
    seen.append(other.subscribers.version())
    ledger.subscribers.remove("a")
    seen.append(other.subscribers.version())
    other.close()
    assert len(set(seen)) == 4
    ledger.subscribers.change("a", lambda one: one)
    assert ledger.subscribers.version() == seen[-1]


def test_a_change_is_dated_and_no_change_is_none(ledger: Ledger, clock: Clock) -> None:
    ledger.subscribers.put(ADA)
    clock.now = START + timedelta(hours=1)
    ledger.subscribers.change("a", lambda one: one)
    assert ledger.subscribers.get("a") == ADA
    ledger.subscribers.change("a", lambda one: replace(one, name="fires"))
    assert ledger.subscribers.get("a") == replace(ADA, name="fires", changed=clock.now)
    assert ledger.subscribers.change("nobody", lambda one: one) is None


def test_what_ends_lets_go_of_what_waits_and_stays(ledger: Ledger) -> None:
    ledger.subscribers.put(ADA, BOB)
    for name in ("a", "b"):
        ledger.outbox.put(mail(name, f"m{name}"))
        due(ledger, name)
    ledger.subscribers.change("a", lambda one: replace(one, state="ended"))
    assert [one.subscription for one in ledger.outbox.waiting("email", START)] == ["b"]
    assert ledger.subscribers.due() == 1
    assert ledger.subscribers.get("a") is not None


def test_what_is_removed_is_nowhere(ledger: Ledger) -> None:
    ledger.subscribers.put(ADA)
    ledger.outbox.put(mail("a"))
    due(ledger, "a")
    assert ledger.subscribers.remove("a", "nobody") == 1
    assert ledger.subscribers.all() == ()
    assert ledger.subscribers.due() == 0
    assert ledger.outbox.waiting("email", START) == ()


def test_who_asks_is_counted_for_a_while(ledger: Ledger, clock: Clock) -> None:
    ledger.subscribers.enrol(BOB, mail("b"), ("client", "address"))
    ledger.subscribers.enrol(replace(BOB, id="c"), None, ("client",))
    assert ledger.subscribers.asked("client", START) == 2
    assert ledger.subscribers.asked("address", START) == 1
    assert ledger.subscribers.asked("client", START + timedelta(seconds=1)) == 0
    clock.now = START + timedelta(days=3)
    ledger.subscribers.enrol(replace(BOB, id="d"), None, ("other",))
    assert ledger.subscribers.asked("client", START) == 0


def test_all_alerts_can_be_stopped_by_whoever_opens_the_ledger(
    ledger: Ledger, tmp_path: Path
) -> None:
    other = open_ledger(tmp_path / "ledger.db")
    assert not ledger.subscribers.stopped
    other.subscribers.stop()
    other.subscribers.stop()
    assert ledger.subscribers.stopped
    ledger.subscribers.start()
    assert not other.subscribers.stopped
    other.close()
