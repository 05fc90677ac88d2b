"""What an evaluation found, as faces show it: tables, plots, the worst errors, named figures."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.measure import Binary, Floats, Judged, Measure, Ranking, binary, calibration
from monitor.ports import Table

WORST: Final = 20
SHOWN: Final = 5
"""Of each kind of error, on a terminal."""
_LONG: Final = 200
SCORE_HEAD: Final = ("", "texts", "positive", "precision", "recall", "F1", "AP", "ECE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a plot, in the unit square."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Lines in the unit square; with `diagonal` where x and y should be equal."""

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    diagonal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Measures in [0, 1] side by side, with their intervals."""

    title: str
    bars: tuple[tuple[str, Measure], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One of the worst errors. A `private` text is of a labelled set: it is shown to the person at
    the terminal who has the set, and goes into no file."""

    id: str
    what: str
    text: str
    private: bool
    kind: str = ""

    @property
    def public(self) -> Mistake:
        """As it may be written down."""
        return dataclasses.replace(self, text="") if self.private else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an evaluation found. `about` are sentences: on what, split how, what was tuned on it."""

    name: str
    about: tuple[str, ...]
    tables: tuple[Table, ...]
    plots: tuple[Plot | Bars, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    figures: Mapping[str, Measure] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """All of it in plain types, as JSON has them."""
        written = dataclasses.replace(self, mistakes=tuple(one.public for one in self.mistakes))
        found: dict[str, Any] = _plain(dataclasses.asdict(written))
        return found

    def worst(self) -> Table:
        """The worst errors of each kind, for the terminal alone."""
        kinds = dict.fromkeys(one.kind for one in self.mistakes)
        shown = [[one for one in self.mistakes if one.kind == kind][:SHOWN] for kind in kinds]
        return Table(
            title="The worst errors",
            head=("", "what", "text"),
            rows=tuple(
                (one.id, one.what, one.text if len(one.text) <= _LONG else f"{one.text[:_LONG]}…")
                for each in shown
                for one in each
            ),
        )

    def page(self) -> str:
        """A page of HTML that needs nothing else."""
        from evaluation.page import page

        return page(self)


def score_row(name: str, score: Binary) -> tuple[str, ...]:
    """A line under SCORE_HEAD."""
    measures = (score.precision, score.recall, score.f1, score.ap, score.ece)
    return (name, f"{score.size:,}", f"{score.positive:,}", *map(str, measures))


def score_table(title: str, parts: Iterable[tuple[str, Judged]], note: str = "") -> Table:
    """Scores of several lists of texts; empty ones are left out."""
    rows = tuple(score_row(name, binary(judged)) for name, judged in parts if len(judged.yes))
    return Table(title=title, head=SCORE_HEAD, rows=rows, note=note)


def named(prefix: str, score: Binary) -> dict[str, Measure]:
    """The figures of a score by name."""
    names = ("precision", "recall", "f1", "ap", "ece")
    return {f"{prefix}.{name}": getattr(score, name) for name in names}


def curves(parts: Sequence[tuple[str, Judged]]) -> tuple[Plot, Plot]:
    """Precision over recall, and truth over probability."""
    return (
        Plot(
            title="Precision and recall",
            x="recall",
            y="precision",
            lines=tuple(
                Line(name=name, points=tuple(Ranking(judged.found, judged.yes).curve()))
                for name, judged in parts
            ),
        ),
        Plot(
            title="Calibration",
            x="probability",
            y="share that is true",
            diagonal=True,
            lines=tuple(
                Line(
                    name=name,
                    points=tuple((x, y) for x, y, _ in calibration(judged.found, judged.yes)),
                )
                for name, judged in parts
            ),
        ),
    )


def bars(title: str, parts: Iterable[tuple[str, Judged]]) -> Bars:
    """F1 of several lists of texts."""
    return Bars(title=title, bars=tuple((name, binary(judged).f1) for name, judged in parts))


def worst(
    found: Floats, truth: NDArray[np.int8], of: Sequence[tuple[str, str, bool]]
) -> tuple[Mistake, ...]:
    """Where a probability was furthest from what is known to be true; of each text its id, itself,
    and whether it is private."""
    wrong = np.where(truth >= 0, np.abs(found - (truth == 1)), 0.0)
    return tuple(
        Mistake(
            id=of[i][0],
            what=f"probability {found[i]:.2f}, labelled {'yes' if truth[i] else 'no'}",
            text=of[i][1],
            private=of[i][2],
        )
        for i in np.argsort(-wrong, kind="stable")[:WORST]
        if wrong[i] > 0.5
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
