"""Signals and events put away on the disk, in a private file that ends with the process: memory
does not grow with what the grouper remembers. What comes back equals what was put away."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any, Final

import msgspec

from monitor.errors import LedgerError
from monitor.model import Event, Signal
from nlp.events import Sketch

_CACHE_KB: Final = 4_000
_SCRIPT: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{_CACHE_KB};
CREATE TABLE signals (
    post TEXT PRIMARY KEY, event TEXT NOT NULL, arrived INTEGER NOT NULL, author TEXT NOT NULL,
    value BLOB NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX by_event ON signals (event, arrived);
CREATE INDEX by_author ON signals (author, arrived) WHERE author != '';
CREATE TABLE events (id TEXT PRIMARY KEY, value BLOB NOT NULL, sketch BLOB);
CREATE TABLE copies (key BLOB, event TEXT, PRIMARY KEY (key, event)) WITHOUT ROWID;
CREATE INDEX copied ON copies (event);
BEGIN;
"""
"""Nothing is ever committed: nobody else reads it, and it is made again from the ledger."""

_encode = msgspec.json.Encoder().encode
_signal = msgspec.json.Decoder(Signal).decode
_event = msgspec.json.Decoder(Event).decode
_pack = msgspec.msgpack.Encoder().encode
_sketch = msgspec.msgpack.Decoder(Sketch).decode


class Kept:
    """Signals by post, event and account, events by name, and which texts they hold. Raises
    LedgerError where the disk takes no more."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCRIPT)

    def __contains__(self, post: object) -> bool:
        return bool(self._ask("SELECT 1 FROM signals WHERE post = ?", post))

    def __getitem__(self, post: str) -> Signal:
        found = self.get(post)
        if found is None:
            raise KeyError(post)
        return found

    def get(self, post: str) -> Signal | None:
        """A signal as it was put away, or None where there is none."""
        found = self._ask("SELECT value, vector FROM signals WHERE post = ?", post)
        return _whole(*found[0]) if found else None

    def home(self, post: str) -> str | None:
        """The event of a post, or None where there is no such signal."""
        found = self._ask("SELECT event FROM signals WHERE post = ?", post)
        return str(found[0][0]) if found else None

    def put(self, signal: Signal) -> None:
        """Put a signal away, over what was there of its post."""
        post, vector = signal.post, signal.enrichment.vector
        bare = replace(signal, enrichment=replace(signal.enrichment, vector=b""))
        self._ask(
            "INSERT OR REPLACE INTO signals VALUES (?, ?, ?, ?, ?, ?)",
            post.id, signal.event, signal.arrived, post.author, _encode(bare), vector,
        )  # fmt: skip

    def drop(self, post: str) -> None:
        """Let a signal go."""
        self._ask("DELETE FROM signals WHERE post = ?", post)

    def posts(self, event: str) -> tuple[str, ...]:
        """The posts of an event, in order of arrival."""
        found = self._ask("SELECT post FROM signals WHERE event = ? ORDER BY arrived", event)
        return tuple(post for (post,) in found)

    def signals(self, event: str) -> list[Signal]:
        """The signals of an event, in order of arrival."""
        asked = "SELECT value, vector FROM signals WHERE event = ? ORDER BY arrived"
        return [_whole(value, vector) for value, vector in self._ask(asked, event)]

    def posts_by(self, author: str) -> tuple[str, ...]:
        """The posts of an account, by its pseudonym, in order of arrival."""
        asked = "SELECT post FROM signals WHERE author = ? AND author != '' ORDER BY arrived"
        return tuple(post for (post,) in self._ask(asked, author))

    def event(self, name: str) -> Event:
        """An event as it was put away."""
        ((value,),) = self._ask("SELECT value FROM events WHERE id = ?", name)
        return _event(value)

    def sketch(self, name: str) -> Sketch:
        """What posts are compared with of an event that was put away and has signals."""
        ((sketch,),) = self._ask("SELECT sketch FROM events WHERE id = ?", name)
        return _sketch(sketch)

    def put_event(self, event: Event, sketch: Sketch | None) -> None:
        """Put an event away, over what was there of that name; no sketch where it has no signal."""
        packed = _pack(sketch) if sketch else None
        self._ask(
            "INSERT OR REPLACE INTO events VALUES (?, ?, ?)", event.id, _encode(event), packed
        )

    def drop_event(self, name: str) -> None:
        """Let an event go, with its signals and texts."""
        self._ask("DELETE FROM signals WHERE event = ?", name)
        self._ask("DELETE FROM events WHERE id = ?", name)
        self.retold(name)

    def copies(self, key: bytes) -> tuple[str, ...]:
        """The events that hold a text of the same words."""
        return tuple(name for (name,) in self._ask("SELECT event FROM copies WHERE key = ?", key))

    def copied(self, key: bytes, event: str) -> None:
        """An event holds a text of these words."""
        self._ask("INSERT OR IGNORE INTO copies VALUES (?, ?)", key, event)

    def retold(self, event: str) -> None:
        """It is told anew which texts an event holds."""
        self._ask("DELETE FROM copies WHERE event = ?", event)

    def _ask(self, statement: str, *values: object) -> list[Any]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as fault:
            raise LedgerError(
                f"the temporary file of the grouper: {fault}; make room in the folder for "
                "temporary files, or name another in SQLITE_TMPDIR"
            ) from fault


def _whole(value: bytes, vector: bytes) -> Signal:
    signal = _signal(value)
    return replace(signal, enrichment=replace(signal.enrichment, vector=vector))
