"""How long a verb takes as a process of its own: where no model is asked, and until the first post
is grouped, for which all models are loaded.

Each is a new process; the files that it reads are in the system's memory after the first round. A
new deployment measures which number type is quicker before it thinks; a later start knows.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from rich.progress import Progress

from tests.benchmarks.flow import WARM, lay_out

ROUNDS = 7
LOADED = 5
"""Rounds of those that load the models."""
VERBS = {"monitor --help": ("--help",), "monitor search fire": ("search", "fire", "-c")}
NEW = "monitor once, new deployment: first post grouped"
LATER = "monitor once, later: first post grouped"
LOOK_S = 0.01


def measure(bar: Progress) -> dict[str, list[float]]:
    """Seconds of each round, sorted; the search is over an empty deployment."""
    task = bar.add_task("start", total=len(VERBS) * ROUNDS + 2 * LOADED)
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
    for _ in range(LOADED):
        with tempfile.TemporaryDirectory() as place:
            config, _ = lay_out(Path(place) / "home", [line("first")])
            with config.open("a", encoding="utf-8") as file:
                file.write('keep = "all"\n')
            times.setdefault(NEW, []).append(grouped(program, config, signals=1))
            with (config.parent / "posts.jsonl").open("ab") as file:
                file.write(line("second"))
            times.setdefault(LATER, []).append(grouped(program, config, signals=2))
            bar.advance(task, 2)
    return {name: sorted(seconds) for name, seconds in times.items()}


def line(name: str) -> bytes:
    """A post as `jsonl` reads it."""
    return json.dumps({"id": name, "text": f"{WARM}, {name}"}).encode() + b"\n"


def grouped(program: Path, config: Path, signals: int) -> float:
    """Seconds from the start of `monitor once` until the ledger has so many signals, each of an
    event; comes back when the process has ended. Raises CalledProcessError where it ends before."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [program, "once", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        ended = False
        while kept(config.parent / "data" / "ledger.db") < signals:
            if ended:
                raise subprocess.CalledProcessError(run.returncode, run.args)
            ended = run.poll() is not None
            time.sleep(LOOK_S)
        return time.perf_counter() - begun


def kept(ledger: Path) -> int:
    """How many signals a ledger has, none where it is not made yet."""
    try:
        with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as db:
            (signals,) = db.execute("SELECT count(*) FROM signals WHERE event != ''").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(signals)
