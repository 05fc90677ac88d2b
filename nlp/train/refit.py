"""Refit the heads to what analysts of one deployment decided: confirmed and dismissed events,
promoted posts, topics that were corrected.

A head is pulled back to the weights that it started from, which stand for all that those were
fitted to. Each is compared with the one in use on posts of events that it saw nothing of, and takes
its place only where it is better there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.model import Decided, Event, Signal, text_of
from nlp import linear, topic
from nlp.linear import Head, Heads
from nlp.train import evaluate, fit
from nlp.train.fit import Floats, Linear, Truth

PULL: Final = 4.0
"""How strongly weights are held where they were: the weight of as many posts."""
MOST: Final = 10.0
"""An event is worth at most so many posts."""
LEAST: Final = 5
"""Events of either kind that a head needs at least."""

Judged = tuple[Event, Sequence[Signal], Sequence[Decided]]
"""An event that people decided upon, its signals, and the decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What people said of one post: whether it is relevant, and its topics, where they said so."""

    signal: Signal
    event: str
    relevant: bool | None
    topics: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A head before and after on held-back events: mean log loss, average precision and F1."""

    head: str
    events: int
    posts: int
    positive: int
    loss: tuple[float, float]
    precision: tuple[float, float]
    f1: tuple[float, float]
    better: bool


def refit(judged: Iterable[Judged], start: str, used: str, out: Path) -> tuple[Compared, ...]:
    """Compare heads refitted from those in the folder `start` with those in `used` (the shipped
    ones where it is empty), and write them to `out` where any is better, the others as they are;
    one line for each head that can be compared. Raises ModelError."""
    fit.ready()
    first, now = (linear.load(Path(name) if name else linear.FOLDER) for name in (start, used))
    belongs = f"@{now.meaning.encoder[:8]} "
    lessons = [
        one
        for each in judged
        for one in lessons_of(*each)
        if belongs in one.signal.enrichment.models.get("encode", "")
    ]
    if not lessons or first.meaning.encoder != now.meaning.encoder:
        return ()
    vectors = np.stack([np.frombuffer(one.signal.enrichment.vector, "<f4") for one in lessons])
    texts = [text_of(one.signal.post) for one in lessons]
    meaning = now.meaning
    matrix = fit.matrix_of(vectors, texts, meaning.topics, meaning.buckets, meaning.cue)
    weights, bias = now.weights.copy(), now.bias.copy()
    compared = []
    for row in range(len(weights)):
        head = meaning.topics[row - 1] if row else None
        truth = _truth(lessons, head)
        fitted, line = _compare(head, meaning.threshold, lessons, truth, matrix, row, first, now)
        if fitted is None or line is None:
            continue
        compared.append(line)
        if line.better:
            weights[row], bias[row] = fitted.weights, fitted.bias
    if any(line.better for line in compared):
        linear.save(out, replace(meaning, weights=""), weights, bias)
    return tuple(compared)


def lessons_of(
    event: Event, signals: Sequence[Signal], decided: Sequence[Decided]
) -> Iterable[Lesson]:
    """What the standing decisions on an event say of its posts."""
    stands = [done for done in decided if done.outcome == "applied" and not done.undone]
    promoted = {done.decision.target for done in stands if done.decision.verdict == "promote"}
    topics = frozenset(
        name
        for done in stands
        if done.decision.verdict == "topic"
        for name in (done.decision.value[0], topic.broader(done.decision.value[0]))
    )
    known = {"confirmed": True, "dismissed": False}.get(event.verdict)
    for signal in signals:
        relevant = True if known is None and signal.post.id in promoted else known
        if relevant is not None or topics:
            yield Lesson(signal=signal, event=event.id, relevant=relevant, topics=topics)


def _truth(lessons: Sequence[Lesson], head: Head | None) -> Truth:
    """Whether each post is relevant, or about a topic; -1 where nobody said so."""

    def said(one: Lesson) -> int:
        if head is None:
            return -1 if one.relevant is None else int(one.relevant)
        if one.relevant is False:
            return 0
        return int(head.name in one.topics) if one.topics else -1

    return np.array([said(one) for one in lessons], np.int8)


