"""What one node needs before it can start: folders, environment, certificates, a superuser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.elastic.files import Lacking, java, unpacked
from tests.elastic.keeper import account

USER = "monitor-admin"
PARTS = ("data", "logs", "repo", "tmp")
# Half the time to start, at the price of speed later: right for tests, wrong for measuring.
QUICK = "-XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC -XX:-AlwaysPreTouch"
ALONE = {
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    "transport.port": "0",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "xpack.inference.elastic.periodic_authorization_enabled": "false",
}
OPEN = {"xpack.security.enabled": "false"}
SECURED = {
    "xpack.security.enabled": "true",
    "xpack.security.http.ssl.enabled": "true",
    "xpack.security.http.ssl.key": "http.key",
    "xpack.security.http.ssl.certificate": "http.pem",
}


def lay_out(node: Path) -> None:
    """The node's folders; data that is there stays."""
    given = unpacked() / "config"
    for name in PARTS:
        (node / name).mkdir(parents=True, exist_ok=True)
    shutil.copytree(given, node / "config", dirs_exist_ok=True)


def hand_over(node: Path) -> None:
    """All of it to the user who runs the server, who may pass through the folder above."""
    if owner := account():
        node.parent.chmod(0o711)
        for path in (node, *node.rglob("*")):
            os.chown(path, owner["user"], owner["group"])


def environment(node: Path, heap: str, *, quick: bool) -> dict[str, str]:
    """What the server's programs look at, beside what is there."""
    return {
        **os.environ,
        "ES_JAVA_HOME": str(java()),
        "ES_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}" + (f" {QUICK}" if quick else ""),
        "ES_PATH_CONF": str(node / "config"),
        "ES_TMPDIR": str(node / "tmp"),
    }


def secure(folder: Path, password: str, variables: Mapping[str, str]) -> None:
    """A certificate of a new authority, `ca.pem` in the folder, and a superuser."""
    config = folder / "node" / "config"
    authority(folder)
    (folder / "http.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl(
        folder, "req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout http.key -out http.csr"
    )
    signed = "x509 -req -in http.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30"
    _openssl(folder, f"{signed} -extfile http.ext -out http.pem")
    for name in ("http.key", "http.pem"):
        (folder / name).rename(config / name)
    hand_over(folder / "node")
    program = unpacked() / "bin" / "elasticsearch-users"
    command = [str(program), "useradd", USER, "-p", password, "-r", "superuser"]
    subprocess.run(command, env=variables, check=True, capture_output=True, **account())


def authority(folder: Path) -> Path:
    """A new certificate authority: `ca.pem`, and its key beside it."""
    made = "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=authority"
    _openssl(folder, f"{made} -keyout ca.key -out ca.pem")
    return folder / "ca.pem"


def free() -> int:
    """A port on loopback that nobody has now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


def _openssl(folder: Path, arguments: str) -> None:
    if (program := shutil.which("openssl")) is None:
        raise Lacking("the program openssl")
    subprocess.run([program, *arguments.split()], cwd=folder, check=True, capture_output=True)
