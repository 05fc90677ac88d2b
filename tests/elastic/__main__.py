"""`python -m tests.elastic start|stop|status`: an Elasticsearch to try out."""

from __future__ import annotations

import argparse
import socket
import sys
import time
from pathlib import Path

from tests.elastic import Broken, Server, end, known, make
from tests.elastic.files import SAY, Lacking, Refused
from tests.elastic.keeper import kept

FOLDER = Path(__file__).resolve().parents[2] / "build" / "elasticsearch"
PORT = 9200


def start(folder: Path, heap: str) -> None:
    """The data of last time is there again."""
    if not kept(folder):
        began = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        made = make(folder, None, port=_port(), heap=heap, quick=False)
        SAY.print(f"Starting Elasticsearch with a heap of {heap} …")
        try:
            made.start()
        except BaseException:
            end(folder)
            raise
        SAY.print(f"It answers after {time.monotonic() - began:.0f} s.")
    status(folder)


def stop(folder: Path) -> None:
    if kept(folder):
        end(folder)
        SAY.print(f"Elasticsearch: ended; its data stays in {folder}")
    else:
        SAY.print("Elasticsearch: none runs here")


def status(folder: Path) -> None:
    if not kept(folder):
        SAY.print("Elasticsearch: none runs here; make elasticsearch starts one")
        return
    server = known(folder)
    SAY.print(
        f"Elasticsearch runs on {server.url}, health {_health(server)}, for this machine alone\n"
        f"  look      curl {server.url}/_cat/indices?v\n"
        f"  tests     ES_URL={server.url} make test\n"
        f"  log       {folder / 'node' / 'logs'}\n"
        f"  stop      make elasticsearch-stop"
    )


def _health(server: Server) -> str:
    try:
        return str(server.ask("GET", "/_cluster/health")[1]["status"])
    except OSError:
        return "unknown: it does not answer"


def _port() -> int:
    """9200 where it is free, else any."""
    with socket.socket() as taken:
        return 0 if taken.connect_ex(("127.0.0.1", PORT)) == 0 else PORT


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.elastic", description=__doc__)
    asked.add_argument("verb", choices=("start", "stop", "status"))
    asked.add_argument("--folder", type=Path, default=FOLDER)
    asked.add_argument("--heap", default="1g", help="of the server's Java: 1g, 512m")
    words = asked.parse_args()
    folder = words.folder.resolve()
    try:
        match words.verb:
            case "start":
                start(folder, words.heap)
            case "stop":
                stop(folder)
            case _:
                status(folder)
    except Lacking as lack:
        SAY.print(f"Elasticsearch: needs {lack}")
        sys.exit(2)
    except (Broken, Refused) as fault:
        SAY.print(f"Elasticsearch: {fault}")
        sys.exit(1)


main()
