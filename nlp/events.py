"""An event in its signals' words: a fold over the signals in order of arrival.

The same signals in the same order give the same event to the last bit, whether they were told one
by one or all at once: whatever is added up is added up in order of arrival.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.geo import distance_m
from monitor.model import (
    SEVERITIES,
    UNDATED,
    Certainty,
    Event,
    Phase,
    Place,
    Post,
    Severity,
    Signal,
    text_of,
)
from monitor.words import words
from nlp.overrides import Overrides

TEXTS: Final = 50
TEXT_CHARS: Final = 600
EXCLAMATION_CHARS: Final = 12
SHARE: Final = 5
"""One of so many signals must have a topic, so that an odd label is not the event's."""
TITLE_CHARS: Final = 120
FINE_M: Final = 10_000.0
"""A place at most that unsure is one part of a city; anything wider contains others."""
EXEMPLARS: Final = (4, 12)
"""How many of an event's first and of its newest signals a post is compared with."""

_BUSY: Final = timedelta(hours=1)
_QUIET: Final = timedelta(hours=6)
_CLOSED: Final = timedelta(hours=48)
_GROWING: Final = 3
_COPY_WORDS: Final = 5
_SHOWN: Final = 8
_WEIGHTS: Final = {"official": 3.0, "media": 2.0, "citizen": 1.0, "unknown": 1.0}
_ADDRESS: Final = re.compile(r"https?://\S+|\bwww\.\S+|@…|(?<!\w)@\w+|^RT\b:?")
_LEADING: Final = re.compile(r"^[^\w#]+")
_TAGS: Final = re.compile(r"(?:\s*#\w+)+\s*$")
_SENTENCE: Final = re.compile(r"(?<=[.!?…。！？])\s|\n")  # noqa: RUF001
_DENIED: Final = re.compile(
    r"no evidence (?:of|that|for)|\bbeen no (?:explosion|shooting|attack|bomb|stabbing|incident)\b"
    r"|\bfalse (?:alarm|rumou?r|report|claim|information)|\bhoax\b"
    r"|\bnot true\b|\buntrue\b|\bno truth\b|\bunfounded\b|\bdebunked\b|\bdid not happen\b"
    r"|entwarnung|fehlalarm|falschmeldung|stimmt nicht|keine hinweise auf"
    r"|falsa alarma|\bbulo\b|\bes falso\b|no es cierto|desmiente|desmentimos"
    r"|fausse (?:alerte|alarme|information|rumeur)|\binfox\b|n.est pas vrai|\bdément"
    r"|falso allarme|\bbufala\b|non è vero|smentisc|notizia falsa"
    r"|alarme falso|\bboato\b|não é verdade|desmente|notícia falsa"
    r"|(?:vals|loos) alarm|nepnieuws|fałszywy alarm|asılsız|لا صحة|غير صحيح",  # noqa: RUF001
    re.IGNORECASE,
)
"""How an official source says that a thing did not happen."""

Vector = NDArray[np.float32]


def copy_key(post: Post) -> bytes:
    """The same for texts of the same words, whatever their addresses and handles; empty where they
    are too few to tell a copy by."""
    found = words(_ADDRESS.sub(" ", text_of(post)[:4000]))
    if len(found) < _COPY_WORDS:
        return b""
    return blake2b(" ".join(found).encode(), digest_size=8).digest()


def vector_of(signal_vector: bytes) -> Vector:
    """The vector as numbers, without copying."""
    return np.frombuffer(signal_vector, dtype="<f4")


