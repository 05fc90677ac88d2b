"""50 kills at random moments while 20,000 posts of an archive go through `jsonl`, the ledger and
the embedded index, 100 while they go into Elasticsearch, then five with the real models: all must
be as if nothing had been.

The real models think once, undisturbed: what they said is kept in build/soak.db by the ids of
posts, and the other lives replay it, so that the comparison is exact (`make clean` makes them think
anew). Under the real models vectors and probabilities may differ by 1e-3, for batches are cut
differently there. What lies in Elasticsearch is compared document by document, with versions and
vectors; where no server can be had it is left out.

`python -m tests.soak [--posts 20000] [--kills 50] [--elastic-kills 100] [--real-posts 500]
[--real-kills 5] [--seed 1]`; what is to be killed 0 times is left out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.elastic import server
from tests.elastic.files import Lacking
from tests.needs import SHARED
from tests.ordeal import (
    Import,
    Outcome,
    Replay,
    everything,
    moments,
    ordeal,
    recorded,
    undisturbed,
    write_record,
)

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = SHARED / "data" / "crisislext26.jsonl.gz"
CLOSE = 1e-3


def slice_of(archive: Path, posts: int, to: Path) -> Path:
    """The first lines of the archive as a file, with so many different posts."""
    seen: set[str] = set()
    with gzip.open(archive, "rb") as lines, to.open("wb") as file:
        for line in lines:
            seen.add(json.loads(line)["id"])
            if len(seen) > posts:
                break
            file.write(line)
    return to


@dataclass(frozen=True)
class Ordeal:
    """One line of the closing table."""

    name: str
    posts: int
    signals: int
    events: int
    seconds: float
    outcome: Outcome


def suffer(
    name: str, plan: Import, posts: int, kills: int, rng: random.Random, close: float, bar: Progress
) -> Ordeal:
    """An undisturbed run, then one that is killed again and again."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        task = bar.add_task(f"{name}: undisturbed", total=posts)
        calm = plan.lay_out(folder / "undisturbed")
        for done in undisturbed(plan.life(calm)):
            bar.advance(task, done)
        batches = math.ceil(posts / plan.batch)
        times = moments(rng, kills, batches, (time.perf_counter() - begun) / batches)
        expected = everything(plan, calm)
        task = bar.add_task(f"{name}: {kills} kills", total=posts)
        outcome = ordeal(
            plan,
            folder,
            expected,
            kills,
            times,
            close=close,
            tell=lambda rows: bar.update(task, completed=rows),
        )
    return Ordeal(
        name=name,
        posts=posts,
        signals=len(expected["ledger: signals"]),
        events=len(expected["ledger: events"]),
        seconds=time.perf_counter() - begun,
        outcome=outcome,
    )


def think(archive: Path, posts: int, record: Path, bar: Progress) -> None:
    """Let the real models think about the archive once, and keep what they said."""
    with tempfile.TemporaryDirectory() as place:
        plan = Import(archive)
        folder = plan.lay_out(Path(place) / "thinking")
        task = bar.add_task("the real models think, once", total=posts)
        for done in undisturbed(plan.life(folder)):
            bar.advance(task, done)
        app = plan.deployed(folder)
        write_record(app.ledger, record)
        app.close()


def ordeals(asked: argparse.Namespace, place: Path, bar: Progress) -> Iterator[Ordeal]:
    """Those that are asked for, one after the other."""
    record = ROOT / "build" / "soak.db"
    many = slice_of(ARCHIVE, asked.posts, place / "many.jsonl")
    few = slice_of(ARCHIVE, asked.real_posts, place / "few.jsonl")
    if recorded(record) < asked.posts and asked.kills + asked.elastic_kills:
        think(many, asked.posts, record, bar)
    replayed = Import(many, steps=[Replay(record)])
    if asked.kills:
        rng = random.Random(asked.seed)
        yield suffer("recorded", replayed, asked.posts, asked.kills, rng, 0.0, bar)
    if asked.elastic_kills:
        rng = random.Random(asked.seed)
        try:
            with server(quick=False) as made:
                plan = replace(replayed, cluster=made.url)
                yield suffer("elastic", plan, asked.posts, asked.elastic_kills, rng, 0.0, bar)
        except Lacking as lack:
            bar.console.print(f"elastic: left out, needs {lack}")
    if asked.real_kills:
        rng = random.Random(asked.seed)
        plan = Import(few, batch=32)
        yield suffer("real", plan, asked.real_posts, asked.real_kills, rng, CLOSE, bar)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--elastic-kills", type=int, default=100)
    parser.add_argument("--real-posts", type=int, default=500)
    parser.add_argument("--real-kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    console = Console()
    if not ARCHIVE.exists():
        console.print("soak: shared/data/crisislext26.jsonl.gz is not beside the project")
        return
    with tempfile.TemporaryDirectory() as place, Progress(console=console) as bar:
        suffered = list(ordeals(asked, Path(place), bar))
    show(suffered, console)
    sys.exit(any(each.outcome.differing for each in suffered))


def show(ordeals: Sequence[Ordeal], console: Console) -> None:
    """The closing table, and the first of what differs; behind: killed while the index was behind
    the ledger."""
    columns = ("", "posts", "kills", "behind", "runs", "signals", "events", "seconds", "differing")
    title = "killed at random moments, and then as if nothing had been"
    table = Table(*columns, title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for each in ordeals:
        came = each.outcome
        numbers = (each.posts, came.kills, came.behind, came.runs, each.signals, each.events)
        cells = (*numbers, round(each.seconds), len(came.differing))
        table.add_row(each.name, *(f"{cell:,}" for cell in cells))
    console.print(table)
    for each in ordeals:
        for difference in each.outcome.differing[:20]:
            console.print(f"{each.name}: {difference}", markup=False, emoji=False)


if __name__ == "__main__":
    main()
