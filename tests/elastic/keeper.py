"""The keeper: a process between us and one server, that makes what runs be what is wanted.

In the server's folder: `wanted` is the command that is to run, written by whoever commands the
server; `running` is the id of the process that does run, and of its group, written by the keeper.
The keeper is its parent, so nothing is left half dead. It ends it and goes when `keep` is taken
away, or when the process whose life it shares, the holder of a lock, is gone.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

TICK_S = 0.1
END_S = 30


def hire(folder: Path, life: Path | None, environment: Mapping[str, str]) -> None:
    """A keeper for that folder, in a session of its own; `life` is the lock, already held."""
    for name in ("wanted", "running"):
        (folder / name).unlink(missing_ok=True)
    write(folder / "keep", "")
    with (folder / "out.log").open("wb") as log:
        subprocess.Popen(
            [sys.executable, __file__, str(folder), str(life or "")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def dismiss(folder: Path) -> None:
    """The keeper ends what it keeps, and goes."""
    (folder / "keep").unlink(missing_ok=True)


def kept(folder: Path) -> bool:
    """Whether the folder has a keeper."""
    return held(folder / "keeper.lock")


def held(lock: Path) -> bool:
    """Whether a process that lives has the lock."""
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def keep(folder: Path, life: Path | None) -> None:
    """Keep the server of that folder until it is time to go."""
    process: subprocess.Popen[bytes] | None = None
    with FileLock(folder / "keeper.lock"):
        try:
            while (folder / "keep").exists() and (life is None or held(life)):
                process = _tended(folder, process)
                time.sleep(TICK_S)
        finally:
            _end(process)
            (folder / "running").unlink(missing_ok=True)


def account() -> dict[str, Any]:
    """Who runs the server, for subprocess: an ordinary user, for it refuses to be run by root."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def write(path: Path, text: str) -> None:
    """All of it at once, for our own eyes."""
    draft = path.with_name(f"{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.rename(path)


def _tended(
    folder: Path, process: subprocess.Popen[bytes] | None
) -> subprocess.Popen[bytes] | None:
    """What runs after one look at what is wanted."""
    wanted, running = folder / "wanted", folder / "running"
    if process is None:
        if not wanted.exists():
            return None
        command = json.loads(wanted.read_text(encoding="utf-8"))
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, **account()
        )
        write(running, str(process.pid))
    elif process.poll() is not None or not wanted.exists():
        _end(process)
        wanted.unlink(missing_ok=True)
        running.unlink()
        return None
    return process


def _end(process: subprocess.Popen[bytes] | None) -> None:
    """Politely at first; the group holds the launcher and the server that it started."""
    if process is None:
        return
    for number in (signal.SIGCONT, signal.SIGTERM):
        _signal(process.pid, number)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    keep(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2] else None)
