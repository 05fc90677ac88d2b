"""What a test needs that is not always there: it is skipped with one line, or required."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from tests.elastic import Server
from tests.elastic import shared as shared_server
from tests.elastic.files import Lacking

SHARED = Path(__file__).resolve().parents[2] / "shared"


def required(thing: str) -> bool:
    """Whether MONITOR_REQUIRE (names, parted by commas) says that the thing must be there."""
    return thing in os.environ.get("MONITOR_REQUIRE", "").split(",")


def lacking(thing: str, what: str) -> NoReturn:
    """Skip, or fail where the thing is required."""
    if required(thing):
        pytest.fail(f"{thing} is required, but {what} is not there")
    pytest.skip(f"needs {what}")


def shared(*parts: str) -> Path:
    """A file or folder of the shared material beside the project."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        lacking("shared", f"shared/{'/'.join(parts)}")
    return path


def elastic(*, secured: bool = False) -> Server:
    """This run's one Elasticsearch of that kind, started by the first who asks. ES_URL names
    another one instead, with security off."""
    if (url := os.environ.get("ES_URL")) and not secured:
        return Server(Path(os.devnull), url.rstrip("/"), {})
    try:
        return shared_server(secured=secured)
    except Lacking as lack:
        other = "" if secured else ", or ES_URL for an Elasticsearch 9 that runs"
        lacking("elasticsearch", f"{lack}{other}")


def elastic_url() -> str:
    """Where the Elasticsearch of this run with security off answers."""
    return elastic().url


def chromium() -> str:
    """Debian's browser, without a screen before it."""
    path = shutil.which("chromium")
    if path is None:
        lacking("chromium", "chromium; Debian has it: apt-get install chromium")
    return path


def smtp() -> str:
    """Debian's Postfix, and the rights to start one of our own."""
    path = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None or os.geteuid() != 0:
        lacking("smtp", "Postfix, and root to start it; Debian has it: apt-get install postfix")
    return path
