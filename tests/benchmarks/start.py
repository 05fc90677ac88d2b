"""How long a verb takes as a process of its own, where no model is asked."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.progress import Progress

ROUNDS = 7
VERBS = {"monitor --help": ("--help",), "monitor search fire": ("search", "fire", "-c")}


def measure(bar: Progress) -> dict[str, list[float]]:
    """Seconds of each round, sorted; the search is over an empty deployment."""
    task = bar.add_task("start", total=len(VERBS) * ROUNDS)
    program = Path(sys.executable).with_name("monitor")
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        config = Path(place) / "monitor.toml"
        config.touch()
        subprocess.run([program, "once", "-c", config], check=True, stdout=subprocess.DEVNULL)
        for name, words in VERBS.items():
            named = [program, *words, *([config] if words[-1] == "-c" else [])]
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                subprocess.run(named, check=True, stdout=subprocess.DEVNULL)
                times.setdefault(name, []).append(time.perf_counter() - begun)
                bar.advance(task)
    return {name: sorted(seconds) for name, seconds in times.items()}
