"""All that is known of one event: what its page and its address in the API show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from monitor.app import App
from monitor.figures import Figure, figures
from monitor.model import Event, Signal, Voice, text_of
from monitor.nodes import Equals, Not
from monitor.web.contradictions import Contradiction, contradictions
from monitor.web.desk import Desk, Told
from monitor.web.folding import Fold, folded
from monitor.web.reasons import Reason, reasons_of_certainty, reasons_of_severity

MOST_POSTS: Final = 300
"""Posts of an event that are told; all of them are a search away."""
SPARKS: Final = 24
ALIKE: Final = 5
NEAREST: Final = 60
"""Signals among which like events are looked for, and how near they must be."""
LEAST_COSINE: Final = 0.5
SENTENCE: Final = 40
"""Characters of a text that may sum an event up."""
_WEIGHTS: Final[Mapping[Voice, int]] = {"official": 3, "media": 2, "citizen": 1, "unknown": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """A source of an event: what kind of voice, how many of its posts, the first and the last."""

    source: str
    voices: tuple[Voice, ...]
    posts: int
    first: Signal
    last: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """A topic in the models' eyes: the posts that reach its threshold, and the highest and the mean
    probability among all."""

    topic: str
    posts: int
    highest: float
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A key number: what it counts, the newest value, its post and source, and other values."""

    kind: str
    number: float
    whole: str
    signal: Signal
    others: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Another event, and the cosine of its post that is nearest."""

    event: Event
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """An event with all that is said of it. `sparks` counts posts in equal steps of time from the
    first to the last; `hidden` posts are left out."""

    event: Event
    folds: tuple[Fold, ...]
    hidden: int
    sparks: tuple[int, ...]
    every: timedelta
    severity: tuple[Reason, ...]
    certainty: tuple[Reason, ...]
    tellers: tuple[Teller, ...]
    contradictions: tuple[Contradiction, ...]
    counts: tuple[Count, ...]
    leanings: tuple[Leaning, ...]
    models: tuple[tuple[str, str], ...]
    history: tuple[Told, ...]

    @property
    def lead(self) -> Signal | None:
        """What sums it up best: the newest word of the weightiest voice that has a sentence."""
        told = [fold.first for fold in self.folds if len(fold.first.post.text) >= SENTENCE]
        ranked = sorted(told, key=lambda s: (_WEIGHTS[s.post.voice], s.post.published))
        return ranked[-1] if ranked else None

    @property
    def anchors(self) -> tuple[str, ...]:
        """The posts that a reader of it sees."""
        return tuple(signal.post.id for fold in self.folds for signal in (fold.first, *fold.copies))


def dossier(app: App, desk: Desk, name: str) -> Dossier | None:
    """The dossier of that event; None where there is none."""
    event = app.ledger.truth.event(name)
    if event is None:
        return None
    members = sorted(app.ledger.truth.members(name), key=lambda s: (s.post.published, s.arrived))
    shown = members if len(members) <= MOST_POSTS else _ends(members)
    sparks, every = _sparks(event, members)
    return Dossier(
        event=event,
        folds=tuple(folded(shown)),
        hidden=len(members) - len(shown),
        sparks=sparks,
        every=every,
        severity=reasons_of_severity(members),
        certainty=reasons_of_certainty(event, members),
        tellers=_tellers(members),
        contradictions=contradictions(event, shown),
        counts=_counts(shown),
        leanings=_leanings(members),
        models=_models(members),
        history=history(app, desk, name),
    )


def history(app: App, desk: Desk, name: str) -> tuple[Told, ...]:
    """What people said of an event, oldest first, with what waits and what was refused."""
    found = {
        one.seq: Told(seq=one.seq, decision=one.decision, decided=one)
        for one in app.ledger.truth.decisions(name)
    }
    found |= {told.seq: told for told in desk.about(name)}
    return tuple(found[seq] for seq in sorted(found))


def alike(app: App, name: str, limit: int = ALIKE) -> tuple[Alike, ...]:
    """Events whose posts lie nearest to the middle of this one's, best first."""
    vectors = [s.enrichment.vector for s in app.ledger.truth.members(name)]
    vectors = [vector for vector in vectors if vector]
    if not vectors:
        return ()
    middle = np.mean([np.frombuffer(vector, dtype="<f4") for vector in vectors], axis=0)
    norm = float(np.linalg.norm(middle))
    if not norm:
        return ()
    found: dict[str, float] = {}
    others = Not(Equals("event", name))
    for hit in app.index.similar((middle / norm).astype("<f4").tobytes(), others, NEAREST):
        if isinstance(hit.value, Signal) and hit.score >= LEAST_COSINE:
            found.setdefault(hit.value.event, hit.score)
    pairs = ((app.ledger.truth.event(other), cosine) for other, cosine in found.items())
    known = [Alike(event=event, cosine=cosine) for event, cosine in pairs if event and event.size]
    return tuple(known[:limit])


def _ends(members: Sequence[Signal]) -> list[Signal]:
    """The first and the newest posts."""
    half = MOST_POSTS // 2
    return [*members[:half], *members[-half:]]


def _sparks(event: Event, members: Sequence[Signal]) -> tuple[tuple[int, ...], timedelta]:
    span = event.last - event.first
    every = max(span / SPARKS, timedelta(minutes=1))
    counts = Counter(
        min(int((signal.post.published - event.first) / every), SPARKS - 1) for signal in members
    )
    return tuple(counts[step] for step in range(min(SPARKS, int(span / every) + 1))), every


def _tellers(members: Sequence[Signal]) -> tuple[Teller, ...]:
    """The sources, those with most posts first; members in order of time."""
    found: dict[str, list[Signal]] = {}
    for signal in members:
        for source in dict.fromkeys((signal.post.source, *signal.sources)):
            found.setdefault(source, []).append(signal)
    return tuple(
        Teller(
            source=source,
            voices=tuple(sorted({signal.post.voice for signal in posts})),
            posts=len(posts),
            first=posts[0],
            last=posts[-1],
        )
        for source, posts in sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    )


def _counts(members: Sequence[Signal]) -> tuple[Count, ...]:
    found: dict[str, list[tuple[Figure, Signal]]] = {}
    for signal in members:
        for figure in figures(text_of(signal.post)):
            found.setdefault(figure.kind, []).append((figure, signal))
    return tuple(
        Count(
            kind=kind,
            number=said[-1][0].number,
            whole=said[-1][0].whole,
            signal=said[-1][1],
            others=tuple(sorted({f.number for f, _ in said} - {said[-1][0].number})),
        )
        for kind, said in sorted(found.items())
    )


def _leanings(members: Sequence[Signal]) -> tuple[Leaning, ...]:
    every: dict[str, list[float]] = {}
    above: Counter[str] = Counter()
    for signal in members:
        above.update(signal.enrichment.labels)
        for topic, probability in signal.enrichment.topics.items():
            every.setdefault(topic, []).append(probability)
    topics = {*every, *above}
    said = [
        Leaning(
            topic=topic,
            posts=above[topic],
            highest=max(every.get(topic, [0.0])),
            mean=sum(every.get(topic, [])) / max(len(members), 1),
        )
        for topic in topics
    ]
    return tuple(sorted(said, key=lambda one: (-one.posts, -one.highest, one.topic)))


def _models(members: Sequence[Signal]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({pair for signal in members for pair in signal.enrichment.models.items()}))
