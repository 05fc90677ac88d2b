"""What befalls an index in a cluster that runs: grouping goes on without it, the follower says what
to do, and when that is done the index holds what it would have held."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from indexes.elastic.store import Store
from monitor.app import App
from monitor.errors import IndexRefused, IndexUnavailable, MonitorError
from monitor.ledger import utc_now
from monitor.status import status_of
from monitor.verbs import rebuilt
from tests.needs import elastic
from tests.ordeal import Deployed
from tests.servers import Reply, Site, serving
from tests.worlds import Recorded, day_source

OF = ("signals", "events", "activity")
CONFIG = """
keep_days = 36500
[index]
kind = "elastic"
[index.elastic]
url = "{url}"
prefix = "{prefix}"
timeout_s = 3.0
[[source]]
name = "day"
kind = "jsonl"
path = "{path}"
"""
Documents = dict[tuple[str, str], tuple[int, Any]]


def deployed(folder: Path, prefix: str, *, url: str = "") -> Deployed:
    (folder / "monitor.toml").write_text(
        CONFIG.format(
            url=url or elastic().url,
            prefix=prefix,
            path=day_source().options.path,
        ),
        encoding="utf-8",
    )
    return Deployed(folder, steps=[Recorded()])


def followed(app: App) -> None:
    """The index knows what is consumed."""
    for _ in app.follow(app.following, "elastic"):
        pass


@pytest.fixture(scope="module")
def noon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment that has the whole day, of which half is grouped."""
    folder = tmp_path_factory.mktemp("noon")
    app = deployed(folder, "unused")
    list(app.pipeline.collect(app.config.sources[0]))
    half = len(app.ledger.inbox.rows(10_000)) // 2
    while app.ledger.feed.consumed() < half:
        app.pipeline.consume()
    app.close()
    return folder


