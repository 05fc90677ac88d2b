"""An import that is killed again and again, and compared with one that nobody disturbed.

Each life is a process of its own that does what `monitor once` does; SIGKILL ends it. Clock and key
stand still, so that two runs can be equal.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import random
import secrets
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, is_dataclass, replace
from functools import cached_property
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np

from monitor import log
from monitor.app import App
from monitor.config import read_config
from monitor.ledger import Ledger, open_ledger
from monitor.model import Enrichment, Post
from monitor.pipeline import Rules
from monitor.ports import Enricher, Of
from tests.stored import stored
from tests.worlds import Clock, contents

QUESTIONS = ("topic:Fire", 'near:"39.0,-105.5,300km"', "earthquake OR terremoto", "time:>=now-7d")
FORK = multiprocessing.get_context("fork")


class Replay:
    """What the models said of each post when `record` was made."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset(
        {"lang", "vector", "relevance", "relevant", "topics", "labels", "severity", "places"}
    )

    def __init__(self, record: Path) -> None:
        self._record = record

    @cached_property
    def _db(self) -> sqlite3.Connection:
        """Opened by the process that asks."""
        return sqlite3.connect(self._record)

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        return [self._one(post.id) for post in posts]

    def _one(self, post: str) -> Enrichment:
        said, vector = self._db.execute(
            "SELECT enrichment, vector FROM said WHERE id = ?", (post,)
        ).fetchone()
        return replace(msgspec.json.decode(said, type=Enrichment), vector=vector)


def write_record(ledger: Ledger, record: Path) -> None:
    """Keep what the models said of the posts in a ledger: no words, no accounts."""
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    db = sqlite3.connect(record)
    db.execute("CREATE TABLE said (id TEXT PRIMARY KEY, enrichment BLOB, vector BLOB)")
    with ledger.store.reading() as held:
        db.executemany(
            "INSERT INTO said VALUES (?, ?, ?)",
            held.execute("SELECT id, enrichment, vector FROM signals"),
        )
    dropped = ((d.post.id, msgspec.json.encode(d.enrichment), b"") for d in ledger.desk.dropped())
    db.executemany("INSERT INTO said VALUES (?, ?, ?)", dropped)
    db.commit()
    db.close()


def recorded(record: Path) -> int:
    """Of how many posts there is a record."""
    if not record.exists():
        return 0
    db = sqlite3.connect(record)
    (number,) = db.execute("SELECT count(*) FROM said").fetchone()
    db.close()
    return int(number)


class Deployed(App):
    """A deployment whose clock stands still, in batches of `batch`; with `steps` no model is
    loaded."""

    def __init__(self, folder: Path, batch: int = 64, steps: Sequence[Enricher] = ()) -> None:
        super().__init__(read_config(folder / "monitor.toml"))
        self._batch, self._given = batch, steps

    @cached_property
    def ledger(self) -> Ledger:
        return open_ledger(self.config.data / "ledger.db", Clock())

    @cached_property
    def rules(self) -> Rules:
        return replace(super().rules, batch=self._batch)

    def open_steps(self) -> Sequence[Enricher]:
        return self._given or super().open_steps()


@dataclass(frozen=True)
class Life:
    """A process, and where it says how many rows each of its batches had, first a 0."""

    process: BaseProcess
    said: Connection

    def batches(self) -> Iterator[int]:
        """What it says, to its end."""
        with suppress(EOFError):
            while True:
                yield self.said.recv()

    def status(self) -> int:
        """How it ended. Raises ChildProcessError where it fell by itself."""
        self.process.join()
        self.said.close()
        if self.process.exitcode not in (0, -signal.SIGKILL):
            raise ChildProcessError(f"a life ended with {self.process.exitcode}")
        return self.process.exitcode


@dataclass(frozen=True)
class Import:
    """An archive to be taken in, and how; `area` is that table of the configuration, `cluster` the
    address of the Elasticsearch to index it in, none for the embedded index."""

    archive: Path
    batch: int = 64
    area: str = ""
    steps: Sequence[Enricher] = ()
    cluster: str = ""

    def lay_out(self, folder: Path) -> Path:
        """A folder with a configuration for it and the key that all share."""
        folder.mkdir(parents=True)
        (folder / "monitor.toml").write_text(
            f"""{self.area}{self._index()}
[nlp.encode]
dtype = "float32"
threads = 1
[[source]]
name = "archive"
kind = "jsonl"
path = {json.dumps(str(self.archive))}
backfill = true
""",
            encoding="utf-8",
        )
        key = folder / "monitor.key"
        key.write_text("6b" * 32 + "\n", encoding="ascii")
        key.chmod(0o600)
        return folder

    def _index(self) -> str:
        """That table of the configuration, with names of their own in the cluster."""
        if not self.cluster:
            return ""
        return f"""
[index]
kind = "elastic"
[index.elastic]
url = {json.dumps(self.cluster)}
prefix = "ordeal-{secrets.token_hex(4)}"
"""

    def deployed(self, folder: Path) -> Deployed:
        return Deployed(folder, self.batch, self.steps)

    def life(self, folder: Path) -> Life:
        """A process that takes the archive in."""
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=_live, args=(self, folder, theirs))
        process.start()
        theirs.close()
        return Life(process, ours)


def _live(plan: Import, folder: Path, told: Connection) -> None:
    """What `once` does, but that the index follows batch by batch."""
    log.configure(json=False, level="warning")
    app = plan.deployed(folder)
    told.send(0)
    for _ in app.pipeline.collect(app.config.sources[0]):
        _catch_up(app, told)
    _catch_up(app, told)
    app.close()
    os._exit(0)


