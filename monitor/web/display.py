"""Texts of strangers and moments as a page shows them: clipped, tamed, escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup, escape

from monitor.model import UNDATED

LONGEST: Final = 2_000
"""Code points of a text that a page shows; the rest is behind the link to the original."""
MOST_MARKS: Final = 3
"""Marks upon one letter; more would be drawn over the lines around it."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""Scripts and emoji need these two; all other characters of `_UNSEEN` are not shown."""


def tame(text: str, longest: int = LONGEST) -> str:
    """A text that stays within its lines: without what is not seen, with few marks upon a letter,
    cut at `longest` code points with an ellipsis."""
    kept: list[str] = []
    marks = 0
    for char in text[: 4 * longest]:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= MOST_MARKS and _seen(char):
            kept.append(char)
        if len(kept) > longest:
            break
    cut = len(kept) > longest or len(text) > 4 * longest
    return "".join(kept[:longest]).strip() + ("…" if cut else "")


def marked(text: str, stretches: Iterable[tuple[int, int]]) -> Markup:
    """A text, escaped, with its stretches in `<mark>`."""
    parts: list[Markup] = []
    done = 0
    for start, end in stretches:
        parts += [escape(text[done:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        done = end
    return Markup("").join([*parts, escape(text[done:])])


def moment(at: datetime) -> Markup:
    """A moment as `<time>` that scripts turn to the reader's zone; empty where there is none."""
    if at == UNDATED:
        return Markup("")
    exact = at.isoformat().replace("+00:00", "Z")
    return Markup('<time datetime="{}" data-moment>{}</time>').format(exact, moment_text(at))


def moment_text(at: datetime) -> str:
    """A moment in words, UTC."""
    return "" if at == UNDATED else f"{at:%Y-%m-%d %H:%M} UTC"


def iso(at: datetime) -> str:
    """A moment for a program."""
    return "" if at == UNDATED else at.isoformat().replace("+00:00", "Z")


def kilometres(metres: float) -> str:
    """A distance in few digits."""
    km = metres / 1000
    return f"{km:,.0f} km" if km >= 10 else f"{km:.1f} km"


def lasting(span: timedelta) -> str:
    """A time span in its largest unit."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"


def _seen(char: str) -> bool:
    return char in "\n\t" or char in _JOINERS or unicodedata.category(char) not in _UNSEEN
