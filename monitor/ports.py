"""The promises. A part is a module with two names: `Options`, a frozen dataclass whose keys are the
configuration's keys, whose types are the validation and whose docstring documents them; and one
verb: `collect` in `collectors/`, `open` elsewhere. Importing a part is cheap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from monitor.messages import Message
from monitor.model import (
    Activity,
    Change,
    Cursor,
    Dead,
    Decided,
    Enrichment,
    Event,
    Page,
    Post,
    Row,
    Signal,
)
from monitor.query import Query

Of = Literal["signals", "events"]
O_contra = TypeVar("O_contra", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said: the address after redirects, 200 or 304, lower-case headers, the body
    decoded from its transfer and content encodings."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def changed(self) -> bool:
        """False where the server answered 304 to our validators."""
        return self.status != 304


class Fetch(Protocol):
    """The one polite HTTP client. Raises SourceUnavailable, SourceRefused, SourceChanged."""

    def get(
        self, url: str, *, cursor: Cursor | None = None, accept: str = "*/*", page: bool = False
    ) -> Answer:
        """GET, conditional on the validators that `cursor` holds for this address; `page` asks
        robots.txt first."""
        ...

    def marks(self, answer: Answer) -> dict[str, str]:
        """The validators of an answer, to go into the next cursor's marks."""
        ...


