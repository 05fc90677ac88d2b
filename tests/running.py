"""`monitor run` in a process of its own, and waiting for what goes on by itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from monitor import log
from monitor.app import App
from monitor.schedule import Schedule
from tests.ordeal import FORK

PATIENCE_S = 120.0


def waited(look: Callable[[], Any], said: Path | None = None) -> Any:
    """What `look` finds, as soon as it finds something; `said` is a log to show where it does not
    come."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come\n{said.read_text() if said and said.exists() else ''}")


def running(opened: Callable[[], App], said: Path) -> BaseProcess:
    """A process that does what `monitor run` does on that deployment, and logs to `said`."""
    process = FORK.Process(target=_run, args=(opened, said))
    process.start()
    return process


def _run(opened: Callable[[], App], said: Path) -> None:
    sys.stderr = said.open("a", buffering=1, encoding="utf-8")
    log.configure(json=True, level="info")
    app = opened()
    with app.consuming():
        Schedule(app).run()
    app.close()
    os._exit(0)


def stopped(process: BaseProcess) -> bool:
    """Whether it ends as it should when it is told to."""
    os.kill(process.pid or 0, signal.SIGTERM)
    process.join()
    return process.exitcode == 0
