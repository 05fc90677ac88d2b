"""`monitor run` in a process of its own: it polls, takes decisions of other processes, and stops
cleanly when it is told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import PATIENCE_S, waited
from tests.servers import Reply, Site, serving

MONITOR = [sys.executable, "-c", "from monitor.cli import main; main()"]
FEED = """<rss version="2.0"><channel><title>Gazette</title>
<item><guid>1</guid><title>Warehouse fire in Hackney</title>
<description>Forty firefighters fight a large fire at a warehouse in Hackney, east London. Two
people are hurt.</description></item>
<item><guid>2</guid><title>Four cars crash in Croydon</title>
<description>Four cars collided in Croydon, south London. Three people are injured and the road is
closed.</description></item></channel></rss>"""
CONFIG = """
[area]
name = "London"
box = [51.28, -0.52, 51.70, 0.34]

[fetch]
allow = ["127.0.0.1"]
per_host_s = 0.01

[[source]]
name = "gazette"
kind = "rss"
url = "{url}/feed.xml"
every = "1s"
voice = "media"

[[source]]
name = "broken"
kind = "rss"
url = "{url}/fault/429"
every = "1s"
"""


def verb(config: Path, *words: str) -> Any:
    command = [*MONITOR, *words, "-c", str(config), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, Site]]:
    site = Site(pages={"/feed.xml": Reply(body=FEED.encode())})
    with serving(site) as url:
        config = tmp_path / "monitor.toml"
        config.write_text(CONFIG.format(url=url), encoding="utf-8")
        with (tmp_path / "log").open("wb") as log:
            command = [*MONITOR, "run", "-c", str(config)]
            process = subprocess.Popen(command, stdout=log, stderr=log)
            yield process, config, site
            process.kill()
            process.wait()


def test_it_polls_decides_and_stops(
    running: tuple[subprocess.Popen[bytes], Path, Site],
) -> None:
    process, config, site = running
    assert waited((config.parent / "data" / "index.db").exists)
    assert waited(lambda: verb(config, "events")["total"] == 2)
    fire = verb(config, "events", "topic:Fire")["events"][0]
    assert fire["place"]["name"] == "Hackney"
    said = verb(config, "decide", fire["id"], "confirm")
    assert said["outcome"] == "applied"
    assert waited(lambda: verb(config, "events", "verdict:confirmed")["total"] == 1)
    status = verb(config, "status")
    assert status["ledger"]["running"] == "yes"
    assert status["sources"]["gazette"]["state"] == "ok"
    assert status["sources"]["broken"]["state"] == "unavailable"
    assert site.paths().count("/feed.xml") > 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    log = (config.parent / "log").read_text(encoding="utf-8")
    assert "stopped" in log
    assert "Traceback" not in log
    assert "firefighters" not in log
    assert os.path.exists(config.parent / "data" / "ledger.db")
