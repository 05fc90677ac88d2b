"""How long it takes until a first post is grouped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.progress import Progress

from tests.benchmarks import start

GROUPS = """#!{python}
import pathlib, sqlite3, sys
folder = pathlib.Path(sys.argv[3]).parent / "data"
folder.mkdir()
db = sqlite3.connect(folder / "ledger.db")
db.execute("CREATE TABLE signals (event TEXT)")
db.execute("INSERT INTO signals VALUES ('1')")
db.commit()
"""


def program(folder: Path, source: str) -> Path:
    """A program in the place of `monitor`."""
    path = folder / "monitor"
    path.write_text(source.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o700)
    return path


def test_the_clock_stops_when_the_post_is_in_an_event(tmp_path: Path) -> None:
    config = tmp_path / "monitor.toml"
    assert start.grouped(program(tmp_path, GROUPS), config, signals=1) > 0
    assert start.kept(tmp_path / "data" / "ledger.db") == 1


def test_a_process_that_groups_nothing_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        start.grouped(program(tmp_path, "#!/bin/sh\n"), tmp_path / "monitor.toml", signals=1)


def test_a_new_deployment_and_a_later_start_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    posts: list[tuple[int, int, bool]] = []

    def grouped(_program: Path, config: Path, signals: int) -> float:
        lines = (config.parent / "posts.jsonl").read_bytes().splitlines()
        posts.append((signals, len(lines), 'keep = "all"' in config.read_text(encoding="utf-8")))
        return float(signals)

    monkeypatch.setattr(start, "VERBS", {})
    monkeypatch.setattr(start, "LOADED", 1)
    monkeypatch.setattr(start, "grouped", grouped)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    assert start.measure(Progress(disable=True)) == {start.NEW: [1.0], start.LATER: [2.0]}
    assert posts == [(1, 1, True), (2, 2, True)]
