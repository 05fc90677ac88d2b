"""A real Elasticsearch of one's own on loopback, for the tests and for trying out.

    with server() as elastic:
        status, found = elastic.ask("GET", "/_cat/indices?format=json")

All that is known about a server lies in its folder, so any process that knows the folder commands
it; a keeper (keeper.py) sees to it that a server outlives nobody. `python -m tests.elastic start`
is behind `make elasticsearch`.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import shutil
import signal
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.elastic import node
from tests.elastic.files import Lacking, unpacked
from tests.elastic.keeper import TICK_S, dismiss, hire, kept, write

READY_S = 180
END_S = 60
ANSWER_S = 30
RUN = "MONITOR_TEST_RUN"


class Broken(Exception):
    """A server that does not do as it is told, in words."""


@dataclass(frozen=True)
class Server:
    """One server, by its folder. User, password and CA are there where it is secured."""

    folder: Path
    url: str
    settings: Mapping[str, str]
    password: str = field(default="", repr=False)

    @property
    def user(self) -> str:
        return node.USER if self.password else ""

    @property
    def ca(self) -> Path | None:
        return self.folder / "ca.pem" if self.password else None

    @property
    def data(self) -> Path:
        return self.folder / "node" / "data"

    @property
    def pid(self) -> int | None:
        """The process that leads the server's group; None where none runs."""
        with suppress(FileNotFoundError):
            return int((self.folder / "running").read_text())
        return None

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        """Start it on the data and the port that it had, and wait till it answers; what runs is
        ended first. Further settings hold until the next start."""
        self.stop()
        write(self.folder / "wanted", json.dumps(self._command(settings or {})))
        _until(lambda: self.pid is not None, END_S, f"{self.url}: its keeper does not start it")
        _until(self._answers, READY_S, f"{self.url}: does not answer")

    def stop(self) -> None:
        """End it as a system does that shuts down."""
        self.resume()
        (self.folder / "wanted").unlink(missing_ok=True)
        self._await_end()

    def kill(self) -> None:
        """kill -9."""
        (self.folder / "wanted").unlink(missing_ok=True)
        self._signal(signal.SIGKILL)
        self._await_end()

    def pause(self) -> None:
        """From now on it hangs: connections are taken and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """No more pause."""
        self._signal(signal.SIGCONT)

    def ask(
        self, method: str, path: str, body: object = None, *, within_s: float = ANSWER_S
    ) -> tuple[int, Any]:
        """Status and JSON of one request, as the superuser where it is secured; OSError where no
        answer comes in time."""
        request = urllib.request.Request(self.url + path, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.user:
            word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {word}")
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)
        try:
            with opener.open(request, timeout=within_s) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def clear(self, prefix: str) -> None:
        """Delete the indices whose names begin so."""
        _, found = self.ask("GET", f"/{prefix}*/_settings?filter_path=*.settings.index.uuid")
        if found:
            self.ask("DELETE", f"/{','.join(found)}?ignore_unavailable=true")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Meanwhile nobody else has it by `alone`; after that it runs again as it was made."""
        with FileLock(self.folder / "alone.lock"):
            try:
                yield
            finally:
                self.resume()
                if not self._as_made():
                    self.start()

    def _command(self, settings: Mapping[str, str]) -> list[str]:
        named = {**self.settings, **settings}.items()
        options = [part for name, value in named for part in ("-E", f"{name}={value}")]
        return [str(unpacked() / "bin" / "elasticsearch"), *options]

    def _as_made(self) -> bool:
        wanted = self.folder / "wanted"
        as_made = wanted.exists() and json.loads(wanted.read_text()) == self._command({})
        return as_made and self.pid is not None

    def _signal(self, number: signal.Signals) -> None:
        if (group := self.pid) is not None:
            with suppress(ProcessLookupError):
                os.killpg(group, number)

    def _await_end(self) -> None:
        _until(lambda: self.pid is None and self._released(), END_S, f"{self.url}: does not end")

    def _released(self) -> bool:
        """Whether no process has the data any more."""
        lock = self.data / "node.lock"
        if not lock.exists():
            return True
        with lock.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def _answers(self) -> bool:
        if self.pid is None:
            said = (self.folder / "out.log").read_text(errors="replace").splitlines()
            told = [line for line in said if line and not line.startswith("\tat ")]
            raise Broken("\n".join([f"{self.url}: ended while it started", *told[-6:]]))
        try:
            health = "/_cluster/health?wait_for_status=yellow&timeout=1s"
            return self.ask("GET", health)[0] == 200
        except OSError:
            return False


