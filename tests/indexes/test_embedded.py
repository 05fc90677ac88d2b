"""What only the embedded index is: files that other processes read, and a disk."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexes.embedded import facets
from indexes.embedded.index import LEAST_FREE, worries
from monitor.errors import IndexRefused
from monitor.ports import Asked, Index
from monitor.query import parse
from tests.contracts.indexing import a_signal, ids, opened, paged, unit, wrote

READER = """
import sys, time
from indexes import embedded
from monitor.ports import Asked
from monitor.query import parse
index = embedded.open(embedded.Options(path=sys.argv[1]))
seen, until = 0, time.monotonic() + 60
while seen < 300 and time.monotonic() < until:
    found = index.signals(parse("fire"), Asked(sort="id", limit=1000))
    assert found.total == len(found.hits) >= seen and found.total % 10 == 0, found.total
    assert len(index.similar(bytes(bytearray.fromhex("0000803f00000000")), parse(""), 500)) >= seen
    seen = found.total
assert seen == 300
"""


def test_another_process_reads_whole_changes_while_one_writes(tmp_path: Path):
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        reader = subprocess.Popen([sys.executable, "-c", READER, str(tmp_path / "index.db")])
        for start in range(0, 300, 10):
            some = (a_signal(n, vector=unit(1, n)) for n in range(start, start + 10))
            wrote(index, *some, last=start + 1)
        assert reader.wait(90) == 0


def test_no_word_of_what_is_gone_stays_in_the_files(tmp_path: Path):
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        wrote(index, a_signal(1, "xyzzyword and more"), a_signal(2, "a flood"))
        wrote(index, *(a_signal(n) for n in range(3, 200)))
        wrote(index, last=2, gone=("s:1",))
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"flood" in held
    assert b"xyzzy" not in held


def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path):
    (tmp_path / "index.db").write_bytes(b"no database " * 500)
    with (
        opened("embedded", tmp_path) as index,
        pytest.raises(IndexRefused, match="monitor rebuild"),
    ):
        index.prepare("ledger-1")


@pytest.fixture
def later(tmp_path: Path) -> Iterator[Index]:
    """An index of a version that is not known yet."""
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
    with sqlite3.connect(tmp_path / "index.db") as database:
        database.execute("UPDATE meta SET value = '999' WHERE key = 'version'")
    database.close()
    with opened("embedded", tmp_path) as index:
        yield index


def test_an_index_of_a_later_version_is_refused(later: Index):
    with pytest.raises(IndexRefused):
        later.prepare("ledger-1")


def test_whom_an_index_of_a_later_version_follows_is_not_said(later: Index):
    with pytest.raises(IndexRefused):
        later.follows()


def test_what_was_begun_beside_and_is_damaged_is_begun_anew(tmp_path: Path):
    (tmp_path / "index.db.next").write_bytes(b"no database " * 500)
    with opened("embedded", tmp_path, beside=True) as index:
        assert index.prepare("ledger-1")
        wrote(index, a_signal(1))
        assert ids(index, "fire") == ["s:1"]


def test_what_was_begun_beside_with_other_tables_is_begun_anew(tmp_path: Path):
    with opened("embedded", tmp_path, beside=True) as index:
        index.prepare("ledger-1")
        wrote(index, a_signal(1))
    with sqlite3.connect(tmp_path / "index.db.next") as database:
        database.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
    database.close()
    with opened("embedded", tmp_path, beside=True) as index:
        assert index.prepare("ledger-1")
        assert ids(index, "") == []
    assert len([path for path in tmp_path.iterdir() if not path.is_symlink()]) <= 3


def test_one_signal_of_each_event_is_left_beyond_what_is_ranked(tmp_path: Path):
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        wrote(index, *(a_signal(n, event=str(n // 2)) for n in range(4_200)))
        seen = paged(index, "fire", Asked(limit=900, collapse=True))
    assert len(seen) == len({int(id.removeprefix("s:")) // 2 for id in seen}) == 2_100


def test_a_scan_goes_through_more_than_it_holds_at_once(tmp_path: Path):
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        wrote(index, *(a_signal(n) for n in range(20_500)))
        scan = index.scan(parse("fire"), "signals")
        seen = [next(scan).post.id]
        changed = [a_signal(n, "a flood", seq=2) for n in (500, 9_998)]
        wrote(index, *changed, last=2)
        seen += [signal.post.id for signal in scan]
    assert seen == sorted({f"s:{n}" for n in range(20_500)} - {"s:500", "s:9998"})


def test_a_snapshot_stays_as_it_was_while_others_write(tmp_path: Path):
    with opened("embedded", tmp_path) as index, opened("embedded", tmp_path) as another:
        index.prepare("ledger-1")
        wrote(index, a_signal(1))
        with index.snapshot():
            assert ids(index, "fire") == ["s:1"]
            wrote(another, a_signal(2), last=2)
            assert ids(another, "fire") == ["s:1", "s:2"]
            assert ids(index, "fire") == ["s:1"]
            assert index.count(parse("fire"), "lang", "signals")[0].count == 1
        assert index.count(parse("fire"), "lang", "signals")[0].count == 2


def test_a_snapshot_outlives_a_rebuild(tmp_path: Path):
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        wrote(index, a_signal(1))
        with opened("embedded", tmp_path, beside=True) as beside, index.snapshot():
            assert ids(index, "") == ["s:1"]
            beside.prepare("ledger-1")
            wrote(beside, a_signal(2))
            beside.promote()
            assert ids(index, "") == ["s:1"]
        assert ids(index, "") == ["s:2"]


def test_values_of_more_signals_than_are_held_at_once_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(facets, "_ROWS", 4)
    with opened("embedded", tmp_path) as index:
        index.prepare("ledger-1")
        wrote(index, *(a_signal(n, event=str(n % 3)) for n in range(9)))
        found = index.counts(parse("fire"), ("event", "lang"), "signals")
    assert [bucket.count for bucket in found["event"]] == [3, 3, 3]
    assert [bucket.count for bucket in found["lang"]] == [9]


def test_a_disk_that_is_nearly_full_is_told_in_words():
    assert worries(LEAST_FREE) == ()
    assert len(worries(LEAST_FREE - 1)) == 1
