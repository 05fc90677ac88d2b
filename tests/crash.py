"""A process ended before and after every call at every boundary, and started again, has to give the
same as an undisturbed run."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from monitor import sample
from monitor.ledger import Ledger, open_ledger
from monitor.model import Page, Post, Tick
from monitor.ports import Index
from tests.needs import elastic, elastic_url
from tests.ordeal import Deployed, Import
from tests.stored import stored
from tests.worlds import (
    KEYS,
    START,
    Clock,
    Recorded,
    consumed,
    contents,
    day,
    day_source,
    decisions,
    pipeline,
)

BOUNDARIES = {
    "embedded": {
        "inbox": ("accept", "cursor", "rows"),
        "truth": ("kept", "recall", "active", "commit", "tidy"),
        "feed": ("position", "changes", "activity", "advance"),
        "index": ("prepare", "write", "note"),
    },
    "elastic": {"feed": ("advance",), "index": ("prepare", "write", "note")},
}
"""What comes before the index is the same for every kind; a cluster's index has boundaries within,
each request that changes something."""
READS = {"cursor", "rows", "kept", "recall", "active", "position", "changes", "activity"}
"""Calls that leave nothing behind: just after one is as just before the next."""
BATCH = 200
AREA = '[area]\nname = "London"\nbox = [51.28, -0.52, 51.70, 0.34]\n'


class Fuse:
    """Ends the process, as the kernel would, at the moment of that number."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.moments = 0
        self._lock = Lock()

    def burn(self) -> None:
        with self._lock:
            if self.moments == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.moments += 1

    def told(self, request: logging.LogRecord) -> bool:
        """A filter of the log in which the cluster's client tells what was answered."""
        said = request.getMessage()
        if said.startswith("PUT ") or "/_bulk" in said:
            self.burn()
        return True


class Dying:
    """An object whose calls at a boundary each have two moments: just before and just after. One
    that only reads has the first."""

    def __init__(self, inner: Any, names: tuple[str, ...], fuse: Fuse) -> None:
        self._inner, self._names, self._fuse = inner, names, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._fuse.burn()
            result = found(*args, **named)
            if name not in READS:
                self._fuse.burn()
            return result

        return call


class Mortal(Deployed):
    """A deployment that burns a fuse at every boundary, and fetches nothing."""

    fetch = None  # type: ignore[assignment]

    def __init__(self, folder: Path, fuse: Fuse) -> None:
        super().__init__(folder, BATCH, [Recorded()])
        self.fuse = fuse
        self.boundaries = BOUNDARIES[self.config.index_kind]

    @cached_property
    def ledger(self) -> Ledger:
        whole = super().ledger
        parts = {name: getattr(whole, name) for name in self.boundaries if name != "index"}
        return replace(whole, **{n: self.dying(part, n) for n, part in parts.items()})

    def open_index(self, kind: str = "", *, beside: bool = False) -> Index:
        return self.dying(super().open_index(kind, beside=beside), "index")

    def dying(self, inner: Any, name: str) -> Any:
        return Dying(inner, self.boundaries[name], self.fuse)


def live(folder: Path, fuse: Fuse) -> None:
    """One life of the process: the index hears of the morning, then of the whole day."""
    app = Mortal(folder, fuse)
    requests = logging.getLogger("elastic_transport.transport")
    requests.setLevel(logging.INFO)
    requests.addFilter(fuse.told)
    for _ in app.follow(app.following, app.config.index_kind):
        pass
    for _ in app.pipeline.collect(day_source()):
        pass
    app.catch_up()
    requests.removeFilter(fuse.told)
    requests.setLevel(logging.NOTSET)
    app.close()


def in_a_child(body: Callable[[], None]) -> int:
    """The status of a process of its own that did it."""
    child = os.fork()
    if child == 0:
        try:
            body()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def morning(path: Path) -> None:
    """A ledger in which half the day is consumed and decisions and an hour wait."""
    ledger = open_ledger(path, Clock())
    posts = [said for said in day() if isinstance(said, Post)][:250]
    hidden = [replace(p, author=KEYS.pseudonym(p.author) if p.author else "") for p in posts]
    ledger.inbox.accept("sample-day", Page(posts=tuple(hidden)))
    rows = {row.what.id: row.seq for row in ledger.inbox.rows(999) if isinstance(row.what, Post)}
    consumed(pipeline(ledger, BATCH))
    late = {post: 0 for post in _all_posts() if post not in rows}
    for decision in decisions({**late, **rows}, max(rows.values())):
        if decision.target != "0" and "0" not in decision.value:
            ledger.inbox.append(decision)
    ledger.inbox.append(Tick(at=START))
    ledger.close()


def _all_posts() -> set[str]:
    return {said.id for said in day() if isinstance(said, Post)}


@contextmanager
def memory(other: Path) -> Iterator[Path]:
    """A folder in memory where there is one: SIGKILL loses nothing that was written there."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield other
        return
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


@contextmanager
def home(plan: Import, place: Path, begun: Path) -> Iterator[Path]:
    """A deployment that has lived through the morning; it leaves nothing behind."""
    folder = plan.lay_out(place / "home")
    (folder / "data").mkdir()
    shutil.copy(begun, folder / "data" / "ledger.db")
    try:
        yield folder
    finally:
        if plan.cluster:
            elastic().clear(options(folder).prefix)
        shutil.rmtree(folder)


def options(folder: Path) -> Any:
    app = Deployed(folder)
    return app.options(app.config.index_kind)


def end_at_every_boundary(kind: str, place: Path) -> None:
    """Fails at the first moment at which an end of the process changed what comes out."""
    cluster = elastic_url() if kind == "elastic" else ""
    plan = Import(sample.day(), BATCH, AREA, [Recorded()], cluster)
    begun, fuse = place / "morning.db", Fuse(None)
    morning(begun)
    with memory(place) as quick:
        with home(plan, quick, begun) as folder:
            live(folder, fuse)
            expected = contents(folder / "data" / "ledger.db"), stored(options(folder))
        assert all(expected[1].values())
        assert fuse.moments > 30
        for moment in range(fuse.moments):
            with home(plan, quick, begun) as folder:
                killed = in_a_child(lambda: live(folder, Fuse(moment)))  # noqa: B023
                assert os.WIFSIGNALED(killed), moment
                assert in_a_child(lambda: live(folder, Fuse(None))) == 0, moment
                assert contents(folder / "data" / "ledger.db") == expected[0], moment
                assert stored(options(folder)) == expected[1], moment
