"""What an evaluation is asked, and what stands on the lines of a user's own file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from monitor.errors import ConfigError

Told = Callable[[str, int, int], None]
"""Called with what is done, how many steps of it are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is measured on. Raises ConfigError where that, or scikit-learn, is not there.

    `on` is a file of JSON lines of one's own, instead of the labelled sets of the folder `data`;
    `cache` is the folder where sentence vectors of the sets are kept; `quick` takes a sample.
    """

    on: Path | None = None
    data: Path = Path("../shared/data")
    cache: Path = Path(".cache/vectors")
    quick: bool = False

    def __post_init__(self) -> None:
        if importlib.util.find_spec("sklearn") is None:
            raise ConfigError(
                "scikit-learn: is not installed; install the extra `train`: "
                "pip install 'signal-monitor[train]'"
            )
        if self.on is None and not self.data.is_dir():
            raise ConfigError(
                f"{self.data}: there are no labelled sets; name their folder with --data, "
                "or a file of your own with --on"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A text of one's own; `event` or `city` is what it is held together with."""

    text: str
    id: str = ""
    lang: str = ""
    event: str = ""
    city: str = ""

    @property
    def group(self) -> str:
        """What is drawn together when intervals are made: all of an event, or of a city."""
        return self.event or self.city


@dataclass(frozen=True, slots=True, kw_only=True)
class RelevanceLine(Line):
    """A text and whether it is a safety signal."""

    relevant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsLine(Line):
    """A text and every topic that it is about."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place name, in code points of the text; degrees where its position is known."""

    start: int
    end: int
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesLine(Line):
    """A text and every place name in it."""

    places: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLine(Line):
    """A text and the event that it tells of, in `event`; `time` is when it was published."""

    time: datetime | None = None


L = TypeVar("L", bound=Line)


def read(path: Path, shape: type[L], quick: bool) -> list[L]:
    """The lines of a file, each with an id; raises ConfigError for one that is not of the shape."""
    found: list[L] = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    one = msgspec.json.decode(line, type=shape)
                    found.append(one if one.id else _named(one, number))
    except OSError as fault:
        raise ConfigError(f"{path}: cannot be read ({fault.strerror}); name a file") from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: line {number}: {fault}; mend that line") from fault
    if not found:
        raise ConfigError(f"{path}: holds no lines; give it labelled texts")
    return found[:: max(1, len(found) // 1000)] if quick else found


def _named(line: L, number: int) -> L:
    return replace(line, id=f"line {number}")
