"""Prints figures of speed, and keeps them in build/bench.json with what they were measured on.

`python -m tests.benchmarks [search|page|flow|memory|start|alerts|plain|remembered …] [--signals N]
[--posts N]`; what a part said before is kept in build/bench-before.json, for `make bench-compare`;
elastic and vectors are measured only where they are named. `make bench-page` takes what was
measured into docs/how-fast.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from evaluation import document
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
from tests.benchmarks.document import held, told
from tests.benchmarks.streams import streams
from tests.soak import ARCHIVE

console = Console()


@dataclass(frozen=True)
class Found:
    """What a part found: numbers for a comparison, and tables for people."""

    figures: dict[str, Any]
    tables: Sequence[Table]


def search(asked: argparse.Namespace) -> Found:
    """Ten typical questions and two counts to the embedded index, whose files are in the system's
    memory. `first` is the first time in a process: files are opened and vectors loaded."""
    found = apart("search", asked)
    return Found(found, [questions.shown(found)])


def page(asked: argparse.Namespace) -> Found:
    """Typical requests to the situation page with its map, over the same index, on loopback."""
    found = apart("page", asked)
    return Found(found, [requests.shown(found)])


def apart(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """What a part finds in a process of its own."""
    named = [sys.executable, "-m", f"tests.benchmarks.{name}", "--keep", asked.keep]
    with console.status(f"{name}: {asked.signals:,} signals are written and asked"):
        said = subprocess.run(
            [*named, "--signals", str(asked.signals)],
            cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def through(asked: argparse.Namespace) -> Found:
    """Posts a second through the real steps and models, which were loaded before; `rest` is reading
    rows and values."""
    slices = {"sample day": flow.sample_day()}
    if ARCHIVE.exists():
        slices["crisislext26"] = flow.spread(ARCHIVE, asked.posts or 2_000), ""
    else:
        console.print("flow: crisislext26 is left out: ../shared is not beside the project")
    figures, tables = {}, []
    for name, (lines, area) in slices.items():
        with Progress(console=console, transient=True) as bar:
            took = flow.measure(lines, area, name, bar)
        tables.append(flow.table(name, took))
        figures[name] = {
            "posts": took.posts, "kept": took.kept, "seconds": took.seconds,
            "posts_a_second": took.posts / took.seconds, "steps": by_step(took.steps),
        }  # fmt: skip
    return Found(figures, tables)


def by_step(steps: dict[str, tuple[int, float]]) -> dict[str, dict[str, float]]:
    """How many posts each step took, and the milliseconds of one."""
    return {
        step: {"taken": posts, "post_ms": seconds / max(posts, 1) * 1000}
        for step, (posts, seconds) in steps.items()
    }


def beside_plain(asked: argparse.Namespace) -> Found:
    """The same posts through ours, through the stack that one would write without it, and through
    an encoder alone, a slice through each in turn. The plain stack is sentence-transformers in
    float32, then spaCy `en_core_web_sm`, then a transformer of the encoder's size that classifies,
    in float32; the harder one lets spaCy find entities only. `our encoder alone` is the step
    `encode` of ours, without padding, given the same texts and nothing else to do;
    `sentence-transformers alone` is that library's own encoding of them, with padding, by the same
    network in the same number type. The heads were fitted or tuned to these posts, so that recall
    flatters."""
    if not ARCHIVE.exists():
        return left_out("plain", "../shared is not beside the project")
    figures, tables = {}, []
    for stream in streams(ARCHIVE.parent, asked.posts or 2_000):
        with Progress(console=console, transient=True) as bar:
            took = plain.measure(stream, bar)
        tables.append(plain.table(stream, took))
        figures[stream.name] = {
            "posts": took.posts, "kept": took.kept, "threshold": took.threshold,
            "recall": took.recall, "precision": took.precision, "dtype": took.dtype,
            "rates": {f"{name}, posts_a_second": took.rate(name) for name in took.seconds},
            "ratios": {f"ours by {name}, times": took.ratio(name) for name in plain.STACKS},
            "steps": by_step(took.steps), "others": by_step(
                {name: (took.posts, seconds) for name, seconds in took.parts.items()}
            ),
        }  # fmt: skip
    return Found(figures, tables)


def lasting(asked: argparse.Namespace) -> Found:
    """What one post more costs from its line to the index, by how much is remembered: ledger,
    grouper and embedded index are filled with made-up signals first, then the same relevant posts
    of an archive go through the real models, the grouper, the ledger and the index, a batch at each
    size in turn. Before the grouper vector, places and topics of a post are exchanged for made-up
    ones, half of them near remembered events: real ones would be like no made-up event. Needs 16 GB
    in the folder for temporary files."""
    if not ARCHIVE.exists():
        return left_out("remembered", "../shared is not beside the project")
    sizes = sorted(int(size) for size in asked.remembered.split(","))
    with Progress(console=console, transient=True) as bar:
        found = remembered.measure(ARCHIVE.parent, sizes, bar)
    costs = {f"{one.signals:,} signals": asdict(one) for one in found}
    return Found(costs, [remembered.table(found)])


def resident(asked: argparse.Namespace) -> Found:
    """Memory of `monitor run` with the real models, while an archive passes. Anonymous memory is
    what the process holds for itself; it swings by 200 MB between the moments at which free memory
    goes back, and what it was at least is what stays. The rest of what is resident are files that
    the system may drop."""
    if not ARCHIVE.exists() or sys.platform != "linux":
        return left_out("memory", "it needs ../shared beside the project, and Linux")
    with Progress(console=console, transient=True) as bar:
        found = memory.measure(flow.spread(ARCHIVE, asked.posts or 20_000), bar)
    columns = ("posts done", "resident MB", "anonymous MB", "at least MB", "peak MB")
    table = Table(*columns, title="megabytes")
    for posts, kept in found.items():
        figures = (kept.resident_mb, kept.anonymous_mb, kept.least_mb, kept.peak_mb)
        table.add_row(f"{posts:,}", *(f"{megabytes:,.0f}" for megabytes in figures))
    return Found({f"{posts:,} posts": asdict(kept) for posts, kept in found.items()}, [table])


def begun(asked: argparse.Namespace) -> Found:
    """How long a process takes to start, ask and end, over an empty deployment; and how long from
    its start until a post is grouped, with all models loaded. A new deployment measures first which
    number type is quicker. Files are in the system's memory after the first round."""
    with Progress(console=console, transient=True) as bar:
        found = start.measure(bar)
    table = Table("process", "best s", "median s", "worst s", title="seconds")
    figures = {}
    for name, times in found.items():
        cells = {"best_s": times[0], "median_s": times[len(times) // 2], "worst_s": times[-1]}
        table.add_row(name, *(f"{cell:.2f}" for cell in cells.values()))
        figures[name] = cells
    return Found(figures, [table])


def beside_raw(asked: argparse.Namespace) -> Found:
    """Our index on Elasticsearch beside requests that one would write by hand, on a machine that
    server and client share. Each question takes turns with the request by hand, and each two
    changes with `helpers.parallel_bulk` of the same documents."""
    sizes = [int(size) for size in asked.sizes.split(",")]
    with Progress(console=console, transient=True) as bar:
        every = [one.plain() for one in elastic.measure(sizes, bar)]
    tables = [*map(elastic.asked_table, every), elastic.written_table(every)]
    return Found({f"{one['signals']:,} signals": one for one in every}, tables)


def vectors(asked: argparse.Namespace) -> Found:
    """The ways to keep vectors in Elasticsearch. They are random around topics, which is hard for
    one bit a number. `tight` is the codec `best_compression`."""
    with Progress(console=console, transient=True) as bar:
        found = elastic_vectors.measure(asked.signals, bar)
    ways = {name: way.plain(asked.signals) for name, way in found.items()}
    table = elastic_vectors.table(ways, asked.signals)
    return Found({"signals": asked.signals, "ways": ways}, [table])


def mailed(asked: argparse.Namespace) -> Found:
    """What it costs to match subscriptions with events, to tell all of all, and how long a post
    takes from its collection to the mail server's 250."""
    with Progress(console=console, transient=True) as bar:
        found = alerts.measure(bar)
    return Found(found, list(alerts.tables(found)))


def left_out(name: str, why: str) -> Found:
    """Nothing, and it is said why."""
    console.print(f"{name}: left out: {why}")
    return Found({}, [])


# Those that load models into this process come last: it is alerts' memory too.
PARTS: dict[str, Callable[[argparse.Namespace], Found]] = {
    "search": search,
    "page": page,
    "alerts": mailed,
    "start": begun,
    "memory": resident,
    "flow": through,
    "plain": beside_plain,
    "remembered": lasting,
}
NAMED = {**PARTS, "elastic": beside_raw, "vectors": vectors}


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
    parser.add_argument(
        "--remembered", default="1000,100000,1000000", help="signals that are there"
    )
    asked = parser.parse_args()
    log.configure(json=False, level="warning")
    if unknown := set(asked.parts) - set(NAMED):
        parser.error(f"{', '.join(sorted(unknown))}: there are: {', '.join(NAMED)}")
    kept, before = held(KEPT), held(BEFORE)
    options = [word for word in sys.argv[1:] if word not in NAMED]
    made = document.made() | {"cores": os.cpu_count()}
    console.print("{processor}, {cores} cores, commit {commit}".format(**made))
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        asked.keep = folder
        for name in asked.parts or PARTS:
            made["command"] = " ".join(("python -m tests.benchmarks", name, *options))
            made["load"] = os.getloadavg()[0]
            found = NAMED[name](asked)
            for table in found.tables:
                console.print(table)
            if not found.tables:
                continue
            if name in kept:
                before[name] = kept[name]
                BEFORE.write_text(json.dumps(before, indent=2) + "\n", encoding="utf-8")
            kept[name] = made | told(NAMED[name].__doc__, found.figures, found.tables)
            KEPT.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
