"""The pages. Each shows one view of the deployment; htmx is given only its `main` part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from monitor.app import App, dropped_document
from monitor.errors import IndexRefused, IndexUnavailable, ModelError, QueryError
from monitor.model import Dropped, Event, Post, Signal
from monitor.nodes import All, Query
from monitor.ports import Asked
from monitor.query import FIELDS, event_document, matches, signal_document
from monitor.status import status_of
from monitor.web import reference
from monitor.web.display import topics
from monitor.web.dossier import alike, dossier
from monitor.web.problem import status_of as status_code
from monitor.web.render import Here, Web, page, visit_of
from monitor.web.situation import POOL, facets, find, home_of, orders, read_at, timeline
from monitor.web.texts import read_texts
from monitor.web.view import View, view_of
from monitor.web.visit import left_behind

SHOWN: Final = 50
"""Finds on a page."""
SPANS: Final = ("now-6h", "now-24h", "now-7d", "now-30d")
LAST_POSTS: Final = 3
LOOKED_AT: Final = 20_000
"""Dropped posts that one page goes through at most."""
CHANGES: Final = 500

router = APIRouter(include_in_schema=False)


@router.get("/")
def situation(request: Request, web: Here) -> Response:
    """What happened, where, how sure we are, and what is new."""
    return _finds(request, web, view_of("events", request.query_params.multi_items()))


@router.get("/search")
def search(request: Request, web: Here) -> Response:
    """The posts behind it."""
    return _finds(request, web, view_of("signals", request.query_params.multi_items()))


def _finds(request: Request, web: Web, view: View) -> Response:
    now = datetime.now(UTC)
    visit = visit_of(request, web)
    known: dict[str, Any] = {
        "view": view,
        "visit": visit,
        "spans": SPANS,
        "pool": POOL,
        "home": home_of(web.app),
        "fault": None,
        "finds": None,
        "orders": (),
        "facets": (),
        "timeline": None,
    }
    template, status = ("situation.html" if view.of == "events" else "search.html"), 200
    try:
        known["query"] = view.query(read_at(web.app, now))
        known["orders"] = orders(view, known["query"])
        with web.app.index.snapshot():
            known["finds"] = find(web.app, view, now, SHOWN)
            known["facets"] = facets(web.app, view, now)
            known["timeline"] = timeline(web.app, view, now)
    except (QueryError, IndexUnavailable, IndexRefused, ModelError) as fault:
        status, known["fault"] = status_code(fault), fault
    return page(request, template, code=status, seen=visit, **known)


@router.post("/seen")
def seen(request: Request, web: Here) -> Response:
    """The reader has seen all there is: nothing is new any more."""
    visit = left_behind(visit_of(request, web))
    answer: Response = page(request, "seen.html", seen=visit)
    if "HX-Request" not in request.headers:
        cookies = answer.headers.getlist("set-cookie")
        answer = RedirectResponse("/", status_code=303)
        for cookie in cookies:
            answer.headers.append("set-cookie", cookie)
    return answer


@router.get("/changes")
def changes(request: Request, web: Here, row: int, of: str = "events") -> Response:
    """How many finds of a view have changed since a row, for a page that is open."""
    view = view_of("signals" if of == "signals" else "events", request.query_params.multi_items())
    query = view.query(read_at(web.app, datetime.now(UTC)))
    number = sum(1 for _ in _changed(web.app, view, query, max(row, 0)))
    return page(request, "changes.html", view=view, number=number)


def _changed(app: App, view: View, query: Query, since: int) -> Iterator[Event | Signal]:
    """What has changed since that row, as far as the index knows of it."""
    known = app.ledger.feed.position(app.follower)
    if known <= since or (change := app.ledger.feed.changes(since, CHANGES)) is None:
        return
    if view.of == "events":
        yield from (
            e for e in change.events if e.seq <= known and matches(query, event_document(e))
        )
    else:
        yield from (
            s for s in change.signals if s.seq <= known and matches(query, signal_document(s))
        )


@router.get("/events/{name}")
def event(request: Request, web: Here, name: str) -> Response:
    """All that is known of one event."""
    found = dossier(web.app, web.desk, name)
    if found is None:
        raise HTTPException(404, f"{name}: there is no such event")
    like: Any = ()
    fault = None
    try:
        like = alike(web.app, name)
    except (IndexUnavailable, IndexRefused) as error:
        fault = error
    return page(
        request,
        "event.html",
        dossier=found,
        event=found.event,
        alike=like,
        fault=fault,
        home=home_of(web.app),
        topics=topics(),
        history=found.history,
    )


@router.get("/sources")
def sources(request: Request, web: Here) -> Response:
    """How every source fares."""
    now = datetime.now(UTC)
    status = status_of(web.app, now)
    return page(
        request, "sources.html", status=status, now=now, last=_last_posts(web.app, status.sources)
    )


def _last_posts(app: App, names: Any) -> dict[str, tuple[Signal, ...]]:
    """The newest posts of each source; none where the index is away."""
    found: dict[str, tuple[Signal, ...]] = {}
    try:
        for name in names:
            query = View(of="signals", facets=(("source", name),)).query(app.question)
            hits = app.index.signals(query, Asked(sort="-time", limit=LAST_POSTS)).hits
            found[name] = tuple(hit.value for hit in hits if isinstance(hit.value, Signal))
    except (IndexUnavailable, IndexRefused):
        return {}
    return found


@router.get("/dropped")
def dropped(request: Request, web: Here) -> Response:
    """Posts that were not kept."""
    view = view_of("signals", request.query_params.multi_items())
    known: dict[str, Any] = {"view": view, "fault": None, "drops": (), "next": None}
    status = 200
    try:
        known["drops"], known["next"] = drops(web.app, view, SHOWN)
    except QueryError as fault:
        status, known["fault"] = 400, fault
    return page(request, "dropped.html", code=status, **known)


def drops(app: App, view: View, limit: int) -> tuple[tuple[Dropped, ...], str | None]:
    """A page of dropped posts, newest first, and the mark of the next. Raises QueryError."""
    query = view.query(read_at(app, datetime.now(UTC)))
    if view.after and not view.after.isdecimal():
        raise QueryError("after: is no mark of this question; begin at the first page")
    before = int(view.after[:18]) if view.after else 1 << 62
    looked = islice(app.ledger.desk.dropped(), LOOKED_AT)
    found = (
        drop
        for drop in looked
        if drop.seq < before and (query == All() or matches(query, dropped_document(drop)))
    )
    page_ = tuple(islice(found, limit + 1))
    more = len(page_) > limit
    return page_[:limit], str(page_[limit - 1].seq) if more else None


@router.get("/help")
def help_(request: Request) -> Response:
    """The language of questions."""
    words = read_texts().table("help")
    return page(
        request,
        "help.html",
        fields=tuple(FIELDS.values()),
        examples=words["example"],
        keys=words["key"],
    )


@router.get("/api")
def api(request: Request) -> Response:
    """The API, explained."""
    operations = reference.operations(request.app.openapi())
    return page(request, "api.html", operations=operations, examples=reference.examples())


@router.get("/go/{post:path}")
def go(web: Here, post: str) -> Response:
    """To where a post was published; its address is told to nobody else."""
    found = _post(web.app, post)
    address = found.url if found else ""
    if urlsplit(address).scheme not in ("http", "https"):
        raise HTTPException(
            404, "the post is not here any more, or nothing is known of its address"
        )
    return RedirectResponse(address, status_code=303)


def _post(app: App, name: str) -> Post | None:
    kept = app.ledger.truth.signal(name)
    if kept is not None:
        return kept.post
    drop = app.ledger.truth.dropped(name)
    return drop.post if drop else None
