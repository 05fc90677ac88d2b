"""Where in a text the words of a question stand: what a page or a terminal shows in colour."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.documents import MAX_WORDS
from monitor.nodes import Phrase, Prefix, Query, Words, leaves
from monitor.words import FOLDING, MAX_WORD, POSSESSIVE, spelled, stems


@dataclass(frozen=True, slots=True)
class Span:
    """A folded word, and the code points of the text that it was read from."""

    word: str
    start: int
    end: int


def spans(text: str) -> tuple[Span, ...]:
    """The words of `monitor.words.words` in order, each with its place."""
    whole = _folded(text)
    kept: list[tuple[str, int, int]] = []
    done = 0
    for ending in POSSESSIVE.finditer("".join(char for char, _, _ in whole)):
        kept += whole[done : ending.start()]
        done = ending.end()
    kept += whole[done:]
    return tuple(
        Span(found[0][:MAX_WORD], kept[found.start()][1], kept[found.end() - 1][2])
        for found in spelled().finditer("".join(char for char, _, _ in kept))
    )


def marks(query: Query, text: str, lang: str) -> tuple[tuple[int, int], ...]:
    """The stretches of a text that the question's words, phrases and prefixes match: start and end
    in code points, in order, none touching the next. What stands under NOT is left out."""
    said = spans(text)[:MAX_WORDS]
    words = tuple(span.word for span in said)
    found: list[tuple[int, int]] = []
    for leaf, denied in leaves(query):
        if denied:
            continue
        for first, last in _matched(leaf, words, lang):
            found.append((said[first].start, said[last].end))
    return tuple(_merged(found))


def _matched(leaf: Query, words: tuple[str, ...], lang: str) -> Iterator[tuple[int, int]]:
    """The first and the last word of each match."""
    match leaf:
        case Words(_, variants):
            for at, (word, stem) in enumerate(zip(words, stems(words, lang), strict=True)):
                if word in variants or stem in variants:
                    yield at, at
        case Prefix(start):
            yield from ((at, at) for at, word in enumerate(words) if word.startswith(start))
        case Phrase(spoken):
            size = len(spoken)
            for at in range(len(words) - size + 1):
                if words[at : at + size] == spoken:
                    yield at, at + size - 1


def _merged(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _folded(text: str) -> list[tuple[str, int, int]]:
    """The folded characters of a text, each with the stretch that it was made of."""
    return [
        (char, start, end)
        for start, end, unified in _unified(text)
        for char in unified.translate(FOLDING)
    ]


def _unified(text: str) -> Iterator[tuple[int, int, str]]:
    """The text in pieces whose compatibility forms are unified one by one: the pieces' results
    side by side are the whole text's. Each with its stretch."""
    start = 0
    for at, char in enumerate(text):
        if at > start and _parts(text[start:at], char):
            yield start, at, unicodedata.normalize("NFKC", text[start:at])
            start = at
    if text:
        yield start, len(text), unicodedata.normalize("NFKC", text[start:])


def _parts(before: str, char: str) -> bool:
    """Whether a character neither joins what stands before it nor changes place with it."""
    if char.isascii():
        return True
    if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]):
        return False
    apart = unicodedata.normalize("NFKC", before) + unicodedata.normalize("NFKC", char)
    return unicodedata.normalize("NFKC", before + char) == apart
