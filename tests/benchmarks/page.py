"""Prints how long the situation page takes on the server: the page and then its map, as a browser
asks for them, on loopback.

The index is that of `search.py`. `python -m tests.benchmarks.page --signals 200000 [--json]`
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from monitor.app import App
from monitor.config import read_config
from tests.benchmarks.search import LEDGER, made, percentile
from tests.web.site import Site, served

MAP: Final = "/api/v1/events.geojson"
ASKED: Final = {
    "everything": "",
    "a week": "since=2026-03-24&until=2026-03-31",
    "a topic": "topic=Security",
    "two facets": "topic=Fire&severity=Severe",
    "words": "q=police+street",
    "a frequent word": "q=fire",
    "words that nearly all have": "q=fire+OR+police+OR+street",
    "a phrase": "q=%22police+street%22",
    "a circle": "near=51.5,-0.12,3km",
    "words, a facet and a month": "q=smoke+OR+burning&severity=Severe&since=2026-03-01",
    "the newest": "sort=-last",
    "the second page": "",
}
"""Typical requests, by what they ask for."""
CONFIG: Final = """
data = "data"
[area]
name = "London"
box = [51.28, -0.52, 51.70, 0.34]
[index.embedded]
path = "{path}"
"""

Figures = Mapping[str, Mapping[str, float]]


def deployment(folder: Path, index: Path) -> App:
    """One whose index is that of the benchmark."""
    config = folder / "monitor.toml"
    config.write_text(CONFIG.format(path=index), encoding="utf-8")
    app = App(read_config(config))
    with app.ledger.store.writing() as ledger:
        ledger.execute("UPDATE meta SET value = ? WHERE key = 'id'", (LEDGER,))
    return app


def paths(site: Site) -> dict[str, tuple[str, str]]:
    """The page and the map of each request."""
    found = {name: (f"/?{params}", f"{MAP}?{params}") for name, params in ASKED.items()}
    mark = site.json("/events", limit=50)["next"]
    found["the second page"] = (f"/?after={mark}", f"{MAP}?after={mark}")
    return found


def measure(site: Site, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds and kilobytes of page and map together; `first` is before anything is known, and
    the processor's time is that of server and reader together."""
    first: dict[str, float] = {}
    times: dict[str, list[float]] = {}
    busy: dict[str, list[float]] = {}
    sizes: dict[str, float] = {}
    asked = paths(site)
    for turn in range(rounds + 1):
        for name, (page, layer) in asked.items():
            begun, worked = time.perf_counter(), time.process_time()
            answers = [site.get(page), site.get(layer)]
            took = (time.perf_counter() - begun) * 1000
            assert all(answer.status_code == 200 for answer in answers), name
            sizes[name] = sum(len(answer.content) for answer in answers) / 1000
            if turn:
                times.setdefault(name, []).append(took)
                busy.setdefault(name, []).append((time.process_time() - worked) * 1000)
            else:
                first[name] = took
    facts = {
        name: {**figures(times[name], busy[name]), "first_ms": first[name], "kb": sizes[name]}
        for name in times
    }
    every = [[one for several in of.values() for one in several] for of in (times, busy)]
    return {**facts, "all": figures(*every)}


def figures(times: list[float], busy: list[float]) -> dict[str, float]:
    return {
        "p50_ms": percentile(times, 0.5),
        "p95_ms": percentile(times, 0.95),
        "cpu_p95_ms": percentile(busy, 0.95),
    }


def show(facts: Figures, signals: int) -> None:
    """A line for each request."""
    names = ("p50_ms", "p95_ms", "cpu_p95_ms", "first_ms", "kb")
    title = f"the situation page with its map at {signals:,} signals, {signals // 5:,} events"
    table = Table("request", *names, title=title)
    for text, fact in facts.items():
        table.add_row(text, *(f"{fact[name]:.1f}" if name in fact else "" for name in names))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, help="an index to make once and ask again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = (asked.keep or Path(folder)) / "index.db"
        made(path, asked.signals)
        app = deployment(Path(folder), path)
        with served(app) as site:
            facts = measure(site, asked.rounds)
        app.close()
    if asked.json:
        json.dump({"signals": asked.signals, "requests": facts}, sys.stdout, indent=2)
    else:
        show(facts, asked.signals)


if __name__ == "__main__":
    main()
