"""A ledger of 20,000 posts made anew with other models, killed five times with SIGKILL while posts
come in: it must end as one that nobody disturbed, and no confirmed event may lose its id.

What the real models said is replayed from build/soak.db, which `python -m tests.soak` makes. The
other models are made from it: their vectors are turned a little, and they find a fiftieth of the
posts dull and as many of the dull ones not.

`python -m tests.soak_anew [--posts 20000] [--seed 1]`
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from monitor import log
from monitor.anew import Renewal
from monitor.ledger.anew import Anew
from monitor.model import Cursor, Decision, Enrichment, Event, Page, Post
from tests.ordeal import FORK, Deployed, Import, Life, Replay, differences, everything, recorded
from tests.soak import ARCHIVE, ROOT, slice_of

STAGES = ("enriched", "enriched", "grouped", "grouped", "settled")
"""In which step each of the five kills falls."""
LATE = 500
"""Posts that come while the ledger is made anew."""
CONFIRMED = 200
_TURN = np.linalg.qr(np.random.default_rng(7).normal(size=(384, 384)))[0]


class Other(Replay):
    """Other models, made from what the real ones said."""

    def _one(self, post: str) -> Enrichment:
        if post == "probe":
            return Enrichment(models={"other": "1"})
        said = super()._one(post)
        drawn = zlib.crc32(post.encode()) % 50
        vector = _turned(said.vector, post) if said.vector else _drawn(post)
        return replace(
            said,
            relevant=said.relevant if drawn else not said.relevant,
            vector=vector,
            models={"other": "1"},
        )


def _turned(vector: bytes, post: str) -> bytes:
    """All turned alike, and each a little by itself."""
    numbers = np.frombuffer(vector, "<f4").astype(np.float64) @ _TURN
    return _unit(numbers + 0.02 * np.frombuffer(_drawn(post), "<f4"))


def _drawn(post: str) -> bytes:
    return _unit(np.random.default_rng(zlib.crc32(post.encode())).normal(size=len(_TURN)))


def _unit(numbers: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    return (numbers / np.linalg.norm(numbers)).astype("<f4").tobytes()


def imported(plan: Import, folder: Path, lines: Path, rng: random.Random) -> tuple[Post, ...]:
    """Take in all but the last posts of the archive, and let an analyst decide; those last ones."""
    app = plan.deployed(plan.lay_out(folder))
    posts: list[Post] = []
    collect = app.pipeline.collect(app.config.sources[0])
    for _ in collect:
        pass
    waiting = app.ledger.inbox.rows(1 << 30)
    posts = [row.what for row in waiting[-LATE:] if isinstance(row.what, Post)]
    with app.ledger.store.writing() as db:
        db.execute("DELETE FROM inbox WHERE seq >= ?", (waiting[-LATE].seq,))
        db.executemany("DELETE FROM seen WHERE post = ?", [(post.id,) for post in posts])
    app.consume()
    _decide(app, rng)
    app.catch_up()
    app.close()
    return tuple(replace(post, digest="") for post in posts)


def _decide(app: Deployed, rng: random.Random) -> None:
    whole = [event for event in _events(app) if event.size > 1]
    chosen = rng.sample(whole, min(len(whole), CONFIRMED + 60))
    confirmed, others = chosen[:CONFIRMED], chosen[CONFIRMED:]
    for event in confirmed:
        posts = [signal.post.id for signal in app.ledger.truth.members(event.id)]
        app.tell(Decision(target=event.id, verdict="confirm", anchors=tuple(posts[:20])))
    for number, event in enumerate(others):
        members = [signal.post.id for signal in app.ledger.truth.members(event.id)]
        other = confirmed[number].id
        said = {
            0: Decision(target=other, verdict="merge", value=(event.id,)),
            1: Decision(target=event.id, verdict="split", value=tuple(members[1:][:3])),
            2: Decision(target=event.id, verdict="hold"),
        }
        app.tell(said[number % 3])


def _events(app: Deployed) -> tuple[Event, ...]:
    whole = app.ledger.feed.changes(0, 1 << 30)
    return whole.events if whole else ()


@dataclass(frozen=True)
class World:
    """A deployment that is made anew, and the posts that come meanwhile."""

    plan: Import
    folder: Path
    late: tuple[Post, ...]

    def life(self) -> Life:
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=_live, args=(self, theirs))
        process.start()
        theirs.close()
        return Life(process, ours)


def _live(world: World, told: Connection) -> None:
    app = world.plan.deployed(world.folder)
    with app.consuming():
        renewal = Renewal(app, Anew(app.ledger.store))
        renewal.prepare()
        told.send("prepared")
        if not app.ledger.inbox.cursor("late").marks:
            came = Page(posts=world.late, cursor=Cursor(marks={"came": "all"}))
            app.ledger.inbox.accept("late", came)
        for _ in renewal.enrich():
            told.send("enriched")
        for _ in renewal.group():
            told.send("grouped")
        renewal.settle()
        told.send("settled")
        renewal.switch()
        renewal.close()
        told.send("switched")
        app.catch_up()
    app.close()


def calm(world: World) -> list[str]:
    """The steps of a life to its end."""
    life = world.life()
    steps = list(life.batches())
    if life.status():
        raise ChildProcessError("a life was killed from outside")
    return [str(step) for step in steps]


def killed(world: World, stage: str, steps: int, delay_s: float) -> bool:
    """Kill a life some steps into a stage; False where it was done before."""
    life = world.life()
    wanted = (step for step in life.batches() if step == stage)
    for _ in islice(wanted, steps):
        pass
    life.process.join(delay_s)
    life.process.kill()
    return life.status() != 0


@dataclass(frozen=True)
class Result:
    """What it came to."""

    posts: int
    signals: int
    known: int
    before: int
    after: int
    same: int
    confirmed: int
    lost: list[str]
    kills: int
    seconds: float
    differing: list[str]


def suffer(posts: int, seed: int, place: Path, console: Console) -> Result:
    rng = random.Random(seed)
    record = ROOT / "build" / "soak.db"
    archive = slice_of(ARCHIVE, posts, place / "archive.jsonl")
    first = Import(archive, steps=[Replay(record)])
    late = imported(first, place / "calm", archive, rng)
    console.print(f"imported {posts - len(late):,} posts")
    shutil.copytree(place / "calm", place / "killed")
    before = _held(place / "calm")
    plan = replace(first, steps=[Other(record)])
    begun = time.perf_counter()
    steps = calm(World(plan, place / "calm", late))
    seconds = time.perf_counter() - begun
    console.print(f"made anew undisturbed in {seconds:.0f} s, {len(steps):,} steps")
    after = _held(place / "calm")
    world = World(plan, place / "killed", late)
    kills = 0
    for stage in STAGES:
        most = max(1, steps.count(stage) // 3)
        fell = killed(world, stage, rng.randint(1, most), rng.uniform(0.0, 0.05))
        kills += fell
        console.print(f"killed when {stage}" if fell else "it was done")
    calm(world)
    found = [everything(plan, folder) for folder in (place / "calm", place / "killed")]
    confirmed = {name for name, verdict in before[1].items() if verdict == "confirmed"}
    kept = _held(place / "killed")
    return Result(
        posts=posts,
        signals=len(after[0]),
        before=len(before[1]),
        after=len(after[1]),
        known=len(before[0]),
        same=sum(after[0].get(post) == event for post, event in before[0].items()),
        confirmed=len(confirmed),
        lost=sorted(name for name in confirmed if kept[1].get(name) != "confirmed"),
        kills=kills,
        seconds=seconds,
        differing=differences(*found, 0.0),
    )


def _held(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The event of each signal, and the verdict on each event that has any."""
    with closing(sqlite3.connect(folder / "data" / "ledger.db")) as db:
        homes = dict(db.execute("SELECT id, event FROM signals"))
        verdicts = db.execute("SELECT id, value ->> 'verdict' FROM events").fetchall()
    full = set(homes.values())
    return homes, {name: verdict for name, verdict in verdicts if name in full}


