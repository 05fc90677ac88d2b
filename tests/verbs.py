"""A verb as a test calls it, and what it leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What a verb left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Verb = Callable[..., Ran]


def found(verb: Verb, config: Path, query: str = "") -> set[str]:
    answer = verb("search", "-c", config, query, "--json", "-n", 10_000, "--sort", "time").json
    return {signal["id"] for signal in answer["signals"]}
