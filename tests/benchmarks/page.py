"""How long the situation page takes on the server, as JSON: the page and then its map, as a browser
asks for them, on loopback.

The index is that of `search.py`. `python -m tests.benchmarks page --signals 200000` runs it in a
process of its own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from monitor.app import App
from monitor.config import read_config
from tests.benchmarks.search import LEDGER, made, measured, parsed, table
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
    """Milliseconds and kilobytes of page and map together."""
    asks = {name: partial(loaded, site, addresses) for name, addresses in paths(site).items()}
    facts = measured(asks, rounds)
    for name, ask in asks.items():
        facts[name]["kb"] = ask() / 1000
    return facts


def loaded(site: Site, addresses: Sequence[str]) -> int:
    """The bytes that come."""
    answers = [site.get(address) for address in addresses]
    assert all(answer.status_code == 200 for answer in answers), addresses
    return sum(len(answer.content) for answer in answers)


def shown(found: Mapping[str, Any]) -> Table:
    """A line for each request."""
    signals = found["signals"]
    title = f"page and map at {signals:,} signals, {signals // 5:,} events"
    return table("request", title, found["requests"])


def main() -> None:
    asked = parsed(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        path = (asked.keep or Path(folder)) / "index.db"
        made(path, asked.signals)
        app = deployment(Path(folder), path)
        with served(app) as site:
            facts = measure(site, asked.rounds)
        app.close()
    json.dump({"signals": asked.signals, "requests": facts}, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
