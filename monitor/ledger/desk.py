"""What operators and analysts look at beside events: health, counts, dropped, dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from monitor.ledger.record import encode
from monitor.ledger.store import Store, moment, stamp
from monitor.model import UNDATED, Dropped

State = Literal["waiting", "ok", "unavailable", "refused", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a source fares: its state, when it last answered and last had a post,
    how often it failed in a row, what it said, and when it may be asked again."""

    state: State = "waiting"
    answered: datetime = UNDATED
    posted: datetime = UNDATED
    failures: int = 0
    message: str = ""
    again: datetime = UNDATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Posts of one source over some hours."""

    accepted: int = 0
    kept: int = 0
    dropped: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A post that could not be read or done, and why."""

    id: str
    source: str
    at: datetime
    reason: str


class Desk:
    """Views on the ledger that nothing depends on."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def health(self, source: str) -> Health:
        """How the source fares."""
        with self._store.reading() as db:
            line = db.execute("SELECT value FROM health WHERE source = ?", (source,)).fetchone()
        return msgspec.json.decode(line[0], type=Health) if line else Health()

    def report(self, source: str, health: Health) -> None:
        """Write down how a source fares."""
        with self._store.writing() as db:
            db.execute("INSERT OR REPLACE INTO health VALUES (?, ?)", (source, encode(health)))

    def counted(self, at: datetime, hours: int = 24) -> Mapping[str, Counted]:
        """Posts per source over the last hours."""
        since = stamp(at - timedelta(hours=hours))[:13]
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT source, sum(accepted), sum(kept), sum(dropped), sum(dead) FROM counts"
                " WHERE hour > ? GROUP BY source ORDER BY source",
                (since,),
            ).fetchall()
        return {
            source: Counted(accepted=accepted, kept=kept, dropped=dropped, dead=dead)
            for source, accepted, kept, dropped, dead in lines
        }

    def sizes(self) -> Mapping[str, int]:
        """How many of each the ledger holds, and its bytes on disk."""
        tables = {
            "waiting rows": "inbox",
            "signals": "signals",
            "events": "events",
            "dropped posts": "dropped",
            "dead letters": "dead",
            "decisions": "decided",
            "tombstones": "tombstones",
        }
        with self._store.reading() as db:
            sizes = {
                name: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
                for name, table in tables.items()
            }
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            (page,) = db.execute("PRAGMA page_size").fetchone()
        return {**sizes, "bytes": pages * page}

    def followers(self) -> Mapping[str, int]:
        """The position of each that follows rows."""
        with self._store.reading() as db:
            return dict(
                db.execute(
                    "SELECT follower, seq FROM positions WHERE follower NOT LIKE 'activity:%'"
                    " ORDER BY follower"
                )
            )

    def dropped(self, batch: int = 500) -> Iterator[Dropped]:
        """Posts that were not kept, newest first."""
        before = 1 << 62
        while True:
            with self._store.reading() as db:
                lines = db.execute(
                    "SELECT seq, value FROM dropped WHERE seq < ? ORDER BY seq DESC LIMIT ?",
                    (before, batch),
                ).fetchall()
            for _, value in lines:
                yield msgspec.json.decode(value, type=Dropped)
            if len(lines) < batch:
                return
            before = lines[-1][0]

    def dead_letters(self, limit: int = 100) -> tuple[DeadLetter, ...]:
        """What could not be read or done, newest first."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT id, source, at, reason FROM dead ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
        return tuple(
            DeadLetter(id=post, source=source, at=moment(at), reason=reason)
            for post, source, at, reason in lines
        )
