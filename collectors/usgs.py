"""Earthquakes of the United States Geological Survey, from one of its summary feeds in GeoJSON.

A feed lists all events of its last hour, day, week or month, and is yielded whole each time that it
has changed; the ledger knows what is new. The text is made here from the numbers. Reports of people
who felt it count in powers of ten, so that not each is an edit.

An event keeps the id under which it first came, though another network's be preferred later. One of
ours that is revised to below `min_magnitude` is told too; one of status `deleted` is taken back.

Severity is what PAGER expects: red (1,000 deaths or $1 billion of damage) is Extreme, orange (100
or $100 million) Severe, yellow (1 or $1 million) Moderate, green Minor. PAGER takes half an hour
and looks at magnitude 5.5 and above. Where it says nothing, the magnitude does: from 8 on (towns
near by destroyed) Extreme, from 6.1 on (much damage where many live) Severe, from 5.5 on (slight
damage) Moderate, below Minor. What a seismologist has reviewed is Observed, what is automatic
Likely.

Source: https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php
    https://earthquake.usgs.gov/data/comcat/index.php
    https://earthquake.usgs.gov/data/pager/onepager.php
    https://www.mtu.edu/geo/community/seismology/learn/earthquake-measure/magnitude/
Cursor: the validators of the last whole answer; `known`, the ids of the events it held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from monitor.markup import plain, web
from monitor.model import Certainty, Cursor, Page, Point, Post, Severity, Stated
from monitor.payload import Collection, collection, features, pages
from monitor.ports import Fetch, Policy

POLICY: Final = Policy(
    terms="data of the United States' government, in the public domain; its source is to be named",
    deletions="an event of status deleted is taken back while the feed lists it",
)

_ACCEPT: Final = "application/geo+json, application/json"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOPICS: Final[Mapping[str, str]] = {
    "earthquake": "Geo/earthquake",
    "landslide": "Geo/landslide",
    "volcanic eruption": "Geo/landslide",
}
_PAGER: Final[Mapping[str, tuple[Severity, str]]] = {
    "red": ("Extreme", "many deaths and widespread damage are likely"),
    "orange": ("Severe", "deaths and heavy damage are likely"),
    "yellow": ("Moderate", "deaths or damage are possible"),
    "green": ("Minor", "at most slight damage is expected"),
}
_MAGNITUDES: Final[tuple[tuple[float, Severity], ...]] = (
    (8.0, "Extreme"),
    (6.1, "Severe"),
    (5.5, "Moderate"),
    (-10.0, "Minor"),
)
_STATUSES: Final[Mapping[str, tuple[Certainty, str]]] = {
    "reviewed": ("Observed", "reviewed by a seismologist"),
    "automatic": ("Likely", "located automatically, not yet reviewed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A feed of earthquakes.

    `url`: a summary feed (`all`, `1.0`, `2.5`, `4.5` or `significant`, then `_hour`, `_day`,
    `_week` or `_month`), or a query of the catalogue that is answered in GeoJSON.
    `min_magnitude`: events below it, or of none, are passed over; where it is left out all are
    taken.
    """

    url: str = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/2.5_day.geojson"
    min_magnitude: float | None = None


# What the feed says


_Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][\w.-]{0,99}\Z")]
_Moment = Annotated[int, Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]
"""Milliseconds since 1970, in the years that a datetime has."""
_Position = tuple[
    Annotated[float, Meta(ge=-180, le=180)],
    Annotated[float, Meta(ge=-90, le=90)],
    Annotated[float, Meta(ge=-100, le=1_000)] | None,
]
"""Longitude, latitude, depth in kilometres."""


class _Geometry(msgspec.Struct, frozen=True):
    coordinates: _Position


class _Properties(msgspec.Struct, frozen=True):
    time: _Moment
    updated: _Moment | None = None
    mag: Annotated[float, Meta(ge=-10, le=12)] | None = None
    place: str | None = None
    title: str | None = None
    type: str | None = None
    url: str | None = None
    ids: str | None = None
    status: str | None = None
    alert: str | None = None
    felt: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    tsunami: int | None = None


class _Event(msgspec.Struct, frozen=True):
    id: _Name
    properties: _Properties
    geometry: _Geometry | None


_event = msgspec.json.Decoder(_Event).decode


# What becomes of it


def collect(options: Options, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
    """All events of the feed, oldest first, if it has changed since `cursor`."""
    answer = fetch.get(options.url, cursor=cursor, accept=_ACCEPT)
    if not answer.changed:
        return
    feed = collection(answer.body, options.url, Collection)
    events, dead = features(feed.features, _event)
    known = frozenset(cursor.marks.get("known", "").split())
    posts: dict[str, Post] = {}
    gone: list[str] = []
    for event in events:
        name = _first_name(event, known, posts)
        if event.properties.status == "deleted":
            gone += [f"usgs:{name}"] if name in known else []
        elif name in known or _strong(event.properties.mag, options.min_magnitude):
            posts[name] = _post(event, name)
    found = sorted(posts.values(), key=lambda post: post.published)
    kept = Cursor(marks={**fetch.marks(answer), "known": " ".join(posts)})
    yield from pages(found, gone=gone, dead=dead, since=cursor, until=kept)


def _first_name(event: _Event, known: frozenset[str], taken: Mapping[str, Post]) -> str:
    """The id under which an event was yielded before, by itself or by another network, or its own.

    `ids` lists all that mean the same event.
    """
    names = (event.id, *(event.properties.ids or "").split(","))
    return next((name for name in names if name in known and name not in taken), event.id)


def _strong(magnitude: float | None, least: float | None) -> bool:
    return least is None or (magnitude is not None and magnitude >= least)


def _post(event: _Event, name: str) -> Post:
    """An event in words."""
    said = event.properties
    published = _EPOCH + timedelta(milliseconds=said.time)
    updated = _EPOCH + timedelta(milliseconds=said.updated or said.time)
    point = None
    depth = None
    if event.geometry is not None:
        lon, lat, depth = event.geometry.coordinates
        point = Point(lat=lat, lon=lon)
    title = _title(said)
    severity, expected = _PAGER.get(said.alert or "", (_by_magnitude(said.mag), ""))
    certainty, review = _STATUSES.get(said.status or "", ("Unknown", ""))
    words = (
        title if depth is None else f"{title}, depth {depth:z.0f} km",
        expected,
        f"felt, {10 ** (len(str(said.felt)) - 1):,}+ reports" if said.felt else "",
        "see tsunami.gov for tsunami warnings" if said.tsunami else "",
        review,
    )
    return Post(
        id=f"usgs:{name}",
        title=title,
        text="; ".join(filter(None, words)),
        url=web("", said.url or ""),
        published=published,
        edited=updated if updated > published else None,
        lang="en",
        point=point,
        voice="official",
        stated=Stated(
            topics=(_TOPICS.get(said.type or "earthquake", "Geo"),),
            severity=severity,
            certainty=certainty,
        ),
    )


def _title(said: _Properties) -> str:
    """Magnitude, kind and place; where it has no magnitude and no place, the feed's own title."""
    kind = plain(said.type or "") or "earthquake"
    if said.mag is None and not said.place:
        return plain(said.title or "") or kind.capitalize()
    what = kind.capitalize() if said.mag is None else f"M {said.mag:z.1f} {kind}"
    return ", ".join(filter(None, (what, plain(said.place or ""))))


def _by_magnitude(magnitude: float | None) -> Severity:
    if magnitude is None:
        return "Unknown"
    return next((severity for least, severity in _MAGNITUDES if magnitude >= least), "Unknown")
