"""From the embedded index to Elasticsearch and back: the two answer the same, and an interrupted
move goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import IndexRefused
from monitor.ledger import Ledger, open_ledger, utc_now
from monitor.model import Decision, Gone
from monitor.ports import Asked, Index, Of
from monitor.query import parse
from monitor.status import status_of
from monitor.verbs import empty, let_go, rebuilt
from tests.needs import elastic_url
from tests.ordeal import Deployed
from tests.worlds import Clock, Recorded, consumed, fill, indexed, pipeline

FORK = multiprocessing.get_context("fork")
QUESTIONS: tuple[tuple[str, Of], ...] = (
    ("fire", "signals"),
    ("fire OR crash -topic:Fire", "signals"),
    ('near:"51.54,-0.06,3km" topic:Fire', "events"),
    ("verdict:confirmed", "events"),
)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample day, decided upon and consumed."""
    path = tmp_path_factory.mktemp("moving") / "ledger.db"
    clock = Clock()
    opened: Ledger = open_ledger(path, clock)
    fill(opened, clock)
    consumed(pipeline(opened))
    opened.close()
    return path


@pytest.fixture
def folder(ledger: Path, tmp_path: Path, prefix: str) -> Path:
    """A deployment that knows both indexes and follows the embedded one."""
    (tmp_path / "monitor.toml").write_text(
        '[index]\nkind = "embedded"\n'
        f'[index.elastic]\nurl = "{elastic_url()}"\nprefix = "{prefix}"\n',
        encoding="utf-8",
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ledger.db").write_bytes(ledger.read_bytes())
    return tmp_path


@pytest.fixture
def app(folder: Path) -> Iterator[Deployed]:
    opened = Deployed(folder, steps=[Recorded()])
    opened.catch_up()
    yield opened
    opened.close()


def moved(folder: Path) -> Deployed:
    """The deployment after the line that a move names was changed."""
    config = folder / "monitor.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('kind = "embedded"', 'kind = "elastic"'), encoding="utf-8")
    return Deployed(folder, steps=[Recorded()])


def answers(index: Index) -> dict[str, Any]:
    """All that it holds, and what it says to some questions."""
    said: dict[str, Any] = dict(indexed(index))
    for text, of in QUESTIONS:
        asked = Asked(sort="id", limit=1_000)
        query = parse(text)
        found = index.signals(query, asked) if of == "signals" else index.events(query, asked)
        said[f"{of} {text}"] = [hit.value for hit in found.hits]
        said[f"topics of {of} {text}"] = list(index.count(query, "topic", of))
    return said


def test_there_and_back_the_two_answer_the_same(folder: Path, app: Deployed) -> None:
    before = answers(app.index)
    assert len(before["signals"]) > 100
    list(rebuilt(app, "elastic"))
    there = moved(folder)
    assert answers(there.index) == before
    confirmed = before["events verdict:confirmed"][0].id
    there.tell(Decision(target=confirmed, verdict="dismiss"))
    there.tell(Gone(ids=(before["signals"][0].post.id,)))
    there.catch_up()
    after = answers(there.index)
    assert after != before
    assert any("--forget embedded" in said for said in status_of(there, utc_now()).index.words)
    list(rebuilt(there, "embedded"))
    with closing(there.open_index("embedded")) as back:
        assert answers(back) == after
    there.close()


def test_dashboards_are_told_all_pages_and_decisions_after_a_move(
    folder: Path, app: Deployed, prefix: str
) -> None:
    list(rebuilt(app, "elastic"))
    there = moved(folder)
    activity = there.ledger.feed.activity(0)
    assert len(activity) > 20
    assert there.ledger.feed.position("activity:elastic") == activity[-1].number
    assert documents(f"{prefix}-activity") == len(activity)
    there.close()


def documents(alias: str) -> int:
    from elasticsearch import Elasticsearch

    with Elasticsearch(elastic_url()) as client:
        return int(client.count(index=alias)["count"])


def die(folder: Path) -> None:
    """Move, and be killed after the first step."""
    opened = Deployed(folder, steps=[Recorded()])
    for _ in rebuilt(opened, "elastic"):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_move_that_was_killed_goes_on(folder: Path, app: Deployed) -> None:
    expected = indexed(app.index)
    process = FORK.Process(target=die, args=(folder,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert "index:elastic" not in app.ledger.desk.followers()
    words = status_of(app, utc_now()).index.words
    assert [said for said in words if "`monitor rebuild --to elastic`" in said] == list(words) != []
    list(rebuilt(app, "elastic"))
    with closing(app.open_index("elastic")) as index:
        assert indexed(index) == expected


def test_the_index_of_another_ledger_is_refused_with_the_way_out(
    folder: Path, app: Deployed
) -> None:
    list(rebuilt(app, "elastic"))
    there = moved(folder)
    for path in (folder / "data").glob("ledger.db*"):
        path.unlink()
    other = moved(folder)
    with pytest.raises(IndexRefused, match=r"\[index.elastic\]"):
        _ = other.index
    with pytest.raises(IndexRefused, match="another ledger"):
        let_go(Deployed(embedded_again(folder)), "elastic")
    there.close()
    other.close()


def embedded_again(folder: Path) -> Path:
    config = folder / "monitor.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('kind = "elastic"', 'kind = "embedded"'), encoding="utf-8")
    return folder


def test_an_index_in_a_cluster_is_let_go(app: Deployed, prefix: str) -> None:
    list(rebuilt(app, "elastic"))
    assert documents(f"{prefix}-signals*") > 100
    let_go(app, "elastic")
    assert documents(f"{prefix}-signals*") == documents(f"{prefix}-events*") == 0
    assert set(app.ledger.desk.followers()) == {app.follower}


def test_an_index_is_empty_after_the_one_of_an_earlier_demo(folder: Path, app: Deployed) -> None:
    list(rebuilt(app, "elastic"))
    for path in (folder / "data").glob("ledger.db*"):
        path.unlink()
    there = moved(folder)
    empty(there, "elastic")
    assert indexed(there.index) == {"signals": [], "events": []}
    there.catch_up()
    there.close()
