"""From the outbox to whoever takes it: at least once, the same bytes at every attempt.

A message is marked begun before its bytes leave and sent when the server has said that it has it.
Killed between the two, it goes once more, under the same id, and is counted as a possible repeat.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from monitor import log
from monitor.errors import DeliveryRefused, DeliveryUnavailable, MonitorError
from monitor.ledger import Ledger, Waiting
from monitor.ports import Channel

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
TRIES: Final = 78
"""Attempts before a message is given up: what is waited between them adds up to three days."""

_log = log.get(__name__)


def deliver(
    ledger: Ledger, kind: str, opened: Callable[[str], Channel], stop: threading.Event
) -> int:
    """Send what waits for that kind of channel until nothing is due, `stop` is set or alerts are
    stopped; how many were tried. `opened` gives the channel of a kind. Only under the lock, one
    thread a channel. Raises ConfigError where the channel cannot be opened, with all messages
    waiting."""
    outbox = ledger.outbox
    if recovered := outbox.recover(kind):
        _log.warning("repeats", channel=kind, possible=recovered)
    if not outbox.waiting(kind, ledger.store.clock(), 1) or ledger.subscribers.stopped:
        return 0
    channel = opened(kind)
    tried = 0
    try:
        while waiting := outbox.waiting(kind, ledger.store.clock()):
            for each in waiting:
                if stop.is_set() or ledger.subscribers.stopped:
                    return tried
                tried += _attempt(ledger, kind, channel, each)
    finally:
        channel.close()
    return tried


def suspend(ledger: Ledger, subscription: str, reason: str) -> None:
    """Nothing goes to that subscription any more until somebody wants it anew; what is on its way
    is let go."""
    found = ledger.subscribers.get(subscription)
    if found is None or found.state not in {"active", "pending"}:
        return
    now = ledger.store.clock()
    ledger.subscribers.put(replace(found, state="suspended", reason=reason, changed=now))
    ledger.outbox.drop(subscription)
    _log.warning("suspended", subscription=subscription, said=reason)


def _attempt(ledger: Ledger, kind: str, channel: Channel, each: Waiting) -> bool:
    """One attempt at one message; False where it waits no longer."""
    outbox = ledger.outbox
    if not outbox.begin(each.number):
        return False
    try:
        channel.send(each.to, each.payload)
    except DeliveryRefused as error:
        outbox.fail(each.number, str(error))
        _log.warning("refused", channel=kind, message=each.id, said=str(error))
        if error.gone:
            suspend(ledger, each.subscription, "the address does not exist any more")
    except DeliveryUnavailable as error:
        _put_off(ledger, kind, each, str(error))
    except MonitorError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug costs one message
        _log.critical("message", message=each.id, fault=type(error).__name__, exc_info=True)
        _put_off(ledger, kind, each, f"{kind}: {type(error).__name__}, a bug in it; see the log")
    else:
        outbox.sent(each.number)
    return True


def _put_off(ledger: Ledger, kind: str, each: Waiting, said: str) -> None:
    """Try again ever later, and not for ever."""
    tries = each.tries + 1
    if tries >= TRIES:
        ledger.outbox.fail(each.number, f"{said}; given up after three days")
        _log.error("given up", channel=kind, message=each.id, said=said)
        return
    wait = min(FIRST_WAIT * 2 ** min(tries - 1, 6), LONGEST_WAIT) * random.uniform(0.8, 1.2)
    ledger.outbox.postpone(each.number, ledger.store.clock() + wait, said)
    _log.warning("postponed", channel=kind, message=each.id, tries=tries, said=said)
