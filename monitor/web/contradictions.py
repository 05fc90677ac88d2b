"""Where the posts of an event do not agree: denials, numbers, severities, topics and places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from monitor.figures import figures
from monitor.geo import distance_m
from monitor.model import SEVERITIES, Event, Place, Severity, Signal, text_of

APART_M: Final = 3_000.0
"""Places further apart than this, beyond their radii, are two places."""
MOST: Final = 8
"""Sayings of one contradiction that are told."""

_DENIED: Final = re.compile(
    r"\b(?:false alarm|hoax|fake news|not true|untrue|debunked|unfounded|correction|retract\w*"
    r"|no (?:explosion|attack|bomb|shoot\w+|evidence|threat)|did(?:n't| not) happen|stood down"
    r"|no fire(?! ?(?:brigade|crew|engine|service|truck)|fighter)|falsa alarma|desment\w+"
    r"|fausse alerte|dément\w*|fehlalarm|falschmeldung|dementi\w*|falso allarme|alarme falso"
    r"|smentit\w+)\b",
    re.IGNORECASE,
)

Of = Literal["denied", "number", "severity", "topic", "place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What some posts say: `value` in a word, the posts and their sources, oldest first."""

    value: str
    posts: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """What they do not agree on; `what` names the number that they tell apart."""

    of: Of
    sayings: tuple[Saying, ...]
    what: str = ""


def contradictions(event: Event, signals: Sequence[Signal]) -> tuple[Contradiction, ...]:
    """All of them, the weightiest first; signals in order of time."""
    found = (
        _denials(signals),
        *_numbers(signals),
        _severities(signals),
        _topics(event, signals),
        _places(event, signals),
    )
    return tuple(one for one in found if one is not None)


def denies(signal: Signal) -> str:
    """The words by which a post denies or corrects what was said, or nothing."""
    found = _DENIED.search(text_of(signal.post)[:4_000])
    return found[0] if found else ""


def _denials(signals: Sequence[Signal]) -> Contradiction | None:
    said = [(denies(signal).casefold(), signal) for signal in signals]
    sayings = _grouped((value, signal) for value, signal in said if value)
    return Contradiction(of="denied", sayings=sayings) if sayings else None


def _numbers(signals: Sequence[Signal]) -> Iterator[Contradiction]:
    """Numbers of one kind of which sources gave different ones at last."""
    last: dict[str, dict[str, tuple[float, Signal]]] = {}
    for signal in signals:
        for figure in figures(text_of(signal.post)):
            last.setdefault(figure.kind, {})[_teller(signal)] = (figure.number, signal)
    for kind, told in sorted(last.items()):
        if len({number for number, _ in told.values()}) > 1:
            ranked = sorted(told.values(), key=lambda one: -one[0])
            sayings = _grouped((f"{number:g}", signal) for number, signal in ranked)
            yield Contradiction(of="number", what=kind, sayings=sayings)


def _severities(signals: Sequence[Signal]) -> Contradiction | None:
    """Severities that lie two grades apart or more."""
    said = [(severity_of(s), s) for s in signals if severity_of(s) != "Unknown"]
    ranks = [SEVERITIES.index(severity) for severity, _ in said]
    if not ranks or max(ranks) - min(ranks) < 2:
        return None
    said.sort(key=lambda one: -SEVERITIES.index(one[0]))
    return Contradiction(of="severity", sayings=_grouped(said))


def severity_of(signal: Signal) -> Severity:
    """What a post states, else what the models make of it."""
    stated = signal.post.stated
    if stated and stated.severity != "Unknown":
        return stated.severity
    return signal.enrichment.severity


def _topics(event: Event, signals: Sequence[Signal]) -> Contradiction | None:
    """Posts none of whose topics is one of the event's."""
    broad = {topic.partition("/")[0] for topic in event.topics}
    said = [
        (", ".join(labels), signal)
        for signal in signals
        if (labels := sorted(_finest(signal.enrichment.labels)))
        and not broad & {label.partition("/")[0] for label in labels}
    ]
    return Contradiction(of="topic", sayings=_grouped(said)) if broad and said else None


def _finest(labels: Sequence[str]) -> set[str]:
    return {one for one in labels if not any(other.startswith(f"{one}/") for other in labels)}


def _places(event: Event, signals: Sequence[Signal]) -> Contradiction | None:
    """Posts all of whose places lie elsewhere."""
    if event.place is None:
        return None
    home = event.place
    said = []
    for signal in signals:
        happened = [place for place in signal.enrichment.places if place.role == "happened"]
        if happened and all(_apart(home, place) for place in happened):
            said.append(
                (happened[0].name or f"{happened[0].lat:.3f}, {happened[0].lon:.3f}", signal)
            )
    return Contradiction(of="place", sayings=_grouped(said)) if said else None


def _apart(one: Place, other: Place) -> bool:
    gap = distance_m(one.lat, one.lon, other.lat, other.lon)
    return gap > one.radius_m + other.radius_m + APART_M


def _teller(signal: Signal) -> str:
    """Who tells: one source, or one person."""
    return signal.post.author or signal.post.source


def _grouped(said: Iterable[tuple[str, Signal]]) -> tuple[Saying, ...]:
    found: dict[str, list[Signal]] = {}
    for value, signal in said:
        found.setdefault(value, []).append(signal)
    return tuple(
        Saying(
            value=value,
            posts=tuple(signal.post.id for signal in signals),
            sources=tuple(dict.fromkeys(signal.post.source for signal in signals)),
        )
        for value, signals in list(found.items())[:MOST]
    )
