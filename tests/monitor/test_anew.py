"""`rebuild --anew`: the ledger as today's models would have it, and nothing of a person's is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.anew import Renewal
from monitor.ledger import open_ledger
from monitor.ledger.anew import Anew
from monitor.ledger.draft import Settled
from monitor.model import Decision, Enrichment, Event, Gone, Page, Post, Signal
from monitor.ports import Enricher
from tests.ordeal import Deployed
from tests.stored import stored
from tests.verbs import Verb
from tests.worlds import TRUTH, Clock, Recorded, consumed, contents, fill, pipeline

BATCH = 64
BOUNDARIES = ("reserve", "waiting", "keep", "renewed", "switch")
JOINED = ("camden-stabbing", "greenwich-stolen")


class Newer(Recorded):
    """Models of tomorrow: what they call by one name is one event; one kind of post they drop."""

    def __init__(self) -> None:
        super().__init__()
        names = sorted(TRUTH["events"])
        self.joined = {names[1]: names[0], names[3]: names[2]}
        self._event = {post: self.joined.get(name, name) for post, name in self._event.items()}
        self.dull = TRUTH["events"][names[5]][0]
        self.lively = TRUTH["irrelevant"][1]
        self._event[self.lively] = names[6]

    def _one(self, post: Post) -> Enrichment:
        said = super()._one(post)
        return replace(said, relevant=said.relevant and post.id != self.dull, models={"newer": "2"})


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample day, decided upon and consumed."""
    path = tmp_path_factory.mktemp("anew") / "ledger.db"
    clock = Clock()
    ledger = open_ledger(path, clock)
    fill(ledger, clock)
    consumed(pipeline(ledger))
    ledger.close()
    return path


@pytest.fixture
def deploy(day: Path, tmp_path: Path) -> Iterator[Callable[[Sequence[Enricher]], Deployed]]:
    """A deployment of that day with those models."""
    opened: list[Deployed] = []

    def one(steps: Sequence[Enricher]) -> Deployed:
        folder = tmp_path / str(len(opened))
        laid_out(day, folder)
        opened.append(Deployed(folder, BATCH, steps))
        return opened[-1]

    yield one
    for app in opened:
        app.close()


def laid_out(day: Path, folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    (folder / "monitor.toml").write_text(
        '[area]\nname = "London"\nbox = [51.28, -0.52, 51.70, 0.34]\n', encoding="utf-8"
    )
    (folder / "data" / "ledger.db").write_bytes(day.read_bytes())
    return folder


def renewed(app: Deployed, anew: Any = None, *, switch: bool = True) -> Settled:
    with app.consuming():
        renewal = Renewal(app, anew or Anew(app.ledger.store))
        renewal.prepare()
        for _ in renewal.enrich():
            pass
        for _ in renewal.group():
            pass
        settled = renewal.settle()
        if switch:
            renewal.switch()
        renewal.close()
    return settled


def everything(app: Deployed) -> tuple[dict[str, Signal], dict[str, Event]]:
    whole = app.ledger.feed.changes(0, 1 << 30)
    assert whole
    return {s.post.id: s for s in whole.signals}, {e.id: e for e in whole.events}


def test_the_same_models_change_nothing(deploy: Callable[..., Deployed]) -> None:
    app = deploy([Recorded()])
    before = everything(app)
    settled = renewed(app)
    assert (settled.dropped, settled.kept) == (0, 0)
    after = everything(app)
    assert {p: s.event for p, s in after[0].items()} == {p: s.event for p, s in before[0].items()}
    assert after[1].keys() == before[1].keys()
