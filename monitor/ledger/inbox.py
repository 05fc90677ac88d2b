"""IN: what the world and people say becomes numbered rows; the cursor moves with them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from monitor.ledger.record import encode, row_of, row_values
from monitor.ledger.store import Store, moment, stamp
from monitor.model import (
    UNDATED,
    Activity,
    Cursor,
    Decision,
    Gone,
    Origin,
    Page,
    Post,
    Row,
    Tick,
    digest_of,
)

AHEAD: Final = timedelta(minutes=5)
"""A post that is further ahead of us than this is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a page came to: posts read, rows made, posts refused by a tombstone, malformed ones."""

    posts: int = 0
    rows: int = 0
    refused: int = 0
    dead: int = 0


def tombstone(name: str) -> str:
    """What is kept of a deleted post's id or of a deleted account's pseudonym."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def dated(post: Post, at: datetime) -> Post:
    """The post with a moment that can be believed: absent or far ahead becomes `at`, flagged."""
    if post.published == UNDATED or post.published > at + AHEAD:
        return replace(post, published=at, collected=at, dated=False)
    return replace(post, collected=at)


class Inbox:
    """The numbered rows that wait, with what was seen before and where collectors stopped."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def accept(
        self, source: str, page: Page, origin: Origin = "live", took_ms: int = 0
    ) -> Accepted:
        """Take a page, its cursor and what it came to in one transaction.

        Seen before: the same digest from the same source makes no row; from another source a row
        that only adds the source; another digest from the source that brought it first is an edit.
        """
        with self._store.writing() as db:
            at = self._now(db)
            made = refused = 0
            for post in page.posts:
                if _buried(db, post.id) or (post.author and _buried(db, post.author)):
                    refused += 1
                elif (row := _judge(db, post, at)) is not None:
                    self._append(db, at, row, origin)
                    made += 1
            for gone in page.gone:
                self._append(db, at, gone, origin)
                bury(db, gone, at)
            for dead in page.dead:
                db.execute(
                    "INSERT INTO dead (id, author, source, at, reason) VALUES (?, '', ?, ?, ?)",
                    (dead.id, source, stamp(at), dead.reason),
                )
            db.execute(
                "INSERT OR REPLACE INTO cursors VALUES (?, ?)", (source, encode(page.cursor))
            )
            per_source = Counter(post.source for post in page.posts)
            for name, posts in per_source.items():
                count(db, name, at, accepted=posts)
            count(db, source, at, dead=len(page.dead))
            accepted = Accepted(
                posts=len(page.posts), rows=made, refused=refused, dead=len(page.dead)
            )
            numbers = asdict(accepted)
            note(db, Activity(number=0, at=at, what="page", source=source, ms=took_ms, **numbers))
        return accepted

    def append(self, what: Decision | Gone | Tick) -> int:
        """One more row, from a person or from the clock; its number."""
        with self._store.writing() as db:
            at = self._now(db)
            seq = self._append(db, at, what, "live")
            if isinstance(what, Gone):
                bury(db, what, at)
        return seq

    def cursor(self, source: str) -> Cursor:
        """Where the source's collector stopped; empty at first."""
        with self._store.reading() as db:
            line = db.execute("SELECT marks FROM cursors WHERE source = ?", (source,)).fetchone()
        return msgspec.json.decode(line[0], type=Cursor) if line else Cursor()

    def rows(self, limit: int) -> tuple[Row, ...]:
        """The next rows that wait, in sequence."""
        with self._store.reading() as db:
            lines = db.execute(
                "SELECT seq, at, origin, kind, what FROM inbox ORDER BY seq LIMIT ?", (limit,)
            ).fetchall()
        return tuple(map(row_of, lines))

    def waiting(self, origin: Origin | None = None) -> int:
        """How many rows wait, of one origin or of all."""
        with self._store.reading() as db:
            (number,) = db.execute(
                "SELECT count(*) FROM inbox WHERE ? IS NULL OR origin = ?", (origin, origin)
            ).fetchone()
        return int(number)

    def size_mb(self) -> float:
        """How much the waiting rows hold."""
        with self._store.reading() as db:
            (size,) = db.execute("SELECT coalesce(sum(length(what)), 0) FROM inbox").fetchone()
        return float(size) / 1e6

    def _now(self, db: sqlite3.Connection) -> datetime:
        """The clock's moment, but never before the last row's."""
        now = self._store.clock()
        line = db.execute("SELECT value FROM meta WHERE key = 'last_at'").fetchone()
        return max(now, moment(line[0])) if line else now

    def _append(
        self,
        db: sqlite3.Connection,
        at: datetime,
        what: Post | Gone | Decision | Tick,
        origin: Origin,
    ) -> int:
        made = db.execute(
            "INSERT INTO inbox (at, origin, kind, what) VALUES (?, ?, ?, ?)",
            row_values(at, what, origin),
        )
        db.execute("INSERT OR REPLACE INTO meta VALUES ('last_at', ?)", (stamp(at),))
        return int(made.lastrowid or 0)


def _judge(db: sqlite3.Connection, post: Post, at: datetime) -> Post | None:
    """The row that a post makes, or None where it says nothing new."""
    post = replace(post, digest=digest_of(post))
    seen = {
        source: (digest, bool(first))
        for source, digest, first in db.execute(
            "SELECT source, digest, first FROM seen WHERE post = ?", (post.id,)
        )
    }
    digest, first = seen.get(post.source, ("", not seen))
    db.execute(
        "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)",
        (post.id, post.source, post.digest, int(first), stamp(at)),
    )
    if post.source not in seen:
        return dated(post, at)
    if post.digest == digest or not first:
        return None
    return replace(dated(post, at), edited=post.edited or at)


def _buried(db: sqlite3.Connection, name: str) -> bool:
    line = db.execute("SELECT 1 FROM tombstones WHERE hash = ?", (tombstone(name),)).fetchone()
    return line is not None


def bury(db: sqlite3.Connection, gone: Gone, at: datetime) -> None:
    """Refuse from now on what was deleted, before its row is even consumed."""
    if gone.reason in {"deleted", "account"}:
        db.executemany(
            "INSERT OR REPLACE INTO tombstones VALUES (?, ?)",
            [(tombstone(name), stamp(at)) for name in (*gone.ids, *gone.authors)],
        )
    db.executemany("DELETE FROM seen WHERE post = ?", [(name,) for name in gone.ids])


def note(db: sqlite3.Connection, activity: Activity) -> None:
    """Write down what happened, under the next number."""
    db.execute(
        "INSERT INTO activity (at, value) VALUES (?, ?)", (stamp(activity.at), encode(activity))
    )


def count(db: sqlite3.Connection, source: str, at: datetime, **numbers: int) -> None:
    """Add to a source's numbers of this hour."""
    hour = stamp(at)[:13]
    if not any(numbers.values()):
        return
    db.execute("INSERT OR IGNORE INTO counts (source, hour) VALUES (?, ?)", (source, hour))
    for column in ("accepted", "kept", "dropped", "dead"):
        if numbers.get(column):
            db.execute(
                f"UPDATE counts SET {column} = {column} + ? WHERE source = ? AND hour = ?",
                (numbers[column], source, hour),
            )
