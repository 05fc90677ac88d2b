"""A process that follows, releases and delivers, ended before and after every call: the outbox ends
as in an undisturbed run, and no message is lost or told in other words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.alerts import release
from monitor.alerts.deliver import deliver
from monitor.alerts.paper import Letterhead
from monitor.alerts.release import Alerts
from monitor.config import build_config
from monitor.ledger import open_ledger
from monitor.model import Event
from tests.crash import Dying, Fuse, in_a_child, memory
from tests.monitor.alerts.town import NOON, Plain, Town, post, subscription
from tests.worlds import Clock

BOUNDARIES = {
    "notices": ("begin", "rejoin", "follow", "release"),
    "outbox": ("recover", "begin", "sent"),
}
"""What writes, and the letterbox; between two of them nothing can be lost."""


class Letterbox(Plain):
    """A channel that drops payloads into a file, a line each, that survives the process."""

    def __init__(self, path: Path, fuse: Fuse) -> None:
        self._path, self._fuse = path, fuse

    def send(self, to: str, payload: bytes) -> None:
        self._fuse.burn()
        with self._path.open("ab") as file:
            file.write(payload + b"\n")
        self._fuse.burn()


@pytest.fixture
def noon(tmp_path: Path) -> Path:
    """A ledger in which mail waits that quotes a post, and much has changed since it was made."""
    town = Town(tmp_path, subscription("ada", most=9), subscription("ben", topics=("Fire",)))
    town.subscribe(subscription("cem", most=1), subscription("dan", every="day"))
    town.happens("2")
    town.tells()
    town.sent()
    town.happens("1", post("1"), post("8"))
    town.tells()
    left = town.event("1", post("8"))
    town.commit(gone=("town:1",), events=(left,))
    town.happens("2", severity="Severe")
    town.happens("3")
    whole = town.event("4", post("3"), post("4"))
    bare = Event(id="3", seq=whole.seq, merged_into="4")
    town.decides("merge", "4", "3", events=(bare, whole), moved={"town:3": "3"})
    town.happens("5", topics={"Met": 1})
    town.ledger.close()
    return town.path


def live(folder: Path, fuse: Fuse) -> None:
    """One life: follow and release all, then hand all over."""
    ledger = open_ledger(folder / "ledger.db", Clock(NOON + timedelta(hours=2)))
    parts: dict[str, Any] = {
        name: Dying(getattr(ledger, name), calls, fuse) for name, calls in BOUNDARIES.items()
    }
    mortal = replace(ledger, **parts)
    letterbox = Letterbox(folder / "letters", fuse)
    config = build_config({}, folder / "monitor.toml")
    alerts = Alerts(mortal, config, Letterhead(title="Town"), lambda kind: letterbox)
    while alerts():
        pass
    deliver(mortal, "email", lambda kind: letterbox, threading.Event())
    ledger.close()


def held(folder: Path) -> dict[str, list[Any]]:
    """All that alerts keep, but for how often a message was tried."""
    with closing(sqlite3.connect(folder / "ledger.db")) as db:
        tables = {
            "outbox": "SELECT id, subscription, event, state, payload FROM outbox",
            "told": "SELECT subscription, event, message, value FROM told",
            "quoted": "SELECT post, id FROM quoted JOIN outbox ON number = message",
            **{name: f"SELECT * FROM {name}" for name in ("due", "matched", "positions")},
        }
        return {name: sorted(db.execute(ask)) for name, ask in tables.items()}


def letters(folder: Path) -> Counter[bytes]:
    return Counter((folder / "letters").read_bytes().splitlines())


def repeats(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "ledger.db")) as db:
        return int(db.execute("SELECT sum(repeats) FROM outbox").fetchone()[0])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with memory(tmp_path / "home") as folder:
        folder.mkdir(exist_ok=True)
        yield folder


def test_ended_at_every_boundary(noon: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "AT_ONCE", 1)

    def lay_out() -> None:
        for former in home.iterdir():
            former.unlink()
        shutil.copy(noon, home / "ledger.db")
        (home / "letters").touch()

    fuse = Fuse(None)
    lay_out()
    live(home, fuse)
    expected, sent = held(home), letters(home)
    told = sorted(tuple(msgspec.json.decode(line)["events"]) for line in sent)
    assert told == [("1",), ("1",), ("2",), ("2",), ("2", "1", "5"), ("5",)]
    assert set(sent.values()) == {1}
    assert fuse.moments > 40
    for moment in range(fuse.moments):
        lay_out()
        killed = in_a_child(lambda: live(home, Fuse(moment)))  # noqa: B023
        assert os.WIFSIGNALED(killed), moment
        assert in_a_child(lambda: live(home, Fuse(None))) == 0, moment
        assert held(home) == expected, moment
        assert set(letters(home)) == set(sent), moment
        assert sum(letters(home).values()) - len(sent) <= repeats(home) <= 1, moment
