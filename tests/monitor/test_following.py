"""The index follows the ledger: what keeps it away is waited for and said, what is interrupted goes
on, and an index that is left behind is not forgotten."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from indexes import embedded
from monitor.app import App, followers
from monitor.errors import ConfigError, IndexRefused, IndexUnavailable
from monitor.ledger import utc_now
from monitor.ledger.feed import LIMIT
from monitor.model import Activity, Change, Dead, Decision, Enrichment, Post, Signal
from monitor.query import parse
from monitor.status import status_of
from monitor.verbs import forgotten, let_go, rebuilt
from tests.ordeal import FORK, Deployed
from tests.running import running, stopped, waited
from tests.worlds import Recorded

FOREIGN = "a-ledger-of-somebody-else"
LINES = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A deployment whose source is a file of posts."""
    said = ({"id": str(n), "text": f"fire {n} in Hackney", "lang": "en"} for n in range(LINES))
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, said)) + "\n", encoding="utf-8")
    (tmp_path / "monitor.toml").write_text(
        '[[source]]\nname = "file"\nkind = "jsonl"\npath = "posts.jsonl"\nkeep = "all"\n'
        'every = "1s"\n[index.embedded]\npath = "place/index.db"\n',
        encoding="utf-8",
    )
    return tmp_path


@pytest.fixture
def app(folder: Path) -> Iterator[Deployed]:
    opened = Deployed(folder, steps=[Recorded()])
    yield opened
    opened.close()


def collected(app: App) -> None:
    for source in app.config.sources:
        list(app.pipeline.collect(source))


def kept(app: App, number: int) -> None:
    """So many signals in the ledger, each a row that was consumed."""
    posts = [Post(id=f"a:{n}", text=f"fire {n}", source="file") for n in range(number)]
    with app.ledger.store.writing() as db:
        db.executemany(
            "INSERT INTO inbox (at, origin, kind, what) VALUES (?, 'live', 'tick', '{}')",
            [("2026-03-14T00:00:00.000000Z",)] * number,
        )
        db.execute("DELETE FROM inbox")
        db.execute("INSERT OR REPLACE INTO meta VALUES ('consumed', ?)", (str(number),))
    signals = tuple(
        Signal(post=post, enrichment=Enrichment(), event="1", sources=("file",), arrived=n, seq=n)
        for n, post in enumerate(posts, 1)
    )
    seq = app.ledger.inbox.append(Decision(target="1", verdict="note"))
    app.ledger.truth.commit(app.ledger.inbox.rows(1), Change(last=seq, signals=signals))


