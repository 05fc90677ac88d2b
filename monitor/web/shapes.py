"""What the API answers, in the words of its documentation. `monitor.objects` makes the values; a
test holds that they are of these shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from monitor.ledger import Counted
from monitor.model import (
    Certainty,
    Outcome,
    Phase,
    Place,
    Point,
    Said,
    Severity,
    Stated,
    Verdict,
    Voice,
)


@dataclass(frozen=True, kw_only=True)
class UrgencyShape:
    """Points of an event's urgency, 100 at most, and metres to home where that is known."""

    total: float
    severity: float
    certainty: float
    growth: float
    nearness: float
    away_m: float | None


@dataclass(frozen=True, kw_only=True)
class EventShape:
    """An event. `topics`, `langs` and `sources` count its posts. `score` orders finds; `like`: only
    its likeness found it."""

    id: str
    seq: int
    title: str
    texts: list[str]
    first: datetime | None
    last: datetime | None
    size: int
    sources: dict[str, int]
    topics: dict[str, int]
    langs: dict[str, int]
    severity: Severity
    certainty: Certainty
    place: Place | None
    phase: Phase
    verdict: Verdict
    merged_into: str
    hold: bool
    like: bool = False
    urgency: UrgencyShape | None = None


@dataclass(frozen=True, kw_only=True)
class EnrichmentShape:
    """What the models say of a post: every topic's probability, and the labels above threshold."""

    lang: str
    relevance: float
    relevant: bool
    topics: dict[str, float]
    labels: list[str]
    severity: Severity
    places: list[Place]
    models: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class PostShape:
    """A post. `url` is empty where a person wrote it; `dated` is false where the source gave no
    date and `published` is when it was collected."""

    id: str
    title: str
    text: str
    url: str
    source: str
    voice: Voice
    published: datetime | None
    collected: datetime | None
    edited: datetime | None
    dated: bool
    lang: str
    point: Point | None
    repost_of: str
    reply_to: str
    media: list[str]
    stated: Stated | None
    enrichment: EnrichmentShape


@dataclass(frozen=True, kw_only=True)
class SignalShape(PostShape):
    """A post that was kept, the event that it is part of, and every source that brought it."""

    event: str
    sources: list[str]
    seq: int
    hold: bool
    like: bool = False


@dataclass(frozen=True, kw_only=True)
class DroppedShape(PostShape):
    """A post that was not kept, and why."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class EventsShape:
    """A page of events. `question` is what was asked, as `monitor events` understands it; `next`
    is the `after` of the following page."""

    total: int
    question: str
    next: str | None
    events: list[EventShape]


@dataclass(frozen=True, kw_only=True)
class SignalsShape:
    """A page of posts that were kept."""

    total: int
    question: str
    next: str | None
    signals: list[SignalShape]


@dataclass(frozen=True, kw_only=True)
class DropsShape:
    """A page of posts that were not kept."""

    next: str | None
    dropped: list[DroppedShape]


@dataclass(frozen=True, kw_only=True)
class BucketShape:
    """A value, an hour or a tile, and how many finds have it."""

    key: str
    count: int


@dataclass(frozen=True, kw_only=True)
class BucketsShape:
    """Counts."""

    buckets: list[BucketShape]


@dataclass(frozen=True, kw_only=True)
class DecisionShape:
    """A decision and what became of it; `moved` says in which event each moved post was before."""

    number: int
    target: str
    verdict: Said
    value: list[str]
    by: str
    at: datetime
    outcome: Outcome | Literal["pending"]
    event: str = ""
    reason: str = ""
    undone: int = 0
    moved: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SayingShape:
    """What some posts say."""

    value: str
    posts: list[str]
    sources: list[str]


@dataclass(frozen=True, kw_only=True)
class ContradictionShape:
    """What posts do not agree on."""

    of: str
    what: str
    sayings: list[SayingShape]


@dataclass(frozen=True, kw_only=True)
class FigureShape:
    """A key number: the newest value, the words that say so, and other values."""

    kind: str
    number: float
    whole: str
    post: str
    others: list[float]


@dataclass(frozen=True, kw_only=True)
class LeaningShape:
    """A topic in the models' eyes: the posts above its threshold, and probabilities."""

    topic: str
    posts: int
    highest: float
    mean: float


@dataclass(frozen=True, kw_only=True)
class FoldShape:
    """A post, and the ids of its copies."""

    post: SignalShape
    copies: list[str]


@dataclass(frozen=True, kw_only=True)
class DossierShape:
    """All that is known of one event; `sparks` counts posts in steps of `every_s` seconds."""

    event: EventShape
    posts: list[FoldShape]
    hidden: int
    sparks: list[int]
    every_s: float
    reasons: dict[str, list[str]]
    figures: list[FigureShape]
    contradictions: list[ContradictionShape]
    leanings: list[LeaningShape]
    models: dict[str, list[str]]
    decisions: list[DecisionShape]


@dataclass(frozen=True, kw_only=True)
class AlikeShape:
    """Another event, and the cosine of its post that is nearest."""

    event: EventShape
    cosine: float


@dataclass(frozen=True, kw_only=True)
class AlikesShape:
    """Like events, best first."""

    alike: list[AlikeShape]


@dataclass(frozen=True, kw_only=True)
class SuggestionShape:
    """What may be written in the place of `start` to `end` of the text."""

    text: str
    about: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class SuggestionsShape:
    """Suggestions, the likeliest first."""

    suggestions: list[SuggestionShape]


@dataclass(frozen=True, kw_only=True)
class SessionShape:
    """Who asks, and what every change of this session has to show as X-CSRF-Token."""

    user: str
    csrf: str


@dataclass(frozen=True, kw_only=True)
class SourceShape:
    """How a source fares, and its posts of the last 24 hours."""

    state: str
    answered: datetime | None
    posted: datetime | None
    failures: int
    message: str
    day: Counted


@dataclass(frozen=True, kw_only=True)
class IndexShape:
    """How the index fares: its kind, rows behind, sentences on what is wrong; what is not known is
    left out."""

    kind: str
    behind: int
    words: list[str]
    signals: int = 0
    events: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    heap: float | None = None
    disk: float | None = None


@dataclass(frozen=True, kw_only=True)
class AlertsShape:
    """How alerts fare: subscriptions and messages by state, and how many events wait to be told."""

    stopped: bool
    subscriptions: dict[str, int]
    due: int
    outbox: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class SourcesShape:
    """How sources, ledger, index and alerts fare."""

    sources: dict[str, SourceShape]
    ledger: dict[str, int]
    consumed: int
    index: IndexShape
    alerts: AlertsShape
    running: bool


@dataclass(frozen=True, kw_only=True)
class GeometryShape:
    """A position: longitude, then latitude."""

    type: Literal["Point"]
    coordinates: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class FeatureShape:
    """Something somewhere; without a geometry where its place is not known."""

    type: Literal["Feature"]
    id: str
    geometry: GeometryShape | None
    properties: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FeaturesShape:
    """GeoJSON. `total` counts all that match.

    Source: https://www.rfc-editor.org/rfc/rfc7946
    """

    type: Literal["FeatureCollection"]
    features: list[FeatureShape]
    total: int = 0
