"""Keys of least rights on a cluster with security: each does its work and nothing else, and no
secret is ever said."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexes import elastic
from indexes.elastic import Options
from indexes.elastic.cluster import API_KEY, PASSWORD, USER, Cluster
from monitor import cli, log
from monitor.errors import ConfigError, IndexRefused, MonitorError
from monitor.model import Activity, Change, Enrichment, Event, Post, Signal
from monitor.ports import Asked
from monitor.query import parse
from tests import needs
from tests.contracts.indexing import unit
from tests.elastic import Server

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ALL = parse("")
FIRE = Signal(
    post=Post(id="s:1", text="a fire", published=NOON),
    enrichment=Enrichment(lang="en", vector=unit(0.6, 0.8)),
    event="1",
    sources=("bbc",),
    arrived=1,
    seq=1,
)
CHANGE = Change(last=1, signals=(FIRE,), events=(Event(id="1", seq=1, texts=("a fire",)),))
CONFIG = """
[index]
kind = "elastic"
[index.elastic]
url = "{url}"
prefix = "{prefix}"
ca_file = "{ca}"
api_key_file = "{folder}/ingest.key"
[nlp.encode]
model = "{folder}/no-such-model"
"""


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (API_KEY, USER, PASSWORD):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The secured cluster, for the tests of this file."""
    found = needs.elastic(secured=True)
    with found.alone():
        yield found


@pytest.fixture(scope="module")
def options(server: Server) -> Iterator[Options]:
    prefix = f"test-{secrets.token_hex(4)}"
    yield Options(url=server.url, prefix=prefix, ca_file=str(server.ca), timeout_s=10.0)
    server.clear(prefix)


