"""Prints the figures of speed that the documents name, and keeps them in build/bench.json.

`python -m tests.benchmarks [search|page|flow|memory|start|alerts …] [--signals N] [--posts N]`;
elastic and vectors are measured only where they are named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from monitor import log
from tests.benchmarks import alerts, elastic, elastic_vectors, flow, memory, start
from tests.benchmarks import page as requests
from tests.benchmarks import search as questions
from tests.soak import ARCHIVE

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "bench.json"
console = Console()


def search(asked: argparse.Namespace) -> dict[str, Any]:
    """Ten typical questions to the embedded index."""
    found = apart("search", asked)
    questions.show(found["questions"], found["signals"], found["write_s"])
    return found


def page(asked: argparse.Namespace) -> dict[str, Any]:
    """Typical requests to the situation page, over the same index."""
    found = apart("page", asked)
    requests.show(found["requests"], found["signals"])
    return found


def apart(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """What a part finds in a process of its own."""
    named = [sys.executable, "-m", f"tests.benchmarks.{name}", "--json", "--keep", asked.keep]
    with console.status(f"{name}: {asked.signals:,} signals are written and asked"):
        said = subprocess.run(
            [*named, "--signals", str(asked.signals)],
            cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def through(asked: argparse.Namespace) -> dict[str, Any]:
    """Posts a second through the real steps and models."""
    slices = {"sample day": flow.sample_day()}
    if ARCHIVE.exists():
        posts = asked.posts or 2_000
        slices["crisislext26"] = flow.spread(ARCHIVE, posts), ""
    else:
        console.print("flow: crisislext26 is left out: ../shared is not beside the project")
    found = {}
    for name, (lines, area) in slices.items():
        with Progress(console=console, transient=True) as bar:
            took = flow.measure(lines, area, name, bar)
        title = f"{name}: {took.posts:,} posts, {took.kept:,} kept"
        table = Table("step", "posts", "seconds", "posts a second", title=title)
        for step, (posts, seconds) in took.steps.items():
            table.add_row(
                step, f"{posts:,}", f"{seconds:.1f}", f"{posts / max(seconds, 1e-9):,.0f}"
            )
        rate = took.posts / took.seconds
        table.add_row("end to end", f"{took.posts:,}", f"{took.seconds:.1f}", f"{rate:,.0f}")
        console.print(table)
        found[name] = {
            "posts": took.posts, "kept": took.kept, "seconds": took.seconds,
            "posts_a_second": rate, "steps": took.steps,
        }  # fmt: skip
    return found


def resident(asked: argparse.Namespace) -> dict[str, Any]:
    """Memory of `monitor run` while the archive passes."""
    if not ARCHIVE.exists() or sys.platform != "linux":
        console.print("memory: left out: it needs ../shared beside the project, and Linux")
        return {}
    with Progress(console=console, transient=True) as bar:
        found = memory.measure(flow.spread(ARCHIVE, asked.posts or 20_000), bar)
    columns = ("posts done", "resident MB", "anonymous MB", "at least MB")
    table = Table(*columns, title="memory of `run`, with the real models")
    for posts, held in found.items():
        figures = (held.resident_mb, held.anonymous_mb, held.least_mb)
        table.add_row(f"{posts:,}", *(f"{megabytes:,.0f}" for megabytes in figures))
    console.print(table)
    return {str(posts): asdict(held) for posts, held in found.items()}


def begun(asked: argparse.Namespace) -> dict[str, Any]:
    """How long a process takes to start, ask and end."""
    with Progress(console=console, transient=True) as bar:
        found = start.measure(bar)
    table = Table("process", "best s", "median s", "worst s", title="start-up")
    for name, times in found.items():
        cells = (times[0], times[len(times) // 2], times[-1])
        table.add_row(name, *(f"{cell:.2f}" for cell in cells))
    console.print(table)
    return found


def beside_raw(asked: argparse.Namespace) -> dict[str, Any]:
    """Our index on Elasticsearch beside requests written by hand."""
    sizes = [int(size) for size in asked.sizes.split(",")]
    every = []
    with Progress(console=console, transient=True) as bar:
        for figures in elastic.measure(sizes, bar):
            console.print(elastic.asked_table(figures))
            every.append(figures)
    console.print(elastic.written_table(every))
    return {f"{one.signals:,} signals": asdict(one) for one in every}


def vectors(asked: argparse.Namespace) -> dict[str, Any]:
    """The ways to keep vectors in Elasticsearch."""
    with Progress(console=console, transient=True) as bar:
        found = elastic_vectors.measure(asked.signals, bar)
    console.print(elastic_vectors.table(asked.signals, found))
    return {"signals": asked.signals, "ways": {name: asdict(way) for name, way in found.items()}}


def told(asked: argparse.Namespace) -> dict[str, Any]:
    """What alerts cost, and how long they take."""
    with Progress(console=console, transient=True) as bar:
        found = alerts.measure(bar)
    for table in alerts.show(found):
        console.print(table)
    return found


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "search": search,
    "page": page,
    "flow": through,
    "memory": resident,
    "start": begun,
    "alerts": told,
}
NAMED = {**PARTS, "elastic": beside_raw, "vectors": vectors}


def processor() -> str:
    """The processor's name as its system has it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def commit() -> str:
    """The commit that was measured, with `-dirty` where files differ from it; empty without git."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return said.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(NAMED)}")
    parser.add_argument("--signals", type=int, default=200_000, help="of the index that is asked")
    parser.add_argument("--posts", type=int, help="through the flow 2,000, for memory 20,000")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="signals in Elasticsearch")
    asked = parser.parse_args()
    log.configure(json=False, level="warning")
    if unknown := set(asked.parts) - set(NAMED):
        parser.error(f"{', '.join(sorted(unknown))}: there are: {', '.join(NAMED)}")
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    machine = {"processor": processor(), "cores": os.cpu_count(), "commit": commit()}
    machine |= {"date": datetime.now(UTC).isoformat(), "load": os.getloadavg()[0]}
    console.print(
        f"{machine['processor']}, {machine['cores']} cores, commit {machine['commit']}, "
        f"{machine['date']:.10}, load {machine['load']:.1f}"
    )
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        asked.keep = folder
        for name in asked.parts or PARTS:
            figures = NAMED[name](asked)
            kept[name] = {**machine, "figures": figures}
            KEPT.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
