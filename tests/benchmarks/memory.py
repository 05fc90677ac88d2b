"""How much memory `monitor run` holds while an archive goes through it and the real models."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from tests.benchmarks.flow import lay_out

MARKS = (1_000, 5_000, 10_000, 15_000, 20_000)
EVERY_S = 0.5


def measure(lines: Sequence[bytes], bar: Progress) -> dict[int, float]:
    """Megabytes that were resident when so many posts were done."""
    with tempfile.TemporaryDirectory() as place:
        config, number = lay_out(Path(place) / "home", lines)
        run = subprocess.Popen(
            [Path(sys.executable).with_name("monitor"), "run", "-c", config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return _watched(run, config.parent / "data" / "ledger.db", number, bar)
        finally:
            run.send_signal(signal.SIGTERM)
            run.wait()


def _watched(
    run: subprocess.Popen[bytes], ledger: Path, posts: int, bar: Progress
) -> dict[int, float]:
    marks = sorted({mark for mark in MARKS if mark < posts} | {posts})
    task = bar.add_task("memory", total=posts)
    found: dict[int, float] = {}
    while len(found) < len(marks):
        if run.poll() is not None:
            raise subprocess.CalledProcessError(run.returncode, run.args)
        done = _done(ledger)
        bar.update(task, completed=done)
        for mark in marks:
            if done >= mark and mark not in found:
                found[mark] = resident_mb(run.pid)
        time.sleep(EVERY_S)
    return found


def resident_mb(process: int) -> float:
    """Megabytes of a process that are in memory."""
    said = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True
    )
    return int(said.stdout) / 1024


def _done(ledger: Path) -> int:
    """How many posts were read and wait no longer."""
    if not ledger.exists():
        return 0
    db = sqlite3.connect(ledger)
    try:
        (read,) = db.execute("SELECT coalesce(sum(accepted), 0) FROM counts").fetchone()
        (waiting,) = db.execute("SELECT count(*) FROM inbox WHERE kind = 'post'").fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        db.close()
    return int(read) - int(waiting)
