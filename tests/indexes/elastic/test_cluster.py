"""What goes wrong between us and a cluster is said in our words, by who must act; no secret and no
word of the server is among them."""

from __future__ import annotations

import hashlib
import json
import ssl
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexes import elastic
from indexes.elastic import Options
from indexes.elastic.cluster import API_KEY, PASSWORD, USER, Cluster, types_of
from indexes.elastic.store import Store
from indexes.elastic.write import Writer
from monitor import parts
from monitor.errors import ConfigError, IndexRefused, IndexUnavailable, MonitorError, QueryError
from monitor.model import Change, Enrichment, Post, Signal
from tests.elastic import Server
from tests.servers import Reply, Site, serving

PRODUCT = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}
ASKED = "/p-signals*,p-events*,p-activity*"
FIRE = Signal(
    post=Post(id="s:1", text="a fire"),
    enrichment=Enrichment(),
    event="1",
    sources=(),
    arrived=1,
    seq=1,
)


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (API_KEY, USER, PASSWORD):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def following(options: Options) -> Iterator[Store]:
    cluster = Cluster(options)
    try:
        yield Store(cluster, options, beside=False)
    finally:
        cluster.close()


def fault_of(options: Options) -> MonitorError:
    """What asking that cluster comes to."""
    with following(options) as store, pytest.raises(MonitorError) as raised:
        store.follows()
    return raised.value


def answering(status: int, body: object, headers: dict[str, str]) -> MonitorError:
    reply = Reply(status=status, body=json.dumps(body).encode(), headers=headers)
    with serving(Site(pages={ASKED: reply})) as url:
        return fault_of(Options(url=url, prefix="p", timeout_s=2.0))


def wrote(options: Options, ledger: str = "mine") -> None:
    cluster = Cluster(options)
    store = Store(cluster, options, beside=False)
    writer = Writer(cluster, store)
    try:
        store.prepare(ledger)
        assert writer.write(Change(last=1, signals=(FIRE,))) == []
    finally:
        writer.close()
        cluster.close()


# Servers that are none, or not ours


def test_a_cluster_that_is_away_is_waited_for():
    with serving(Site()) as url:
        pass
    assert isinstance(fault_of(Options(url=url, prefix="p")), IndexUnavailable)


def test_a_cluster_that_is_away_is_asked_at_its_other_nodes():
    with serving(Site()) as away:
        pass
    with serving(Site(pages={ASKED: Reply(b"{}", headers=PRODUCT)})) as url:
        options = Options(url=(away, url), prefix="p", timeout_s=2.0)
        with following(options) as store:
            assert [store.follows() for _ in range(4)] == [None] * 4


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_cluster_that_is_not_ready_is_waited_for(status: int):
    fault = answering(status, {"error": {"type": "master_not_discovered_exception"}}, PRODUCT)
    assert isinstance(fault, IndexUnavailable)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(200, {"Content-Type": "application/json"}), (200, {"Content-Type": "text/html"}), (404, {})],
)
def test_another_product_is_for_the_operator(status: int, headers: dict[str, str]):
    fault = answering(status, {"tagline": "something else"}, headers)
    assert isinstance(fault, IndexRefused)
    assert "not Elasticsearch" in str(fault)


def test_a_cluster_of_version_8_is_for_the_operator():
    error = {"type": "media_type_header_exception", "reason": "Accept version must be 8 or 7"}
    fault = answering(400, {"error": {"root_cause": [error], **error}, "status": 400}, PRODUCT)
    assert isinstance(fault, IndexRefused)
    assert "version 9" in str(fault)


def test_what_a_server_says_is_not_repeated():
    error = {"type": "some_exception", "reason": "Preview of field's value: 'hush'"}
    fault = answering(400, {"error": {"root_cause": [error], **error}}, PRODUCT)
    assert "some_exception" in str(fault)
    assert "hush" not in str(fault)


def test_types_are_found_at_any_depth_and_nothing_else_is_taken_for_one():
    inner = {"type": "too_many_clauses", "reason": "maxClauseCount is set to 1024"}
    body = {
        "error": {
            "type": "search_phase_execution_exception",
            "root_cause": [{"type": "query_shard_exception", "reason": {"type": "Not one!"}}],
            "failed_shards": [{"reason": {"type": "query_shard_exception", "caused_by": inner}}],
        }
    }
    assert types_of(body) == {
        "search_phase_execution_exception",
        "query_shard_exception",
        "too_many_clauses",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"terms": {"id": [str(n) for n in range(70_000)]}}},
        {"aggs": {"x": {"terms": {"script": {"source": "return 1 +"}}}}},
        {
            "aggs": {
                "x": {"histogram": {"field": "seq", "interval": 1, "min_doc_count": 0}},
            }
        },
    ],
)
def test_a_question_that_is_too_much_is_for_the_reader(
    cluster: Cluster, live: Store, body: dict[str, Any]
):
    name = live.ours("signals")[0].name
    for seq in (0, 10**9):
        cluster.client.index(index=name, document={"seq": seq}, refresh=True)
    with pytest.raises(QueryError), cluster.faults():
        cluster.client.search(index=live.reads("signals"), **body)


