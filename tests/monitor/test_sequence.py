"""The same rows in the same order give the same ledger and index, however they are cut."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from monitor import parts
from monitor.ledger import open_ledger
from monitor.ports import Index
from tests.worlds import Clock, consumed, contents, fill, indexed, pipeline

BATCHES = (1, 7, 64, 1000)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "ledger.db"
    clock = Clock()
    ledger = open_ledger(path, clock)
    fill(ledger, clock)
    ledger.close()
    return path


def opened_index(folder: Path) -> Index:
    part = parts.load("indexes", "embedded")
    index: Index = part.open(part.Options(path=str(folder / "index.db")))
    return index


def lived(filled: Path, folder: Path, batch: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What ledger and index hold after the day was consumed in batches of that size."""
    shutil.copy(filled, folder / "ledger.db")
    ledger = open_ledger(folder / "ledger.db", Clock())
    consumed(pipe := pipeline(ledger, batch))
    index = opened_index(folder)
    assert index.prepare(ledger.feed.ledger_id())
    for _ in pipe.follow("index", index.write):
        pass
    found = indexed(index)
    index.close()
    ledger.close()
    return contents(folder / "ledger.db"), found


@pytest.fixture(scope="module")
def whole(
    filled: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, Any]]:
    return lived(filled, tmp_path_factory.mktemp("whole"), BATCHES[-1])


@pytest.mark.parametrize("batch", BATCHES[:-1])
def test_a_cut_changes_nothing(
    batch: int, filled: Path, whole: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    ledger, index = lived(filled, tmp_path, batch)
    for table, lines in whole[0].items():
        assert ledger[table] == lines, table
    assert index == whole[1]


def test_the_day_has_what_the_promise_is_about(
    whole: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    ledger, index = whole
    assert len(index["signals"]) > 100
    assert len([event for event in index["events"] if event.size > 5]) >= 12
    outcomes = [line for line in ledger["decided"] if b'"outcome":"applied"' in line[2]]
    assert len(outcomes) == len(ledger["decided"]) == 10
    assert ledger["gone"]
    assert ledger["dropped"]
    assert not ledger["inbox"]
    assert not ledger["dead"]


def test_the_index_made_anew_equals_the_one_before(
    filled: Path, whole: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path
) -> None:
    shutil.copy(filled, tmp_path / "ledger.db")
    ledger = open_ledger(tmp_path / "ledger.db", Clock())
    pipe = pipeline(ledger, 64)
    index = opened_index(tmp_path)
    index.prepare(ledger.feed.ledger_id())
    while pipe.consume():
        for _ in pipe.follow("index", index.write):
            pass
    stepwise = indexed(index)
    index.close()
    for file in tmp_path.glob("index.db*"):
        file.unlink()
    index = opened_index(tmp_path)
    assert index.prepare(ledger.feed.ledger_id())
    ledger.feed.advance("index", 0)
    for _ in pipe.follow("index", index.write):
        pass
    assert indexed(index) == stepwise == whole[1]
    index.close()
    ledger.close()