def make_index(path: Path, ledger: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(embedded.open(embedded.Options(path=str(path)))) as index:
        index.prepare(ledger)


def ids(app: App) -> set[str]:
    return {
        found.post.id for found in app.index.scan(parse(""), "signals") if isinstance(found, Signal)
    }


@dataclass(frozen=True)
class Cause:
    """Why an index cannot be followed, how that ends, and what it is called."""

    begins: Callable[[Path], object]
    ends: Callable[[Path], object]
    error: type[Exception]


CAUSES = {
    "another ledger's": Cause(
        begins=lambda data: make_index(data / "place" / "index.db", FOREIGN),
        ends=lambda data: (data / "place" / "index.db").unlink(),
        error=IndexRefused,
    ),
    "away": Cause(
        begins=lambda data: (data.mkdir(), (data / "place").touch()),
        ends=lambda data: (data / "place").unlink(),
        error=IndexUnavailable,
    ),
}


@pytest.fixture(params=CAUSES)
def cause(request: pytest.FixtureRequest) -> Cause:
    return CAUSES[request.param]


def logged(folder: Path, event: str) -> list[dict[str, Any]]:
    lines = (folder / "log").read_text(encoding="utf-8").splitlines()
    return [found for line in lines if (found := json.loads(line))["event"] == event]


def test_while_the_index_is_away_all_else_goes_on_and_then_it_catches_up(
    folder: Path, app: Deployed, cause: Cause
) -> None:
    cause.begins(folder / "data")
    process = running(partial(Deployed, folder, steps=[Recorded()]), folder / "log")
    feed = app.ledger.feed
    waited(lambda: feed.consumed() >= LINES)
    said = waited(lambda: logged(folder, "waiting"))[0]["said"]
    assert said.startswith("index ")
    assert feed.position(app.follower) == 0
    cause.ends(folder / "data")
    waited(lambda: feed.position(app.follower) >= LINES)
    assert len(ids(app)) == LINES
    assert stopped(process)


def test_who_consumes_while_the_index_is_away_loses_nothing(app: Deployed, cause: Cause) -> None:
    cause.begins(app.config.data)
    collected(app)
    with pytest.raises(cause.error):
        app.catch_up()
    assert app.ledger.feed.consumed() == LINES
    assert app.ledger.inbox.waiting() == 0
    status = status_of(app, utc_now()).index
    assert status.behind == LINES
    assert status.words
    cause.ends(app.config.data)
    app.catch_up()
    assert len(ids(app)) == LINES
    assert status_of(app, utc_now()).index.behind == 0


def test_nothing_is_forgotten_while_the_index_cannot_say_what(app: Deployed, cause: Cause) -> None:
    cause.begins(app.config.data)
    collected(app)
    with pytest.raises(cause.error):
        forgotten(app, parse("fire"))
    cause.ends(app.config.data)
    assert len(forgotten(app, parse("fire"))[0]) == LINES


def test_what_an_index_refuses_is_a_dead_letter_once(app: Deployed) -> None:
    kept(app, 3)
    told: list[Change] = []

    def write(change: Change) -> Sequence[Dead]:
        told.append(change)
        return [Dead(id="a:1", reason="its mapping knows no such field")]

    for _ in range(2):
        app.ledger.feed.advance("index:other", 0)
        assert list(app.pipeline.follow("index:other", write)) == [4]
    (letter,) = app.ledger.desk.dead_letters()
    assert (letter.id, letter.source) == ("a:1", "index:other")
    assert "mapping" in letter.reason
    assert len(told) == 2


def test_activity_is_told_once_and_in_order(app: Deployed) -> None:
    collected(app)
    told: list[Activity] = []

    def note(activities: Sequence[Activity]) -> None:
        told.extend(activities)

    assert list(app.pipeline.note("activity:other", note))
    assert list(app.pipeline.note("activity:other", note)) == []
    assert [each.number for each in told] == list(range(1, len(told) + 1))
    assert {(each.what, each.source) for each in told} == {("page", "file")}
    assert sum(each.rows for each in told) == LINES


def die_at(folder: Path, step: int) -> None:
    """Rebuild, and be killed after that step."""
    app = Deployed(folder)
    for number, _ in enumerate(rebuilt(app, "embedded"), 1):
        if number == step:
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_rebuild_that_was_killed_goes_on_where_it_was(folder: Path, app: Deployed) -> None:
    number = 3 * LIMIT + 500
    kept(app, number)
    app.catch_up()
    whole = list(app.index.scan(parse(""), "signals"))
    process = FORK.Process(target=die_at, args=(folder, 2))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    begun = status_of(app, utc_now()).index.words
    assert [sentence for sentence in begun if "`monitor rebuild`" in sentence] == list(begun) != []
    assert list(rebuilt(app, "embedded")) == [3 * LIMIT, number + 1, number + 1]
    assert list(app.index.scan(parse(""), "signals")) == whole
    assert status_of(app, utc_now()).index.words == ()
    assert set(app.ledger.desk.followers()) == {app.follower}


def test_a_rebuild_takes_what_was_removed_while_it_was_interrupted(app: Deployed) -> None:
    kept(app, LIMIT + 500)
    going = rebuilt(app, "embedded")
    next(going)
    going.close()
    seq = app.ledger.inbox.append(Decision(target="1", verdict="note"))
    app.ledger.truth.commit(app.ledger.inbox.rows(1), Change(last=seq, gone=("a:7",)))
    app.catch_up()
    app.ledger.truth.tidy(utc_now())
    list(rebuilt(app, "embedded"))
    assert "a:7" not in ids(app)
    assert len(ids(app)) == LIMIT + 499


def test_a_rebuild_waits_for_nobody_who_writes(app: Deployed) -> None:
    kept(app, 1)
    with app.consuming(), pytest.raises(ConfigError, match="stop `monitor run`"):
        list(rebuilt(app, "embedded"))


def test_an_index_that_is_not_followed_any_more_is_named_and_let_go(
    folder: Path, app: Deployed
) -> None:
    kept(app, 5)
    app.catch_up()
    app.close()
    assert b"fire" in (app.config.data / "place" / "index.db").read_bytes()
    with pytest.raises(ConfigError, match="is followed"):
        let_go(app, "embedded")
    config = folder / "monitor.toml"
    table = '[index]\nkind = "elastic"\n[index.elastic]\nurl = "http://127.0.0.1:9"\n'
    config.write_text(table + config.read_text(encoding="utf-8"), encoding="utf-8")
    moved = Deployed(folder)
    words = status_of(moved, utc_now()).index.words
    assert [sentence for sentence in words if "`monitor rebuild --forget embedded`" in sentence]
    let_go(moved, "embedded")
    assert set(moved.ledger.desk.followers()) == set()
    assert not [
        sentence for sentence in status_of(moved, utc_now()).index.words if "--forget" in sentence
    ]
    moved.close()
    left = [path for path in (app.config.data / "place").iterdir() if b"fire" in path.read_bytes()]
    assert left == []


def test_an_index_of_another_ledger_is_not_let_go(folder: Path) -> None:
    config = folder / "monitor.toml"
    config.write_text(
        '[index]\nkind = "elastic"\n' + config.read_text(encoding="utf-8"), encoding="utf-8"
    )
    moved = Deployed(folder)
    make_index(moved.config.data / "place" / "index.db", FOREIGN)
    with pytest.raises(IndexRefused, match="another ledger"):
        let_go(moved, "embedded")
    with closing(moved.open_index("embedded")) as index:
        assert index.follows() == FOREIGN
    moved.close()


def test_followers_of_rows_and_of_activity_keep_places_of_their_own(app: Deployed) -> None:
    collected(app)
    app.catch_up()
    rows, activity = followers("embedded")
    assert app.ledger.feed.position(rows) == LINES
    assert app.ledger.feed.position(activity) == app.ledger.feed.activity(0)[-1].number
