"""Refit the heads to what analysts of one deployment decided: confirmed and dismissed events,
promoted posts, topics that were corrected.

People choose what they judge. So their verdicts teach a head how to tell posts apart, and neither
how many of them are relevant nor how sure to be: over what the deployment keeps, the mean log-odds
stay those of the shipped head. A head is pulled back to the shipped weights, which stand for all
that those were fitted to. It is compared with the one in use on events that neither was fitted to,
and takes its place only where its log loss is surely less there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ModelError
from monitor.model import Decided, Event, Signal, text_of
from nlp import linear, topic
from nlp.linear import Head, Heads, Meaning
from nlp.train import fit
from nlp.train.fit import Floats, Linear, Truth

PULL: Final = 4.0
"""How strongly weights are held where they were: the weight of as many posts."""
MOST: Final = 10.0
"""An event is worth at most so many posts."""
LEAST: Final = 5
"""Events of either kind that a head needs at least, among those that the one in use never saw."""
SURE: Final = 0.95
"""How sure it has to be that a head is better."""
FITTED: Final = "fitted.json"
"""Beside refitted heads: by head, the numbers under which the posts arrived that it was fitted to.
Of one that is not there the shipped one is in use."""

_DRAWS: Final = 2_000
_SEED: Final = 20261130
_NONE: Final = 1e-18
"""Where all that is drawn is the same one."""
_FREE: Final = 0.01
"""A little pull on what is free, so that verdicts which one line tells apart have a best fit."""

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
    """A head before and after on `events` that neither was fitted to: mean log loss, average
    precision and F1, the kinds weighed to the share of positives that the shipped head sees in what
    the deployment keeps."""

    head: str
    events: int
    posts: int
    positive: int
    loss: tuple[float, float]
    precision: tuple[float, float]
    f1: tuple[float, float]
    better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is known for one head, a row each post that people judged: its features, whether it is
    positive, its event, the number under which it arrived, and whether the head in use saw nothing
    of that event. `middle` are the mean features of what the deployment keeps, `share` the part of
    it that is positive."""

    head: str
    threshold: float
    matrix: Any
    truth: Truth
    events: NDArray[np.str_]
    arrived: NDArray[np.int64]
    fresh: NDArray[np.bool_]
    middle: Floats
    share: float
    start: Linear
    used: Linear


def refit(
    judged: Iterable[Judged], kept: Iterable[Signal], used: str, out: Path
) -> tuple[Compared, ...]:
    """Compare heads refitted from the shipped ones with those in the folder `used` (the shipped
    ones where it is empty), and write them to `out` where any is better, the others as they are;
    one line for each head that can be compared. `kept` is a sample of all that the deployment
    keeps. Raises ModelError."""
    fit.ready()
    first = linear.load(linear.FOLDER)
    now = linear.load(Path(used)) if used else first
    if replace(now.meaning, weights="") != replace(first.meaning, weights=""):
        raise _unlike(used)
    belongs = f"@{first.meaning.encoder[:8]} "
    lessons = [one for each in judged for one in lessons_of(*each) if _belongs(one.signal, belongs)]
    usual = [one for one in kept if _belongs(one, belongs)]
    if not lessons or not usual:
        return ()
    fitted_to = _fitted_to(used)
    weights, bias = now.weights.copy(), now.bias.copy()
    compared = []
    for row, case in enumerate(_cases(lessons, usual, first, now, fitted_to)):
        if (folds := _folds(case)) is None:
            continue
        line = _compare(case, folds)
        compared.append(line)
        if line.better:
            fitted = pulled(case, np.ones(len(case.truth), np.bool_))
            weights[row], bias[row] = fitted.weights, fitted.bias
            fitted_to[case.head] = sorted(case.arrived.tolist())
    if any(line.better for line in compared):
        linear.save(out, replace(now.meaning, weights=""), weights, bias)
        (out / FITTED).write_text(json.dumps(fitted_to) + "\n", encoding="utf-8")
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


