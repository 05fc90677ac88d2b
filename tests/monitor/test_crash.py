"""A process ended before and after every call at every boundary, and started again, gives the same
as an undisturbed run."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor import parts
from monitor.ledger import Ledger, open_ledger
from monitor.model import Page, Post, Tick
from tests.worlds import (
    KEYS,
    START,
    Clock,
    consumed,
    contents,
    day,
    day_source,
    decisions,
    indexed,
    pipeline,
)

BOUNDARIES = {
    "inbox": ("accept", "cursor", "rows"),
    "truth": ("kept", "recall", "active", "commit", "tidy"),
    "feed": ("position", "changes", "advance"),
    "index": ("prepare", "write"),
}
BATCH = 100


class Fuse:
    """Ends the process, as the kernel would, at the moment of that number."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.moments = 0

    def burn(self) -> None:
        if self.moments == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.moments += 1


class Dying:
    """An object whose calls at a boundary each have two moments: just before and just after."""

    def __init__(self, inner: Any, names: tuple[str, ...], fuse: Fuse) -> None:
        self._inner, self._names, self._fuse = inner, names, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._fuse.burn()
            result = found(*args, **named)
            self._fuse.burn()
            return result

        return call


def live(folder: Path, fuse: Fuse) -> None:
    """One life of the process: collect the day, consume and follow."""
    whole = open_ledger(folder / "ledger.db", Clock())
    ledger: Ledger = replace(
        whole,
        inbox=Dying(whole.inbox, BOUNDARIES["inbox"], fuse),  # type: ignore[arg-type]
        truth=Dying(whole.truth, BOUNDARIES["truth"], fuse),  # type: ignore[arg-type]
        feed=Dying(whole.feed, BOUNDARIES["feed"], fuse),  # type: ignore[arg-type]
    )
    part = parts.load("indexes", "embedded")
    opened = part.open(part.Options(path=str(folder / "index.db")))
    index = Dying(opened, BOUNDARIES["index"], fuse)
    if index.prepare(ledger.feed.ledger_id()):
        ledger.feed.advance("index", 0)
    pipe = pipeline(ledger, BATCH)
    for _ in pipe.collect(day_source()):
        pass
    consumed(pipe)
    for _ in pipe.follow("index", index.write):
        pass
    opened.close()
    whole.close()


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


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which half the day is consumed and decisions and an hour wait."""
    path = tmp_path_factory.mktemp("morning") / "ledger.db"
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
    return path


def _all_posts() -> set[str]:
    return {said.id for said in day() if isinstance(said, Post)}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: SIGKILL loses nothing that was written there."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def test_ended_at_every_boundary(morning: Path, memory: Path) -> None:
    undisturbed = memory / "undisturbed"
    undisturbed.mkdir()
    shutil.copy(morning, undisturbed / "ledger.db")
    fuse = Fuse(None)
    live(undisturbed, fuse)
    expected = contents(undisturbed / "ledger.db"), answers(undisturbed)
    assert fuse.moments > 60
    for moment in range(fuse.moments):
        folder = memory / str(moment)
        folder.mkdir()
        shutil.copy(morning, folder / "ledger.db")
        killed = in_a_child(lambda: live(folder, Fuse(moment)))  # noqa: B023
        assert os.WIFSIGNALED(killed), moment
        assert in_a_child(lambda: live(folder, Fuse(None))) == 0, moment  # noqa: B023
        assert contents(folder / "ledger.db") == expected[0], moment
        assert answers(folder) == expected[1], moment
        shutil.rmtree(folder)


def answers(folder: Path) -> dict[str, Any]:
    part = parts.load("indexes", "embedded")
    index = part.open(part.Options(path=str(folder / "index.db")))
    ledger = open_ledger(folder / "ledger.db", Clock())
    assert not index.prepare(ledger.feed.ledger_id())
    found = indexed(index)
    index.close()
    ledger.close()
    return found
