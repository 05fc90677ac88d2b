"""The words and terms of a text: one function each for documents and questions, so that what
matches in one index matches in every other.

A word is folded: compatibility forms unified, case and Latin, Greek, Arabic and Hebrew marks gone.
Scripts that are written without spaces give one word a character, so that any part of a sentence
can be asked for as a phrase. A term is a word without its ending.
Source: https://snowballstem.org/algorithms/
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, Final

MAX_WORD: Final = 64
"""Longer words are cut: nobody types them, and hostile texts are full of them."""

STEMMERS: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""Snowball's algorithm for each ISO 639-1 code; every other language keeps its words whole."""

_KEPT: Final = {
    "й": "й",
    "ı": "i",  # noqa: RUF001
    "ø": "o",
    "đ": "d",
    "ł": "l",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
}
_LOOSE: Final = (
    (0x0300, 0x036F),
    (0x0483, 0x0487),
    (0x0591, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x200B, 0x200F),
    (0x2060, 0x2064),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
)
"""Marks that fold away and characters that are not seen; Indic and Thai vowels stay."""

_SPACELESS: Final = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_PLAIN: Final = re.compile(r"[a-z0-9]+")
POSSESSIVE: Final = re.compile(r"(?<=\w)['’ʼ]s(?!\w)")  # noqa: RUF001
"""What a folded word loses."""


class _Folding(dict[int, str]):
    """What each code point becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold(chr(code))
        return folded


FOLDING: Final = _Folding()
"""For `str.translate`, of a text whose compatibility forms are unified."""
_LOCK: Final = threading.Lock()
"""A stemmer is for one thread at a time."""


def words(text: str) -> tuple[str, ...]:
    """The folded words of a text in order, whole; `#Fire` gives `fire`, `Café's` gives `cafe`."""
    if text.isascii():
        folded = text.lower()
        pattern = _PLAIN
    else:
        folded = unicodedata.normalize("NFKC", text).translate(FOLDING)
        pattern = spelled()
    if "'s" in folded or (pattern is not _PLAIN and "s" in folded):
        folded = POSSESSIVE.sub("", folded)
    return tuple([word[:MAX_WORD] for word in pattern.findall(folded)])


def terms(text: str, lang: str) -> tuple[str, ...]:
    """The words of a text without their endings, by the rules of an ISO 639-1 language; whole
    where the language is not one of `STEMMERS`."""
    return stems(words(text), lang)


def stems(folded: Iterable[str], lang: str) -> tuple[str, ...]:
    """Folded words without their endings."""
    algorithm = _algorithm(lang)
    if algorithm is None:
        return tuple(folded)
    several = list(folded)
    with _LOCK:
        found = _stemmer(algorithm).stemWords(several)
    return tuple([stem or word for stem, word in zip(found, several, strict=True)])


@lru_cache(maxsize=1_000)
def _algorithm(lang: str) -> str | None:
    return STEMMERS.get(lang[:2].lower()) if lang[2:3] in ("", "-", "_") else None


@cache
def _stemmer(algorithm: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(algorithm, 0)


@cache
def spelled() -> re.Pattern[str]:
    """Matches a folded word: a spaceless character with its marks, or a run of other letters."""
    marks = "".join(chr(code) for code in range(0x0900, 0x1D00) if _is_mark(code))
    spaced = rf"(?:(?![{_SPACELESS}])[^\W_])"
    return re.compile(
        rf"(?![{marks}])[{_SPACELESS}][{marks}]{{0,4}}|{spaced}(?:{spaced}|[{marks}])*"
    )


def _is_mark(code: int) -> bool:
    return unicodedata.category(chr(code)).startswith("M")


def _fold(char: str) -> str:
    """One character without case and loose marks."""
    lower = char.casefold()
    if lower in _KEPT:
        return _KEPT[lower]
    parts = unicodedata.normalize("NFKD", lower).casefold()
    kept = "".join(_KEPT.get(part, part) for part in parts if not _is_loose(ord(part)))
    return unicodedata.normalize("NFKC", kept)


def _is_loose(code: int) -> bool:
    return any(first <= code <= last for first, last in _LOOSE)
