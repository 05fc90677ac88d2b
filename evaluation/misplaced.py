"""What goes wrong with place names: how far `confidence` may be trusted, and the worst errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from evaluation.asked import Span
from evaluation.measure import Binary, Judged, binary
from evaluation.report import WORST, Mistake
from evaluation.spans import (
    WITHIN_KM,
    Text,
    away_km,
    groups_of,
    located,
    meets,
    named,
    nearest,
    overlap,
)
from monitor.model import Place
from monitor.ports import Table

HEAD: Final = ("", "places", "right", "share right", "AP", "ECE")
NOTE: Final = (
    f"A place is right within {WITHIN_KM[0]} km of the labelled position, and wrong where no name "
    "is labelled, which a set that does not label every name makes more of; names that are "
    "labelled without a position are left out. AP is that of ranking by confidence: the share "
    "right is what an order by chance would have."
)
_AROUND: Final = 60
"""Characters that are shown on both sides of a name."""


def confidences(texts: Sequence[Text], spurious: bool = True) -> Judged | None:
    """The confidence of each place found, and whether it is right; with `spurious` also of those
    at names that are not labelled. None where no text has a position."""
    found, right, groups = [], [], []
    kept = [text for text in texts if located(text)]
    for text, group in zip(kept, groups_of(kept), strict=True):
        for place in named(text):
            verdict = _right(place, text, spurious)
            if verdict is not None:
                found.append(place.confidence)
                right.append(verdict)
                groups.append(group)
    if not found:
        return None
    yes = np.array(right, bool)
    said = np.ones(len(found), bool)
    return Judged(found=np.array(found), said=said, yes=yes, groups=np.array(groups))


def _right(place: Place, text: Text, spurious: bool) -> bool | None:
    """None where that cannot be told."""
    met = [span for span in text.line.places if meets(place, span)]
    if not met:
        return False if spurious else None
    known = [span for span in located(text) if meets(place, span)]
    if not known:
        return None
    return away_km(max(known, key=lambda span: overlap(place, span)), place) <= WITHIN_KM[0]


def confidence_table(many: Mapping[str, Sequence[Text]]) -> Table:
    """By set, of all places found and of those at labelled names."""
    rows = (
        _row(f"{name}: {which}", binary(judged))
        for name, texts in many.items()
        for which, spurious in (("all found", True), ("at labelled names", False))
        if (judged := confidences(texts, spurious)) is not None
    )
    return Table(title="Is a place's confidence to be trusted", head=HEAD, rows=tuple(rows),
                 note=NOTE)  # fmt: skip


def _row(name: str, score: Binary) -> tuple[str, ...]:
    measures = (score.precision, score.ap, score.ece)
    return name, f"{score.size:,}", f"{score.positive:,}", *map(str, measures)


def worst(texts: Sequence[Text], pooled: Sequence[Text], private: bool) -> tuple[Mistake, ...]:
    """Mentions that were put furthest away; of the texts that are counted once, names that are
    missed most often, and the surest of those that are none."""
    return (*_furthest(texts, private), *_missed(pooled, private), *_false(pooled, private))


def _furthest(texts: Sequence[Text], private: bool) -> list[Mistake]:
    placed = [
        (away, text, span) for text in texts for span in located(text)
        if (away := nearest(text, span)) is not None and away > WITHIN_KM[0]
    ]  # fmt: skip
    return [
        _mistake(text, span, "position", f"{away:,.0f} km away", private)
        for away, text, span in sorted(placed, key=lambda each: -each[0])[:WORST]
    ]


def _missed(texts: Sequence[Text], private: bool) -> list[Mistake]:
    """Each name once, where it is missed first."""
    first: dict[str, tuple[Text, Span]] = {}
    labelled, missed = Counter[str](), Counter[str]()
    for text in texts:
        said = named(text)
        for span in text.line.places:
            name = text.line.text[span.start : span.end].casefold()
            labelled[name] += 1
            if not any(meets(place, span) for place in said):
                missed[name] += 1
                first.setdefault(name, (text, span))
    return [
        _mistake(*first[name], "missed", f"missed: {times:,} of {labelled[name]:,}", private)
        for name, times in missed.most_common(WORST)
    ]


def _false(texts: Sequence[Text], private: bool) -> list[Mistake]:
    """Each name once, where it is surest."""
    surest: dict[str, tuple[Text, Place]] = {}
    for text in texts:
        for place in named(text):
            name = text.line.text[place.start : place.end].casefold()
            before = surest.get(name)
            if not any(meets(place, span) for span in text.line.places) and (
                before is None or place.confidence > before[1].confidence
            ):
                surest[name] = text, place
    every = sorted(surest.values(), key=lambda each: -each[1].confidence)[:WORST]
    return [
        _mistake(
            text, place, "false", f"no name is labelled there; confidence {place.confidence:.2f}",
            private,
        )
        for text, place in every
    ]  # fmt: skip


def _mistake(text: Text, at: Span | Place, kind: str, what: str, private: bool) -> Mistake:
    whole = text.line.text
    before, after = whole[max(0, at.start - _AROUND) : at.start], whole[at.end : at.end + _AROUND]
    return Mistake(
        id=f"{text.line.id} {at.start}-{at.end}",
        what=what,
        text=f"{before}»{whole[at.start : at.end]}«{after}",
        private=private,
        kind=kind,
    )
