"""What a question sees of a signal or an event: one value for both, so that the same words ask
both, and so that every index stores the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from monitor.fields import Kind, micros
from monitor.model import CERTAINTIES, SEVERITIES, Event, Place, Signal, text_of
from monitor.words import stems, words

MAX_WORDS: Final = 5_000
"""Words read of one text; the rest of a longer one cannot be asked for."""
MAX_LANGS: Final = 5
"""Languages by which an event's words are stemmed, the most frequent ones."""

_SHORT: Final = 300
"""Characters of a text whose words are kept for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a question sees.

    `texts` are the words of each text, `terms` all of them with and without their endings.
    `keywords` holds the values of keyword fields as they are written, `numbers` those of numeric
    ones; what a kind of document lacks is absent. `point` is latitude and longitude. `names` are
    the words of each place's name, `refs` what the places are.
    """

    kind: Kind
    id: str
    event: str
    seq: int
    texts: tuple[tuple[str, ...], ...]
    terms: frozenset[str]
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    point: tuple[float, float] | None = None
    places: tuple[str, ...] = ()
    names: tuple[tuple[str, ...], ...] = ()
    refs: frozenset[str] = frozenset()


def signal_document(signal: Signal) -> Document:
    """What a question sees of a signal."""
    post, known = signal.post, signal.enrichment
    happened = [place for place in known.places if place.role == "happened"]
    point = post.point or next(iter(happened), None)
    text, terms = _read(text_of(post), (known.lang,))
    return Document(
        kind="signals",
        id=post.id,
        event=signal.event,
        seq=signal.seq,
        texts=(text,),
        terms=terms,
        keywords={
            "topic": _with_broader(known.labels),
            "source": _distinct((post.source, *signal.sources)),
            "lang": _distinct((known.lang,)),
            "voice": (post.voice,),
            "severity": (known.severity,),
        },
        numbers={
            "time": micros(post.published),
            "severity": SEVERITIES.index(known.severity),
            "relevance": known.relevance,
        },
        point=_position(point.lat, point.lon) if point else None,
        places=_distinct(tuple([place.name for place in known.places])),
        names=_names(known.places),
        refs=_refs(known.places),
    )


def event_document(event: Event) -> Document:
    """What a question sees of an event."""
    place = event.place
    places = (place,) if place else ()
    langs = sorted(event.langs, key=lambda lang: (-event.langs[lang], lang))
    frequent = tuple(langs[:MAX_LANGS])
    read = [_read(text, frequent) for text in event.texts]
    return Document(
        kind="events",
        id=event.id,
        event=event.id,
        seq=event.seq,
        texts=tuple(text for text, _ in read),
        terms=frozenset[str]().union(*(terms for _, terms in read)),
        keywords={
            "topic": _with_broader(tuple(event.topics)),
            "source": _distinct(tuple(event.sources)),
            "lang": _distinct(tuple(langs)),
            "phase": (event.phase,),
            "verdict": (event.verdict,),
            "severity": (event.severity,),
            "certainty": (event.certainty,),
        },
        numbers={
            "time": micros(event.last),
            "last": micros(event.last),
            "first": micros(event.first),
            "severity": SEVERITIES.index(event.severity),
            "certainty": CERTAINTIES.index(event.certainty),
            "size": event.size,
        },
        point=_position(place.lat, place.lon) if place else None,
        places=_distinct(tuple([one.name for one in places])),
        names=_names(places),
        refs=_refs(places),
    )


def document(value: Signal | Event) -> Document:
    """What a question sees of either."""
    return signal_document(value) if isinstance(value, Signal) else event_document(value)


def _read(text: str, langs: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The words of a text, and the same with and without their endings. Those of what is short are
    kept for a while: an event is told anew with each of its posts, mostly of the same texts."""
    return words_kept(text, langs) if len(text) <= _SHORT else words_kept.__wrapped__(text, langs)


@lru_cache(maxsize=4_000)
def words_kept(text: str, langs: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The same, remembered."""
    found = words(text)[:MAX_WORDS]
    return found, frozenset(found).union(*(stems(found, lang) for lang in langs))


@lru_cache(maxsize=2_000)
def _with_broader(topics: tuple[str, ...]) -> tuple[str, ...]:
    """Topics and those above them: `Security/violence` implies `Security`."""
    every = (topic.split("/")[:depth] for topic in topics for depth in range(1, 5))
    return tuple(sorted({"/".join(parts) for parts in every} - {""}))


@lru_cache(maxsize=5_000)
def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))


def _position(lat: float, lon: float) -> tuple[float, float] | None:
    """None for what is nowhere on earth."""
    return (lat, lon) if abs(lat) <= 90.0 and abs(lon) <= 180.0 else None


def _names(places: Iterable[Place]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted({name for place in places if (name := _name(place.name))}))


@lru_cache(maxsize=2_000)
def _name(written: str) -> tuple[str, ...]:
    return words(written)[:MAX_WORDS]


def _refs(places: Iterable[Place]) -> frozenset[str]:
    return frozenset(place.ref.casefold() for place in places if place.ref)