class Collect(Protocol[O_contra]):
    """A collector is a generator function; a poll ends, a stream does not. Oldest first."""

    def __call__(self, options: O_contra, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
        """One poll from where the cursor stands. Raises SourceError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a source's terms allow: every collector module carries one as `POLICY`."""

    terms: str
    deletions: str
    text_days: int | None = None


class Enricher(Protocol):
    """As many out as in, in the same order; no memory. Raises ModelError."""

    needs: ClassVar[frozenset[str]]
    fills: ClassVar[frozenset[str]]

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        """What is known of each post with this step's fields filled."""
        ...


class Grouper(Protocol):
    """Says which signals tell of one happening. Its memory is a function of the ledger, and of
    nothing else: what it forgets it is told again."""

    def remember(
        self, signals: Iterable[Signal], events: Iterable[Event], decided: Iterable[Decided]
    ) -> None:
        """Whole events of the last days at start, and older ones that a row is about; signals in
        order of arrival. What is known already is passed over."""
        ...

    @property
    def memory(self) -> timedelta:
        """How long after its newest arrival an event may still gain signals."""
        ...

    def holds(self, event: str) -> bool:
        """True where the event need not be told again."""
        ...

    def __call__(self, rows: Sequence[Row], known: Sequence[Enrichment | None]) -> Change:
        """Apply rows in order. `known` is None for a post that is not kept and for other rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One find. `score` orders finds where no field is named; `like`: only vectors found it."""

    value: Signal | Event
    score: float = 0.0
    like: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of finds. `total` counts all that match (without those that only `like:` found);
    `next` asks for the following page, None at the end."""

    total: int
    hits: tuple[Hit, ...] = ()
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A value of a field, an hour or a tile, and how many documents have it."""

    key: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How finds are wanted. `sort` is a sortable field, `-` before it for descending, or empty for
    by score; `vector` is what `like:` means (float32 bytes). `collapse` leaves one signal of each
    event, the first in the order asked; totals still count all."""

    sort: str = ""
    limit: int = 20
    after: str | None = None
    vector: bytes | None = None
    collapse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How an index fares. `words` are sentences on what is wrong and what to do, none where all is
    well; `oldest` is the publication of the oldest signal; shares are in [0, 1], None where the
    index has no such thing."""

    words: tuple[str, ...] = ()
    signals: int = 0
    events: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    heap: float | None = None
    disk: float | None = None


class Index(Protocol):
    """A projection of the ledger that can be asked. Raises IndexUnavailable, IndexRefused."""

    def follows(self) -> str | None:
        """The id of the ledger that this index follows, None where there is no index yet; changes
        nothing. Raises IndexRefused where its mapping is newer than ours."""
        ...

    def prepare(self, ledger: str) -> bool:
        """Create, migrate or open for the ledger of that id; True where it is new and must be
        followed from the beginning. One opened `beside` goes on where it was begun for this ledger
        with this mapping, and else is begun anew."""
        ...

    def write(self, change: Change) -> Sequence[Dead]:
        """Durable when it returns; idempotent; an older `seq` never overwrites a newer one. Comes
        back with the documents that were refused for what they are, and why; all others are in."""
        ...

    def note(self, activities: Sequence[Activity]) -> None:
        """Pages, mails and decisions for the panels of dashboards: durable, each number once. An
        index that no dashboard reads keeps none."""
        ...

    def refresh(self) -> None:
        """What was written is found by all who ask from now on; else within seconds."""
        ...

    def promote(self) -> None:
        """Put an index opened `beside` in the place of the live one, in one step."""
        ...

    def condition(self) -> Condition:
        """How the index fares."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """What this thread asks meanwhile belongs together: an index that can answers all of it
        from one state, and works out once what several questions share. Write nothing within."""
        ...

    def signals(self, query: Query, asked: Asked) -> Found:
        """Signals that match."""
        ...

    def events(self, query: Query, asked: Asked) -> Found:
        """Events that match."""
        ...

    def similar(self, vector: bytes, query: Query, limit: int) -> Sequence[Hit]:
        """The nearest signals among those that match, best first, with cosine as score."""
        ...

    def count(self, query: Query, by: str, of: Of) -> Sequence[Bucket]:
        """Facet: the values of field `by`, most frequent first, then by key."""
        ...

    def counts(self, query: Query, by: Sequence[str], of: Of) -> Mapping[str, Sequence[Bucket]]:
        """Several facets of one question at once, by field: each as `count` says."""
        ...

    def span(self, query: Query, of: Of) -> tuple[datetime, datetime] | None:
        """The `time` of the first and of the last; None where none has a moment."""
        ...

    def histogram(self, query: Query, every: timedelta, of: Of) -> Sequence[Bucket]:
        """Documents per interval of `time`, keys ISO 8601 UTC, aligned to the epoch, no gaps."""
        ...

    def grid(self, query: Query, precision: int, of: Of) -> Sequence[Bucket]:
        """Documents per Web Mercator tile, keys `zoom/x/y`, most frequent first, then by key."""
        ...

    def scan(self, query: Query, of: Of) -> Iterator[Signal | Event]:
        """All that match, in order of id, in little memory. Raises QueryError for `like:`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Words in rows under a head; `note` says how they are to be read."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Report(Protocol):
    """What an evaluation found: a module of `evaluation/` gives it."""

    @property
    def about(self) -> Sequence[str]:
        """Sentences: on what it was measured, how that was split, what was tuned on it."""
        ...

    @property
    def tables(self) -> Sequence[Table]:
        """What is shown on a terminal."""
        ...

    def worst(self) -> Table:
        """The worst errors, shown below them; it may hold texts that go into no file."""
        ...

    def plain(self) -> Mapping[str, Any]:
        """All of it in plain types, as JSON has them."""
        ...

    def page(self) -> str:
        """A page of HTML that needs nothing else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place that a typed name or address may mean: words that tell it from others, degrees."""

    label: str
    lat: float
    lon: float


class Geocoder(Protocol):
    """Says where what a person typed may lie: places, never persons."""

    def __call__(self, text: str) -> Sequence[Candidate]:
        """What it may mean, the likeliest first; none where it is not known. Raises ModelError,
        SourceError."""
        ...


class Channel(Protocol):
    """How messages leave. Raises DeliveryUnavailable, DeliveryRefused, ConfigError at start."""

    def accepts(self, to: str) -> None:
        """Raises DeliveryRefused where a reader, who is not the operator, may have nothing sent."""
        ...

    def compose(self, message: Message) -> bytes:
        """What is sent, made once: the same bytes go at every attempt."""
        ...

    def send(self, to: str, payload: bytes) -> None:
        """Hand over what `compose` made; returns when the server has taken it."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
