"""The ledger's file: one SQLite database in WAL, a connection a thread, whole transactions."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from monitor.errors import LedgerError

SCHEMA = 2
BUSY_S = 30.0

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A moment as text that sorts as time does: ISO 8601, microseconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment that `stamp` wrote."""
    return datetime.fromisoformat(text)


class Store:
    """Opens, begins, commits. Raises LedgerError for whatever SQLite says against it.

    Any thread may use it; every thread has a connection of its own. One transaction writes at a
    time (`BEGIN IMMEDIATE`); readers see the last committed state.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        with self.writing() as db:
            self._create(db)

    def _create(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise LedgerError(
                f"{self.path}: written by a newer version (schema {version}, this one knows "
                f"{SCHEMA}); install that version or restore a backup"
            )
        if version == SCHEMA:
            return
        script = files("monitor.ledger").joinpath("schema.sql").read_text(encoding="utf-8")
        for statement in script.split(";"):
            if statement.strip():
                db.execute(statement)
        if version == 1:
            db.execute("ALTER TABLE signals ADD COLUMN origin TEXT NOT NULL DEFAULT 'live'")
        db.execute("INSERT OR IGNORE INTO meta VALUES ('id', ?)", (uuid.uuid4().hex,))
        db.execute(f"PRAGMA user_version = {SCHEMA}")

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        known: sqlite3.Connection | None = getattr(self._local, "db", None)
        if known is not None:
            return known
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)
            db = sqlite3.connect(
                self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=True
            )
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA temp_store = MEMORY")
            db.execute("PRAGMA secure_delete = ON")
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"{self.path}: cannot be opened ({error}); restore a backup, or name another "
                "folder under `data`"
            ) from error
        self._local.db = db
        with self._guard:
            self._open.append(db)
        return db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: whole, or not at all."""
        with self.translated():
            db = self.connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the ledger, however many questions are asked of it."""
        with self.translated():
            db = self.connection()
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def attached(self, path: Path, name: str) -> Iterator[None]:
        """Another file, whose tables this thread may name as `name.table`."""
        with self.translated():
            self.connection().execute(f"ATTACH ? AS {name}", (str(path),))
        try:
            yield
        finally:
            with self.translated():
                self.connection().execute(f"DETACH {name}")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """SQLite's faults as ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(
                f"{self.path}: {error}; nothing was half written: see to the disk, or restore a "
                "backup"
            ) from error

    def backup(self, to: Path, progress: Callable[[int, int], None]) -> None:
        """A consistent copy, taken while others write; `progress` is told pages left and in all."""
        if to.exists():
            raise LedgerError(f"{to}: exists already; name a file that does not")
        with self.translated():
            copy = sqlite3.connect(to)
            try:
                to.chmod(0o600)
                self.connection().backup(
                    copy, pages=2000, progress=lambda _, left, total: progress(left, total)
                )
            finally:
                copy.close()

    def close(self) -> None:
        """Close every thread's connection."""
        with self._guard:
            for db in self._open:
                db.close()
            self._open.clear()
        self._local = threading.local()