@contextmanager
def administrator(server: Server) -> Iterator[None]:
    """The superuser's credentials are in the environment meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(API_KEY, raising=False)
        patch.setenv(USER, server.user)
        patch.setenv(PASSWORD, server.password)
        yield


def made(server: Server, options: Options, folder: Path) -> Mapping[str, Options]:
    """The options with each key."""
    with administrator(server):
        keys = elastic.keys(options)
    return {key.name: with_key(options, folder / key.name, key.secret) for key in keys}


def with_key(options: Options, path: Path, secret: str) -> Options:
    path.touch(0o600)
    path.write_text(f"{secret}\n", encoding="ascii")
    return replace(options, api_key_file=str(path))


@pytest.fixture(scope="module")
def keys(
    server: Server, options: Options, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Options]:
    """The options with each key; the one for ingest has made an index of one fire."""
    found = made(server, options, tmp_path_factory.mktemp("keys"))
    with closing(elastic.open(found["ingest"])) as index:
        assert index.prepare("mine")
        assert index.write(CHANGE) == []
        index.note([Activity(number=1, at=NOON, what="page")])
        index.refresh()
    return found


@contextmanager
def asking(options: Options) -> Iterator[Callable[..., int]]:
    """The status that any request comes to with that key."""
    cluster = Cluster(options)
    client = cluster.client.options(ignore_status=(400, 403, 404))

    def ask(method: str, path: str, body: object = None) -> int:
        headers = {"accept": "application/json", "content-type": "application/json"}
        return client.perform_request(method, path, headers=headers, body=body).meta.status

    yield ask
    cluster.close()


# What each key may do, and what it may not


def test_the_key_for_ingest_takes_back_rebuilds_and_tidies(keys: Mapping[str, Options]) -> None:
    ingest = keys["ingest"]
    with closing(elastic.open(ingest)) as index:
        assert not index.prepare("mine")
        index.write(Change(last=2, gone=("s:1",)))
        index.refresh()
        assert index.signals(ALL, Asked()).total == 0
        condition = index.condition()
        assert (condition.words, condition.events) == ((), 1)
        assert condition.heap
    with closing(elastic.open(ingest, beside=True)) as beside:
        assert beside.prepare("mine")
        beside.write(CHANGE)
        beside.note([Activity(number=1, at=NOON, what="page")])
        beside.refresh()
        beside.promote()
        assert beside.signals(ALL, Asked()).total == 1
    assert len(elastic.tidy(ingest)) == 3


def test_the_key_for_ingest_carries_an_index_into_a_new_mapping(
    server: Server, options: Options, tmp_path: Path
) -> None:
    ingest = made(server, replace(options, prefix=f"{options.prefix}-old"), tmp_path)["ingest"]
    old = f"/{ingest.prefix}-signals-v0-0123abcd"
    meta = {"mapping": 0, "ledger": "mine", "made_by": "signal-monitor"}
    body = {"aliases": {f"{ingest.prefix}-signals": {}}, "mappings": {"_meta": meta}}
    assert server.ask("PUT", old, body)[0] == 200
    server.ask("PUT", f"{old}/_doc/s:1?version=1&version_type=external", {"time_us": 1})
    with closing(elastic.open(ingest)) as index:
        index.prepare("mine")
        assert index.condition().signals == 1


def test_the_key_for_search_asks_everything_and_changes_nothing(
    keys: Mapping[str, Options],
) -> None:
    with closing(elastic.open(keys["search"])) as index:
        assert index.follows() == "mine"
        assert index.events(ALL, Asked()).total == 1
        for sort in ("", "-time"):
            assert index.signals(parse("fire"), Asked(sort=sort, collapse=True)).total == 1
        liked = index.signals(parse('like:"smoke"'), Asked(vector=unit(0.6, 0.8)))
        assert [hit.like for hit in liked.hits] == [True]
        assert len(index.similar(unit(0.6, 0.8), ALL, 5)) == 1
        assert index.count(ALL, "lang", "signals")
        assert index.histogram(ALL, timedelta(hours=1), "signals")
        assert list(index.grid(ALL, 5, "signals")) == []
        assert len(list(index.scan(ALL, "signals"))) == 1
        assert (index.condition().words, index.condition().signals) == ((), 1)
        assert index.condition().bytes
        for change in (CHANGE, Change(last=2, gone=("s:1",))):
            with pytest.raises(IndexRefused, match="monitor elastic keys"):
                index.write(change)
    with closing(elastic.open(keys["search"], beside=True)) as beside, pytest.raises(IndexRefused):
        beside.prepare("mine")


FOREIGN = {
    "other documents": ("GET", "/other-signals/_search", None),
    "other index made": ("PUT", "/other-signals-v1", None),
    "other index written": ("PUT", "/other-signals/_doc/1", {"seq": 1}),
    "other index deleted": ("DELETE", "/other-signals", None),
    "neighbour's documents": ("GET", "/{prefix}-b-signals/_search", None),
    "keys made": ("POST", "/_security/api_key", {"name": "more", "role_descriptors": {}}),
    "users read": ("GET", "/_security/user", None),
    "cluster settings": ("PUT", "/_cluster/settings", {"persistent": {"logger.any": "info"}}),
    "cluster state": ("GET", "/_cluster/state", None),
    "templates": ("PUT", "/_index_template/any", {"index_patterns": ["{prefix}-*"]}),
    "pipelines": ("PUT", "/_ingest/pipeline/any", {"processors": []}),
    "snapshots": ("GET", "/_snapshot", None),
    "stored scripts": ("PUT", "/_scripts/any", {"script": {"lang": "painless", "source": "1"}}),
}
WRITING = {
    "written": ("PUT", "/{prefix}-signals-write/_doc/1", {"seq": 1}),
    "written in bulk": ("POST", "/{prefix}-signals/_update_by_query", {}),
    "deleted": ("DELETE", "/{prefix}-signals/_doc/s:1", None),
    "deleted in bulk": ("POST", "/{prefix}-signals/_delete_by_query", {"query": {"match_all": {}}}),
    "mapping": ("PUT", "/{prefix}-signals/_mapping", {"dynamic": True}),
    "settings": ("PUT", "/{prefix}-signals/_settings", {"index.blocks.write": True}),
    "closed": ("POST", "/{prefix}-signals/_close", None),
    "made": ("PUT", "/{prefix}-signals-v1-fedcba98", None),
    "aliases": (
        "POST",
        "/_aliases",
        {"actions": [{"remove": {"index": "{prefix}-*", "alias": "x"}}]},
    ),
    "copied": (
        "POST",
        "/_reindex",
        {"source": {"index": "{prefix}-signals"}, "dest": {"index": "{prefix}-signals-copy"}},
    ),
}
MAY_NOT = {"ingest": FOREIGN, "search": FOREIGN | WRITING, "dashboards": FOREIGN | WRITING}


def test_no_key_may_do_more_than_its_work(
    keys: Mapping[str, Options], server: Server, options: Options
) -> None:
    others = ("other-signals", f"{options.prefix}-b-signals")
    for name in others:
        server.ask("PUT", f"/{name}")
    for name, refused in MAY_NOT.items():
        with asking(keys[name]) as ask:
            for what, (method, path, body) in refused.items():
                named = json.loads(json.dumps([path, body]).replace("{prefix}", options.prefix))
                assert ask(method, *named) == 403, (name, what)
    for name in others:
        assert server.ask("DELETE", f"/{name}")[0] == 200


def test_the_key_for_dashboards_reads_and_may_put_dashboards_into_kibana(
    keys: Mapping[str, Options], server: Server, options: Options
) -> None:
    registered = {"feature_dashboard_v2.all": {"actions": ["saved_object:dashboard/create"]}}
    server.ask("PUT", "/_security/privilege", {"kibana-.kibana": registered})
    for name, may in (("dashboards", True), ("search", False), ("ingest", False)):
        cluster = Cluster(keys[name])
        for of in ("signals", "events", "activity"):
            assert cluster.client.count(index=f"{options.prefix}-{of}")["count"] == 1
        wanted = {
            "application": "kibana-.kibana",
            "privileges": ["saved_object:dashboard/create"],
            "resources": ["space:default"],
        }
        held = cluster.client.security.has_privileges(application=[wanted])
        assert held["has_all_requested"] is may, name
        cluster.close()
    server.ask("DELETE", "/_security/privilege/kibana-.kibana/feature_dashboard_v2.all")


# Who may make keys


def test_keys_are_made_by_a_user_who_may(
    options: Options, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=USER):
        elastic.keys(options)
    server.ask("POST", "/_security/user/clerk", {"password": "hush-hush", "roles": ["viewer"]})
    monkeypatch.setenv(USER, "clerk")
    monkeypatch.setenv(PASSWORD, "hush-hush")
    with pytest.raises(ConfigError, match="manage_api_key"):
        elastic.keys(options)
    monkeypatch.setenv(PASSWORD, "not-this-one")
    with pytest.raises(IndexRefused, match="password"):
        elastic.keys(options)
    server.ask("DELETE", "/_security/user/clerk")


def test_a_cluster_without_security_has_no_keys(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(USER, "clerk")
    monkeypatch.setenv(PASSWORD, "hush-hush")
    with pytest.raises(ConfigError, match="security"):
        elastic.keys(Options(url=needs.elastic_url(), prefix=prefix))


# What is said


Verb = Callable[..., tuple[int, str]]


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verb:
    """The exit code of a verb, and all that it said."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["monitor", "-v", "--log-json", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        code = end.value.code
        return code if isinstance(code, int) else int(bool(code)), said.out + said.err

    return run


