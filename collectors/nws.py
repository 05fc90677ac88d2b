"""Active alerts of the United States' National Weather Service, as its API gives them in GeoJSON.

An update keeps the id of the oldest message that it names, a cancellation takes it back. Of updates
that share one out among several areas, the first keeps the id and the others have their own; a
cancellation for the rest of such an area leaves what still stands. Tests, exercises and drafts are
passed over. An alert for whole zones has no position here: its areas stand in the text.

Source: https://www.weather.gov/documentation/services-web-api https://api.weather.gov/openapi.json
    https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html
Cursor: the validators of the last answer, if it had one page; `first:<id>`, for the newest 1,000
    updates, the first message of the chain, when that was sent, and when the update was;
    `gone:<id>`, the newest 500 chains that were taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Raw

from monitor.cap import Alert
from monitor.errors import SourceChanged
from monitor.fetch import shown
from monitor.markup import language, moment, plain, web
from monitor.model import (
    CATEGORIES,
    CERTAINTIES,
    SEVERITIES,
    UNDATED,
    Cursor,
    Page,
    Point,
    Post,
    Stated,
)
from monitor.payload import Collection, collection, features, pages
from monitor.ports import Fetch, Policy
from monitor.shape import covering

POLICY: Final = Policy(
    terms="data of the United States' government, in the public domain; its source is to be named",
    deletions="a Cancel message takes an alert back",
)

_ACCEPT: Final = "application/geo+json"
_ANSWERS: Final = 20
_FIRSTS: Final = 1_000
_GONE: Final = 500
_WRAPPED: Final = re.compile(r"(?<!\n)\n(?=[^\s*-])")
"""The end of a line of about 70 letters, which ends neither a paragraph nor a point of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Alerts of the whole country, or of one of these.

    `url`: where the active alerts are.
    `area`: states, territories and marine areas by their two letters, as in ["CA", "NV"].
    `zone`: zones and counties by their codes, as in ["CAZ006", "CAC075"].
    `point`: latitude and longitude; alerts for this place.
    """

    url: str = "https://api.weather.gov/alerts/active"
    area: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    point: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where more than one filter is given, which the API refuses."""
        if bool(self.area) + bool(self.zone) + bool(self.point) > 1:
            raise ValueError("only one of area, zone and point can be asked for")


# What the API says

_Name = Annotated[str, Meta(pattern=r"\A\w[\w.:-]{0,199}\Z")]
_Corner = Annotated[list[float], Meta(min_length=2)]
_Polygon = list[list[_Corner]]
"""Rings of longitude and latitude, the outer one first."""


class _Pages(msgspec.Struct, frozen=True):
    next: str | None = None


class _Answer(Collection, frozen=True):
    pagination: _Pages | None = None


class _Geometry(msgspec.Struct, frozen=True):
    type: str
    coordinates: Raw = Raw(b"[]")


class _Reference(msgspec.Struct, frozen=True):
    identifier: _Name
    sent: str = ""


class _Properties(msgspec.Struct, frozen=True, rename="camel"):
    id: _Name
    sent: str = ""
    status: str = "Actual"
    message_type: str = "Alert"
    scope: str | None = None
    references: list[_Reference] = []
    category: str | None = None
    severity: str | None = None
    certainty: str | None = None
    event: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    area_desc: str | None = None
    sender: str | None = None
    language: str | None = None


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties
    id: str = ""
    geometry: _Geometry | None = None


_feature = msgspec.json.Decoder(_Feature).decode


