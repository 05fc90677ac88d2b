"""What posts can be about: one TOML file a topic in `topics/`, and its cue words in a text.

Names are category codes of the Common Alerting Protocol 1.2, or one below such a code.
Source: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html (category)
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, NamedTuple

from monitor.errors import ModelError
from monitor.model import CATEGORIES, SEVERITIES, Severity

FOLDER: Final = Path(__file__).with_name("topics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One file of `topics/`.

    `severity` holds where the words say nothing of it. `beside` names topics that often come in the
    same text, so that their texts are no counter-examples. `labels` are those of training sets, as
    `<set>:<field>=<value>`. `cues` are words or phrases without accents, `*` for any ending.
    `examples` are sentences of our own, in several languages, to learn from.
    """

    name: str
    description: str
    severity: Severity
    beside: tuple[str, ...]
    labels: tuple[str, ...]
    cues: tuple[str, ...]
    examples: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.name.partition("/")[0] not in CATEGORIES or self.severity not in SEVERITIES:
            raise ModelError(
                f"topic {self.name}: its category or severity {self.severity} is not one of CAP's; "
                "correct its file in nlp/topics"
            )


def read(path: Path) -> Topic:
    """The topic that a file describes; raises ModelError where a key is missing or unknown."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path}: cannot be read as TOML ({error}); correct it") from error
    keys = {field.name for field in fields(Topic)}
    if table.keys() != keys:
        odd = ", ".join(sorted(table.keys() ^ keys))
        raise ModelError(f"{path}: missing or unknown {odd}; a topic has {', '.join(sorted(keys))}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    return Topic(**values)


def read_all(folder: Path = FOLDER) -> list[Topic]:
    """All topics, by name."""
    return sorted((read(path) for path in folder.glob("*.toml")), key=lambda topic: topic.name)


def broader(name: str) -> str:
    """The category that a finer name stands below, or the name itself."""
    return name.partition("/")[0]


class Cues:
    """Says of which of several lists of cues there is one among words. A cue is a word or several
    in a row; the last may be the beginning of one, with a star behind it."""

    def __init__(self, lists: Sequence[Iterable[str]]) -> None:
        self._size = len(lists)
        self._words: dict[str, list[_Cue]] = {}
        self._stems: dict[str, list[_Cue]] = {}
        for number, cues in enumerate(lists):
            for cue in cues:
                first, *rest = cue.removesuffix("*").split()
                known = self._stems if cue.endswith("*") and not rest else self._words
                known.setdefault(first, []).append(_Cue(number, rest, cue.endswith("*")))
        self._lengths = sorted({len(stem) for stem in self._stems})

    def __len__(self) -> int:
        return self._size

    def __call__(self, words: Sequence[str]) -> list[bool]:
        """One answer a list, for the words of a plain text."""
        found = [False] * self._size
        for at, word in enumerate(words):
            for cue in self._words.get(word, ()):
                found[cue.number] |= not cue.rest or cue.goes_on(words[at + 1 :])
            for length in self._lengths:
                if length > len(word):
                    break
                for cue in self._stems.get(word[:length], ()):
                    found[cue.number] = True
        return found


class _Cue(NamedTuple):
    """The number of its list, and the words that follow its first one."""

    number: int
    rest: list[str]
    starred: bool

    def goes_on(self, words: Sequence[str]) -> bool:
        """Whether these begin with the rest of it."""
        *whole, last = self.rest
        if len(words) < len(self.rest) or list(words[: len(whole)]) != whole:
            return False
        word = words[len(whole)]
        return word.startswith(last) if self.starred else word == last
