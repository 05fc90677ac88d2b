"""The whole monitor on a cluster that is broken in every way: collecting and grouping go on, the
follower waits and says what to do, and at the end nothing is lost and nothing is there twice."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from indexes import elastic
from monitor import schedule
from monitor.app import App
from monitor.ledger.feed import LIMIT
from monitor.model import Change, Decision, Enrichment, Event, Post, Signal
from tests.elastic import Server
from tests.elastic.node import authority
from tests.ordeal import Deployed
from tests.running import running, stopped, waited
from tests.worlds import START, Recorded, day_source, indexed

BACKLOG = LIMIT + 1_000
SLICE = 24
BUSY_S = 60.0
"""For so long a cluster refuses what it is sent."""
CONFIG = """
keep_days = 36500
[index]
kind = "elastic"
[index.elastic]
url = "{url}"
prefix = "{prefix}"
api_key_file = "elastic.key"
ca_file = "ca.pem"
timeout_s = 2.0
[[source]]
name = "day"
kind = "jsonl"
path = "{folder}/day.jsonl"
keep = "all"
every = "1s"
"""
DISK = "cluster.routing.allocation.disk"
FLOOD = {
    "cluster.info.update.interval": "10s",
    f"{DISK}.threshold_enabled": True,
    **{f"{DISK}.watermark.{name}": "900tb" for name in ("low", "high", "flood_stage")},
}


class Flow:
    """`monitor run` without a model, in processes of its own, on one deployment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = Deployed(folder, steps=[Recorded()])
        self._day = iter(Path(day_source().options.path).read_text("utf-8").splitlines()[1:])
        self._process: BaseProcess | None = None
        self._read = 0
        self._secrets: list[str] = []

    def starts(self) -> None:
        deployed = partial(Deployed, self.folder, steps=[Recorded()])
        self._process = running(deployed, self.folder / "log")

    def is_given(self, secret: str) -> None:
        (self.folder / "elastic.key").write_text(secret, encoding="ascii")
        self._secrets.append(secret)

    def stops(self) -> None:
        """As it is told to, whatever befell the cluster."""
        if self._process is not None:
            assert stopped(self._process)
        logged = (self.folder / "log").read_text(encoding="utf-8")
        assert [said for said in (*self._secrets, "Traceback", "fire ") if said in logged] == []

    def ends(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self.app.close()

    @property
    def prefix(self) -> str:
        return str(self.app.options("elastic").prefix)

    @property
    def position(self) -> int:
        return self.app.ledger.feed.position(self.app.follower)

    @property
    def consumed(self) -> int:
        return self.app.ledger.feed.consumed()

    def stands_still(self, *words: str) -> None:
        """Posts come and are grouped, the index does not hear of them, and the log says why."""
        before = self.consumed
        self.posts()
        waited(lambda: self.consumed > before)
        self._read = (self.folder / "log").stat().st_size
        said = waited(lambda: self._said(words))
        assert said.startswith(f"index {self.prefix}: ")
        assert self.position < self.consumed

    def catches_up(self) -> None:
        waited(lambda: self.position == self.consumed)

    def fares(self) -> str:
        """What `monitor status` says of the index."""
        return " ".join(self.app.index.condition().words)

    def posts(self) -> None:
        with (self.folder / "day.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in islice(self._day, SLICE))

    def _said(self, words: tuple[str, ...]) -> str:
        """What it says now that it waits for, if it is that."""
        with (self.folder / "log").open(encoding="utf-8") as file:
            file.seek(self._read)
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        said = (str(line["said"]) for line in lines if line["event"] == "waiting")
        return next((each for each in said if all(word in each for word in words)), "")


def backlog(app: App) -> None:
    """So many signals that the index is told of them for a while."""
    with app.ledger.store.writing() as db:
        db.executemany(
            "INSERT INTO inbox (at, origin, kind, what) VALUES (?, 'live', 'tick', '{}')",
            [("2026-03-14T00:00:00.000000Z",)] * BACKLOG,
        )
        db.execute("DELETE FROM inbox")
        db.execute("INSERT OR REPLACE INTO meta VALUES ('consumed', ?)", (str(BACKLOG),))
    seq = app.ledger.inbox.append(Decision(target="1", verdict="note"))
    signals = tuple(
        Signal(
            post=Post(id=f"old:{n}", text=f"fire {n} " * 150, source="day", collected=START),
            enrichment=Enrichment(lang="en"),
            event="1",
            sources=("day",),
            arrived=n,
            seq=n,
        )
        for n in range(1, BACKLOG + 1)
    )
    change = Change(last=seq, signals=signals, events=(Event(id="1", seq=1),))
    app.ledger.truth.commit(app.ledger.inbox.rows(1), change)


@pytest.fixture
def flow(secured: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flow]:
    prefix = f"test-{secrets.token_hex(4)}"
    monkeypatch.setattr(schedule, "LONGEST_WAIT_S", 1.0)
    (tmp_path / "monitor.toml").write_text(
        CONFIG.format(url=secured.url, prefix=prefix, folder=tmp_path), encoding="utf-8"
    )
    (tmp_path / "day.jsonl").touch()
    (tmp_path / "elastic.key").touch(0o600)
    shutil.copy(str(secured.ca), tmp_path / "ca.pem")
    made = Flow(tmp_path)
    made.is_given(key(secured, prefix))
    yield made
    made.ends()
    secured.resume()
    if secured.pid is None:
        secured.start()
    settings(secured, dict.fromkeys(FLOOD))
    secured.clear(prefix)


def key(server: Server, name: str, **rights: object) -> str:
    status, made = server.ask("POST", "/_security/api_key", {"name": name, **rights})
    assert status == 200
    return str(made["encoded"])


def settings(server: Server, values: dict[str, Any]) -> None:
    assert server.ask("PUT", "/_cluster/settings", {"persistent": values})[0] == 200


def undisturbed(app: App) -> dict[str, list[Any]]:
    """What an index holds that is told everything in one go."""
    options = app.options("elastic")
    with closing(elastic.open(replace(options, prefix=f"{options.prefix}-whole"))) as index:
        assert index.prepare(app.ledger.feed.ledger_id())
        list(app.pipeline.follow("index:whole", index.write))
        index.refresh()
        return indexed(index)


def test_a_cluster_that_dies_and_comes_back_too_busy_loses_nothing(
    flow: Flow, secured: Server
) -> None:
    backlog(flow.app)
    flow.starts()
    waited(lambda: flow.position > 0)
    secured.kill()
    flow.stands_still("cannot be reached", "see whether it runs")
    assert flow.position < BACKLOG
    flow.stops()
    flow.starts()
    flow.stands_still("cannot be reached")
    secured.start({"indexing_pressure.memory.limit": "1kb"})
    refusing = time.monotonic()
    flow.stands_still("too busy", "memory")
    time.sleep(max(0.0, refusing + BUSY_S - time.monotonic()))
    flow.stands_still("too busy", "memory")
    assert any("refused" in words for words in flow.app.index.condition().words)
    secured.start()
    flow.catches_up()
    flow.stops()
    assert_whole(flow)


def test_a_cluster_that_hangs_is_full_or_lets_nobody_in_loses_nothing(
    flow: Flow, secured: Server
) -> None:
    narrow = key(secured, "narrow", role_descriptors={"narrow": {"cluster": ["monitor"]}})
    wide = key(secured, "wide")
    flow.posts()
    flow.starts()
    waited(lambda: flow.position > 1)
    secured.pause()
    flow.stands_still("does not answer", "hangs")
    secured.resume()
    secured.ask("DELETE", "/_security/api_key", {"name": flow.prefix})
    flow.stands_still("expired", "api_key_file")
    settings(secured, FLOOD)
    flow.is_given(narrow)
    flow.stands_still("may not", "monitor elastic keys")
    authority(flow.folder)
    flow.stands_still("certificate", "ca_file")
    shutil.copy(str(secured.ca), flow.folder / "ca.pem")
    flow.is_given(wide)
    assert "above the flood stage" in flow.fares()
    waited(lambda: "takes nothing more" in flow.fares())
    flow.stands_still("disk", "make room")
    settings(secured, dict.fromkeys(FLOOD))
    flow.catches_up()
    flow.stops()
    assert_whole(flow)


def assert_whole(flow: Flow) -> None:
    """With what was consumed after it had caught up, before it stopped."""
    for _ in flow.app.follow(flow.app.following, "elastic"):
        pass
    whole = undisturbed(flow.app)
    assert len(whole["signals"]) > len(whole["events"]) > 1
    assert indexed(flow.app.index) == whole
