"""What a view shows: finds in their order, counts by facet, and when they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from monitor.app import App
from monitor.errors import QueryError
from monitor.fields import EPOCH, micros
from monitor.model import SEVERITIES, Event, Signal
from monitor.nodes import All, Equals, Not, Query, Range, both
from monitor.ports import Asked, Bucket, Hit, Of
from monitor.query import FIELDS, format_query, likes, parse, words_of
from monitor.web.urgency import Box, Urgency, urgency
from monitor.web.view import FACETS, LIKENESS, URGENCY, Read, View

POOL: Final = 500
"""Of so many events at most the most urgent are told: open ones first, then the most severe."""
VALUES: Final = 12
"""Values of a facet that are shown, and those that are chosen."""
BARS: Final = 60
_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
)
DATED: Final = Range("time", 0, None)
ORDERS: Final[Mapping[Of, Mapping[str, str]]] = {
    "events": {
        URGENCY: "urgency",
        "-last": "newest",
        "-first": "begun",
        "-size": "size",
        "-severity": "severity",
    },
    "signals": {"-time": "newest", "time": "oldest", "-severity": "severity"},
}
"""What finds can be sorted by, and what that is called."""
_MARK: Final = re.compile(r"(\d{1,3}\.\d{1,3})_(-?\d{1,17})_(.{1,64})")
_CLOSED: Final = Equals("phase", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One find; `urgency` of an event alone. `like`: only its likeness found it."""

    value: Event | Signal
    urgency: Urgency | None = None
    like: bool = False

    @property
    def rank(self) -> tuple[float, int, str]:
        """What orders finds: the most urgent first, among equals the newest."""
        value = self.value
        if isinstance(value, Event):
            last, name = value.last, value.id
        else:
            last, name = value.post.published, value.post.id
        return -(self.urgency.total if self.urgency else 0.0), -micros(last), name


@dataclass(frozen=True, slots=True, kw_only=True)
class Finds:
    """A page of finds: how many match in all, the question that was asked, and the next page."""

    total: int
    question: str
    rows: tuple[Row, ...] = ()
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value of a facet, how many finds have it, and whether it is chosen."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A field and its most frequent values; grades from the highest down."""

    field: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A way to sort finds: as an address says it, what it is called, and whether it is chosen."""

    sort: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Finds per interval of time, from the first that has one to the last."""

    every: timedelta
    bars: tuple[Bucket, ...] = ()


def read_at(app: App, now: datetime) -> Read:
    """How texts are read in one answer: every `now` in them is the same."""
    return partial(parse, languages=app.config.main.languages, now=now)


def home_of(app: App) -> Box | None:
    """South, west, north and east of home; None where the whole world is."""
    return app.config.area.box if app.config.area else None


def find(app: App, view: View, now: datetime, limit: int) -> Finds:
    """A page of what the view shows. Raises QueryError."""
    query = view.query(read_at(app, now))
    sort = view.sort or _natural(view.of, query)
    if sort == URGENCY:
        return _most_urgent(app, view, query, limit)
    asked = Asked(sort="" if sort == LIKENESS else sort, limit=limit, after=view.after or None)
    found = app.ask(query, view.of, asked)
    return Finds(
        total=found.total,
        question=format_query(query),
        rows=tuple(_row(hit, home_of(app)) for hit in found.hits),
        next=found.next,
    )


def urgent(app: App, query: Query, of_them: int = POOL) -> tuple[int, tuple[Row, ...]]:
    """How many events match, and the most urgent of them, most urgent first."""
    newest = Asked(sort="-last", limit=of_them)
    with app.index.snapshot():
        total = app.ask(query, "events", replace(newest, limit=0)).total
        if total > of_them:
            hits = _pool(app, query, of_them)
        else:
            hits = app.ask(query, "events", newest).hits
    home = home_of(app)
    return total, tuple(sorted((_row(hit, home) for hit in hits), key=lambda row: row.rank))


def _pool(app: App, query: Query, limit: int) -> Sequence[Hit]:
    """So many events: open ones first, then the most severe, then the newest."""
    hits: list[Hit] = []
    for phase in (Not(_CLOSED), _CLOSED):
        for severity in reversed(SEVERITIES):
            grade = both((query, phase, Equals("severity", severity.casefold())))
            wanted = Asked(sort="-last", limit=limit - len(hits))
            hits += app.ask(grade, "events", wanted).hits
            if len(hits) >= limit:
                return hits
    return hits


