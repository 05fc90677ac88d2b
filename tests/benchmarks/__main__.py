"""Prints the figures of speed that the documents name, and keeps them in build/bench.json.

`python -m tests.benchmarks [search|page|flow|memory|start|alerts|plain|remembered …] [--signals N]
[--posts N]`; what a part said before is kept in build/bench-before.json, for `make bench-compare`;
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
from tests.benchmarks import (
    alerts,
    elastic,
    elastic_vectors,
    flow,
    memory,
    plain,
    remembered,
    start,
)
from tests.benchmarks import page as requests
from tests.benchmarks import search as questions
from tests.benchmarks.compare import BEFORE, KEPT, ROOT
from tests.benchmarks.streams import streams
from tests.soak import ARCHIVE

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
            "posts_a_second": rate, "steps": by_step(took.steps),
        }  # fmt: skip
    return found


def by_step(steps: dict[str, tuple[int, float]]) -> dict[str, dict[str, float]]:
    """How many posts each step took, and the milliseconds of one."""
    return {
        step: {"taken": posts, "post_ms": seconds / max(posts, 1) * 1000}
        for step, (posts, seconds) in steps.items()
    }


def beside_plain(asked: argparse.Namespace) -> dict[str, Any]:
    """Posts a second of ours, of a plain stack and of the encoder alone, on two streams."""
    if not ARCHIVE.exists():
        console.print("plain: left out: ../shared is not beside the project")
        return {}
    found = {}
    for stream in streams(ARCHIVE.parent, asked.posts or 2_000):
        with Progress(console=console, transient=True) as bar:
            took = plain.measure(stream, bar)
        console.print(plain.table(stream, took))
        found[stream.name] = {
            "posts": took.posts, "kept": took.kept, "threshold": took.threshold,
            "recall": took.recall, "precision": took.precision, "dtype": took.dtype,
            "others_ms": took.others_ms,
            "rates": {f"{name}, posts_a_second": took.rate(name) for name in took.seconds},
            "ratios": {f"ours by {name}, times": took.ratio(name) for name in plain.STACKS},
            "steps": by_step(took.steps), "others": by_step(
                {name: (took.posts, seconds) for name, seconds in took.parts.items()}
            ),
        }  # fmt: skip
    return found


def lasting(asked: argparse.Namespace) -> dict[str, Any]:
    """What a post costs the grouper, by how much it remembers; and with the other steps, where
    `plain` was measured."""
    with Progress(console=console, transient=True) as bar:
        found = remembered.measure([int(size) for size in asked.remembered.split(",")], bar)
    steps = held(KEPT).get("plain", {}).get("figures", {}).get("every post relevant", {})
    others_ms = steps["others_ms"] if steps else None
    console.print(remembered.table(found, others_ms))
    return {f"{one.signals:,} signals": asdict(one) for one in found}


def resident(asked: argparse.Namespace) -> dict[str, Any]:
    """Memory of `monitor run` while the archive passes."""
    if not ARCHIVE.exists() or sys.platform != "linux":
        console.print("memory: left out: it needs ../shared beside the project, and Linux")
        return {}
    with Progress(console=console, transient=True) as bar:
        found = memory.measure(flow.spread(ARCHIVE, asked.posts or 20_000), bar)
    columns = ("posts done", "resident MB", "anonymous MB", "at least MB", "peak MB")
    table = Table(*columns, title="memory of `run`, with the real models")
    for posts, held in found.items():
        figures = (held.resident_mb, held.anonymous_mb, held.least_mb, held.peak_mb)
        table.add_row(f"{posts:,}", *(f"{megabytes:,.0f}" for megabytes in figures))
    console.print(table)
    return {str(posts): asdict(held) for posts, held in found.items()}


def begun(asked: argparse.Namespace) -> dict[str, Any]:
    """How long a process takes to start, ask and end."""
    with Progress(console=console, transient=True) as bar:
        found = start.measure(bar)
    table = Table("process", "best s", "median s", "worst s", title="start-up")
    figures = {}
    for name, times in found.items():
        cells = {"best_s": times[0], "median_s": times[len(times) // 2], "worst_s": times[-1]}
        table.add_row(name, *(f"{cell:.2f}" for cell in cells.values()))
        figures[name] = cells
    console.print(table)
    return figures


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
    "plain": beside_plain,
    "remembered": lasting,
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


def held(path: Path) -> dict[str, Any]:
    """The figures of a file, none where it is not there."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(NAMED)}")
    parser.add_argument("--signals", type=int, default=200_000, help="of the index that is asked")
    parser.add_argument(
        "--posts",
        type=int,
        help="through the flow and beside the plain stack 2,000, for memory 20,000",
    )
    parser.add_argument("--sizes", default="10000,100000,1000000", help="signals in Elasticsearch")
    parser.add_argument("--remembered", default="1000,100000,1000000", help="signals, growing")
    asked = parser.parse_args()
    log.configure(json=False, level="warning")
    if unknown := set(asked.parts) - set(NAMED):
        parser.error(f"{', '.join(sorted(unknown))}: there are: {', '.join(NAMED)}")
    kept, before = held(KEPT), held(BEFORE)
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
            if name in kept:
                before[name] = kept[name]
                BEFORE.write_text(json.dumps(before, indent=2) + "\n", encoding="utf-8")
            kept[name] = {**machine, "figures": figures}
            KEPT.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
