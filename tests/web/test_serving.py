"""The page is served by one process that says where, and stops when it is told."""

from __future__ import annotations

import html
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from monitor.errors import ConfigError
from monitor.tables import WebTable
from monitor.web.reference import examples
from monitor.web.server import listening
from tests.needs import lacking
from tests.web.site import Site

SERVE = """
import sys
from pathlib import Path
from monitor import sample
from monitor.app import App
from monitor.config import read_config
from monitor.tables import WebTable
from monitor.web.server import serve
app = App(read_config(sample.lay_out(Path(sys.argv[1]))))
app.following
serve(app, WebTable(port=0))
app.close()
"""


def test_it_says_where_it_is_and_stops_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-c", SERVE, str(tmp_path / "day")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = re.fullmatch(r"Signal Monitor: (http://127\.0\.0\.1:\d+)/\n", said)
        assert address, said
        assert httpx2.get(f"{address[1]}/", timeout=60).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)):
            listening(WebTable(port=port))


@pytest.mark.parametrize("number", range(len(examples())))
def test_every_example_of_the_documentation_runs(
    own_day: Site, tmp_path: Path, number: int
) -> None:
    example = examples()[number]
    page = html.unescape(own_day.get("/api").text)
    assert example.curl in page
    assert example.python in page
    if shutil.which("curl") is None:
        lacking("curl", "curl")
    shell = ["bash", "-euo", "pipefail", "-c", _at(own_day, example.curl)]
    python = [sys.executable, "-c", _at(own_day, example.python)]
    for command in (shell, python):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr


def _at(site: Site, text: str) -> str:
    assert "http://127.0.0.1:8000" in text
    return text.replace("http://127.0.0.1:8000", site.address)
