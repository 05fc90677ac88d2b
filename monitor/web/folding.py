"""Copies of a post folded under the first: the same words, or nearly so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from monitor.model import Signal, text_of
from monitor.words import words

ALIKE: Final = 0.8
"""Texts that share so much of their words are copies."""
FEWEST: Final = 4
"""With fewer words, only equal texts are copies."""
LATELY: Final = 40
"""Posts with words of their own that the next one is compared with."""
_CHARS: Final = 4_000


@dataclass(slots=True)
class Fold:
    """A post and its copies, in order of time."""

    first: Signal
    copies: list[Signal] = field(default_factory=list)


def folded(signals: Iterable[Signal]) -> list[Fold]:
    """Posts in order of time, each with the copies that came after it."""
    folds: list[Fold] = []
    by_id: dict[str, Fold] = {}
    by_words: dict[frozenset[str], Fold] = {}
    lately: deque[tuple[frozenset[str], Fold]] = deque(maxlen=LATELY)
    for signal in sorted(signals, key=lambda s: (s.post.published, s.arrived)):
        said = _said(signal)
        known = by_id.get(signal.post.repost_of) or by_words.get(said)
        known = known or next((fold for other, fold in lately if _alike(said, other)), None)
        if known is None:
            known = Fold(signal)
            folds.append(known)
            lately.append((said, known))
        else:
            known.copies.append(signal)
        by_id[signal.post.id] = known
        by_words.setdefault(said, known)
    return folds


def _said(signal: Signal) -> frozenset[str]:
    text = text_of(signal.post)[:_CHARS]
    return frozenset(words(" ".join(w for w in text.split() if "://" not in w))) or frozenset(
        (text,)
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    few, many = sorted((len(one), len(other)))
    if few < FEWEST or few < ALIKE * many:
        return False
    return len(one & other) >= ALIKE * len(one | other)
