"""The page's words, all in one file a language: `texts/<language>.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGE = "en"


class Texts:
    """Words by key, as in `texts("list.shown", n=3)`.

    A key with `one` and `other` below it counts: `n` chooses between them, and is shown with its
    thousands parted.
    """

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words

    def __call__(self, key: str, **values: object) -> str:
        """The words of that key with its values filled in. Raises KeyError for an unknown one."""
        found: Any = self._words
        for part in key.split("."):
            found = found[part]
        number = values.get("n")
        if isinstance(found, Mapping):
            found = found["one" if number == 1 else "other"]
        if isinstance(number, int):
            values["n"] = f"{number:,}"
        return str(found).format(**values)

    def named(self, table: str, name: str) -> str:
        """What a value of ours is called; itself where nothing is said of it."""
        return str(self._words[table].get(name, name))

    def table(self, name: str) -> Mapping[str, Any]:
        """All words of a table, for the page's scripts."""
        return dict(self._words[name])


@cache
def read_texts(language: str = LANGUAGE) -> Texts:
    """The words of a language."""
    path = files("monitor.web") / "texts" / f"{language}.toml"
    return Texts(tomllib.loads(path.read_text(encoding="utf-8")))