def _catch_up(app: App, told: Connection) -> None:
    while done := app.pipeline.consume():
        told.send(done)
        for _ in app.follow(app.following, app.config.index_kind):
            pass
    app.catch_up()


def ended(life: Life, batches: int, delay_s: float) -> bool:
    """Kill that process `delay_s` after it has said so many batches; False where it was done."""
    for _ in islice(life.batches(), batches):
        pass
    life.process.join(delay_s)
    life.process.kill()
    return life.status() != 0


def undisturbed(life: Life) -> Iterator[int]:
    """The rows that a process does, batch by batch, to its end."""
    yield from life.batches()
    if life.status():
        raise ChildProcessError("a life was killed from outside")


def everything(plan: Import, folder: Path) -> dict[str, list[Any]]:
    """All that the ledger holds, as values, all that lies in the index, and all that it answers."""
    app = plan.deployed(folder)
    held: dict[str, list[Any]] = {f"ledger: {n}": v for n, v in _decoded(app).items()}
    for of, found in stored(app.options(app.config.index_kind)).items():
        held[f"stored: {of}"] = [
            (id, version, value, np.frombuffer(vector, "<f4"))
            for id, (version, value, vector) in sorted(found.items())
        ]
    for of in ("signals", "events"):
        held[f"index: {of}"] = _all(app, "", of)
        for question in QUESTIONS:
            held[f"index: {of} {question}"] = _all(app, question, of)
    app.close()
    return held


def _all(app: App, question: str, of: Of) -> list[Any]:
    return list(app.index.scan(app.question(question), of))


def _decoded(app: App) -> dict[str, list[Any]]:
    """Every table of the ledger, JSON and vectors read."""
    return {
        table: [tuple(map(_read, line)) for line in lines]
        for table, lines in contents(app.config.data / "ledger.db").items()
    }


def _read(cell: Any) -> Any:
    if not isinstance(cell, bytes):
        return cell
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return np.frombuffer(cell, "<f4")


def differences(one: Any, other: Any, close: float, where: str = "") -> list[str]:
    """The paths at which two worlds differ; numbers, those of vectors too, may be `close`."""
    if isinstance(one, dict) and isinstance(other, dict):
        only = [f"{where}/{key}: in one only" for key in one.keys() ^ other.keys()]
        pairs = [(key, one[key], other[key]) for key in one.keys() & other.keys()]
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        only = [] if len(one) == len(other) else [f"{where}: {len(one)} and {len(other)}"]
        pairs = list(zip(range(len(one)), one, other, strict=False))
    elif is_dataclass(one) and type(one) is type(other):
        return differences(_fields(one), _fields(other), close, where)
    else:
        return [] if _same(one, other, close) else [where]
    return only + [
        path for key, *pair in pairs for path in differences(*pair, close, f"{where}/{key}")
    ]


def _same(one: Any, other: Any, close: float) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and bool(np.all(np.abs(one - other) <= close))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, abs_tol=close, rel_tol=0.0)
    return bool(one == other)


def _fields(value: Any) -> dict[str, Any]:
    found = {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, Enrichment):
        found["vector"] = np.frombuffer(value.vector, "<f4")
    return found


@dataclass(frozen=True)
class Outcome:
    """What an ordeal came to: kills, those that left the index behind the ledger, runs that they
    fell into, and what differed."""

    kills: int
    behind: int
    runs: int
    differing: list[str]


def ordeal(
    plan: Import,
    folder: Path,
    expected: dict[str, list[Any]],
    kills: int,
    moments: Iterator[tuple[int, float]],
    *,
    close: float,
    tell: Callable[[int], None] = lambda rows: None,
) -> Outcome:
    """Kill lives at these moments (batches, seconds after them), one life after the other on one
    deployment, a fresh one where it was done; then let it end, and compare."""
    killed, behind, runs = 0, 0, 1
    differing: list[str] = []
    home = plan.lay_out(folder / "1")
    while killed < kills:
        if ended(plan.life(home), *next(moments)):
            killed += 1
            consumed, followed = _done(home)
            behind += followed < consumed
            tell(consumed)
            continue
        differing += differences(expected, everything(plan, home), close)
        shutil.rmtree(home)
        runs += 1
        home = plan.lay_out(folder / str(runs))
    for _ in undisturbed(plan.life(home)):
        tell(_done(home)[0])
    differing += differences(expected, everything(plan, home), close)
    return Outcome(kills=killed, behind=behind, runs=runs, differing=differing)


def moments(
    rng: random.Random, kills: int, batches: int, batch_s: float
) -> Iterator[tuple[int, float]]:
    """When to kill: after so many batches that the kills are spread over the whole import, at any
    moment of the next."""
    most = min(batches, 1 + 2 * batches // max(kills, 1))
    while True:
        yield rng.randint(1, most), rng.uniform(0.0, 1.5 * batch_s)


def _done(folder: Path) -> tuple[int, int]:
    """The last rows that are consumed in a deployment and followed by its index, 0 at first."""
    path = folder / "data" / "ledger.db"
    if not path.exists():
        return 0, 0
    asked = (
        "SELECT max(value) FROM meta WHERE key = 'consumed'",
        "SELECT max(seq) FROM positions WHERE follower LIKE 'index:%'",
    )
    with closing(sqlite3.connect(path)) as db:
        try:
            consumed, followed = (int(db.execute(one).fetchone()[0] or 0) for one in asked)
        except sqlite3.OperationalError:
            return 0, 0
    return consumed, followed
