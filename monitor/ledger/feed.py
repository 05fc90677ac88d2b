"""OUT: changes and activity after a position, for whoever follows.

Each follower has a position of its own: `activity:…` counts activities, every other one rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from monitor.ledger.record import SIGNAL, activity_of, event_of, signal_of
from monitor.ledger.store import Store, stamp
from monitor.model import Activity, Change, Dead, Signal

LIMIT: Final = 4_000
"""Things that a follower is told at a time when it is behind: enough to keep a cluster busy."""
_TOUCHED: Final = """
SELECT seq FROM (
    SELECT seq FROM signals WHERE seq > ?1
    UNION ALL SELECT seq FROM events WHERE seq > ?1
    UNION ALL SELECT seq FROM gone WHERE seq > ?1
) ORDER BY seq LIMIT 1 OFFSET ?2
"""


class Feed:
    """What followers read, and where each of them is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ledger_id(self) -> str:
        """The name of this ledger, for ever."""
        with self._store.reading() as db:
            (value,) = db.execute("SELECT value FROM meta WHERE key = 'id'").fetchone()
        return str(value)

    def consumed(self) -> int:
        """The number of the last row that THROUGH has done; 0 at first."""
        with self._store.reading() as db:
            return _consumed(db)

    def changes(self, after: int, limit: int = LIMIT) -> Change | None:
        """What changed after that row, about `limit` things at a time and never a row in halves;
        None where there is nothing more to say.

        The addresses of what a person wrote stay in the ledger: they may hold the account.
        """
        with self._store.reading() as db:
            last = _consumed(db)
            if last <= after:
                return None
            cut = db.execute(_TOUCHED, (after, limit - 1)).fetchone()
            upto = min(last, cut[0]) if cut else last
            span = (after, upto)
            signals = db.execute(
                f"SELECT {SIGNAL} FROM signals WHERE seq > ? AND seq <= ? ORDER BY seq, id", span
            )
            events = db.execute(
                "SELECT value FROM events WHERE seq > ? AND seq <= ? ORDER BY seq, id", span
            )
            gone = db.execute("SELECT id FROM gone WHERE seq > ? AND seq <= ? ORDER BY id", span)
            return Change(
                last=upto,
                signals=tuple(_shown(signal_of(line)) for line in signals),
                events=tuple(event_of(value) for (value,) in events),
                gone=tuple(post for (post,) in gone),
            )

    def activity(self, after: int, limit: int = LIMIT) -> tuple[Activity, ...]:
        """What happened after that number, in order."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT number, value FROM activity WHERE number > ? ORDER BY number LIMIT ?",
                (after, limit),
            ).fetchall()
        return tuple(activity_of(number, value) for number, value in lines)

    def position(self, follower: str) -> int:
        """The last row or activity that the follower has seen; 0 at first."""
        with self._store.reading() as db:
            line = db.execute(
                "SELECT seq FROM positions WHERE follower = ?", (follower,)
            ).fetchone()
        return int(line[0]) if line else 0

    def advance(self, follower: str, seq: int, dead: Sequence[Dead] = ()) -> None:
        """The follower has seen all up to that number, but for what it refused, which goes to the
        dead letters; 0 sends it back to the beginning."""
        with self._store.writing() as db:
            db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?)", (follower, seq))
            at = stamp(self._store.clock())
            for fault in dead:
                db.execute("DELETE FROM dead WHERE id = ? AND source = ?", (fault.id, follower))
                db.execute(
                    "INSERT INTO dead (id, author, source, at, reason) VALUES (?, '', ?, ?, ?)",
                    (fault.id, follower, at, fault.reason),
                )

    def inherit(self, heirs: Mapping[str, str]) -> None:
        """Each follower goes on from where another was, which is dismissed; all or none."""
        with self._store.writing() as db:
            for follower, former in heirs.items():
                db.execute(
                    "INSERT OR REPLACE INTO positions"
                    " SELECT ?, seq FROM positions WHERE follower = ?",
                    (follower, former),
                )
                db.execute("DELETE FROM positions WHERE follower = ?", (former,))

    def dismiss(self, *followers: str) -> None:
        """Forget followers that will not come back."""
        with self._store.writing() as db:
            for follower in followers:
                db.execute("DELETE FROM positions WHERE follower = ?", (follower,))


def _consumed(db: sqlite3.Connection) -> int:
    line = db.execute("SELECT value FROM meta WHERE key = 'consumed'").fetchone()
    return int(line[0]) if line else 0


def _shown(signal: Signal) -> Signal:
    if not signal.post.author:
        return signal
    return replace(signal, post=replace(signal.post, url="", media=()))
