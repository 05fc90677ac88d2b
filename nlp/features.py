"""What the models read of a text: without addresses and handles, and as hashed words.

Training and running use these same functions, so that heads mean what they meant when fitted.
"""

from __future__ import annotations

import html
import itertools
import re
import unicodedata
import zlib
from collections.abc import Sequence
from typing import Final

_NOISE: Final = re.compile(r"https?://\S+|\bwww\.\S+|\bRT\s+(?=@)|@(?:\w|…)+:?", re.IGNORECASE)
_LONGEST: Final = 20_000
_LEAD: Final = 1_200
_WORD: Final = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """The text without addresses, handles and repost marks, character references resolved."""
    return " ".join(_NOISE.sub(" ", html.unescape(text[:_LONGEST])).split())


def lead(text: str) -> str:
    """The beginning of a plain text, about as far as the encoder reads: a long article says what it
    is about there, and mentions everything later."""
    return plain(text)[:_LEAD]


def fold(text: str) -> str:
    """Lower case without accents, for comparing words across spellings."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words of a plain text, in order; numbers of any length become `0`."""
    return ["0" if word.isdigit() else word for word in _WORD.findall(fold(text))]


def hashed(found: Sequence[str], size: int) -> dict[int, float]:
    """Bucket to weight for those words and their pairs; the weights have norm 1."""
    pairs = (f"{a} {b}" for a, b in itertools.pairwise(found))
    buckets = {zlib.crc32(term.encode()) % size for term in (*found, *pairs)}
    weight = len(buckets) ** -0.5 if buckets else 0.0
    return dict.fromkeys(sorted(buckets), weight)
