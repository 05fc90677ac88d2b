"""What the pages show, as JSON: stable names, cursors, OpenAPI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query, Request
from starlette.responses import JSONResponse, Response

from monitor.config import duration
from monitor.model import Event, Said, Signal
from monitor.nodes import All
from monitor.objects import dropped_json, event_json, index_json, signal_json, source_json, when
from monitor.ports import Bucket, Of
from monitor.status import status_of
from monitor.web import shapes
from monitor.web.desk import MOST_ANCHORS, Told, checked
from monitor.web.dossier import Dossier, alike, dossier
from monitor.web.export import feature
from monitor.web.pages import drops
from monitor.web.params import Viewed
from monitor.web.problem import PROBLEMS
from monitor.web.render import By, Here, Web
from monitor.web.situation import Row, find, read_at, urgent
from monitor.web.suggest import suggestions
from monitor.web.view import URGENCY

VERSION: Final = "1"
SUMMARY: Final = "Public signals for city safety: places and happenings, never persons."
OPENAPI: Final = "/api/v1/openapi.json"
GEOJSON: Final = "application/geo+json"
ON_MAP: Final = 500

router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
Limit = Annotated[int, Query(ge=0, le=1_000, description="how many at most")]
Named = Annotated[str, Path(pattern=r"^[0-9]{1,18}$", description="the event's number")]


class GeoJson(JSONResponse):
    """GeoJSON, for the documentation of what is answered."""

    media_type = GEOJSON


def answer(value: object, media_type: str = "application/json") -> Response:
    """A value as an answer."""
    return Response(msgspec.json.encode(value), media_type=media_type)


@router.get("/session", response_model=shapes.SessionShape, tags=["session"])
def session(request: Request, web: Here, reader: By) -> Response:
    """Who asks, and the token that a change by this session has to show."""
    return answer({"user": reader.name, "csrf": web.access.csrf(reader)})


@router.get(
    "/events",
    response_model=shapes.EventsShape,
    responses={200: {"content": {GEOJSON: {}}}},
    tags=["events"],
)
def events(request: Request, web: Here, view: Viewed, limit: Limit = 50) -> Response:
    """Events that match, most urgent first where no order is named; as GeoJSON to who accepts
    nothing but that."""
    if request.headers.get("accept", "").startswith(GEOJSON):
        return _features(web, view, limit)
    found = find(web.app, view, datetime.now(UTC), limit)
    return answer(
        {
            "total": found.total,
            "question": found.question,
            "next": found.next,
            "events": [_event_row(row) for row in found.rows],
        }
    )


@router.get(
    "/events.geojson",
    response_model=shapes.FeaturesShape,
    response_class=GeoJson,
    tags=["events"],
)
def events_geojson(web: Here, view: Viewed, limit: Limit = ON_MAP) -> Response:
    """The most urgent events on a map, with what a map needs."""
    return _features(web, view, limit)


def _features(web: Web, view: Viewed, limit: int) -> Response:
    query = view.query(read_at(web.app, datetime.now(UTC)))
    if view.sort in ("", URGENCY) and not view.after:
        total, rows = urgent(web.app, query, max(1, min(limit, ON_MAP)))
    else:
        found = find(web.app, view, datetime.now(UTC), limit)
        total, rows = found.total, found.rows
    features = [_feature(row) for row in rows[:limit]]
    value = {"type": "FeatureCollection", "features": features, "total": total}
    return answer(value, GEOJSON)


def _feature(row: Row) -> dict[str, Any]:
    told = feature(row.value, brief=True)
    if row.urgency:
        told["properties"]["urgency"] = row.urgency.total
    return told


@router.get(
    "/events/{name}.geojson",
    response_model=shapes.FeaturesShape,
    response_class=GeoJson,
    tags=["events"],
)
def event_geojson(web: Here, name: Named) -> Response:
    """One event and its posts on a map."""
    found = _dossier(web, name)
    signals = [s for fold in found.folds for s in (fold.first, *fold.copies)]
    features = [feature(found.event, brief=True), *(feature(s, brief=True) for s in signals)]
    value = {"type": "FeatureCollection", "features": features, "total": len(features)}
    return answer(value, GEOJSON)


@router.get("/events/{name}", response_model=shapes.DossierShape, tags=["events"])
def event(web: Here, name: Named) -> Response:
    """All that is known of one event."""
    return answer(dossier_json(_dossier(web, name)))


@router.get("/events/{name}/similar", response_model=shapes.AlikesShape, tags=["events"])
def similar(web: Here, name: Named, limit: Annotated[int, Query(ge=1, le=50)] = 5) -> Response:
    """Events that are alike in meaning."""
    _dossier(web, name)
    found = alike(web.app, name, limit)
    return answer({"alike": [{"event": event_json(a.event), "cosine": a.cosine} for a in found]})


def _dossier(web: Web, name: str) -> Dossier:
    found = dossier(web.app, web.desk, name)
    if found is None:
        raise HTTPException(404, f"{name}: there is no such event")
    return found


@router.get("/signals", response_model=shapes.SignalsShape, tags=["signals"])
def signals(web: Here, view: Viewed, limit: Limit = 50) -> Response:
    """Posts that were kept and that match."""
    found = find(web.app, view.of_kind("signals"), datetime.now(UTC), limit)
    return answer(
        {
            "total": found.total,
            "question": found.question,
            "next": found.next,
            "signals": [_signal_row(row) for row in found.rows],
        }
    )


@router.get("/dropped", response_model=shapes.DropsShape, tags=["signals"])
def dropped(web: Here, view: Viewed, limit: Annotated[int, Query(ge=1, le=1_000)] = 50) -> Response:
    """Posts that were not kept, newest first."""
    found, onward = drops(web.app, view.of_kind("signals"), limit)
    return answer({"next": onward, "dropped": [dropped_json(drop) for drop in found]})


@router.get("/counts", response_model=shapes.BucketsShape, tags=["counts"])
def counts(
    web: Here,
    view: Viewed,
    by: Annotated[str, Query(max_length=20, description="the field, as in topic")],
    of: Of = "events",
) -> Response:
    """How many finds have each value of a field, the most frequent first."""
    query = view.of_kind(of).query(read_at(web.app, datetime.now(UTC)))
    return _buckets(web.app.index.count(query, by, of))


@router.get("/histogram", response_model=shapes.BucketsShape, tags=["counts"])
def histogram(
    web: Here,
    view: Viewed,
    every: Annotated[str, Query(pattern=r"^[1-9][0-9]{0,4}[smhd]$", description="as in 1h")] = "1d",
    of: Of = "events",
) -> Response:
    """How many finds are of each interval of time, from the first to the last."""
    query = view.of_kind(of).query(read_at(web.app, datetime.now(UTC)))
    return _buckets(web.app.index.histogram(query, duration(every), of))


@router.get("/grid", response_model=shapes.BucketsShape, tags=["counts"])
def grid(
    web: Here,
    view: Viewed,
    zoom: Annotated[int, Query(ge=0, le=22, description="of the Web Mercator tiles")] = 10,
    of: Of = "events",
) -> Response:
    """How many finds lie in each tile, keys `zoom/x/y`, the most frequent first."""
    query = view.of_kind(of).query(read_at(web.app, datetime.now(UTC)))
    return _buckets(web.app.index.grid(query, zoom, of))


def _buckets(buckets: Sequence[Bucket]) -> Response:
    return answer({"buckets": buckets})


@router.get("/suggestions", response_model=shapes.SuggestionsShape, tags=["search"])
def suggested(
    web: Here,
    text: Annotated[str, Query(max_length=4_000)] = "",
    at: Annotated[int | None, Query(ge=0, description="where the cursor is; the end")] = None,
    of: Of = "events",
) -> Response:
    """What may be written next: fields, and values of a field."""

    def values(field: str) -> list[str]:
        return [bucket.key for bucket in web.app.index.count(All(), field, of)]

    found = suggestions(text, len(text) if at is None else at, of, values)
    return answer({"suggestions": found})


@router.get("/sources", response_model=shapes.SourcesShape, tags=["operation"])
def sources(web: Here) -> Response:
    """How sources, ledger, index and alerts fare."""
    status = status_of(web.app, datetime.now(UTC))
    return answer(
        {
            "sources": {name: source_json(one) for name, one in status.sources.items()},
            "ledger": status.sizes,
            "consumed": status.consumed,
            "index": index_json(status.index),
            "alerts": status.alerts,
            "running": status.running,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A decision: the event's number or the post's id, the verdict, the posts that were seen (all
    of the event where none is named), and the value by verdict. merge: the other event; split: the
    posts that leave; topic: its name; place: latitude, longitude and perhaps a name; note: the
    words; undo: the number of the decision."""

    target: str
    verdict: Said
    anchors: list[str] = field(default_factory=list)
    value: list[str] = field(default_factory=list)


