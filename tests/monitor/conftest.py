"""Verbs, an empty ledger, and the demo of the sample day, made once a session."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import cli
from monitor.ledger import Ledger, open_ledger
from tests.verbs import Ran, Verb
from tests.worlds import Clock


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verb:
    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["monitor", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        code = end.value.code
        return Ran(code if isinstance(code, int) else int(bool(code)), said.out, said.err)

    return run


@pytest.fixture
def clock() -> Clock:
    """A clock that only the test moves."""
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    """An empty one, by that clock."""
    opened = open_ledger(tmp_path / "ledger.db", clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's folder after `monitor demo`."""
    folder = tmp_path_factory.mktemp("demo") / "day"
    before = sys.argv
    sys.argv = ["monitor", "demo", "--folder", str(folder), "--json"]
    try:
        with pytest.raises(SystemExit) as end:
            cli.main()
    finally:
        sys.argv = before
    assert not end.value.code
    return folder


@pytest.fixture
def config(laid_out: Path, tmp_path: Path) -> Path:
    shutil.copytree(laid_out, tmp_path / "day", symlinks=True)
    return tmp_path / "day" / "monitor.toml"