@pytest.fixture(scope="module")
def undisturbed(noon: Path, tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """What an index holds after the whole day."""
    folder = tmp_path_factory.mktemp("undisturbed") / "day"
    shutil.copytree(noon, folder)
    app = deployed(folder, "test-undisturbed")
    elastic().clear("test-undisturbed")
    app.catch_up()
    found = documents("test-undisturbed")
    app.close()
    elastic().clear("test-undisturbed")
    assert len(found) > 150
    return found


@pytest.fixture
def app(noon: Path, prefix: str, tmp_path: Path) -> Iterator[Deployed]:
    """That deployment, whose index knows the first half of the day."""
    shutil.copytree(noon, tmp_path / "day")
    opened = deployed(tmp_path / "day", prefix)
    followed(opened)
    yield opened
    opened.close()


def asked(method: str, path: str, body: object = None) -> Any:
    status, said = elastic().ask(method, path, body)
    assert status == 200, said
    return said


def documents(prefix: str) -> Documents:
    """Every document behind the aliases that are asked, with its version."""
    found: Documents = {}
    for of in OF:
        asked("POST", f"/{prefix}-{of}/_refresh")
        hits = asked("GET", f"/{prefix}-{of}/_search?size=10000&version=true")["hits"]["hits"]
        found |= {(of, hit["_id"]): (hit["_version"], hit["_source"]) for hit in hits}
        assert len(hits) == sum(1 for kind, _ in found if kind == of)
    return found


def indices(prefix: str) -> set[str]:
    return set(asked("GET", f"/{prefix}*/_settings?filter_path=*.settings.index.uuid"))


def behind(alias: str) -> str:
    (name,) = asked("GET", f"/_alias/{alias}")
    return str(name)


def fault_of(app: App) -> MonitorError:
    """What keeps the index away; meanwhile all else is done, and the status tells of it."""
    position = app.ledger.feed.position(app.follower)
    with pytest.raises((IndexUnavailable, IndexRefused)) as raised:
        app.catch_up()
    app.close_index()
    assert app.ledger.inbox.waiting() == 0
    assert app.ledger.feed.position(app.follower) == position < app.ledger.feed.consumed()
    assert status_of(app, utc_now()).index.behind
    app.close_index()
    return raised.value


def setting(prefix: str, **values: object) -> None:
    for of in OF:
        asked("PUT", f"/{behind(f'{prefix}-{of}')}/_settings", values)


def remade(prefix: str, of: str, fields: Any = None, settings: Any = None) -> None:
    """Somebody made our index again by hand, with fields or settings of his own, and empty."""
    name = behind(f"{prefix}-{of}")
    about = asked("GET", f"/{name}")[name]
    asked("DELETE", f"/{name}")
    mappings = about["mappings"]
    mappings["_meta"].pop("uuid", None)
    mappings["properties"] |= fields or {}
    analysis = about["settings"]["index"]["analysis"]
    body = {"aliases": about["aliases"], "mappings": mappings}
    body["settings"] = {"index.number_of_replicas": 0, "analysis": analysis, **(settings or {})}
    asked("PUT", f"/{name}?wait_for_active_shards=0", body)


def red(prefix: str) -> None:
    for of in OF:
        remade(prefix, of, settings={"index.routing.allocation.require._name": "nobody"})


def green(prefix: str) -> None:
    setting(prefix, **{"index.routing.allocation.require._name": None})
    asked("GET", f"/_cluster/health/{prefix}-*?wait_for_status=green&timeout=20s")


def replaced(prefix: str, by: str) -> None:
    """The alias that is written leads to another index, which somebody made with fields of his."""
    alias = f"{prefix}-signals-write"
    asked("PUT", f"/{by}", {"mappings": {"dynamic": True}}) if by.endswith("theirs") else None
    actions = [
        {"remove": {"index": behind(alias), "alias": alias}},
        {"add": {"index": by, "alias": alias, "is_write_index": True}},
    ]
    asked("POST", "/_aliases", {"actions": actions})


@dataclass(frozen=True)
class Fault:
    """What befalls an index, how that ends, and what is said meanwhile."""

    begins: Callable[[str], object]
    ends: Callable[[str], object]
    error: type[MonitorError]
    words: tuple[str, ...]


FAULTS = {
    "read-only": Fault(
        begins=lambda prefix: setting(prefix, **{"index.blocks.write": True}),
        ends=lambda prefix: setting(prefix, **{"index.blocks.write": None}),
        error=IndexRefused,
        words=("read-only", "index.blocks"),
    ),
    "disk full": Fault(
        begins=lambda prefix: setting(prefix, **{"index.blocks.read_only_allow_delete": True}),
        ends=lambda prefix: setting(prefix, **{"index.blocks.read_only_allow_delete": None}),
        error=IndexUnavailable,
        words=("disk", "make room"),
    ),
    "closed": Fault(
        begins=lambda prefix: asked("POST", f"/{behind(f'{prefix}-events')}/_close"),
        ends=lambda prefix: asked("POST", f"/{behind(f'{prefix}-events')}/_open"),
        error=IndexRefused,
        words=("closed", "open it"),
    ),
    "red": Fault(
        begins=red,
        ends=green,
        error=IndexUnavailable,
        words=("on no node", "monitor rebuild"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_befell_it_is_said_and_overcome(
    fault: str, app: Deployed, prefix: str, undisturbed: Documents
) -> None:
    each = FAULTS[fault]
    each.begins(prefix)
    said = fault_of(app)
    assert status_of(app, utc_now()).index.words
    app.close_index()
    assert isinstance(said, each.error)
    assert str(said).startswith(f"index {prefix}: ")
    assert [word for word in each.words if word not in str(said)] == []
    each.ends(prefix)
    app.catch_up()
    assert documents(prefix) == undisturbed


def test_a_shard_that_is_nowhere_is_red_in_words(app: Deployed, prefix: str) -> None:
    red(prefix)
    condition = app.index.condition()
    assert any("red" in words and "monitor rebuild" in words for words in condition.words)
    assert condition.signals == 0
    with pytest.raises(IndexUnavailable):
        list(app.index.scan(app.question(""), "signals"))


# Aliases and indices that are gone


@pytest.mark.parametrize("what", ["alias", "index", "all"])
def test_what_was_taken_away_is_not_made_by_the_way_but_anew(
    what: str, app: Deployed, prefix: str, undisturbed: Documents
) -> None:
    """The follower has it open: it is told, and the next time all is mended."""
    name = behind(f"{prefix}-signals-write")
    if what == "alias":
        asked("DELETE", f"/{name}/_alias/{prefix}-signals-write")
    for gone in indices(prefix) if what == "all" else {name} if what == "index" else ():
        asked("DELETE", f"/{gone}")
    left = indices(prefix)
    app.consume()
    with pytest.raises(IndexUnavailable, match=f"index {prefix}: .* anew"):
        followed(app)
    assert indices(prefix) == left
    app.close_index()
    app.catch_up()
    assert documents(prefix) == undisturbed


@pytest.mark.parametrize("of", OF)
def test_whoever_makes_a_lost_part_and_does_not_live_to_say_so_loses_nothing(
    of: str, app: Deployed, prefix: str, undisturbed: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked("DELETE", f"/{behind(f'{prefix}-{of}')}")
    app.close_index()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_open", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            app.catch_up()
    assert behind(f"{prefix}-{of}")
    app.close_index()
    app.catch_up()
    assert documents(prefix) == undisturbed


def test_an_alias_that_leads_elsewhere_is_refused_and_nothing_written_there(
    app: Deployed, prefix: str, undisturbed: Documents
) -> None:
    ours, theirs = behind(f"{prefix}-signals"), f"{prefix}-theirs"
    replaced(prefix, theirs)
    app.close_index()
    said = fault_of(app)
    assert isinstance(said, IndexRefused)
    assert "did not make" in str(said)
    asked("POST", f"/{theirs}/_refresh")
    assert asked("GET", f"/{theirs}/_count")["count"] == 0
    replaced(prefix, ours)
    app.catch_up()
    assert documents(prefix) == undisturbed


def test_a_field_that_was_made_otherwise_is_refused_until_it_is_made_anew(
    app: Deployed, prefix: str, undisturbed: Documents
) -> None:
    remade(prefix, "signals", fields={"time_us": {"type": "keyword"}})
    app.close_index()
    said = fault_of(app)
    assert isinstance(said, IndexRefused)
    assert "time_us" in str(said)
    assert "monitor rebuild" in str(said)
    list(rebuilt(app, "elastic"))
    app.catch_up()
    assert documents(prefix) == undisturbed


# Documents that do not fit


def test_what_does_not_fit_is_a_dead_letter_and_all_else_comes_in(
    app: Deployed, prefix: str, undisturbed: Documents, tmp_path: Path
) -> None:
    long = "x" * 40_000
    post = {"id": long, "text": "a fire"}
    path = tmp_path / "more.jsonl"
    path.write_text(json.dumps(post) + "\n", encoding="utf-8")
    app.close()
    config = tmp_path / "day" / "monitor.toml"
    more = f'[[source]]\nname = "more"\nkind = "jsonl"\nkeep = "all"\npath = "{path}"\n'
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    opened = Deployed(tmp_path / "day", steps=[Recorded()])
    list(opened.pipeline.collect(opened.config.source("more")))
    opened.catch_up()
    (letter,) = [
        dead for dead in opened.ledger.desk.dead_letters() if dead.source == opened.follower
    ]
    assert letter.id.endswith(long)
    assert "field id" in letter.reason
    assert len(letter.reason) < 200
    found = documents(prefix)
    assert {name for name in undisturbed if name[0] == "signals"} == {
        name for name in found if name[0] == "signals"
    }
    opened.close()


# What is no cluster of ours


PRODUCT = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}
OLD = {"type": "media_type_header_exception", "reason": "Accept version must be either 8 or 7"}
OTHERS = {
    "another product": (Reply(b'{"tagline": "You Know, for Log"}'), "not Elasticsearch"),
    "version 8": (
        Reply(json.dumps({"error": OLD, "status": 400}).encode(), status=400, headers=PRODUCT),
        "version 9",
    ),
    "a login page": (Reply(b"<html>", headers={"Content-Type": "text/html"}), "correct url"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_answers_instead_is_told_from_a_cluster_until_the_address_is_right(
    other: str, noon: Path, prefix: str, tmp_path: Path, undisturbed: Documents
) -> None:
    shutil.copytree(noon, tmp_path / "day")
    reply, words = OTHERS[other]
    asked_for = ",".join(f"{prefix}-{of}*" for of in OF)
    with serving(Site(pages={f"/{asked_for}": reply})) as url:
        app = deployed(tmp_path / "day", prefix, url=url)
        said = fault_of(app)
        assert isinstance(said, IndexRefused)
        assert words in str(said)
        app.close()
    app = deployed(tmp_path / "day", prefix, url=url)
    assert isinstance(fault_of(app), IndexUnavailable)
    app.close()
    app = deployed(tmp_path / "day", prefix)
    app.catch_up()
    assert documents(prefix) == undisturbed
    app.close()
