"""Signals and events put away on the disk, in a private file that ends with the process: memory
does not grow with what the grouper remembers. What comes back equals what was put away."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any, Final

import msgspec

from monitor.errors import LedgerError
from monitor.model import Event, Signal

_CACHE_KB: Final = 4_000
_SCRIPT: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{_CACHE_KB};
CREATE TABLE signals (post TEXT PRIMARY KEY, value BLOB NOT NULL, vector BLOB NOT NULL);
CREATE TABLE events (id TEXT PRIMARY KEY, value BLOB NOT NULL);
BEGIN;
"""
"""Nothing is ever committed: nobody else reads it, and it is made again from the ledger."""

_encode = msgspec.json.Encoder().encode
_signal = msgspec.json.Decoder(Signal).decode
_event = msgspec.json.Decoder(Event).decode


class Kept:
    """Signals by post and events by name. Raises LedgerError where the disk takes no more."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.executescript(_SCRIPT)
        self._homes: dict[str, str] = {}

    def __contains__(self, post: object) -> bool:
        return post in self._homes

    def home(self, post: str) -> str | None:
        """The event of a post, or None where there is no such signal."""
        return self._homes.get(post)

    def get(self, post: str) -> Signal | None:
        """A signal as it was put away."""
        return self[post] if post in self._homes else None

    def __getitem__(self, post: str) -> Signal:
        value, vector = self._ask("SELECT value, vector FROM signals WHERE post = ?", post)
        signal = _signal(value)
        return replace(signal, enrichment=replace(signal.enrichment, vector=vector))

    def put(self, signal: Signal) -> None:
        """Put a signal away, over what was there of its post."""
        post, vector = signal.post.id, signal.enrichment.vector
        bare = replace(signal, enrichment=replace(signal.enrichment, vector=b""))
        self._ask("INSERT OR REPLACE INTO signals VALUES (?, ?, ?)", post, _encode(bare), vector)
        self._homes[post] = signal.event

    def drop(self, post: str) -> None:
        """Let a signal go."""
        self._ask("DELETE FROM signals WHERE post = ?", post)
        del self._homes[post]

    def event(self, name: str) -> Event:
        """An event as it was put away."""
        (value,) = self._ask("SELECT value FROM events WHERE id = ?", name)
        return _event(value)

    def put_event(self, event: Event) -> None:
        """Put an event away, over what was there of that name."""
        self._ask("INSERT OR REPLACE INTO events VALUES (?, ?)", event.id, _encode(event))

    def drop_event(self, name: str) -> None:
        """Let an event go, if it was ever put away."""
        self._ask("DELETE FROM events WHERE id = ?", name)

    def _ask(self, statement: str, *values: object) -> Any:
        try:
            return self._db.execute(statement, values).fetchone()
        except sqlite3.Error as fault:
            raise LedgerError(
                f"the temporary file of the grouper: {fault}; make room in the folder for "
                "temporary files, or name another in SQLITE_TMPDIR"
            ) from fault