def facets(app: App, view: View, now: datetime, fields: Iterable[str] = FACETS) -> Sequence[Facet]:
    """Counts by each facet that finds have, without what was chosen of that facet; none under
    `like:`, which has no counts."""
    read = read_at(app, now)
    query = view.query(read)
    if likes(query):
        return ()
    shown = [field for field in fields if view.of in FIELDS[field].of]
    counts = dict(app.index.counts(query, [f for f in shown if not view.chosen(f)], view.of))
    for field in shown:
        if view.chosen(field):
            counts[field] = app.index.count(view.query(read, without=field), field, view.of)
    return tuple(_facet(view, field, counts[field]) for field in shown)


def timeline(app: App, view: View, now: datetime) -> Timeline:
    """When the finds were, in few enough bars; none under `like:`. Nobody believes a date of before
    1970: what has one is in no bar."""
    query = view.query(read_at(app, now))
    if likes(query):
        return Timeline(every=_STEPS[0])
    ends = app.index.span(query, view.of)
    if ends and ends[0] < EPOCH:
        query = both((query, DATED)) if query != All() else DATED
        ends = app.index.span(query, view.of)
    if ends is None:
        return Timeline(every=_STEPS[0])
    every = step_of(ends[1] - ends[0])
    return Timeline(every=every, bars=tuple(app.index.histogram(query, every, view.of)))


def step_of(span: timedelta) -> timedelta:
    """The shortest interval that parts a span into few enough bars."""
    fitting = (step for step in _STEPS if span / step < BARS - 1)
    return next(fitting, _STEPS[-1] * (span // (_STEPS[-1] * (BARS - 1)) + 1))


def orders(view: View, query: Query) -> tuple[Order, ...]:
    """The orders that finds can be put in; the one that suits them first."""
    natural = _natural(view.of, query)
    ranked = {LIKENESS: "likeness" if likes(query) else "best"} if natural == LIKENESS else {}
    return tuple(
        Order(
            sort="" if sort == natural else sort,
            name=name,
            chosen=(view.sort or natural) == sort,
        )
        for sort, name in (*ranked.items(), *ORDERS[view.of].items())
    )


def _natural(of: Of, query: Query) -> str:
    """The order that suits: likeness where it was asked for or words rank posts."""
    if likes(query):
        return LIKENESS
    if of == "events":
        return URGENCY
    return LIKENESS if words_of(query) else "-time"


def _most_urgent(app: App, view: View, query: Query, limit: int) -> Finds:
    if view.of != "events":
        raise QueryError(f"sort: {view.of} have no urgency; sort them by -time")
    after = _read_mark(view.after)
    total, rows = urgent(app, query)
    if after:
        rows = tuple(row for row in rows if row.rank > after)
    page = rows[:limit]
    return Finds(
        total=total,
        question=format_query(query),
        rows=page,
        next=_mark(page[-1]) if page and len(rows) > limit else None,
    )


def _row(hit: Hit, home: Box | None) -> Row:
    value = hit.value
    told = urgency(value, home) if isinstance(value, Event) else None
    return Row(value=value, urgency=told, like=hit.like)


def _mark(row: Row) -> str:
    total, last, name = row.rank
    return f"{-total:.3f}_{-last}_{name}"


def _read_mark(text: str) -> tuple[float, int, str] | None:
    if not text:
        return None
    if not (found := _MARK.fullmatch(text)):
        raise QueryError("after: is no mark of this question; begin at the first page")
    return -float(found[1]), -int(found[2]), found[3]


def _facet(view: View, field: str, buckets: Sequence[Bucket]) -> Facet:
    chosen = view.chosen(field)
    folded = {value.casefold() for value in chosen}
    counts = {bucket.key: bucket.count for bucket in buckets}
    shown = [b.key for b in buckets[:VALUES]]
    shown += [b.key for b in buckets[VALUES:] if b.key.casefold() in folded]
    known = {key.casefold() for key in shown}
    shown += [value for value in chosen if value.casefold() not in known]
    if FIELDS[field].type == "grade":
        ranks = {value.casefold(): rank for rank, value in enumerate(FIELDS[field].values)}
        shown.sort(key=lambda value: -ranks.get(value.casefold(), 0))
    return Facet(
        field=field,
        choices=tuple(
            Choice(value=value, count=counts.get(value, 0), chosen=value.casefold() in folded)
            for value in shown
        ),
    )
