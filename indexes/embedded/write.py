"""How a change comes into the tables. What is written twice, or too late, changes nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Final

import msgspec

from indexes.embedded.rows import COLUMNS, columns, tokens
from indexes.embedded.vectors import code_of
from monitor.model import Change, Event, Signal
from monitor.query import Document, document

_encode = msgspec.json.Encoder().encode
_TABLES: Final = ("", "_value", "_text", "_area")
_SCRUBBED_PAGES: Final = 500
_ROWID: Final = {"": "n", "_value": "n", "_text": "rowid", "_area": "n"}


def write(database: sqlite3.Connection, change: Change) -> None:
    """Apply a change within a transaction."""
    revision = _next_revision(database)
    for signal in change.signals:
        _put(database, signal, revision)
    for event in change.events:
        _put(database, event, revision)
    for gone in change.gone:
        _remove(database, gone, change.last, revision)


def _next_revision(database: sqlite3.Connection) -> int:
    found = database.execute(
        "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'revision' RETURNING value"
    ).fetchone()
    return int(found[0])


def _put(database: sqlite3.Connection, value: Signal | Event, revision: int) -> None:
    of = document(value)
    found = database.execute(f"SELECT n, seq FROM {of.kind} WHERE id = ?", (of.id,)).fetchone()
    if found and found[1] > of.seq:
        return
    if isinstance(value, Signal):
        late = database.execute("SELECT seq FROM gone WHERE id = ?", (of.id,)).fetchone()
        if late and late[0] >= of.seq:
            return
    n = _number(database, of, found[0] if found else None)
    if isinstance(value, Signal):
        _put_vector(database, n, value.enrichment.vector, revision)
        value = replace(value, enrichment=replace(value.enrichment, vector=b""))
    kind = of.kind
    database.execute(f"INSERT INTO {kind}_value VALUES (?, ?)", (n, _encode(value)))
    database.execute(f"INSERT INTO {kind}_text (rowid, tokens) VALUES (?, ?)", (n, tokens(of)))


def _number(database: sqlite3.Connection, of: Document, n: int | None) -> int:
    """The row's number, the old one where there was one; the row itself and its position."""
    if n is not None:
        _clear(database, of.kind, n)
    row = columns(of)
    names = COLUMNS[of.kind]
    marks = ", ".join("?" * (len(names) + 1))
    cursor = database.execute(
        f"INSERT INTO {of.kind} (n, {', '.join(names)}) VALUES ({marks})", (n, *row)
    )
    number = int(cursor.lastrowid or 0)
    if of.point:
        x, y, z = (row[names.index(axis)] for axis in "xyz")
        database.execute(
            f"INSERT INTO {of.kind}_area VALUES (?, ?, ?, ?, ?, ?, ?)", (number, x, x, y, y, z, z)
        )
    return number


def _put_vector(database: sqlite3.Connection, n: int, vector: bytes, revision: int) -> None:
    if vector:
        line = (n, revision, code_of(vector))
        database.execute("INSERT OR REPLACE INTO exact VALUES (?, ?)", (n, vector))
        database.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", line)
    else:
        database.execute("DELETE FROM exact WHERE n = ?", (n,))
        database.execute("DELETE FROM vectors WHERE n = ?", (n,))


def _clear(database: sqlite3.Connection, kind: str, n: int) -> None:
    for table in _TABLES:
        database.execute(f"DELETE FROM {kind}{table} WHERE {_ROWID[table]} = ?", (n,))


def _remove(database: sqlite3.Connection, gone: str, seq: int, revision: int) -> None:
    found = database.execute("SELECT n, seq FROM signals WHERE id = ?", (gone,)).fetchone()
    if found and found[1] > seq:
        return
    n = found[0] if found else None
    if n is not None:
        _clear(database, "signals", n)
        _put_vector(database, n, b"", revision)
    database.execute(
        "INSERT INTO gone VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " seq = max(seq, excluded.seq), n = excluded.n, revision = excluded.revision",
        (gone, seq, n, revision),
    )


def scrub(database: sqlite3.Connection) -> None:
    """Work removed words out of FTS5's segments, which only mark them: at once in a small index,
    by and by in a large one. In a transaction after that of the removal.
    Source: https://www.sqlite.org/fts5.html#the_merge_command"""
    for kind in COLUMNS:
        database.execute(
            f"INSERT INTO {kind}_text ({kind}_text, rank) VALUES ('merge', ?)", (-_SCRUBBED_PAGES,)
        )
