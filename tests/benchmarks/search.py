"""How long the embedded index takes for ten typical questions, and to be written, as JSON.

The signals are made up by a seeded generator: words by Zipf's law, places around one city, unit
vectors in which the signals of an event lie near each other, and events near a theme.
`python -m tests.benchmarks search --signals 200000` runs it in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from indexes import embedded
from monitor.model import Change, Enrichment, Event, Place, Point, Post, Signal
from monitor.ports import Asked, Index
from monitor.query import parse

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
NOW = START + timedelta(days=DAYS)
LABELS = ("Fire", "Security", "Security/violence", "Transport", "Transport/collision", "Met", "Geo")
SEVERITIES = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
DISTRICTS = ("Hackney", "Camden", "Southwark", "Lambeth", "Brent", "Mare Street", "Old Kent Road")
KNOWN = ("fire", "police", "smoke", "burning", "robbery", "road", "street", "flood", "crash")
DIM = 384
BATCH = 2_000
THEMES = 300
LEDGER = "benchmark"
"""The id of the ledger that the index follows."""

Figures = Mapping[str, Mapping[str, float]]


def vocabulary(rng: np.random.Generator) -> list[str]:
    """Words of which the n-th is said 1/n as often as the first."""
    parts = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
    made = {"".join(rng.choice(parts, size=rng.integers(1, 5))) for _ in range(60_000)}
    words = sorted(made)
    rng.shuffle(words)
    for rank, word in zip((2, 4, 30, 60, 150, 8, 12, 90, 45), KNOWN, strict=True):
        words.insert(rank, word)
    return words


def changes(count: int, seed: int = 7, batch: int = BATCH) -> Iterator[Change]:
    """Signals in the order of time, five to an event; a `batch` is a multiple of five."""
    rng = np.random.default_rng(seed)
    words = vocabulary(rng)
    weights = 1.0 / np.arange(1, len(words) + 1)
    weights /= weights.sum()
    themes = rng.standard_normal((THEMES, DIM))
    for start in range(0, count, batch):
        size = min(batch, count - start)
        vectors = directions(rng, themes, size)
        said = rng.choice(len(words), size=(size, 18), p=weights)
        signals = tuple(
            signal(rng, start + at, count, " ".join(words[w] for w in said[at]), vectors[at])
            for at in range(size)
        )
        events = tuple(event(signals[at : at + 5]) for at in range(0, size, 5))
        yield Change(last=start + size, signals=signals, events=events)


def directions(rng: np.random.Generator, themes: np.ndarray, size: int) -> np.ndarray:
    """Unit vectors, five to an event: signals around their event, events around a theme."""
    count = -(-size // 5)
    events = rng.standard_normal((count, DIM)) + themes[rng.integers(THEMES, size=count)]
    near = np.repeat(events, 5, axis=0)[:size] + rng.standard_normal((size, DIM))
    return (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)


def signal(rng: np.random.Generator, at: int, count: int, text: str, vector: np.ndarray) -> Signal:
    lat, lon = 51.5 + rng.normal(0, 0.08), -0.12 + rng.normal(0, 0.12)
    moment = START + timedelta(seconds=DAYS * 86_400 * at / count)
    label = LABELS[int(rng.integers(len(LABELS)))]
    district = DISTRICTS[int(rng.integers(len(DISTRICTS)))]
    place = Place(
        name=district, start=0, end=1, role="happened", kind="district", lat=lat, lon=lon,
        radius_m=500.0, ref=f"geonames:{len(district)}",
    )  # fmt: skip
    return Signal(
        post=Post(
            id=f"made:{at}", text=text, source=f"source-{at % 40}", published=moment,
            point=Point(lat=lat, lon=lon), voice="citizen",
        ),
        enrichment=Enrichment(
            lang="en", relevance=0.9, relevant=True, topics={label: 0.9},
            labels=(label,), severity=SEVERITIES[int(rng.integers(5))],
            places=(place,), vector=vector.tobytes(),
        ),
        event=str(at - at % 5), sources=(f"source-{at % 40}",), arrived=at + 1, seq=at + 1,
    )  # fmt: skip


def event(signals: tuple[Signal, ...]) -> Event:
    first, last = signals[0], signals[-1]
    return Event(
        id=first.event, seq=last.seq, title=first.post.text[:60],
        texts=tuple(one.post.text for one in signals), first=first.post.published,
        last=last.post.published, size=len(signals), sources={first.post.source: len(signals)},
        topics={first.enrichment.labels[0]: len(signals)}, langs={"en": len(signals)},
        severity=first.enrichment.severity, certainty="Likely",
        place=first.enrichment.places[0], phase="growing",
    )  # fmt: skip


def questions(index: Index, vector: bytes) -> dict[str, Callable[[], object]]:
    """What is asked, by the text of the question."""

    def ask(text: str, sort: str = "") -> Callable[[], object]:
        like = vector if "like:" in text else None
        return lambda: index.signals(parse(text, now=NOW), Asked(sort=sort, vector=like))

    return {
        "fire": ask("fire"),
        "police smoke": ask("police smoke"),
        '"police street"': ask('"police street"'),
        "topic:Fire burning": ask("topic:Fire burning"),
        'near:"51.5,-0.12,2km" fire': ask('near:"51.5,-0.12,2km" fire'),
        "time:>=now-7d police (by -time)": ask("time:>=now-7d police", "-time"),
        "robb* OR (crash AND NOT flood)": ask("robb* OR (crash AND NOT flood)"),
        'place:"Mare Street" severity:>=Severe': ask('place:"Mare Street" severity:>=Severe'),
        'smoke OR like:"people trapped"': ask('smoke OR like:"people trapped"'),
        "events: topic:Security fire size:>=3 (by -time)": lambda: index.events(
            parse("topic:Security fire size:>=3"), Asked(sort="-time")
        ),
        "count fire by topic": lambda: index.count(parse("fire"), "topic", "signals"),
        "histogram fire by day": lambda: index.histogram(
            parse("fire"), timedelta(days=1), "signals"
        ),
    }


def percentile(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def measured(asks: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each and of all; `first` is before anything is known, and the processor's
    time is that of all threads."""
    first: dict[str, float] = {}
    times: dict[str, list[float]] = {}
    busy: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        for name, ask in asks.items():
            begun, worked = time.perf_counter(), time.process_time()
            ask()
            took = (time.perf_counter() - begun) * 1000
            if turn:
                times.setdefault(name, []).append(took)
                busy.setdefault(name, []).append((time.process_time() - worked) * 1000)
            else:
                first[name] = took
    facts = {name: {**_shares(times[name], busy[name]), "first_ms": first[name]} for name in times}
    every = [[one for several in of.values() for one in several] for of in (times, busy)]
    return {**facts, "all": _shares(*every)}