@pytest.fixture
def config(options: Options, server: Server, tmp_path: Path) -> Path:
    path = tmp_path / "monitor.toml"
    folder = tmp_path / "keys"
    text = CONFIG.format(url=server.url, prefix=options.prefix, ca=server.ca, folder=folder)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_verb_writes_keys_that_nobody_else_may_read_and_says_none(
    verb: Verb, config: Path, server: Server
) -> None:
    folder = config.parent / "keys"
    with administrator(server):
        code, said = verb("elastic", "keys", "-c", config, "--to", folder, "--json")
    assert code == 0
    files = {path.stem: path for path in folder.iterdir()}
    assert set(files) == {"ingest", "search", "dashboards"}
    for path in files.values():
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text().strip() not in said
    code, said = verb("status", "-c", config, "--json")
    assert (code, server.password in said) == (0, False)


def test_a_key_shows_its_secret_to_nobody(server: Server, options: Options) -> None:
    with administrator(server):
        made = elastic.keys(options)
    for key in made:
        assert key.secret not in repr(key)
        assert key.secret not in str(log.guarded(None, "info", {"event": "made", "made": key}))


SECRET = "aHVzaC1odXNoOm5vdC10aGlzLW9uZQ=="
WRONG: Mapping[str, Callable[[Path], object]] = {
    "key of the environment": lambda config: os.environ.update({API_KEY: SECRET}),
    "key of two lines": lambda config: os.environ.update({API_KEY: f"aHVzaA==\n{SECRET}"}),
    "password": lambda config: os.environ.update({USER: "clerk", PASSWORD: SECRET}),
    "address": lambda config: config.write_text(
        config.read_text().replace("https://", f"https://clerk:{SECRET}@")
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_no_secret_is_said_where_it_is_wrong(
    wrong: str, verb: Verb, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (API_KEY, USER, PASSWORD):
        monkeypatch.setenv(name, "")
    lines = config.read_text().splitlines()
    kept = (line for line in lines if not line.startswith("api_key_file"))
    config.write_text("\n".join(kept))
    WRONG[wrong](config)
    for words in (("check", "--json"), ("status",), ("once",), ("search",), ("elastic", "tidy")):
        code, said = verb(*words, "-c", config)
        answers = words == ("status",) and wrong in ("key of the environment", "password")
        assert code == (0 if answers else 2), words
        assert "key" in said or "url" in said
        for secret in (SECRET, "hush", "clerk"):
            assert secret not in said, words


def test_a_wrong_key_in_a_file_is_not_said(options: Options, tmp_path: Path) -> None:
    wrong = with_key(options, tmp_path / "wrong", SECRET)
    with closing(elastic.open(wrong)) as index, pytest.raises(MonitorError) as raised:
        index.follows()
    causes: list[BaseException | None] = [raised.value]
    while cause := causes[-1]:
        assert SECRET not in repr(cause) + str(vars(cause))
        causes.append(cause.__cause__ or cause.__context__)
