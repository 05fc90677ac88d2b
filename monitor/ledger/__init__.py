"""The ledger: what is true, and the numbered rows that it came from, in one SQLite file.

::

    collectors, people ──► Inbox ──► (the consumer) ──► Truth ──► Feed ──► followers
                                                          └─────► Desk: what operators look at
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.ledger.desk import Counted, DeadLetter, Desk, Health, State
from monitor.ledger.feed import Feed
from monitor.ledger.inbox import Accepted, Inbox
from monitor.ledger.notices import Notices
from monitor.ledger.outbox import Entry, Outbox, Unsent, Waiting
from monitor.ledger.store import Clock, Store, utc_now
from monitor.ledger.subscribers import Subscribers
from monitor.ledger.truth import Recalled, Truth

__all__ = [
    "Accepted",
    "Counted",
    "DeadLetter",
    "Entry",
    "Health",
    "Ledger",
    "Recalled",
    "State",
    "Unsent",
    "Waiting",
    "open_ledger",
    "utc_now",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The sides of one file."""

    store: Store
    inbox: Inbox
    truth: Truth
    feed: Feed
    desk: Desk
    notices: Notices
    outbox: Outbox
    subscribers: Subscribers

    def close(self) -> None:
        """Close the file."""
        self.store.close()


def open_ledger(path: Path, clock: Clock = utc_now) -> Ledger:
    """The ledger at `path`, made where there is none. Raises LedgerError."""
    store = Store(path, clock)
    return Ledger(
        store=store,
        inbox=Inbox(store),
        truth=Truth(store),
        feed=Feed(store),
        desk=Desk(store),
        notices=Notices(store),
        outbox=Outbox(store),
        subscribers=Subscribers(store),
    )