def _shares(times: list[float], busy: list[float]) -> dict[str, float]:
    return {
        "p50_ms": percentile(times, 0.5),
        "p95_ms": percentile(times, 0.95),
        "cpu_p95_ms": percentile(busy, 0.95),
    }


def table(what: str, title: str, facts: Figures) -> Table:
    """A line for each of what was asked; not all have every figure."""
    names = list(dict.fromkeys(name for fact in facts.values() for name in fact))
    made = Table(what, *(name.replace("_", " ") for name in names), title=title)
    for text, fact in facts.items():
        made.add_row(text, *(f"{fact[name]:.1f}" if name in fact else "" for name in names))
    return made


def shown(found: Mapping[str, Any]) -> Table:
    """A line for each question."""
    signals, written_s = found["signals"], found["write_s"]
    rate = f", written at {signals / written_s:,.0f} a second" if written_s else ""
    return table("question", f"{signals:,} signals{rate}", found["questions"])


def parsed(what: str | None) -> argparse.Namespace:
    """What stands on the command line."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--signals", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="a folder for an index that is asked again")
    return parser.parse_args()


def main() -> None:
    asked = parsed(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        path = (asked.keep or Path(folder)) / "index.db"
        written_s = made(path, asked.signals)
        index = embedded.open(embedded.Options(path=str(path)))
        rng = np.random.default_rng(11)
        vector = rng.standard_normal(DIM).astype(np.float32)
        vector /= np.linalg.norm(vector)
        facts = measured(questions(index, vector.tobytes()), asked.rounds)
        index.close()
    told = {"signals": asked.signals, "write_s": written_s, "questions": facts}
    json.dump(told, sys.stdout, indent=2)


def made(path: Path, signals: int) -> float:
    """Seconds that the index took to be written; 0 where it is there already."""
    index = embedded.open(embedded.Options(path=str(path)))
    written_s = 0.0
    if index.prepare(LEDGER):
        for change in changes(signals):
            begun = time.perf_counter()
            index.write(change)
            written_s += time.perf_counter() - begun
    index.close()
    return written_s


if __name__ == "__main__":
    main()
