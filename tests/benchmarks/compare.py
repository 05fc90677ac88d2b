"""Two files of figures beside each other, and what got worse.

`python -m tests.benchmarks.compare OLD NEW`; `make bench-compare` takes build/bench-before.json,
which holds what each part of build/bench.json said the time before, or `A=old.json B=new.json`.

A figure's name says which way is better: what is spent (times, megabytes, how many times dearer)
down, what is reached (rates, shares, how many times as many) up. A part that ran on another
processor, or over another number of posts or signals, is not compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "bench.json"
BEFORE = KEPT.with_name("bench-before.json")
WORSE = 1.1
"""From how many times worse on a figure is marked."""
MACHINE = ("processor", "cores")
DOWN = ("_s", "_ms", "_mb", "seconds", "kb", "dearer", "ratio")
UP = ("_a_second", "recall", "precision", "times")
SIZES = ("signals", "posts", "subscriptions")

Kept = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One number of both files; `down` says that less is better."""

    name: str
    old: float
    new: float
    down: bool

    @property
    def ratio(self) -> float | None:
        """New by old; None where the old one is nothing."""
        return self.new / self.old if self.old else None

    @property
    def worse(self) -> bool:
        """Whether it got worse by more than a tenth."""
        old, new = (self.old, self.new) if self.down else (self.new, self.old)
        return new > old * WORSE


@dataclass(frozen=True)
class Compared:
    """A part of the figures: what is in both files, or why they cannot be compared."""

    part: str
    figures: tuple[Figure, ...] = ()
    refused: str = ""


def compared(old: Kept, new: Kept) -> list[Compared]:
    """Each part of either file, in the order of the new one."""
    return [_part(part, old.get(part), new.get(part)) for part in dict.fromkeys([*new, *old])]


def _part(part: str, old: Kept | None, new: Kept | None) -> Compared:
    if old is None or new is None:
        return Compared(part, refused=f"stands only in the {'new' if old is None else 'old'} file")
    for fact in MACHINE:
        if old.get(fact) != new.get(fact):
            said = f"{fact} {old.get(fact)} then, {new.get(fact)} now; measure both on one machine"
            return Compared(part, refused=said)
    then, now = ({" ".join(k): v for k, v in numbers(one["figures"])} for one in (old, new))
    for name in then.keys() & now.keys():
        if name.rpartition(" ")[2] in SIZES and then[name] != now[name]:
            said = f"{name} {then[name]:,} then, {now[name]:,} now; measure both with as many"
            return Compared(part, refused=said)
    found = (
        Figure(name, then[name], value, down)
        for name, value in now.items()
        if name in then and (down := _down(name)) is not None
    )
    return Compared(part, figures=tuple(found))


def numbers(figures: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    """All numbers with the keys that lead to them."""
    if isinstance(figures, Mapping):
        inner = figures.items()
    elif isinstance(figures, list):
        inner = enumerate(figures, 1)
    else:
        if isinstance(figures, int | float):
            yield keys, figures
        return
    for key, value in inner:
        yield from numbers(value, (*keys, str(key)))


def _down(name: str) -> bool | None:
    """Whether less is better; None for what is no figure of quality or speed."""
    key = name.rpartition(" ")[2]
    if key.endswith(UP):
        return False
    return True if key.endswith(DOWN) else None


def table(found: Compared, console: Console) -> None:
    """Print a part."""
    if found.refused:
        console.print(f"{found.part}: not compared: {found.refused}")
        return
    shown = Table("figure", "old", "new", "new / old", "", title=found.part)
    for figure in found.figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        mark = "worse" if figure.worse else ""
        shown.add_row(figure.name, f"{figure.old:,.2f}", f"{figure.new:,.2f}", ratio, mark)
    console.print(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path, nargs="?", default=BEFORE)
    parser.add_argument("new", type=Path, nargs="?", default=KEPT)
    asked = parser.parse_args()
    console = Console()
    for path in (asked.old, asked.new):
        if not path.exists():
            sys.exit(
                f"{path}: is not there; `make bench` writes it, the earlier one at the second run"
            )
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (asked.old, asked.new))
    every = compared(old, new)
    for found in every:
        table(found, console)
    worse = [f"{found.part}: {one.name}" for found in every for one in found.figures if one.worse]
    console.print(f"worse by more than a tenth: {', '.join(worse) or 'nothing'}")
    if all(found.refused for found in every):
        sys.exit(2)


if __name__ == "__main__":
    main()