@contextmanager
def server(
    *,
    secured: bool = False,
    heap: str = "512m",
    settings: Mapping[str, str] | None = None,
    quick: bool = True,
) -> Iterator[Server]:
    """A new server that runs meanwhile, in a folder of its own that goes with it.

    `quick` halves the time to start at the price of speed later: not for measuring.
    """
    folder = Path(tempfile.mkdtemp(prefix="elasticsearch-"))
    life = folder / "life.lock"
    with FileLock(life):
        try:
            made = make(folder, life, secured=secured, heap=heap, settings=settings, quick=quick)
            made.start()
            yield made
        finally:
            end(folder)
            shutil.rmtree(folder)


def make(
    folder: Path,
    life: Path | None,
    *,
    port: int = 0,
    secured: bool = False,
    heap: str = "512m",
    settings: Mapping[str, str] | None = None,
    quick: bool = True,
) -> Server:
    """A server that is not started yet, kept in that folder as long as the lock `life` is held.
    Data that is there stays."""
    variables = node.environment(folder / "node", heap, quick=quick)
    node.lay_out(folder / "node")
    number = port or node.free()
    held = {**node.ALONE, **(node.SECURED if secured else node.OPEN), "http.port": str(number)}
    held |= {f"path.{name}": str(folder / "node" / name) for name in ("data", "logs", "repo")}
    held |= settings or {}
    scheme, password = ("https", secrets.token_hex(16)) if secured else ("http", "")
    if secured:
        node.secure(folder, password, variables)
    node.hand_over(folder / "node")
    hire(folder, life, variables)
    url = f"{scheme}://127.0.0.1:{number}"
    write(folder / "server", json.dumps([url, held, password]))
    return known(folder)


def known(folder: Path) -> Server:
    """The server of that folder, whichever process made it."""
    return Server(folder, *json.loads((folder / "server").read_text()))


def end(folder: Path) -> None:
    """No server and no keeper in that folder any more; what they wrote stays."""
    dismiss(folder)
    _until(lambda: not kept(folder), END_S, f"{folder}: its keeper does not go")


@contextmanager
def run() -> Iterator[None]:
    """One run of tests, whose servers end with it. Its processes know it from the environment."""
    folder = Path(tempfile.mkdtemp(prefix="elasticsearch-run-"))
    folder.chmod(0o711)
    os.environ[RUN] = str(folder)
    with FileLock(folder / "life.lock"):
        try:
            yield
        finally:
            for made in folder.glob("*/keep"):
                end(made.parent)
            shutil.rmtree(folder)
            del os.environ[RUN]


def shared(*, secured: bool = False) -> Server:
    """The one server of its kind in this run of tests; the first who asks starts it. Where it did
    not start it is Broken for all who ask later, at once."""
    run = Path(os.environ[RUN])
    folder = run / ("secured" if secured else "plain")
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            try:
                made = make(folder, run / "life.lock", secured=secured)
            except Lacking:
                shutil.rmtree(folder)
                raise
            made.start()
            (folder / "ready").touch()
    if not (folder / "ready").exists():
        raise Broken(f"{folder.name}: this server did not start before")
    return known(folder)


def _until(true: Callable[[], bool], within_s: float, otherwise: str) -> None:
    last = time.monotonic() + within_s
    while not true():
        if time.monotonic() > last:
            raise Broken(otherwise)
        time.sleep(TICK_S)