def collect(options: Options, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
    """All alerts that stand, oldest first, if anything has changed since `cursor`."""
    url = _asked(options)
    answer = fetch.get(url, cursor=cursor, accept=_ACCEPT)
    if not answer.changed:
        return
    found, further = _read(answer.body, url)
    marks = {} if further else fetch.marks(answer)
    for _ in range(_ANSWERS - 1):
        if not further:
            break
        url = further
        more, further = _read(fetch.get(url, accept=_ACCEPT).body, url)
        found += more
    alerts, dead = features(found, _alert)
    memory = _Memory(cursor)
    posts, gone = _followed(filter(_meant, alerts), memory)
    kept = Cursor(marks={**marks, **memory.marks()})
    yield from pages(posts, gone=gone, dead=dead, since=cursor, until=kept)
    if further:
        raise SourceChanged(
            f"{shown(url)}: it has more than {_ANSWERS} pages; the rest was left, ask for an area"
        )


# Chains


@dataclass(frozen=True, slots=True)
class _First:
    """The first message of a chain, when it was sent, and when the message at hand was."""

    id: str
    published: datetime
    sent: datetime


class _Memory:
    """What the cursor knows of chains."""

    def __init__(self, cursor: Cursor) -> None:
        self.firsts: dict[str, _First] = {}
        self.newest: dict[str, datetime] = {}
        self.gone: dict[str, None] = {}
        for key, value in cursor.marks.items():
            what, _, name = key.partition(":")
            if what == "first":
                first, published, sent = value.split("\t")
                moments = datetime.fromisoformat(published), datetime.fromisoformat(sent)
                self.firsts[name] = _First(first, *moments)
                self.newest[first] = max(moments[1], self.newest.get(first, UNDATED))
            elif what == "gone":
                self.gone[name] = None

    def first(self, alert: Alert) -> _First:
        """The first message of an alert's chain: known from before, or the oldest it leads to."""
        sent = alert.post.published
        if alert.id in self.firsts:
            return self.firsts[alert.id]
        known = (self.firsts.get(name, _First(name, at, at)) for name, at in alert.references)
        found = min(known, key=lambda first: (first.published, first.id), default=_itself(alert))
        return _First(found.id, min(found.published, sent), sent)

    def remember(self, alert: Alert, first: _First) -> None:
        """Keep the first message of an update, as the newest."""
        if alert.references:
            self.firsts.pop(alert.id, None)
            self.firsts[alert.id] = first

    def marks(self) -> dict[str, str]:
        """The newest of it as marks."""
        marks = {f"gone:{name}": "yes" for name in list(self.gone)[-_GONE:]}
        for name, first in list(self.firsts.items())[-_FIRSTS:]:
            moments = f"{first.published.isoformat()}\t{first.sent.isoformat()}"
            marks[f"first:{name}"] = f"{first.id}\t{moments}"
        return marks


def _itself(alert: Alert) -> _First:
    return _First(alert.id, alert.post.published, alert.post.published)


def _followed(alerts: Iterable[Alert], memory: _Memory) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """One post a chain, by its newest message, and what was cancelled; writes into `memory`."""
    posts: dict[str, Post] = {}
    stands: dict[str, str] = {}
    cancelled: dict[str, None] = {}
    for alert in sorted(alerts, key=lambda alert: (alert.post.published, alert.id)):
        first = memory.first(alert)
        late = first.sent < memory.newest.get(first.id, first.sent)
        named = {first.id, alert.id, *(name for name, _ in alert.references)}
        taken = stands.get(first.id, first.id) not in named
        if alert.kind == "cancel":
            if not late and not taken:
                posts.pop(first.id, None)
                stands.pop(first.id, None)
                cancelled[first.id] = None
            continue
        if alert.id == first.id or alert.id in memory.firsts:
            if late:
                continue
        elif late or taken or first.id in memory.gone:
            first = _itself(alert)
        memory.remember(alert, first)
        stands[first.id] = alert.id
        edited = first.sent if first.id != alert.id else None
        posts[first.id] = replace(
            alert.post, id=f"nws:{first.id}", published=first.published, edited=edited
        )
    gone = [name for name in cancelled if name not in posts and name not in memory.gone]
    memory.gone.update(dict.fromkeys(gone))
    found = sorted(posts.values(), key=lambda post: post.published)
    return tuple(found), tuple(f"nws:{name}" for name in gone)


# Documents


def _asked(options: Options) -> str:
    """The address with the filter."""
    point = [f"{degrees:.4f}" for degrees in options.point or ()]
    wanted = {"area": options.area, "zone": options.zone, "point": point}
    query = urlencode({key: ",".join(values) for key, values in wanted.items() if values}, safe=",")
    return f"{options.url}?{query}" if query else options.url


def _read(body: bytes, url: str) -> tuple[list[Raw], str]:
    """The features of an answer, and where the next is; raises SourceChanged where it is none."""
    answer = collection(body, url, _Answer)
    further = answer.pagination.next if answer.pagination else None
    return answer.features, web(url, further) if further else ""


def _meant(alert: Alert) -> bool:
    """Whether a message is an alert that is meant, and for everybody."""
    known = alert.kind in ("alert", "update", "cancel")
    return known and alert.status == "actual" and alert.public


def _alert(raw: Raw) -> Alert:
    """One message; raises ValueError with the reason where it says nothing."""
    feature = _feature(raw)
    said = feature.properties
    sent = moment(said.sent) or UNDATED
    title = plain(said.headline or "") or plain(said.event or "")
    words = (said.description, said.instruction, said.area_desc)
    text = "\n".join(filter(None, (plain(_WRAPPED.sub(" ", word or "")) for word in words)))
    if not title and not text:
        raise ValueError("it says nothing")
    post = Post(
        id="",
        title=title,
        text=text,
        url=web("", feature.id),
        published=sent,
        author=said.sender or "",
        lang=language(said.language or "en"),
        point=_point(feature.geometry),
        voice="official",
        stated=_stated(said),
    )
    return Alert(
        id=said.id,
        kind=said.message_type.lower(),
        status=said.status.lower(),
        public=(said.scope or "Public").lower() == "public",
        references=tuple((r.identifier, moment(r.sent) or sent) for r in said.references),
        post=post,
    )


def _point(geometry: _Geometry | None) -> Point | None:
    """The centre of an area and the radius that covers it, where it has one."""
    polygons: list[_Polygon] = []
    if geometry and geometry.type == "Polygon":
        polygons = [msgspec.json.decode(geometry.coordinates, type=_Polygon)]
    elif geometry and geometry.type == "MultiPolygon":
        polygons = msgspec.json.decode(geometry.coordinates, type=list[_Polygon])
    outer = (polygon[0] for polygon in polygons if polygon)
    return covering([[(corner[1], corner[0]) for corner in ring] for ring in outer])


def _stated(said: _Properties) -> Stated:
    """Category, severity and certainty, in CAP's words."""
    return Stated(
        topics=(said.category,) if said.category in CATEGORIES else (),
        severity=next((known for known in SEVERITIES if known == said.severity), "Unknown"),
        certainty=next((known for known in CERTAINTIES if known == said.certainty), "Unknown"),
    )
