"""The steps of docs/elasticsearch.md for snapshots, on a real server: the requests are read there
and asked as they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import IndexRefused
from monitor.ledger import open_ledger, utc_now
from monitor.model import Gone
from monitor.ports import Asked, Index
from monitor.query import parse
from monitor.status import status_of
from monitor.verbs import rebuilt, tidied
from tests.house import ROOT
from tests.needs import elastic, elastic_url, lacking
from tests.ordeal import Deployed
from tests.worlds import Clock, Recorded, consumed, fill, indexed, pipeline

PAGE = ROOT / "docs" / "elasticsearch.md"


@pytest.fixture
def repository(prefix: str) -> Iterator[str]:
    """A name for a repository of this test alone."""
    _, found = elastic().ask("GET", "/_nodes/settings?filter_path=nodes.*.settings.path.repo")
    if not found:
        lacking("elasticsearch", "path.repo in the settings of the one that ES_URL names")
    yield prefix
    elastic().ask("DELETE", f"/_snapshot/{prefix}/*")
    elastic().ask("DELETE", f"/_snapshot/{prefix}")


@pytest.fixture
def app(tmp_path: Path, prefix: str) -> Iterator[Deployed]:
    """The sample day, consumed and followed."""
    (tmp_path / "monitor.toml").write_text(
        f'[index]\nkind = "elastic"\n[index.elastic]\nurl = "{elastic_url()}"\n'
        f'prefix = "{prefix}"\nreplicas = 0\n',
        encoding="utf-8",
    )
    (tmp_path / "data").mkdir()
    clock = Clock()
    ledger = open_ledger(tmp_path / "data" / "ledger.db", clock)
    fill(ledger, clock)
    consumed(pipeline(ledger))
    ledger.close()
    opened = Deployed(tmp_path, steps=[Recorded()])
    opened.catch_up()
    yield opened
    opened.close()


def asked(step: str, prefix: str) -> dict[str, Any]:
    """The answer to the request of the page that begins so, with our names instead of `monitor`."""
    text = PAGE.read_text(encoding="utf-8")
    lines = text[text.index(f"\n{step}") :].split()
    method, path = lines[:2]
    body = text[text.index(path) + len(path) :].split("\n\n")[0].split("```")[0]
    found = body.replace("monitor", prefix)
    status, answer = elastic().ask(method, path.replace("monitor", prefix), json.loads(found))
    assert status == 200, answer
    return dict(answer)


def ids(index: Index) -> list[str]:
    found = index.signals(parse(""), Asked(sort="id", limit=1_000))
    return [hit.value.post.id for hit in found.hits]


def test_what_a_snapshot_brings_back_is_asked_at_once_and_followed_again_when_made_anew(
    app: Deployed, prefix: str, repository: str
) -> None:
    asked("PUT /_snapshot/monitor\n", prefix)
    assert asked("PUT /_snapshot/monitor/", prefix)["snapshot"]["state"] == "SUCCESS"
    before = ids(app.index)
    app.tell(Gone(ids=(before[0],)))
    app.catch_up()
    after = indexed(app.index)
    app.close_index()
    elastic().clear(prefix)
    assert asked("POST /_snapshot/monitor/", prefix)["snapshot"]["shards"]["failed"] == 0

    assert ids(app.index) == before
    assert any("snapshot" in said for said in status_of(app, utc_now()).index.words)
    with pytest.raises(IndexRefused):
        app.catch_up()

    list(rebuilt(app, "elastic"))
    assert len(tidied(app, "elastic")) == 3
    app.close_index()
    assert indexed(app.index) == after
    app.tell(Gone(ids=(before[1],)))
    app.catch_up()
    assert ids(app.index) == before[2:]


def test_what_was_never_in_a_snapshot_is_followed_as_ever(app: Deployed) -> None:
    app.close_index()
    app.catch_up()
    assert not any("snapshot" in said for said in status_of(app, utc_now()).index.words)
