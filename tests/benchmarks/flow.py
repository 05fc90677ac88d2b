"""How many posts a second go through the real steps and models, step by step and from end to end.

The models are loaded before the clock starts. What `consume` takes beyond its steps is reading rows
and values, and stands under `rest`.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from monitor import sample
from monitor.app import App
from monitor.config import STEPS, read_config
from monitor.ledger import Ledger
from monitor.model import Enrichment, Post
from monitor.ports import Enricher, Grouper, Index

WARM = "Smoke over the harbour, Mare Street is closed to all traffic"


class Watch:
    """Seconds and posts by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.posts: dict[str, int] = defaultdict(int)

    def timed(self, name: str, call: Callable[..., Any], size: Callable[..., int]) -> Any:
        """The same call, timed; `size` says of how many posts it is."""

        def watched(*args: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            result = call(*args, **named)
            self.seconds[name] += time.perf_counter() - begun
            self.posts[name] += size(*args)
            return result

        return watched


class Watched:
    """An object of which some calls are timed."""

    def __init__(self, inner: Any, calls: dict[str, Callable[..., Any]]) -> None:
        self._inner, self._calls = inner, calls

    def __getattr__(self, name: str) -> Any:
        return self._calls.get(name) or getattr(self._inner, name)

    def __call__(self, *args: Any) -> Any:
        return self._calls["__call__"](*args)


class Measured(App):
    """A deployment in which every step is timed."""

    def __init__(self, config: Path) -> None:
        super().__init__(read_config(config))
        self.watch = Watch()

    @cached_property
    def steps(self) -> Sequence[Enricher]:
        """The steps, loaded and warm."""
        steps = super().open_steps()
        warmed(steps, [WARM])
        return steps

    def open_steps(self) -> Sequence[Enricher]:
        return [
            self._watched(step, name, lambda posts, known: len(posts))
            for name, step in zip(STEPS, self.steps, strict=True)
        ]

    def open_grouper(self) -> Grouper:
        return self._watched(super().open_grouper(), "group", lambda rows, known: len(rows))

    @cached_property
    def ledger(self) -> Ledger:
        ledger = super().ledger
        commit = self.watch.timed(
            "commit", ledger.truth.commit, lambda rows, change, dead=(): len(rows)
        )
        return replace(ledger, truth=Watched(ledger.truth, {"commit": commit}))  # type: ignore[arg-type]

    def open_index(self, kind: str = "", *, beside: bool = False) -> Index:
        index = super().open_index(kind, beside=beside)
        write = self.watch.timed("index", index.write, lambda change: len(change.signals))
        return Watched(index, {"write": write})  # type: ignore[return-value]

    def _watched(self, inner: Any, name: str, size: Callable[..., int]) -> Any:
        return Watched(inner, {"__call__": self.watch.timed(name, inner.__call__, size)})


@dataclass(frozen=True)
class Flow:
    """What came of some posts, and how long each step took."""

    posts: int
    kept: int
    seconds: float
    steps: dict[str, tuple[int, float]]


def spread(archive: Path, posts: int) -> list[bytes]:
    """So many lines of the archive, from its beginning to its end at even distances."""
    with gzip.open(archive, "rb") as file:
        lines = file.readlines()
    count = min(posts, len(lines))
    return [lines[place * len(lines) // count] for place in range(count)]


def lay_out(folder: Path, lines: Iterable[bytes], area: str = "") -> tuple[Path, int]:
    """A configuration that takes these lines in, and how many they are."""
    kept = list(lines)
    folder.mkdir(parents=True)
    (folder / "posts.jsonl").write_bytes(b"".join(kept))
    config = folder / "monitor.toml"
    config.write_text(
        f"{area}[[source]]\nname = 'archive'\nkind = 'jsonl'\nbackfill = true\n"
        f"path = {json.dumps(str(folder / 'posts.jsonl'))}\n",
        encoding="utf-8",
    )
    return config, len(kept)


def sample_day() -> tuple[list[bytes], str]:
    """The lines of the sample day, and its area."""
    area = '[area]\nname = "London"\nbox = [51.28, -0.52, 51.70, 0.34]\n'
    return sample.day().read_bytes().splitlines(keepends=True), area


def taken(app: App) -> Iterator[int]:
    """Take the source in, page by page, as `once` does; how many posts each page brought, when they
    are in the index."""
    for accepted in app.pipeline.collect(app.config.sources[0]):
        while app.pipeline.consume():
            pass
        app.catch_up()
        yield accepted.posts


def warmed(steps: Sequence[Enricher], texts: Sequence[str]) -> None:
    """Have the steps think about texts once, unwatched: kernels of their lengths are made then."""
    posts = [Post(id=f"test:{number}", text=text) for number, text in enumerate(texts)]
    known: Sequence[Enrichment] = [Enrichment()] * len(posts)
    for step in steps:
        known = step(posts, known)


def measure(lines: Sequence[bytes], area: str, name: str, bar: Progress) -> Flow:
    """Take the lines in; the models are loaded before the clock starts."""
    with tempfile.TemporaryDirectory() as place:
        config, number = lay_out(Path(place) / "home", lines, area)
        task = bar.add_task(f"{name}: the models are loading", total=number)
        app = Measured(config)
        app.steps  # noqa: B018 - loads the models
        app.following  # noqa: B018 - makes the index
        bar.update(task, description=name)
        posts = 0
        begun = time.perf_counter()
        for brought in taken(app):
            posts += brought
            bar.update(task, completed=posts)
        seconds = time.perf_counter() - begun
        kept = app.ledger.desk.sizes()["signals"]
        app.close()
        bar.update(task, completed=number)
    watch = app.watch
    steps = {step: (watch.posts[step], watch.seconds[step]) for step in watch.seconds}
    steps["rest"] = (posts, seconds - sum(watch.seconds.values()))
    return Flow(posts=posts, kept=kept, seconds=seconds, steps=steps)


def table(name: str, took: Flow) -> Table:
    """A line for each step, and one for the whole way."""
    title = f"{name}: {took.posts:,} posts, {took.kept:,} kept"
    made = Table("step", "posts", "seconds", "posts a second", title=title)
    for step, (posts, seconds) in {**took.steps, "end to end": (took.posts, took.seconds)}.items():
        made.add_row(step, f"{posts:,}", f"{seconds:.1f}", f"{posts / max(seconds, 1e-9):,.0f}")
    return made
