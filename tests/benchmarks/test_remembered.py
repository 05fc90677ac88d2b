"""What a post costs by how much is remembered, measured end to end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from monitor.app import followers
from monitor.ledger import open_ledger
from monitor.model import Enrichment, Post
from monitor.ports import Asked
from monitor.query import parse
from tests.benchmarks.flow import lay_out
from tests.benchmarks.remembered import Filled, Likened, index_filled, through
from tests.benchmarks.world import FIRST, thoughts

NOW = datetime.now(UTC)
SIGNALS, POSTS = FIRST, 20


class Relevant:
    """A step that keeps every post."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"relevant"})

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        return [replace(one, lang="en", relevant=True) for one in known]


def filled(place: Path) -> Filled:
    """A deployment that remembers signals, with posts that it has not read yet."""
    said = ({"id": n, "text": f"fire {n}", "published": NOW.isoformat()} for n in range(POSTS))
    config, _ = lay_out(place / "home", [json.dumps(one).encode() + b"\n" for one in said])
    made = {f"jsonl:{number}": one for number, one in enumerate(thoughts(NOW, POSTS))}
    app = Filled(config, SIGNALS, Likened(made))
    assert sum(app.fill(NOW)) == SIGNALS
    ledger = open_ledger(app.config.data / "ledger.db")
    index_filled(app.options("embedded"), ledger.feed.ledger_id(), SIGNALS, NOW)
    ledger.close()
    return app


def test_a_post_goes_the_whole_way_beside_what_is_remembered(tmp_path: Path) -> None:
    app = filled(tmp_path)
    (seconds,) = through([app], [Relevant()] * 4)
    cost = app.cost(seconds, POSTS, None)
    assert (cost.signals, cost.kept, cost.dearer) == (SIGNALS, POSTS, 1.0)
    assert 0 < cost.joined <= POSTS / 2
    assert 0 < cost.group_ms + cost.commit_ms + cost.index_ms < cost.post_ms
    assert app.watch.posts["index"] == POSTS
    assert app.index.signals(parse("source:archive"), Asked()).total == POSTS
    assert app.ledger.desk.sizes()["signals"] == SIGNALS + POSTS
    rows, _ = followers("embedded")
    assert app.ledger.feed.position(rows) == SIGNALS + POSTS
    app.close()