@router.post("/decisions", response_model=shapes.DecisionShape, status_code=202, tags=["decisions"])
def decide(web: Here, reader: By, wanted: Wanted) -> Response:
    """Say what you think of an event or a dropped post; it is pending until it is consumed."""
    seen = wanted.anchors or [s.post.id for s in web.app.ledger.truth.members(wanted.target)]
    decision = checked(
        wanted.verdict,
        wanted.target,
        value=wanted.value,
        anchors=seen[:MOST_ANCHORS] if not wanted.anchors else seen,
        by=reader.name,
        at=datetime.now(UTC),
    )
    told = Told(seq=web.desk.tell(decision), decision=decision)
    made = answer(told_json(told))
    made.status_code = 202
    return made


@router.get("/decisions/{number}", response_model=shapes.DecisionShape, tags=["decisions"])
def decision(web: Here, number: Annotated[int, Path(ge=1, le=2**53)]) -> Response:
    """What became of a decision."""
    told = web.desk.told(number)
    if told is None:
        raise HTTPException(404, f"{number}: there is no such decision")
    return answer(told_json(told))


def told_json(told: Told) -> dict[str, Any]:
    """A decision and what became of it."""
    said, done = told.decision, told.decided
    return {
        "number": told.seq,
        "target": said.target,
        "verdict": said.verdict,
        "value": list(said.value),
        "by": said.by,
        "at": when(said.at),
        "outcome": done.outcome if done else "pending",
        "event": done.event if done else "",
        "reason": done.reason if done else "",
        "undone": done.undone if done else 0,
        "moved": dict(done.moved) if done else {},
    }


