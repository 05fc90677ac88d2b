"""The project's own files, as the tests of the house see them."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDERS = ("monitor", "collectors", "nlp", "indexes", "channels", "evaluation")
_OURS = {".ci", ".gitattributes", ".gitignore"}
_MADE = {"build", "data", "demo", "__pycache__"}
_BINARY = {".gz", ".safetensors", ".npz", ".png"}


def texts(*suffixes: str) -> list[Path]:
    """Text files of the project, all or those with a suffix; nothing that was made or installed."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not _foreign(name)]
        found += [Path(folder, name) for name in names if not _foreign(name)]
    kept = suffixes or {path.suffix for path in found} - _BINARY
    return sorted(path for path in found if path.suffix in kept)


def pyproject() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def contract(identity: str) -> dict[str, Any]:
    """The import contract of that id."""
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    found: dict[str, Any] = next(each for each in contracts if each["id"] == identity)
    return found


def _foreign(name: str) -> bool:
    hidden = name.startswith(".") and name not in _OURS
    return hidden or name in _MADE or name.endswith((".egg-info", ".key", ".db"))
