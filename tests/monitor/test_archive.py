"""An archive goes in whole, once, and however often the process dies."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from monitor import sample
from monitor.ledger import Accepted
from monitor.model import Cursor, Enrichment, Page, Post
from tests.needs import shared
from tests.ordeal import Deployed, Import, differences
from tests.soak import CLOSE, ROOT, slice_of
from tests.worlds import contents

LINES = 3_000
LONDON = '[area]\nname = "London"\nbox = [51.28, -0.52, 51.70, 0.34]\n'


class Standin:
    """Says something of every post, from its words alone: three of four are relevant."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"vector", "relevant", "labels", "places"})

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        return [self._one(post) for post in posts]

    def _one(self, post: Post) -> Enrichment:
        number = random.Random(" ".join(post.text.split()[:3])).getrandbits(32)
        vector = np.random.default_rng(number).normal(size=16)
        return Enrichment(
            relevant=number % 4 > 0,
            labels=("Fire",) if number % 3 else ("Met", "Met/flood"),
            vector=(vector / np.linalg.norm(vector)).astype("<f4").tobytes(),
        )


def taken_in(app: Deployed) -> list[Accepted]:
    """One poll of the archive, consumed and indexed page by page."""
    pages = []
    for accepted in app.pipeline.collect(app.config.sources[0]):
        app.catch_up()
        pages.append(accepted)
    return pages


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "archive.jsonl"
    return slice_of(shared("data", "crisislext26.jsonl.gz"), LINES, path)


@pytest.fixture(scope="module")
def first(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Accepted]]:
    """A deployment that took the archive in once, and what its pages came to."""
    folder = Import(archive).lay_out(tmp_path_factory.mktemp("first") / "home")
    app = Deployed(folder, steps=[Standin()])
    pages = taken_in(app)
    app.close()
    return folder, pages


def test_nothing_of_an_archive_is_lost(archive: Path, first: tuple[Path, list[Accepted]]) -> None:
    folder, pages = first
    ids = {json.loads(line)["id"] for line in archive.read_bytes().splitlines()}
    held = contents(folder / "data" / "ledger.db")
    kept, dropped = ({line[0] for line in held[table]} for table in ("signals", "dropped"))
    assert sum(page.posts for page in pages) == LINES
    assert kept | dropped == {f"jsonl:{name}" for name in ids}
    assert not kept & dropped
    assert kept
    assert dropped
    assert held["inbox"] == held["dead"] == []


def test_the_index_has_every_signal_of_an_archive(first: tuple[Path, list[Accepted]]) -> None:
    app = Deployed(first[0], steps=[Standin()])
    found = {signal.post.id for signal in app.index.scan(app.question(""), "signals")}
    held = {line[0] for line in contents(first[0] / "data" / "ledger.db")["signals"]}
    app.close()
    assert found == held


def test_taken_in_again_an_archive_changes_nothing(first: tuple[Path, list[Accepted]]) -> None:
    path = first[0] / "data" / "ledger.db"
    before = contents(path)
    app = Deployed(first[0], steps=[Standin()])
    assert taken_in(app) == []
    app.close()
    assert contents(path) == before


def test_read_from_its_beginning_again_an_archive_makes_no_row(
    first: tuple[Path, list[Accepted]],
) -> None:
    path = first[0] / "data" / "ledger.db"
    before = contents(path)
    app = Deployed(first[0], steps=[Standin()])
    app.ledger.inbox.accept("archive", Page(cursor=Cursor()))
    pages = taken_in(app)
    app.close()
    assert sum(page.posts for page in pages) == LINES
    assert sum(page.rows for page in pages) == 0
    after = contents(path)
    counted = {"counts": [], "activity": []}
    assert {**after, **counted} == {**before, **counted}


KILLED = """
import json, random, sys
from pathlib import Path
from dataclasses import replace
from tests.ordeal import Import, everything, moments, ordeal, undisturbed
from tests.soak import CLOSE
folder, area = Path(sys.argv[1]), sys.argv[2]
plan = Import(folder / "day.jsonl", batch=6, area=area)
models = plan.deployed(plan.lay_out(folder / "models")).open_steps()
plan = replace(plan, steps=models)
calm = plan.lay_out(folder / "undisturbed")
batches = len(list(undisturbed(plan.life(calm))))
expected = everything(plan, calm)
times = moments(random.Random(5), 5, batches, 0.5)
outcome = ordeal(plan, folder, expected, 5, times, close=CLOSE)
signals = len(expected["ledger: signals"])
print(json.dumps([signals, outcome.kills, outcome.differing]))
"""


def test_killed_five_times_with_the_real_models(tmp_path: Path) -> None:
    """In a process of its own, which loads the models and from which each life is forked."""
    with sample.day().open("rb") as lines:
        (tmp_path / "day.jsonl").write_bytes(b"".join(islice(lines, 60)))
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(tmp_path), LONDON],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    signals, kills, differing = json.loads(said.stdout.splitlines()[-1])
    assert signals > 15
    assert kills == 5
    assert differing == []


def test_a_difference_is_seen() -> None:
    one = {"signals": [("a", [0.5, "Fire"]), ("b", np.float32([1.0, 0.0]))]}
    near = {"signals": [("a", [0.5004, "Fire"]), ("b", np.float32([1.0, 0.0004]))]}
    far = {"signals": [("a", [0.5004, "Fire"]), ("b", np.float32([1.0, 0.004]))]}
    other = {"signals": [("a", [0.5, "Met"]), ("b", np.float32([1.0, 0.0]))]}
    assert differences(one, near, CLOSE) == []
    assert differences(one, near, 0.0) == ["/signals/0/1/0", "/signals/1/1"]
    assert differences(one, far, CLOSE) == ["/signals/1/1"]
    assert differences(one, other, CLOSE) == ["/signals/0/1/1"]
    assert differences(one, {"signals": one["signals"][:1]}, CLOSE) == ["/signals: 2 and 1"]
