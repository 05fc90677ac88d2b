"""The same rows in the same order give the same ledger and index, however they are cut."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from indexes import elastic, embedded
from monitor import parts
from monitor.ledger import open_ledger
from monitor.pipeline import Pipeline
from monitor.ports import Asked, Index, Of
from monitor.query import document, parse
from monitor.verbs import rebuilt
from tests.needs import elastic as server
from tests.needs import elastic_url
from tests.ordeal import Deployed, Import
from tests.stored import Stored, stored
from tests.worlds import TRUTH, Clock, Recorded, contents, fill, pipeline

BATCHES = (1, 7, 64, 1000)
KINDS = ("embedded", "elastic")
QUESTIONS: Sequence[tuple[Of, str]] = (
    ("signals", ""),
    ("signals", "fire smoke"),
    ("signals", '"on fire" OR crash*'),
    ("signals", "NOT (water OR gas) -topic:Fire"),
    ("signals", "voice:citizen relevance:>0.5 lang:en"),
    ("signals", 'near:"51.54,-0.06,3km" severity:>=Moderate'),
    ("signals", "time:[2026-03-14T08:00 TO 2026-03-14T12:00}"),
    ("events", ""),
    ("events", "size:>5 topic:Transport"),
    ("events", "verdict:confirmed OR verdict:dismissed"),
    ("events", 'near:"51.5,-0.1,5km" -verdict:dismissed'),
    ("events", 'place:"Ealing Broadway" OR place:unknown'),
)
FACETS = ("topic", "source", "lang", "severity", "place")
Place = Callable[[Path], Any]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "ledger.db"
    clock = Clock()
    ledger = open_ledger(path, clock)
    fill(ledger, clock)
    ledger.close()
    return path


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The options of an index of that kind for a folder."""
    if request.param == "embedded":
        yield lambda folder: embedded.Options(path=str(folder / "index.db"))
        return
    url, ours = elastic_url(), f"sequence-{secrets.token_hex(4)}"
    yield lambda folder: elastic.Options(url=url, prefix=f"{ours}-{folder.name}")
    server().clear(ours)


def opened_index(options: Any) -> Index:
    kind = "embedded" if isinstance(options, embedded.Options) else "elastic"
    index: Index = parts.load("indexes", kind).open(options)
    return index


def told(pipe: Pipeline, index: Index) -> None:
    for _ in pipe.follow("index", index.write):
        pass
    for _ in pipe.note("activity:index", index.note):
        pass


def lived(filled: Path, folder: Path, batch: int, options: Any) -> tuple[dict[str, Any], Stored]:
    """What ledger and index hold after the day was consumed in batches of that size, and the index
    told after each."""
    shutil.copy(filled, folder / "ledger.db")
    ledger = open_ledger(folder / "ledger.db", Clock())
    pipe = pipeline(ledger, batch)
    with closing(opened_index(options)) as index:
        assert index.prepare(ledger.feed.ledger_id())
        while pipe.consume():
            told(pipe, index)
    ledger.close()
    return contents(folder / "ledger.db"), stored(options)


@pytest.fixture(scope="module")
def whole(
    filled: Path, place: Place, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Stored]:
    folder = tmp_path_factory.mktemp("whole")
    return lived(filled, folder, BATCHES[-1], place(folder))


@pytest.mark.parametrize("batch", BATCHES[:-1])
def test_a_cut_changes_nothing(
    batch: int, filled: Path, place: Place, whole: tuple[dict[str, Any], Stored], tmp_path: Path
) -> None:
    ledger, index = lived(filled, tmp_path, batch, place(tmp_path))
    for table, lines in whole[0].items():
        assert ledger[table] == lines, table
    assert index == whole[1]


def test_the_day_has_what_the_promise_is_about(whole: tuple[dict[str, Any], Stored]) -> None:
    ledger, index = whole
    assert len(index["signals"]) == len(ledger["signals"]) > 100
    assert all(vector for _, _, vector in index["signals"].values())
    sizes = [msgspec.json.decode(line[-1])["size"] for line in ledger["events"]]
    assert len(index["events"]) == len(sizes)
    assert len([size for size in sizes if size > 5]) >= 12
    outcomes = [line for line in ledger["decided"] if b'"outcome":"applied"' in line[2]]
    assert len(outcomes) == len(ledger["decided"]) == 10
    assert ledger["tombstones"]
    assert ledger["dropped"]
    assert not ledger["inbox"]
    assert not ledger["dead"]


def test_activity_counts_pages_and_decisions_and_holds_no_handle(
    whole: tuple[dict[str, Any], Stored],
) -> None:
    values = [value for _, _, value in whole[0]["activity"]]
    assert len([value for value in values if b'"what":"decision"' in value]) == 10
    assert len([value for value in values if b'"what":"page"' in value]) > 10
    said = b"\n".join(values).decode().casefold()
    assert [handle for handle in TRUTH["handles"] if handle.casefold() in said] == []
    assert "analyst" not in said


def test_the_index_made_anew_equals_the_one_before(
    filled: Path, place: Place, whole: tuple[dict[str, Any], Stored], tmp_path: Path
) -> None:
    options = place(tmp_path)
    assert lived(filled, tmp_path, 64, options)[1] == whole[1]
    for file in tmp_path.glob("index.db*"):
        file.unlink()
    if isinstance(options, elastic.Options):
        server().clear(options.prefix)
    ledger = open_ledger(tmp_path / "ledger.db", Clock())
    with closing(opened_index(options)) as index:
        assert index.prepare(ledger.feed.ledger_id())
        for follower in ("index", "activity:index"):
            ledger.feed.advance(follower, 0)
        told(pipeline(ledger), index)
    ledger.close()
    assert stored(options) == whole[1]


def answers(index: Index) -> list[Any]:
    """What it says to each question; whatever `like:` adds stands outside of this."""
    said: list[Any] = []
    asked = Asked(sort="id", limit=1_000)
    for of, text in QUESTIONS:
        query = parse(text)
        found = index.signals(query, asked) if of == "signals" else index.events(query, asked)
        assert found.total, text
        said.append((text, found.total, [document(hit.value).id for hit in found.hits]))
        said += [(text, by, list(index.count(query, by, of))) for by in FACETS]
        said.append((text, list(index.histogram(query, timedelta(hours=1), of))))
        said.append((text, list(index.grid(query, 12, of))))
    return said


@pytest.fixture
def app(filled: Path, tmp_path: Path) -> Iterator[Deployed]:
    """A deployment that has lived through the day, its index in a cluster."""
    plan = Import(filled, steps=[Recorded()], cluster=elastic_url())
    folder = plan.lay_out(tmp_path / "home")
    (folder / "data").mkdir()
    shutil.copy(filled, folder / "data" / "ledger.db")
    opened = plan.deployed(folder)
    opened.catch_up()
    yield opened
    opened.close()
    server().clear(opened.options("elastic").prefix)


def test_moved_there_and_back_an_index_equals_the_one_before(app: Deployed) -> None:
    cluster, file = app.options("elastic"), app.options("embedded")
    followed = stored(cluster)
    list(rebuilt(app, "embedded"))
    before = stored(file)
    with closing(app.open_index("embedded")) as index:
        assert answers(index) == answers(app.index)
    list(rebuilt(app, "elastic"))
    assert stored(cluster) == followed
    list(rebuilt(app, "embedded"))
    assert stored(file) == before
