"""The server that the tests on Elasticsearch stand on: checked, kept, secured, and gone in time."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from tests.elastic import Server
from tests.elastic.files import Refused, verified
from tests.elastic.keeper import dismiss, hire, kept, write
from tests.elastic.node import authority
from tests.needs import elastic, elastic_url, lacking
from tests.running import waited

MASTER = """
import os, sys, time
from pathlib import Path
from filelock import FileLock
from tests.elastic.keeper import hire
with FileLock(sys.argv[1] + "/life.lock"):
    hire(Path(sys.argv[1]), Path(sys.argv[1], "life.lock"), os.environ)
    time.sleep(600)
"""


def test_a_zip_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "server.zip"
    path.write_bytes(b"this")
    assert verified(path, hashlib.sha256(b"this").hexdigest()) == path
    with pytest.raises(Refused, match=r"server\.zip"):
        verified(path, hashlib.sha256(b"that").hexdigest())


def test_another_server_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ES_URL", "http://192.0.2.1:9200/")
    assert elastic_url() == "http://192.0.2.1:9200"


def test_what_is_required_is_never_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_REQUIRE", "shared,elasticsearch")
    with pytest.raises(pytest.fail.Exception, match="Java"):
        lacking("elasticsearch", "Java")
    monkeypatch.setenv("MONITOR_REQUIRE", "shared")
    with pytest.raises(pytest.skip.Exception, match="Java"):
        lacking("elasticsearch", "Java")


def test_the_keeper_makes_what_runs_be_what_is_wanted(tmp_path: Path) -> None:
    running, wanted = tmp_path / "running", tmp_path / "wanted"
    hire(tmp_path, None, os.environ)
    write(wanted, json.dumps(["sleep", "600"]))
    waited(running.exists)
    wanted.unlink()
    waited(lambda: not running.exists())
    write(wanted, json.dumps(["true"]))
    waited(lambda: not wanted.exists() and not running.exists())
    dismiss(tmp_path)
    waited(lambda: not kept(tmp_path))


def test_a_server_does_not_outlive_the_process_that_it_is_for(tmp_path: Path) -> None:
    running = tmp_path / "running"
    master = subprocess.Popen([sys.executable, "-c", MASTER, str(tmp_path)])
    try:
        waited(lambda: kept(tmp_path))
        write(tmp_path / "wanted", json.dumps(["sleep", "600"]))
        waited(running.exists)
        group = int(running.read_text())
        os.killpg(group, 0)
    finally:
        master.kill()
        master.wait()
    waited(lambda: not running.exists())
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


def test_the_server_is_elasticsearch_9() -> None:
    status, found = elastic().ask("GET", "/")
    assert (status, found["version"]["number"].split(".")[0]) == (200, "9")


def test_indices_of_a_test_are_cleared_after_it(prefix: str) -> None:
    server = elastic()
    server.ask("PUT", f"/{prefix}-one")
    server.clear(prefix)
    assert server.ask("GET", f"/{prefix}-one")[0] == 404


def test_the_secured_server_asks_for_a_password(secured: Server) -> None:
    assert secured.ask("GET", "/_security/_authenticate")[1]["roles"] == ["superuser"]
    wrong = dataclasses.replace(secured, password="wrong")
    assert wrong.ask("GET", "/")[0] == 401


def test_the_secured_server_is_known_by_its_own_authority_only(
    secured: Server, tmp_path: Path
) -> None:
    authority(tmp_path)
    elsewhere = dataclasses.replace(secured, folder=tmp_path)
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        elsewhere.ask("GET", "/")


def test_a_paused_server_hangs_until_it_is_resumed(secured: Server) -> None:
    secured.pause()
    with pytest.raises(OSError, match="timed out"):
        secured.ask("GET", "/", within_s=1)
    secured.resume()
    assert secured.ask("GET", "/")[0] == 200


def test_documents_outlive_a_kill(secured: Server) -> None:
    secured.ask("PUT", "/test-kill/_doc/1", {"word": "flood"})
    secured.kill()
    with pytest.raises(OSError, match=r"refused|reset"):
        secured.ask("GET", "/")
    secured.start()
    assert secured.ask("GET", "/test-kill/_doc/1")[1]["_source"] == {"word": "flood"}
    secured.clear("test-kill")