def places_of(post: Post, places: Iterable[Place]) -> tuple[Place, ...]:
    """The places where it happened; a position that the post carries is the first of them."""
    found = tuple(place for place in places if place.role == "happened")
    if post.point is None or any(not place.name for place in found):
        return found
    kind = "address" if post.point.radius_m <= FINE_M else "admin1"
    carried = Place(
        name="", start=0, end=0, role="happened", kind=kind, lat=post.point.lat,
        lon=post.point.lon, radius_m=post.point.radius_m, confidence=1.0,
    )  # fmt: skip
    return (carried, *found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What of an event a post is compared with: its span, the mean length of its texts, the topics
    of a quarter of its signals, its place and, one after the other, `count` vectors of signals."""

    first: datetime
    last: datetime
    chars: float
    topics: frozenset[str]
    place: Place | None
    count: int
    vectors: bytes

    def likest(self, vector: Vector) -> float:
        """The cosine to the nearest of its signals. There must be one."""
        every = vector_of(self.vectors).reshape(self.count, -1)
        return max(float(np.dot(vector, one)) for one in every)


class Tally:
    """What an event's signals say together. `add` takes them in order of arrival, no other way."""

    def __init__(self, signals: Iterable[Signal] = ()) -> None:
        self.size = self.arrived = self.chars = 0
        self.live, self._voted = False, True
        self.newest = self.first = self.last = UNDATED
        self.keys: dict[bytes, None] = {}
        self.topics: Counter[str] = Counter()
        self.langs: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.sum: NDArray[np.float64] | None = None
        self.exemplars: list[Vector] = []
        self.lately: deque[Vector] = deque(maxlen=EXEMPLARS[1])
        self._title: tuple[int, datetime, int, str] | None = None
        self._opening = ""
        self._texts: deque[str] = deque(maxlen=TEXTS - 1)
        self._published: list[datetime] = []
        self._severity: dict[Severity, list[int]] = {}
        self._stated: tuple[datetime, int, Severity] | None = None
        self._official: tuple[datetime, int, Certainty] | None = None
        self._denied = self._affirmed = 0
        self._media: set[str] = set()
        self._citizens: set[str] = set()
        self._places: dict[tuple[str, float, float], tuple[float, Place]] = {}
        self._place: Place | None = None
        for signal in signals:
            self.add(signal)

    def add(self, signal: Signal) -> bytes:
        """One more signal, newer than all before; the key of its text."""
        post, enrichment = signal.post, signal.enrichment
        self.first = min(self.first, post.published) if self.size else post.published
        self.last = max(self.last, post.published)
        self.newest = max(self.newest, post.collected)
        self.size += 1
        self.live = self.live or signal.origin == "live"
        self.chars += len(text_of(post))
        self.arrived = signal.arrived
        insort(self._published, post.published)
        self.topics.update(enrichment.labels)
        self.langs[enrichment.lang or post.lang or "und"] += 1
        self.sources.update(signal.sources)
        self._add_vector(enrichment.vector)
        key = copy_key(post) or text_of(post)[:TEXT_CHARS].casefold().encode()
        copied = key in self.keys or bool(post.repost_of)
        self._add_text(post, key)
        self._add_title(signal)
        self._add_severity(signal)
        self._add_voice(signal, copied)
        self._add_places(signal)
        return key

    def brought(self, source: str) -> None:
        """A signal that is here already came from one more source."""
        self.sources[source] += 1

    def phase(self, now: datetime) -> Phase:
        """What the times of publication say at that moment. Between growing and silent an event is
        new while it is small, and quiet after."""
        if now - self.last >= _CLOSED or not self.size:
            return "closed"
        if self.size - bisect_right(self._published, now - _BUSY) >= _GROWING:
            return "growing"
        return "new" if self.size < _GROWING and now - self.last < _QUIET else "quiet"

    def due(self, phase: Phase) -> datetime | None:
        """The first moment at which time alone may end that phase; None for the last one."""
        if phase == "closed":
            return None
        if phase == "growing":
            return self.first
        return self.last + (_QUIET if phase == "new" else _CLOSED)

    @property
    def place(self) -> Place | None:
        """Where most of it says that it happened; a part of the city beats the city around it."""
        if not self._voted:
            self._place, self._voted = _elected(self._places), True
        return self._place

    def centroid(self) -> Vector | None:
        """The mean direction of the signals' vectors, or None where there are none."""
        if self.sum is None:
            return None
        norm = float(np.dot(self.sum, self.sum)) ** 0.5
        return (self.sum / norm).astype(np.float32) if norm else None

    def sketch(self) -> Sketch:
        """What a post is compared with; there must be a signal."""
        told = (*self.exemplars, *self.lately)
        return Sketch(
            first=self.first,
            last=self.last,
            chars=self.chars / self.size,
            topics=frozenset(topic for topic, n in self.topics.items() if n * 4 >= self.size),
            place=self.place,
            count=len(told),
            vectors=b"".join(one.tobytes() for one in told),
        )

    def event(self, name: str, seq: int, phase: Phase, people: Overrides, into: str) -> Event:
        """The event's value; bare where no signal is left."""
        if not self.size:
            return Event(id=name, seq=seq, verdict=people.verdict, merged_into=into)
        topics = {topic: self.size for topic in people.topics}
        common = {t: n for t, n in self.topics.items() if n * SHARE >= self.size}
        topics |= {t: n for t, n in _ranked(common).items() if t not in topics}
        return Event(
            id=name,
            seq=seq,
            title=self._title[3] if self._title else "",
            texts=(self._opening, *self._texts) if self._opening else tuple(self._texts),
            first=self.first,
            last=self.last,
            size=self.size,
            sources=_ranked(self.sources),
            topics=topics,
            langs=_ranked(self.langs),
            severity=self._how_severe(),
            certainty=self._how_certain(),
            place=people.place or self.place,
            phase=phase,
            verdict=people.verdict,
            merged_into=into,
            hold=people.hold,
            live=self.live,
        )

    def _add_vector(self, vector: bytes) -> None:
        if not vector:
            return
        numbers = vector_of(vector)
        if self.sum is None:
            self.sum = numbers.astype(np.float64)
        else:
            self.sum += numbers
        if len(self.exemplars) < EXEMPLARS[0]:
            self.exemplars.append(numbers)
        else:
            self.lately.append(numbers)

    def _add_text(self, post: Post, key: bytes) -> None:
        """Keep a text that was not said before."""
        if key in self.keys:
            return
        self.keys[key] = None
        text = text_of(post)[:TEXT_CHARS]
        if not self._opening:
            self._opening = text
        elif text:
            self._texts.append(text)

    def _add_places(self, signal: Signal) -> None:
        for place in places_of(signal.post, signal.enrichment.places):
            key = (place.ref, place.lat, place.lon)
            weight, best = self._places.get(key, (0.0, place))
            weight += max(place.confidence, 0.05) * _WEIGHTS[signal.post.voice]
            self._places[key] = (weight, place if place.confidence > best.confidence else best)
            self._voted = False

    def _add_title(self, signal: Signal) -> None:
        post = signal.post
        told = post.voice in ("official", "media")
        rank = (0 if told else 1) if post.title else 2
        best = self._title
        if best is None or (rank, post.published, signal.arrived) < best[:3]:
            title = _headline(post.title or post.text)
            if title or best is None:
                self._title = (rank if title else 3, post.published, signal.arrived, title)

    def _add_severity(self, signal: Signal) -> None:
        post = signal.post
        stated = post.stated.severity if post.stated else "Unknown"
        severity = stated if stated != "Unknown" else signal.enrichment.severity
        counts = self._severity.setdefault(severity, [0, 0])
        counts[0] += 1
        counts[1] += post.voice in ("official", "media")
        if post.voice == "official" and stated != "Unknown":
            said = (post.published, signal.arrived, stated)
            self._stated = max(self._stated or said, said)

    def _add_voice(self, signal: Signal, copied: bool) -> None:
        post = signal.post
        if post.voice == "official":
            stated = post.stated.certainty if post.stated else "Unknown"
            certainty: Certainty = "Unlikely" if _DENIED.search(text_of(post)) else stated
            self._denied += certainty == "Unlikely"
            self._affirmed += certainty != "Unlikely"
            said = (post.published, signal.arrived, certainty)
            self._official = max(self._official or said, said)
        elif post.voice == "media":
            self._media.add(post.source)
        elif not copied:
            self._citizens.add(post.author or post.source)

    def _how_severe(self) -> Severity:
        """What the newest official statement says, else the highest that more than an outlier
        supports: two signals, a third of them, or one that is official or of the media."""
        if self._stated:
            return self._stated[2]
        total = told = 0
        for severity in reversed(SEVERITIES):
            counts = self._severity.get(severity, (0, 0))
            total, told = total + counts[0], told + counts[1]
            if told or total >= 2 or total * 3 >= self.size:
                return severity
        return "Unknown"

    def _how_certain(self) -> Certainty:
        """The newest official word, else by how many tell it independently. A denial stands unless
        more official posts say that it did happen."""
        if self._official:
            said = self._official[2]
            if said == "Unlikely" and self._denied < self._affirmed:
                return "Observed"
            return "Observed" if said == "Unknown" else said
        several = len(self._media) + len(self._citizens) >= _GROWING
        return "Likely" if several or (self._media and self._citizens) else "Possible"


def _elected(votes: Mapping[tuple[str, float, float], tuple[float, Place]]) -> Place | None:
    """The place with most votes. Wider places lend half of theirs to those that they contain, and
    win only where no part of them has a tenth of all votes."""
    ranked = sorted(votes.values(), key=lambda vote: (-vote[0], vote[1].ref, vote[1].lat))
    fine = [vote for vote in ranked if vote[1].radius_m <= FINE_M][:_SHOWN]
    wide = [vote for vote in ranked if vote[1].radius_m > FINE_M][:_SHOWN]
    total = sum(weight for weight, _ in ranked)
    best: tuple[float, Place] | None = None
    for weight, place in fine:
        lent = sum(w for w, around in wide if _contains(around, place))
        if weight + lent >= total / 10 and (best is None or weight + lent / 2 > best[0]):
            best = (weight + lent / 2, place)
    if best is None and wide:
        best = min(wide, key=lambda vote: (-vote[0], vote[1].radius_m))
    return replace(best[1], start=0, end=0) if best else None


def _contains(around: Place, place: Place) -> bool:
    return distance_m(around.lat, around.lon, place.lat, place.lon) <= around.radius_m


def _headline(text: str) -> str:
    """The first sentence without addresses, handles and closing hashtags, cut between words; more
    than one where the first is only an exclamation."""
    lines = (_TAGS.sub("", _ADDRESS.sub(" ", line)) for line in text[:2000].split("\n"))
    line = next((line for line in (_LEADING.sub("", raw) for raw in lines) if line), "")
    line = " ".join(line.replace("#", "").split())
    sentence = _SENTENCE.split(line, maxsplit=1)[0]
    if len(sentence) < EXCLAMATION_CHARS:
        sentence = line
    if len(sentence) <= TITLE_CHARS:
        return sentence
    return sentence[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
