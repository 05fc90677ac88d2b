"""Each import contract holds, and is seen to break when somebody breaks it.

The packages are copied once; an offending line goes into the copy, and import-linter names the
contract.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house import FOLDERS, ROOT, contract, pyproject

OFFENCES = {
    "floors": ("monitor/model.py", "import monitor.app"),
    "ground": ("nlp/__init__.py", "import monitor.ledger"),
    "neighbours": ("collectors/rss.py", "import nlp"),
    "unnamed": ("monitor/pipeline.py", "import collectors.rss"),
    "measured": ("nlp/group.py", "import evaluation"),
    "measuring": ("evaluation/events.py", "import indexes.embedded"),
    "models": ("indexes/__init__.py", "import torch"),
    "http": ("collectors/rss.py", "import httpx2"),
    "search": ("indexes/embedded/store.py", "import elasticsearch"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in FOLDERS:
        only_code = shutil.ignore_patterns("*.gz", "*.safetensors", "*.jsonl", "__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=only_code)
    return folder


@contextmanager
def added(path: Path, line: str) -> Iterator[None]:
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    yield
    if before is None:
        path.unlink()
    else:
        path.write_text(before, encoding="utf-8")


def lint(folder: Path, *identities: str) -> subprocess.CompletedProcess[str]:
    chosen = [word for identity in identities for word in ("--contract", identity)]
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", *chosen]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_every_contract_holds(copy: Path) -> None:
    answer = lint(copy)
    assert answer.returncode == 0, answer.stdout


def test_every_contract_is_provoked_here() -> None:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    assert {each["id"] for each in contracts} == set(OFFENCES)


@pytest.mark.parametrize("identity", OFFENCES)
def test_a_contract_breaks_when_provoked(copy: Path, identity: str) -> None:
    place, line = OFFENCES[identity]
    assert lint(copy, identity).returncode == 0
    with added(copy / place, line):
        answer = lint(copy, identity)
    assert answer.returncode == 1
    assert f"{contract(identity)['name']} BROKEN" in answer.stdout


def test_a_new_file_of_the_core_must_be_given_a_floor(copy: Path) -> None:
    with added(copy / "monitor/attic.py", ""):
        answer = lint(copy, "floors")
    assert answer.returncode == 1
    assert "monitor.attic" in answer.stdout


def test_a_new_file_of_the_core_is_no_ground_for_parts(copy: Path) -> None:
    with (
        added(copy / "monitor/attic.py", ""),
        added(copy / "nlp/__init__.py", "import monitor.attic"),
    ):
        answer = lint(copy, "ground")
    assert answer.returncode == 1
    assert "monitor.attic" in answer.stdout


def test_the_ground_floor_is_the_same_in_both_contracts() -> None:
    ground = {line.removeprefix("** -> monitor.") for line in contract("ground")["ignore_imports"]}
    floors = [set(line.replace("|", " ").split()) for line in contract("floors")["layers"]]
    lowest: set[str] = set()
    while floors and lowest < ground:
        lowest |= floors.pop()
    assert lowest == ground
