"""Who wants to be told of what, who asked to be, and whether alerts are stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from monitor.ledger.outbox import Entry, drop, put
from monitor.ledger.record import encode
from monitor.ledger.store import Store, stamp
from monitor.messages import State, Subscription

ASKED_DAYS: Final = 2
"""How long it is remembered who asked for a confirmation mail."""

_VERSION: Final = "alerts.version"
_STOPPED: Final = "alerts.stopped"
_subscription = msgspec.json.Decoder(Subscription).decode


class Subscribers:
    """Subscriptions as they now are."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, subscription: str) -> Subscription | None:
        """The subscription of that id."""
        with self._store.reading() as db:
            line = db.execute(
                "SELECT value FROM subscriptions WHERE id = ?", (subscription,)
            ).fetchone()
        return _subscription(line[0]) if line else None

    def all(self, *states: State, to: str = "", by: str = "") -> tuple[Subscription, ...]:
        """Those in one of these states, to that address and made by that user; what is not said
        does not matter. In order of id."""
        marks = ", ".join("?" * len(states))
        wanted = [
            (f"state IN ({marks})", states),
            ("recipient = ?", (to,) if to else ()),
            ("maker = ?", (by,) if by else ()),
        ]
        where = " AND ".join(["1", *(text for text, values in wanted if values)])
        with self._store.reading() as db:
            lines = db.execute(
                f"SELECT value FROM subscriptions WHERE {where} ORDER BY id",
                [value for _, values in wanted for value in values],
            ).fetchall()
        return tuple(_subscription(value) for (value,) in lines)

    def counts(self) -> Mapping[str, int]:
        """How many there are in each state that one is in."""
        with self._store.reading() as db:
            return dict(
                db.execute("SELECT state, count(*) FROM subscriptions GROUP BY state ORDER BY 1")
            )

    def due(self) -> int:
        """How many events wait to be told, each to one subscription."""
        with self._store.reading() as db:
            return int(db.execute("SELECT count(*) FROM due").fetchone()[0])

    def put(self, *subscriptions: Subscription) -> None:
        """Insert them, or put them in the place of those of the same id; all or none."""
        with self._store.writing() as db:
            _put(db, subscriptions)

    def enrol(self, subscription: Subscription, mail: Entry | None, who: Sequence[str]) -> None:
        """A new subscription, with the mail that asks for its confirmation and those who asked for
        it; all or none."""
        with self._store.writing() as db:
            _put(db, [subscription])
            if mail is not None:
                put(db, mail)
            now = self._store.clock()
            old = stamp(now - timedelta(days=ASKED_DAYS))
            db.execute("DELETE FROM asked WHERE at < ?", (old,))
            db.executemany("INSERT INTO asked VALUES (?, ?)", [(one, stamp(now)) for one in who])

    def change(
        self, subscription: str, how: Callable[[Subscription], Subscription]
    ) -> Subscription | None:
        """Put what `how` makes of it in its place, in one transaction; None where there is none of
        that id. One that has ended lets go of what is due to it and of its mail that is not
        sent."""
        with self._store.writing() as db:
            line = db.execute(
                "SELECT value FROM subscriptions WHERE id = ?", (subscription,)
            ).fetchone()
            if line is None:
                return None
            before = _subscription(line[0])
            after = how(before)
            if after != before:
                _put(db, [replace(after, changed=self._store.clock())])
            if after.state == "ended":
                db.execute("DELETE FROM due WHERE subscription = ?", (subscription,))
                drop(db, subscription)
        return after

    def remove(self, *subscriptions: str) -> int:
        """Forget them with what is due to them, what they were told and their mail that is not sent
        yet; how many there were."""
        found = 0
        with self._store.writing() as db:
            for one in subscriptions:
                found += db.execute("DELETE FROM subscriptions WHERE id = ?", (one,)).rowcount
                for table in ("due", "told", "matched"):
                    db.execute(f"DELETE FROM {table} WHERE subscription = ?", (one,))
                drop(db, one)
            if subscriptions:
                _moved(db)
        return found

    def version(self) -> int:
        """A number that is another one whenever subscriptions have changed, by whomever."""
        with self._store.reading() as db:
            line = db.execute("SELECT value FROM meta WHERE key = ?", (_VERSION,)).fetchone()
        return int(line[0]) if line else 0

    def asked(self, who: str, since: datetime) -> int:
        """How many confirmation mails that address or client has asked for since then."""
        with self._store.reading() as db:
            (count,) = db.execute(
                "SELECT count(*) FROM asked WHERE who = ? AND at >= ?", (who, stamp(since))
            ).fetchone()
        return int(count)

    @property
    def stopped(self) -> bool:
        """True while nothing may be released or sent."""
        with self._store.reading() as db:
            return bool(db.execute("SELECT 1 FROM meta WHERE key = ?", (_STOPPED,)).fetchone())

    def stop(self) -> None:
        """Nothing is released or sent from now on; what is due waits."""
        with self._store.writing() as db:
            now = stamp(self._store.clock())
            db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (_STOPPED, now))

    def start(self) -> None:
        """Alerts go on."""
        with self._store.writing() as db:
            db.execute("DELETE FROM meta WHERE key = ?", (_STOPPED,))


def _put(db: sqlite3.Connection, subscriptions: Sequence[Subscription]) -> None:
    """Write subscriptions in a transaction that is under way."""
    db.executemany(
        "INSERT OR REPLACE INTO subscriptions (id, recipient, maker, state, value)"
        " VALUES (?, ?, ?, ?, ?)",
        [(one.id, one.to, one.by, one.state, encode(one)) for one in subscriptions],
    )
    _moved(db)


def _moved(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT INTO meta VALUES (?, '1')"
        " ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
        (_VERSION,),
    )
