"""The sample day: an invented day of one real city, for the demo and for the tests."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

from monitor.errors import ConfigError

_MARK: Final = ".made-by-monitor-demo"


def day() -> Path:
    """The file of the day."""
    return Path(str(files("monitor.sample") / "day.jsonl"))


def posts() -> int:
    """How many lines the day has."""
    with day().open("rb") as file:
        return sum(1 for _ in file)


def lay_out(folder: Path, index: str = "embedded", url: str = "") -> Path:
    """Make the demo's folder anew; the path of its configuration, which replays the day into an
    index of that kind: one that lies elsewhere, at `url`, gets a name of its own there.

    Raises ConfigError where something else lies there.
    """
    if folder.exists():
        if not (folder / _MARK).exists():
            raise ConfigError(f"{folder}: exists and is not a demo's; name another with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    for name in ("day.jsonl", "gazetteer.csv", "monitor.toml"):
        shutil.copy(str(files("monitor.sample") / name), folder / name)
    config = folder / "monitor.toml"
    if index != "embedded":
        table = {"prefix": "monitor-demo", **({"url": url} if url else {})}
        lines = (f"{key} = {json.dumps(value)}" for key, value in table.items())
        with config.open("a", encoding="utf-8") as file:
            file.write(
                "\n".join(["", "[index]", f'kind = "{index}"', f"[index.{index}]", *lines, ""])
            )
    return config