# Options and secrets


@pytest.mark.parametrize(
    "table",
    [
        {"url": "https://reader:hush@search.example:9200"},
        {"url": ["https://search.example:9200", "https://reader:hush@search.example:9200"]},
        {"url": "search.example:9200"},
        {"url": "https://search.example"},
        {"url": []},
        {"prefix": "Monitor"},
        {"prefix": "a*"},
        {"fingerprint": "hush"},
        {"fingerprint": "ab" * 32, "ca_file": "ca.pem"},
        {"timeout_s": 0.0},
        {"vectors": "bbq"},
    ],
)
def test_what_cannot_be_configured_is_said_without_its_secret(table: dict[str, Any]):
    with pytest.raises(ConfigError) as raised:
        parts.options(elastic, table, "[index.elastic]")
    assert "hush" not in str(raised.value)


def test_an_api_key_in_a_file_that_others_may_read_is_refused(tmp_path: Path):
    key = tmp_path / "key"
    key.write_text("hush\n")
    key.chmod(0o644)
    options = Options(prefix="p", api_key_file=str(key))
    fault = fault_of(options)
    assert isinstance(fault, ConfigError)
    assert "hush" not in str(fault) + repr(options)


@pytest.mark.parametrize("held", ["", "two words", "two\nlines"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, held: str):
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text(held)
    assert isinstance(fault_of(Options(prefix="p", api_key_file=str(key))), ConfigError)


def test_half_a_login_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(USER, "reader")
    assert isinstance(fault_of(Options(prefix="p")), ConfigError)


def test_a_certificate_that_is_not_there_is_for_the_operator(tmp_path: Path):
    options = Options(url="https://127.0.0.1:1", prefix="p", ca_file=str(tmp_path / "ca.pem"))
    assert isinstance(fault_of(options), ConfigError)


# A cluster with security, that is broken in turn


def test_certificates_and_keys_that_do_not_fit_are_for_the_operator(
    secured: Server, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def key(name: str, **more: object) -> str:
        status, made = secured.ask("POST", "/_security/api_key", {"name": name, **more})
        assert status == 200
        return made["encoded"]

    def fault(options: Options, secret: str) -> MonitorError:
        monkeypatch.setenv(API_KEY, secret)
        raised = fault_of(options)
        assert secret not in str(raised) + repr(raised.__cause__)
        return raised

    options = Options(url=secured.url, prefix=prefix, ca_file=str(secured.ca), timeout_s=10.0)
    monkeypatch.setenv(API_KEY, key("whole"))
    wrote(options)

    host = urllib.parse.urlsplit(secured.url)
    served = ssl.get_server_certificate((host.hostname or "", host.port or 0))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(served)).hexdigest()
    known = replace(options, ca_file="", fingerprint=digest)
    with following(known) as store:
        assert store.follows() == "mine"
    assert isinstance(fault(replace(known, fingerprint="ab" * 32), key("again")), IndexRefused)
    assert isinstance(fault(replace(options, ca_file=""), key("more")), IndexRefused)

    narrow = {"nothing": {"indices": [{"names": ["other-*"], "privileges": ["read"]}]}}
    assert isinstance(fault(options, "bm90OmFrZXk="), IndexRefused)
    expired = key("expired", expiration="1ms")
    assert isinstance(fault(options, expired), IndexRefused)
    monkeypatch.setenv(API_KEY, key("narrow", role_descriptors=narrow))
    with pytest.raises(IndexRefused):
        wrote(options)
    monkeypatch.delenv(API_KEY)
    assert isinstance(fault_of(options), IndexRefused)

    monkeypatch.setenv(USER, secured.user)
    monkeypatch.setenv(PASSWORD, "not-this-one")
    assert isinstance(fault_of(options), IndexRefused)
    monkeypatch.setenv(PASSWORD, secured.password)
    with following(options) as store:
        assert store.follows() == "mine"
    secured.clear(prefix)


def test_a_cluster_that_hangs_is_waited_for(
    secured: Server, prefix: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(USER, secured.user)
    monkeypatch.setenv(PASSWORD, secured.password)
    options = Options(url=secured.url, prefix=prefix, ca_file=str(secured.ca), timeout_s=10.0)
    impatient = replace(options, timeout_s=1.0)
    wrote(options)

    secured.pause()
    assert isinstance(fault_of(impatient), IndexUnavailable)
    secured.resume()
    wrote(options)
    secured.clear(prefix)
