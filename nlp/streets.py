"""Finds streets, addresses and buildings by the words that their names are made with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from nlp.placewords import CONNECTORS, ENDINGS, LEADING, PREPOSITIONS, PUBLIC, SMALL, STREETS
from nlp.tokens import Word

Street = tuple[int, int, str, tuple[int, int]]
"""Start, end, kind, and from which word to which the name is without its street word."""

_NUMBER_BEFORE: Final = re.compile(r"(?<![\w.,:$£€])\d{1,5}[a-z]? $")
_NUMBER_BEHIND: Final = re.compile(r",? (\d{1,4}[a-z]?)\b(?![.,:%]\d)")


def street(
    text: str, words: Sequence[Word], i: int, lang: str, common: frozenset[str]
) -> Street | None:
    """The street or building whose name begins at word `i`, or None."""
    if lang in LEADING and words[i].key in LEADING[lang]:
        return _leading(text, words, i)
    if not words[i].capital:
        return None
    if lang in ("de", "nl") and (kind := _ending(words[i])):
        return _numbered(text, words[i].start, words[i].end, kind, (i, i))
    return _trailing(text, words, i, common)


def _leading(text: str, words: Sequence[Word], i: int) -> Street | None:
    """Rue de Rivoli, Calle Mayor 5, Via Roma."""
    last = i
    for j in range(i + 1, min(i + 6, len(words))):
        if text[words[j - 1].end : words[j].start] not in (" ", "'", "\u2019"):
            break
        if words[j].capital:
            last = j
        elif last > i or words[j].key not in CONNECTORS:
            break
    if last == i:
        return None
    kind = "poi" if words[i].key in PUBLIC else "street"
    return _numbered(text, words[i].start, words[last].end, kind, (last, last))


def _ending(word: Word) -> str:
    """Hauptstraße, Alexanderplatz; the part before must be a word of its own."""
    for ending, kind in ENDINGS.items():
        if word.key.endswith(ending) and len(word.key) >= len(ending) + 3 and len(word.key) > 6:
            return kind
    return ""


def _trailing(text: str, words: Sequence[Word], i: int, common: frozenset[str]) -> Street | None:
    """Oxford Street, 10 Downing Street, Brixton station; one word of the name is no common one."""
    if words[i].key in PREPOSITIONS["en"] or (not words[i].plain and words[i].key in common):
        return None
    for j in range(i + 1, min(i + 4, len(words))):
        word = words[j]
        if text[words[j - 1].end : word.start] not in (" ", ". ", "'s ", "\u2019s "):
            return None
        kind = STREETS.get(word.key)
        if kind and (word.capital or word.key in SMALL):
            if all(w.key in common for w in words[i:j]) or not _closed(text, words, j):
                return None
            if kind == "street" and (
                number := _NUMBER_BEFORE.search(text, max(0, words[i].start - 8), words[i].start)
            ):
                return number.start(), word.end, "address", (i, j)
            return words[i].start, word.end, kind, (i, j)
        if not word.capital or word.key in PREPOSITIONS["en"]:
            return None
    return None


def _closed(text: str, words: Sequence[Word], j: int) -> bool:
    """Whether a short street word is not the Saint of the next name, as in "Oxford St Paul"."""
    if words[j].key != "st" or j + 1 == len(words):
        return True
    return not (words[j + 1].capital and text[words[j].end : words[j + 1].start] == " ")


def _numbered(text: str, start: int, end: int, kind: str, named: tuple[int, int]) -> Street:
    number = _NUMBER_BEHIND.match(text, end) if kind == "street" else None
    return (start, number.end(), "address", named) if number else (start, end, kind, named)
