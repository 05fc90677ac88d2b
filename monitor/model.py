"""The values that flow. All frozen, of plain types; moments aware and UTC, degrees WGS 84,
probabilities in [0, 1]. A thing that is not here does not cross a folder.

Topics, severity and certainty are those of the Common Alerting Protocol 1.2.
Source: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

Voice = Literal["official", "media", "citizen", "unknown"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]
Phase = Literal["new", "growing", "quiet", "closed"]
Verdict = Literal["none", "confirmed", "dismissed"]
Reason = Literal["deleted", "account", "expired", "edited"]
Origin = Literal["live", "import"]
Said = Literal[
    "confirm", "dismiss", "merge", "split", "topic", "place", "promote", "hold", "note", "undo"
]
Outcome = Literal["applied", "stale", "refused"]
Role = Literal["happened", "mentioned"]

SEVERITIES: Final[tuple[Severity, ...]] = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
CERTAINTIES: Final[tuple[Certainty, ...]] = (
    "Unknown",
    "Unlikely",
    "Possible",
    "Likely",
    "Observed",
)
CATEGORIES: Final = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
UNDATED: Final = datetime(1, 1, 1, tzinfo=UTC)
"""What a collector gives as `published` where the source says nothing; `admit` replaces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A position on the earth and how unsure it is."""

    lat: float
    lon: float
    radius_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the source itself says of a post, in CAP's words: official alerts do."""

    topics: tuple[str, ...] = ()
    severity: Severity = "Unknown"
    certainty: Certainty = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What somebody published. A collector fills what the source says; `admit` the rest.

    `id` is `<kind>:<native id>`, or `<kind>:<scope>:<native id>` where native ids are not global.
    `text` is NFC without markup. `author` is an account as the source writes it until `admit`, a
    keyed pseudonym after. `dated` is False where `published` is only the moment of collection.
    """

    id: str
    text: str
    title: str = ""
    url: str = ""
    source: str = ""
    published: datetime = UNDATED
    collected: datetime = UNDATED
    edited: datetime | None = None
    dated: bool = True
    author: str = ""
    lang: str = ""
    point: Point | None = None
    repost_of: str = ""
    reply_to: str = ""
    media: tuple[str, ...] = ()
    voice: Voice = "unknown"
    stated: Stated | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What was taken back: posts by id, or all posts of accounts."""

    ids: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    reason: Reason = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person said of an event or a post.

    `anchors` are the event's posts that the person saw. `value` is by verdict: merge, the other
    event; split, the posts that leave; topic, its name; place, latitude, longitude and optionally a
    name; note, the words; undo, the number of the decision undone.
    """

    target: str
    verdict: Said
    anchors: tuple[str, ...] = ()
    value: tuple[str, ...] = ()
    by: str = ""
    at: datetime = UNDATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """An hour has passed: the only clock of THROUGH."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a collector stopped; read by nobody but the collector that wrote it."""

    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """One malformed post of a page: what it was called, and why it cannot be read."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a collector yields, oldest first; stored before the next one is asked for."""

    posts: tuple[Post, ...] = ()
    gone: tuple[Gone, ...] = ()
    dead: tuple[Dead, ...] = ()
    cursor: Cursor = field(default_factory=Cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the inbox. `at` never runs backwards."""

    seq: int
    at: datetime
    what: Post | Gone | Decision | Tick
    origin: Origin = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A name in a text and what it means. `start` and `end` count code points of `text_of(post)`.

    `kind` is country, admin1, city, district, street, poi or address; `ref` names the object, as in
    `geonames:3196359`; a place that was stated by coordinates has an empty name and span.
    """

    name: str
    start: int
    end: int
    role: Role
    kind: str
    lat: float
    lon: float
    radius_m: float
    ref: str = ""
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """What we think of one post.

    `topics` holds every topic's probability, `labels` those that reach their threshold, broader
    topics included. `vector` is float32, little-endian, norm 1, as bytes.
    """

    lang: str = ""
    relevance: float = 0.0
    relevant: bool = False
    topics: Mapping[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    severity: Severity = "Unknown"
    places: tuple[Place, ...] = ()
    vector: bytes = b""
    models: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A kept post in the ledger. `arrived` is its row, `seq` its last change; `origin` says whether
    it came live or from an archive."""

    post: Post
    enrichment: Enrichment
    event: str
    sources: tuple[str, ...]
    arrived: int
    seq: int
    hold: bool = False
    origin: Origin = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Signals about one happening. An emptied event keeps a bare document: size 0, closed, no text.

    `texts` are its first and newest 50 distinct posts. `topics` (those that a fair share of its
    signals has), `langs` and `sources` count signals. `phase` is the machine's word, `verdict` a
    person's; neither changes the other. `live` where any of its signals came live.
    """

    id: str
    seq: int
    title: str = ""
    texts: tuple[str, ...] = ()
    first: datetime = UNDATED
    last: datetime = UNDATED
    size: int = 0
    sources: Mapping[str, int] = field(default_factory=dict)
    topics: Mapping[str, int] = field(default_factory=dict)
    langs: Mapping[str, int] = field(default_factory=dict)
    severity: Severity = "Unknown"
    certainty: Certainty = "Unknown"
    place: Place | None = None
    phase: Phase = "closed"
    verdict: Verdict = "none"
    merged_into: str = ""
    hold: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A post that was not kept, for seven days, with the reason: `relevance` or `area`."""

    post: Post
    enrichment: Enrichment
    reason: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a decision. `moved` says in which event each moved post was before."""

    seq: int
    decision: Decision
    event: str = ""
    outcome: Outcome = "applied"
    reason: str = ""
    moved: Mapping[str, str] = field(default_factory=dict)
    undone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one batch did, each id once; `gone` are signals, `last` the last row that it covers."""

    last: int
    signals: tuple[Signal, ...] = ()
    events: tuple[Event, ...] = ()
    gone: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    decided: tuple[Decided, ...] = ()


ACTIVITY_DAYS: Final = 90
"""For so long activities are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One page, mail or decision in numbers: no texts, no addresses, no persons.

    `number` counts them without end. A page has `source`, what it held (`posts`, `rows`, `refused`,
    `dead`) and how long it took; a decision `event`, `verdict` and `outcome`; a mail `channel`,
    `event` and `outcome`.
    """

    number: int
    at: datetime
    what: Literal["page", "mail", "decision"]
    source: str = ""
    posts: int = 0
    rows: int = 0
    refused: int = 0
    dead: int = 0
    ms: int = 0
    event: str = ""
    verdict: str = ""
    outcome: str = ""
    channel: str = ""


def text_of(post: Post) -> str:
    """Title and text as the models read them; the spans of places count in this."""
    if post.title and not post.text.startswith(post.title):
        return f"{post.title}\n{post.text}" if post.text else post.title
    return post.text


def digest_of(post: Post) -> str:
    """SHA-256 over all that makes an edit: title, text, point, media and what the source states."""
    parts = (post.title, post.text, repr(post.point), *post.media, repr(post.stated))
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def clean(text: str) -> str:
    """NFC, without control and bidi-override characters, runs of blanks folded, lines kept."""
    text = unicodedata.normalize("NFC", text)
    kept = "".join(
        c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs", "Co"}
    )
    kept = kept.translate(_BIDI)
    lines = (" ".join(line.split()) for line in kept.split("\n"))
    return "\n".join(line for line in lines if line)


_BIDI: Final = {point: None for point in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)}