def _compare(
    head: Head | None,
    threshold: float,
    lessons: Sequence[Lesson],
    truth: Truth,
    matrix: Any,
    row: int,
    first: Heads,
    now: Heads,
) -> tuple[Linear | None, Compared | None]:
    """The head fitted to all, and how it does where it saw nothing of the event; None for both
    where too few events are known."""
    events = np.array([one.event for one in lessons])
    known = np.flatnonzero(truth >= 0)
    folds = _folds(events, truth)
    if folds is None:
        return None, None
    worth = _worth(events, truth)
    start, used = (
        Linear(weights=each.weights[row].astype(np.float64), bias=float(each.bias[row]))
        for each in (first, now)
    )
    found = np.zeros(len(truth))
    for fold in range(fit.FOLDS):
        seen, held = known[folds[known] != fold], known[folds[known] == fold]
        found[held] = pulled(matrix[seen], truth[seen], worth[seen], start)(matrix[held])
    level = head.threshold if head else threshold
    before, after = (_scores(p, truth, worth, level) for p in (used(matrix), found))
    line = Compared(
        head=head.name if head else "relevance",
        events=len(set(events[known])),
        posts=len(known),
        positive=int((truth == 1).sum()),
        loss=(before[0], after[0]),
        precision=(before[1], after[1]),
        f1=(before[2], after[2]),
        better=after[0] < before[0] and after[1] >= before[1] and after[2] >= before[2],
    )
    return pulled(matrix[known], truth[known], worth[known], start), line


def pulled(matrix: Any, truth: Truth, worth: Floats, start: Linear) -> Linear:
    """The head that fits best, its weights held to those that it started from."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    yes = truth == 1
    offset = np.asarray(matrix @ start.weights + start.bias)
    columns = np.unique(matrix.indices)
    matrix = matrix[:, columns].astype(np.float64)

    def loss(step: Floats) -> tuple[float, Floats]:
        score = offset + matrix @ step[:-1] + step[-1]
        cost = float(worth @ np.logaddexp(0, np.where(yes, -score, score)))
        slope = worth * (1 / (1 + np.exp(-score)) - yes)
        way = np.append(matrix.T @ slope, slope.sum())
        return cost + PULL / 2 * float(step @ step), way + PULL * step

    found = minimize(loss, np.zeros(len(columns) + 1), jac=True, method="L-BFGS-B").x
    weights = start.weights.copy()
    weights[columns] += found[:-1]
    return Linear(weights=weights, bias=start.bias + float(found[-1]))


def _folds(events: NDArray[np.str_], truth: Truth) -> NDArray[np.int64] | None:
    """The fold of each post: whole events together, those of either kind dealt out evenly; None
    where either are too few."""
    fold: dict[str, int] = {}
    for kind in (1, 0):
        names = sorted(set(events[truth == kind]) - fold.keys(), key=_shuffled)
        if len(names) < LEAST:
            return None
        fold |= {name: number % fit.FOLDS for number, name in enumerate(names)}
    return np.array([fold.get(str(event), 0) for event in events], np.int64)


def _shuffled(event: str) -> str:
    return hashlib.sha256(str(event).encode()).hexdigest()


def _worth(events: NDArray[np.str_], truth: Truth) -> Floats:
    """What each post that people judged counts, so that no event outweighs the others."""
    _, place = np.unique(events, return_inverse=True)
    sizes = np.bincount(place, truth >= 0)
    worth: Floats = (MOST / np.maximum(MOST, sizes))[place]
    return worth


def _scores(
    found: Floats, truth: Truth, worth: Floats, threshold: float
) -> tuple[float, float, float]:
    known = truth >= 0
    yes, said, counts = truth[known] == 1, np.clip(found[known], 1e-9, 1 - 1e-9), worth[known]
    loss = float(-(counts @ np.log(np.where(yes, said, 1 - said))) / counts.sum())
    f1 = evaluate.score("", found, truth, threshold).f1
    return loss, evaluate.average_precision(found, truth), f1