def show(result: Result, console: Console) -> None:
    table = Table(box=SIMPLE_HEAD, show_header=False, title="a ledger made anew, killed five times")
    facts = {
        "posts": result.posts,
        "signals before": result.known,
        "of them in the event of the same id after": result.same,
        "signals after, with those that came meanwhile": result.signals,
        "events before": result.before,
        "events after": result.after,
        "confirmed events": result.confirmed,
        "of them lost": len(result.lost),
        "kills": result.kills,
        "seconds undisturbed": round(result.seconds),
        "differing": len(result.differing),
    }
    for name, number in facts.items():
        table.add_row(name, f"{number:,}")
    console.print(table)
    for line in (*result.lost[:20], *result.differing[:20]):
        console.print(line, markup=False)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(words)
    console = Console()
    if not ARCHIVE.exists():
        console.print("soak: shared/data/crisislext26.jsonl.gz is not beside the project")
        return
    if recorded(ROOT / "build" / "soak.db") < asked.posts:
        console.print("soak: build/soak.db holds too few posts; run python -m tests.soak first")
        sys.exit(2)
    log.configure(json=False, level="warning")
    with tempfile.TemporaryDirectory() as place:
        result = suffer(asked.posts, asked.seed, Path(place), console)
    show(result, console)
    sys.exit(bool(result.differing or result.lost or result.kills != len(STAGES)))


if __name__ == "__main__":
    main()
