"""How much memory `monitor run` holds while an archive goes through it and the real models.

Resident memory counts the pages of files too, which the system takes back when it needs them:
anonymous memory is what the process itself holds. It rises while models work, the more the longer
the texts, and falls when what they freed goes back to the system; the least of it is what stays.
The archive goes from crisis to crisis, whose texts differ in length; so it is shuffled here.
"""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from tests.benchmarks.flow import lay_out

MARKS = (1_000, 5_000, 10_000, 15_000, 20_000)
EVERY_S = 0.2


@dataclass(frozen=True)
class Held:
    """Megabytes over a while: the most that was resident, the most and the least that was
    anonymous; and the most that was ever resident until its end, by the system's own account."""

    resident_mb: float
    anonymous_mb: float
    least_mb: float
    peak_mb: float


def measure(lines: Sequence[bytes], bar: Progress) -> dict[int, Held]:
    """What was held until so many posts were done, since the number before."""
    with tempfile.TemporaryDirectory() as place:
        shuffled = random.Random(1).sample(lines, len(lines))
        config, number = lay_out(Path(place) / "home", shuffled)
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
) -> dict[int, Held]:
    marks = sorted({mark for mark in MARKS if mark < posts} | {posts})
    task = bar.add_task("memory", total=posts)
    found: dict[int, Held] = {}
    seen: list[tuple[float, float, float]] = []
    while len(found) < len(marks):
        if run.poll() is not None:
            raise subprocess.CalledProcessError(run.returncode, run.args)
        done = _done(ledger)
        bar.update(task, completed=done)
        if done:
            seen.append(memory_mb(run.pid))
        if done >= marks[len(found)]:
            resident, anonymous, peak = zip(*seen, strict=True)
            found[marks[len(found)]] = Held(
                resident_mb=max(resident), anonymous_mb=max(anonymous), least_mb=min(anonymous),
                peak_mb=max(peak),
            )  # fmt: skip
            seen.clear()
        time.sleep(EVERY_S)
    return found


def memory_mb(process: int) -> tuple[float, float, float]:
    """Megabytes of a process that are in memory, how many of them are anonymous, and the most that
    ever were in memory.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    """
    said = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    kilobytes = dict(re.findall(r"(VmRSS|RssAnon|VmHWM):\s+(\d+) kB", said))
    resident, anonymous, peak = (int(kilobytes[name]) for name in ("VmRSS", "RssAnon", "VmHWM"))
    return resident / 1024, anonymous / 1024, peak / 1024


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