def _belongs(signal: Signal, encoder: str) -> bool:
    """Whether the heads can read its vector."""
    said = signal.enrichment
    return bool(said.vector) and encoder in said.models.get("encode", "")


def _fitted_to(used: str) -> dict[str, list[int]]:
    """What the heads in use were fitted to. Raises ModelError where that is not known."""
    if not used:
        return {}
    try:
        found: dict[str, list[int]] = json.loads((Path(used) / FITTED).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unlike(used) from error
    return found


def _unlike(used: str) -> ModelError:
    return ModelError(
        f"{used}: was refitted by another version of the monitor; take it back with "
        "`monitor train --undo` first"
    )


def _cases(
    lessons: Sequence[Lesson],
    usual: Sequence[Signal],
    first: Heads,
    now: Heads,
    fitted_to: Mapping[str, Sequence[int]],
) -> Iterator[_Case]:
    """One for each head in their order."""
    meaning = first.meaning
    matrix, among = (
        _matrix(signals, meaning) for signals in ([one.signal for one in lessons], usual)
    )
    middle = np.asarray(among.mean(axis=0), np.float64).ravel()
    events = np.array([one.event for one in lessons])
    arrived = np.array([one.signal.arrived for one in lessons])
    for row, head in enumerate((None, *meaning.topics)):
        truth = _truth(lessons, head)
        known = np.flatnonzero(truth >= 0)
        start, used = (
            Linear(weights=each.weights[row].astype(np.float64), bias=float(each.bias[row]))
            for each in (first, now)
        )
        name = head.name if head else "relevance"
        seen = events[np.isin(arrived, fitted_to.get(name, ()))]
        yield _Case(
            head=name,
            threshold=head.threshold if head else meaning.threshold,
            matrix=matrix[known],
            truth=truth[known],
            events=events[known],
            arrived=arrived[known],
            fresh=~np.isin(events[known], seen),
            middle=middle,
            share=float(start(among).mean()),
            start=start,
            used=used,
        )


def _matrix(signals: Sequence[Signal], meaning: Meaning) -> Any:
    vectors = np.stack([np.frombuffer(one.enrichment.vector, "<f4") for one in signals])
    texts = [text_of(one.post) for one in signals]
    return fit.matrix_of(vectors, texts, meaning.topics, meaning.buckets, meaning.cue)


def _compare(case: _Case, folds: NDArray[np.int64]) -> Compared:
    """How the head in use and the refitted one do where neither saw anything of the event."""
    found = np.zeros(len(folds))
    for fold in range(fit.FOLDS):
        held = folds == fold
        found[held] = pulled(case, ~held)(case.matrix[held])
    fresh = case.fresh
    yes = case.truth[fresh] == 1
    names, first, place = np.unique(case.events[fresh], return_index=True, return_inverse=True)
    alike = (1 - case.share, case.share) / np.bincount(yes[first], minlength=2)
    counts = (alike[yes.astype(int)] / np.bincount(place)[place]).astype(np.float64)
    pair = (case.used(case.matrix)[fresh], found[fresh])
    losses = [_losses(each, yes) for each in pair]
    change = np.bincount(place, losses[1] - losses[0]) / np.bincount(place)
    scores = [_scores(each, yes, counts, case.threshold) for each in pair]
    return Compared(
        head=case.head,
        events=len(names),
        posts=len(yes),
        positive=int(yes.sum()),
        loss=(float(counts @ losses[0]), float(counts @ losses[1])),
        precision=(scores[0][0], scores[1][0]),
        f1=(scores[0][1], scores[1][1]),
        better=surely_less(change, yes[first], case.share),
    )


def surely_less(change: Floats, positive: NDArray[np.bool_], share: float) -> bool:
    """Whether the mean change of an event's loss is surely below zero: the upper end of its
    one-sided interval, by a bootstrap over events of either kind, in units of its error, for they
    may be few. It has to be so for the share of positives that is expected and for half and half;
    then it is for every share between, since nobody knows the true one."""
    chance = np.random.default_rng(_SEED)
    kinds = [change[~positive], change[positive]]
    drawn = [each[chance.integers(0, len(each), (_DRAWS, len(each)))] for each in kinds]
    means, errors = (np.array(each) for each in zip(*map(_mean_of, kinds), strict=True))
    again, spread = (np.array(each) for each in zip(*map(_mean_of, drawn), strict=True))

    def upper(part: float) -> float:
        of = np.array([1 - part, part])
        off = of @ (again - means[:, None]) / np.sqrt(of**2 @ spread + _NONE)
        return float(of @ means - np.quantile(off, 1 - SURE) * np.sqrt(of**2 @ errors))

    return upper(share) < 0 and upper(0.5) < 0


def _mean_of(drawn: Floats) -> tuple[Any, Any]:
    """The mean of each row, and its squared error."""
    return drawn.mean(axis=-1), drawn.var(axis=-1) / (drawn.shape[-1] - 1)


def pulled(case: _Case, rows: NDArray[np.bool_]) -> Linear:
    """The head that tells these posts apart best, its weights held to those that it started from.

    Besides the weights a shift and a scale of what the start says are fitted, and thrown away:
    they take up how the judged posts were chosen. The mean log-odds of `middle` stay the start's.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]
    from scipy.special import expit  # type: ignore[import-untyped]

    matrix, yes = case.matrix[rows], case.truth[rows] == 1
    worth = _worth(case.events[rows])
    offset = np.asarray(matrix @ case.start.weights)
    columns = np.unique(matrix.indices)
    matrix, middle = matrix[:, columns].astype(np.float64), case.middle[columns]
    free = np.column_stack([np.ones(len(yes)), offset - offset.mean()])
    pull = np.array([_FREE, _FREE, *np.full(len(columns), PULL)])

    def loss(step: Floats) -> tuple[float, Floats]:
        score = offset + case.start.bias + free @ step[:2] + matrix @ step[2:] - middle @ step[2:]
        cost = float(worth @ np.logaddexp(0, np.where(yes, -score, score)))
        slope = worth * (expit(score) - yes)
        way = np.concatenate([free.T @ slope, matrix.T @ slope - middle * slope.sum()])
        return cost + float(pull @ step**2) / 2, way + pull * step

    step = minimize(loss, np.zeros(len(pull)), jac=True, method="L-BFGS-B").x[2:]
    weights = case.start.weights.copy()
    weights[columns] += step
    return Linear(weights=weights, bias=case.start.bias - float(middle @ step))


def _folds(case: _Case) -> NDArray[np.int64] | None:
    """The fold of each post: whole events together, those of either kind dealt out evenly; None
    where too few of either are new to the head in use."""
    fold: dict[str, int] = {}
    for kind in (1, 0):
        of = case.truth == kind
        if len(set(case.events[of & case.fresh])) < LEAST:
            return None
        names = sorted(set(case.events[of]), key=_shuffled)
        fold |= {name: number % fit.FOLDS for number, name in enumerate(names)}
    return np.array([fold[event] for event in case.events], np.int64)


def _shuffled(event: str) -> str:
    return hashlib.sha256(str(event).encode()).hexdigest()


def _worth(events: NDArray[np.str_]) -> Floats:
    """What each post that people judged counts, so that no event outweighs the others."""
    _, place = np.unique(events, return_inverse=True)
    worth: Floats = (MOST / np.maximum(MOST, np.bincount(place)))[place]
    return worth


def _losses(found: Floats, yes: NDArray[np.bool_]) -> Floats:
    said = np.clip(found, 1e-9, 1 - 1e-9)
    losses: Floats = -np.log(np.where(yes, said, 1 - said))
    return losses


def _scores(
    found: Floats, yes: NDArray[np.bool_], counts: Floats, threshold: float
) -> tuple[float, float]:
    """Average precision and F1."""
    from sklearn.metrics import average_precision_score, f1_score

    precision = average_precision_score(yes, found, sample_weight=counts)
    f1 = f1_score(yes, found >= threshold, sample_weight=counts, zero_division=0)
    return float(precision), float(f1)
