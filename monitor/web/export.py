"""Finds to take along: a table, a map layer or lines of JSON, streamed as the index tells them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from monitor.model import Enrichment, Event, Post, Signal
from monitor.objects import event_json, signal_json
from monitor.ports import Asked, Of
from monitor.web.display import iso
from monitor.web.params import Viewed
from monitor.web.problem import PROBLEMS
from monitor.web.render import Here
from monitor.web.situation import read_at

Format = Literal["csv", "geojson", "jsonl"]
Value = Event | Signal

TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "jsonl": "application/jsonl",
}
_NOTHING: Final[Mapping[Of, Value]] = {
    "events": Event(id="", seq=0),
    "signals": Signal(
        post=Post(id="", text=""), enrichment=Enrichment(), event="", sources=(), arrived=0, seq=0
    ),
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet."""

router = APIRouter(prefix="/api/v1", tags=["export"], responses=PROBLEMS)
_encode = msgspec.json.Encoder().encode


@router.get(
    "/export/{of}.{format}",
    response_class=StreamingResponse,
    responses={200: {"content": {kind: {} for kind in TYPES.values()}}},
)
def export(web: Here, view: Viewed, of: Of, format: Format) -> StreamingResponse:
    """All finds of a view, in order of id. The header X-Total-Count says how many there are; a cell
    that a spreadsheet would take for a formula begins with an apostrophe."""
    view = view.of_kind(of)
    query = view.query(read_at(web.app, datetime.now(UTC)))
    values = web.app.index.scan(query, of)
    total = web.app.ask(query, of, Asked(limit=0)).total
    lines = (line.encode("utf-8", "replace") for line in WRITERS[format](values, of))
    return StreamingResponse(
        lines,
        media_type=TYPES[format],
        headers={
            "content-disposition": f'attachment; filename="{of}.{format}"',
            "x-total-count": str(total),
        },
    )


def feature(value: Value, *, brief: bool = False) -> dict[str, Any]:
    """A find as GeoJSON; `brief` with the few properties that a map needs."""
    if isinstance(value, Signal):
        spot = value.post.point or next(
            (place for place in value.enrichment.places if place.role == "happened"), None
        )
        name, properties = value.post.id, _cells(value) if brief else signal_json(value)
    else:
        spot, name = value.place, value.id
        properties = _map_properties(value) if brief else event_json(value)
    at = [round(spot.lon, 6), round(spot.lat, 6)] if spot else None
    return {
        "type": "Feature",
        "id": name,
        "geometry": {"type": "Point", "coordinates": at} if at else None,
        "properties": properties,
    }


def _map_properties(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "title": event.title[:140],
        "severity": event.severity,
        "certainty": event.certainty,
        "phase": event.phase,
        "verdict": event.verdict,
        "size": event.size,
        "last": iso(event.last),
        "radius_m": round(event.place.radius_m) if event.place else 0,
        "place": event.place.name if event.place else "",
    }


def _cells(value: Value) -> dict[str, str | int | float]:
    """A find as one line of a table."""
    return _event_cells(value) if isinstance(value, Event) else _signal_cells(value)


def _event_cells(event: Event) -> dict[str, str | int | float]:
    place = event.place
    return {
        "id": event.id,
        "title": event.title,
        "first": iso(event.first),
        "last": iso(event.last),
        "size": event.size,
        "severity": event.severity,
        "certainty": event.certainty,
        "phase": event.phase,
        "verdict": event.verdict,
        "topics": " ".join(event.topics),
        "sources": " ".join(event.sources),
        "langs": " ".join(event.langs),
        "place": place.name if place else "",
        "lat": place.lat if place else "",
        "lon": place.lon if place else "",
        "radius_m": place.radius_m if place else "",
    }


def _signal_cells(signal: Signal) -> dict[str, str | int | float]:
    post, known = signal.post, signal.enrichment
    place = next((place for place in known.places if place.role == "happened"), None)
    spot = post.point or place
    return {
        "id": post.id,
        "event": signal.event,
        "published": iso(post.published),
        "source": post.source,
        "voice": post.voice,
        "title": post.title,
        "text": post.text,
        "url": "" if post.author else post.url,
        "lang": known.lang,
        "severity": known.severity,
        "topics": " ".join(known.labels),
        "relevance": round(known.relevance, 4),
        "place": place.name if place else "",
        "lat": spot.lat if spot else "",
        "lon": spot.lon if spot else "",
    }


def _csv(values: Iterator[Value], of: Of) -> Iterator[str]:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(_cells(_NOTHING[of]))
    for value in values:
        writer.writerow([harmless(cell) for cell in _cells(value).values()])
        yield sheet.getvalue()
        sheet.seek(0)
        sheet.truncate()
    yield sheet.getvalue()


def harmless(cell: str | int | float) -> str | int | float:
    """A cell that no spreadsheet computes."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _geojson(values: Iterator[Value], of: Of) -> Iterator[str]:
    yield '{"type":"FeatureCollection","features":['
    mark = "\n"
    for value in values:
        yield mark + _encode(feature(value)).decode()
        mark = ",\n"
    yield "\n]}\n"


def _jsonl(values: Iterator[Value], of: Of) -> Iterator[str]:
    for value in values:
        told = event_json(value) if isinstance(value, Event) else signal_json(value)
        yield _encode(told).decode() + "\n"


WRITERS: Final[Mapping[Format, Callable[[Iterator[Value], Of], Iterator[str]]]] = {
    "csv": _csv,
    "geojson": _geojson,
    "jsonl": _jsonl,
}
