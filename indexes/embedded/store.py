"""The file of an index: made, opened, checked, changed and put in another's place.

`index.db` is a link to the file that is live, whose name no other file will ever have. So a new
index takes the place of the old one in one step, and who still reads the old one harms nobody.
"""

from __future__ import annotations

import re
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeAlias

from monitor.errors import IndexRefused, IndexUnavailable

VERSION: Final = 1
"""Of the tables and of what is written in them; another version's file is made anew."""
WAIT_S: Final = 20.0
State: TypeAlias = tuple[str, int]
Kept: TypeAlias = tuple[str, int]
"""A table of the numbers that a question finds, and how many they are."""
_PASSING: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
_SETTINGS: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -16384",
    "PRAGMA mmap_size = 4294967296",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",
    "PRAGMA wal_autocheckpoint = 8192",
    "PRAGMA trusted_schema = OFF",
)


class Connection(sqlite3.Connection):
    """A thread's connection; `kept`, by question, what it found in the state that is being read."""

    kept: dict[Hashable, Kept]


class Store:
    """Connections to one index, one a thread. Raises IndexUnavailable, IndexRefused."""

    def __init__(self, path: Path, *, beside: bool) -> None:
        self.live = path
        self.path = path.with_name(f"{path.name}.next") if beside else path
        self._open: dict[int, tuple[Path, Connection]] = {}
        self._lock = threading.Lock()

    def follows(self) -> str | None:
        """The ledger that this index follows, None where there is no file."""
        if not self.path.exists():
            return None
        ledger, version = self._kept()
        if version > VERSION:
            raise self._of_version(version)
        return ledger

    def prepare(self, ledger: str) -> bool:
        """Make the file where there is none; True where it is new. What was begun beside and
        cannot be gone on with is made anew."""
        if self.path.exists():
            try:
                self._check(ledger)
            except IndexRefused:
                if self.path == self.live:
                    raise
            else:
                return False
        with self._faults():
            _make(self.path, ledger)
            _sweep(self.live)
        return True

    def size(self) -> tuple[int, int, int]:
        """Bytes of the index, then of its disk: the free ones and all."""
        with self._faults():
            target = self.path.resolve()
            files = (target.with_name(f"{target.name}{end}") for end in ("", "-wal", "-shm"))
            held = sum(file.stat().st_size for file in files if file.exists())
            disk = shutil.disk_usage(target.parent)
        return held, disk.free, disk.total

    def _kept(self) -> tuple[str, int]:
        """The ledger and the version that stand in the file."""
        with self.reading() as database:
            kept = dict(database.execute("SELECT key, value FROM meta"))
        try:
            return str(kept["ledger"]), int(kept["version"])
        except (KeyError, ValueError) as fault:
            raise IndexRefused(
                f"index {self.live}: says not whose it is; make it anew with `monitor rebuild`"
            ) from fault

    def _check(self, ledger: str) -> None:
        """Raises IndexRefused where the file is of another ledger or version."""
        kept, version = self._kept()
        if version != VERSION:
            raise self._of_version(version)
        if kept != ledger:
            raise IndexRefused(
                f"index {self.live}: follows another ledger; "
                "make it anew with `monitor rebuild`, or name another path"
            )

    def _of_version(self, version: int) -> IndexRefused:
        return IndexRefused(
            f"index {self.live}: is of version {version}, this is {VERSION}; "
            "make it anew with `monitor rebuild`"
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the index throughout; within another such, that
        one's. What was kept goes with the state."""
        with self._faults():
            database = self._connection()
            if database.in_transaction:
                yield database
                return
            database.kept.clear()
            database.execute("BEGIN")
            try:
                yield database
            finally:
                database.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose changes are durable at the end, all or none."""
        with self._faults():
            database = self._connection()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.commit()
            finally:
                database.rollback()

    def promote(self) -> None:
        """Put this index in the place of the live one; does nothing where it is the live one."""
        if self.path == self.live:
            return
        with self._faults():
            database = self._connection()
            for kind in ("signals", "events"):
                database.execute(f"INSERT INTO {kind}_text ({kind}_text) VALUES ('optimize')")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.close()
            self.path.replace(self.live)
            self.path = self.live
            _sweep(self.live)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for _, database in self._open.values():
                database.close()
            self._open.clear()

    def _connection(self) -> Connection:
        """This thread's connection to the file that is live now, or was when reading began."""
        target = self.path.resolve()
        me = threading.get_ident()
        with self._lock:
            kept = self._open.get(me)
            if kept and (kept[0] == target or kept[1].in_transaction):
                return kept[1]
            if kept:
                del self._open[me]
                kept[1].close()
            if not target.exists():
                raise IndexUnavailable(
                    f"index {self.live}: is not there yet; make it with `monitor once`"
                )
            database = _connect(target)
            self._open[me] = (target, database)
            return database

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """SQLite's faults as ours."""
        try:
            yield
        except (sqlite3.Error, OSError) as fault:
            if isinstance(fault, OSError) or fault.sqlite_errorcode & 0xFF in _PASSING:
                raise IndexUnavailable(
                    f"index {self.live}: {fault}; it is tried again, see to the disk"
                ) from fault
            raise IndexRefused(
                f"index {self.live}: {fault}; make it anew with `monitor rebuild`"
            ) from fault


def state(database: sqlite3.Connection) -> State:
    """The file and the number of its last change: where both are the same, all is."""
    file = str(database.execute("PRAGMA database_list").fetchone()[2])
    found = database.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()
    return file, int(found[0])


def _connect(target: Path) -> Connection:
    database = sqlite3.connect(
        f"{target.as_uri()}?mode=rw",
        uri=True,
        timeout=WAIT_S,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    database.kept = {}
    for setting in _SETTINGS:
        database.execute(setting)
    return database


def _make(path: Path, ledger: str) -> None:
    """A new file under a name of its own, then the link to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    target.touch(mode=0o600)
    database = _connect(target)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript((files(__package__) / "schema.sql").read_text("utf-8"))
        database.executemany(
            "INSERT INTO meta VALUES (?, ?)",
            [("version", str(VERSION)), ("ledger", ledger), ("revision", "0")],
        )
    finally:
        database.close()
    path.unlink(missing_ok=True)
    path.symlink_to(target.name)


def _sweep(live: Path) -> None:
    """Remove the files that no link leads to any more; who still reads them may read on."""
    linked = {live.resolve().name, live.with_name(f"{live.name}.next").resolve().name}
    ours = re.compile(rf"({re.escape(live.name)}(?:\.next)?\.[0-9a-f]{{8}})(?:-wal|-shm)?")
    for path in live.parent.iterdir():
        found = ours.fullmatch(path.name)
        if found and found[1] not in linked:
            path.unlink(missing_ok=True)