def dossier_json(found: Dossier) -> dict[str, Any]:
    """All that is known of one event."""
    models: dict[str, list[str]] = {}
    for step, model in found.models:
        models.setdefault(step, []).append(model)
    return {
        "event": event_json(found.event),
        "posts": [
            {"post": signal_json(fold.first), "copies": [copy.post.id for copy in fold.copies]}
            for fold in found.folds
        ],
        "hidden": found.hidden,
        "sparks": found.sparks,
        "every_s": found.every.total_seconds(),
        "reasons": {
            "severity": [str(reason) for reason in found.severity],
            "certainty": [str(reason) for reason in found.certainty],
        },
        "figures": [
            {
                "kind": one.kind,
                "number": one.number,
                "whole": one.whole,
                "post": one.signal.post.id,
                "others": one.others,
            }
            for one in found.counts
        ],
        "contradictions": found.contradictions,
        "leanings": found.leanings,
        "models": models,
        "decisions": [told_json(told) for told in found.history],
    }


def _event_row(row: Row) -> dict[str, Any]:
    value = event_json(row.value) if isinstance(row.value, Event) else {}
    points = row.urgency
    told = {**asdict(points), "total": points.total} if points else None
    return {**value, "like": row.like, "urgency": told}


def _signal_row(row: Row) -> dict[str, Any]:
    value = signal_json(row.value) if isinstance(row.value, Signal) else {}
    return {**value, "like": row.like}
