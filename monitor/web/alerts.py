"""Where readers subscribe, and where those who get mail say that they want it, or no longer do.

What changes something is sent by a button: scanners of mail follow every link.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from monitor.alerts.matching import wanted
from monitor.alerts.subscribe import TooMany
from monitor.alerts.words import LANGUAGES
from monitor.app import App
from monitor.config import VOUCHED
from monitor.errors import IndexRefused, IndexUnavailable, QueryError
from monitor.fields import micros
from monitor.geocoder import Located
from monitor.messages import Every, Subscription
from monitor.model import CATEGORIES, CERTAINTIES, SEVERITIES, Event
from monitor.nodes import All, Range, both
from monitor.ports import Asked
from monitor.query import event_document
from monitor.wanted import WEEKDAYS, masked, plain
from monitor.web.access import Reader
from monitor.web.draft import Draft, Drafted, draft_from, draft_of
from monitor.web.render import By, Here, Web, page
from monitor.web.situation import home_of
from monitor.web.view import ALIVE, view_of

RECENT: Final = timedelta(days=7)
EVERY: Final[tuple[Every, ...]] = ("now", "hour", "day", "week")

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found out about a form: faults, what its place may mean, or how many events of the
    last days it means, None where the index cannot be asked."""

    faults: tuple[str, ...] = ()
    located: Located | None = None
    recent: int | None = None


@router.get("/alerts")
def alerts(request: Request, web: Here, reader: By, asked: str = "") -> Response:
    """A reader's subscriptions, and a form for one more with what the address asks for."""
    draft = draft_from(view_of("events", request.query_params.multi_items()))
    return _list(request, web, reader, draft, asked=asked)


@router.post("/alerts")
def subscribe(request: Request, web: Here, reader: By, draft: Drafted) -> Response:
    """One more subscription, or what it would match."""
    try:
        if draft.spot:
            return _list(request, web, reader, draft.centred())
        if checked := _checked(web.app, draft):
            return _list(request, web, reader, draft, checked=checked)
        made = web.app.registrar.ask(draft.table(), by=reader.name, now=datetime.now(UTC))
    except QueryError as fault:
        found = Checked(faults=tuple(str(fault).splitlines()))
        code = 429 if isinstance(fault, TooMany) else 400
        return _list(request, web, reader, draft, checked=found, code=code)
    return RedirectResponse(f"/alerts?asked={made.id}", status_code=303)


@router.get("/alerts/{name}")
def one(request: Request, web: Here, reader: By, name: str) -> Response:
    """A subscription, to be changed."""
    found = mine(web, reader, name)
    return _form(request, "alert.html", found, draft_of(plain(found)), to=shown_to(found, reader))


@router.post("/alerts/{name}")
def change(request: Request, web: Here, reader: By, name: str, draft: Drafted) -> Response:
    """It is another one from now on, or removed."""
    found = mine(web, reader, name)
    draft, to = draft.addressed(found), shown_to(found, reader)
    try:
        if draft.spot:
            return _form(request, "alert.html", found, draft.centred(), to=to)
        if checked := _checked(web.app, draft):
            return _form(request, "alert.html", found, draft, to=to, checked=checked)
        if draft.do == "remove":
            web.app.registrar.remove(name)
        else:
            web.app.registrar.change(name, draft.table())
    except QueryError as fault:
        said = Checked(faults=tuple(str(fault).splitlines()))
        return _form(request, "alert.html", found, draft, to=to, checked=said, code=400)
    return RedirectResponse("/alerts", status_code=303)


@router.get("/alerts/confirm/{token}")
def confirmable(request: Request, web: Here, token: str) -> Response:
    """A button that says that the mail is wanted."""
    found = web.app.registrar.get(web.app.links.read("confirm", token))
    return page(request, "alert_link.html", subscription=found, purpose="confirm", done=False)


@router.post("/alerts/confirm/{token}")
def confirm(request: Request, web: Here, token: str) -> Response:
    """The mail is wanted."""
    found = web.app.registrar.confirm(web.app.links.read("confirm", token))
    return page(request, "alert_link.html", subscription=found, purpose="confirm", done=True)


@router.get("/alerts/unsubscribe/{token}")
def unsubscribable(request: Request, web: Here, token: str) -> Response:
    """A button that ends it."""
    found = web.app.ledger.subscribers.get(web.app.links.read("unsubscribe", token))
    done = found is None or found.state == "ended"
    return page(request, "alert_link.html", subscription=found, purpose="unsubscribe", done=done)


@router.post("/alerts/unsubscribe/{token}")
def unsubscribe(request: Request, web: Here, token: str) -> Response:
    """It has ended; mail programs ask for this by themselves, with nothing but the address.

    Source: https://www.rfc-editor.org/rfc/rfc8058
    """
    name = web.app.links.read("unsubscribe", token)
    web.app.registrar.unsubscribe(name)
    found = web.app.ledger.subscribers.get(name)
    return page(request, "alert_link.html", subscription=found, purpose="unsubscribe", done=True)


@router.get("/alerts/manage/{token}")
def manageable(request: Request, web: Here, token: str) -> Response:
    """A subscription in the hands of who gets its mail."""
    found = web.app.registrar.get(web.app.links.read("manage", token))
    return _form(request, "alert_manage.html", found, draft_of(plain(found)), to=known_to(found))


@router.post("/alerts/manage/{token}")
def manage(request: Request, web: Here, token: str, draft: Drafted) -> Response:
    """Changed, paused, gone on or ended by who gets its mail."""
    registrar = web.app.registrar
    name = web.app.links.read("manage", token)
    found = registrar.get(name)
    draft, to = draft.addressed(found), known_to(found)
    if draft.spot:
        return _form(request, "alert_manage.html", found, draft.centred(), to=to)
    try:
        if checked := _checked(web.app, draft):
            return _form(request, "alert_manage.html", found, draft, to=to, checked=checked)
        if draft.do == "pause":
            registrar.pause(name)
        elif draft.do == "resume":
            registrar.resume(name)
        elif draft.do == "remove":
            registrar.unsubscribe(name)
        else:
            registrar.change(name, draft.table())
    except QueryError as fault:
        said = Checked(faults=tuple(str(fault).splitlines()))
        return _form(request, "alert_manage.html", found, draft, to=to, checked=said, code=400)
    return RedirectResponse(f"/alerts/manage/{token}", status_code=303)


def operates(web: Web) -> bool:
    """Whether whoever reaches the page is the operator, who sees what everybody made."""
    return not web.access.asks and not web.access.header


def subscriptions(web: Web, reader: Reader) -> tuple[Subscription, ...]:
    """What a reader may see, the newest first."""
    kept = web.app.ledger.subscribers
    found = kept.all() if operates(web) else kept.all(by=reader.name or "nobody")
    return tuple(sorted(found, key=lambda one: (one.made, one.id), reverse=True))


def mine(web: Web, reader: Reader, name: str) -> Subscription:
    """A subscription that the reader may see; 404 for any other."""
    found = web.app.ledger.subscribers.get(name)
    if found is None or not (operates(web) or found.by == reader.name):
        raise HTTPException(404, f"{name[:40]}: there is no such subscription")
    return found


def shown_to(one: Subscription, reader: Reader) -> str:
    """Its address as the reader may see it: whole to who made it alone."""
    return known_to(one) if one.by == reader.name else masked(one.to)


def known_to(one: Subscription) -> str:
    """Its address for who knows it: whole but for the secret that a URL may hold."""
    return masked(one.to) if "://" in one.to else one.to


def recent(app: App, one: Subscription, now: datetime) -> int:
    """How many events of the last days it means."""
    asked = wanted(one, app.question)
    parts = (asked.query, Range("time", micros(now - RECENT), None), ALIVE)
    query = both(tuple(part for part in parts if part != All()))
    if not asked.corners:
        return app.index.events(query, Asked(limit=0)).total
    found = app.index.scan(query, "events")
    return sum(isinstance(event, Event) and asked.holds(event_document(event)) for event in found)


def _checked(app: App, draft: Draft) -> Checked | None:
    """What the form's place may mean, or how many events the form means; None where it is to be
    done. A place that was written and not looked up yet comes first. Raises QueryError."""
    if draft.do not in {"find", "check", "save"}:
        return None
    if draft.do == "find" or draft.place.strip():
        return Checked(located=app.locate(draft.place))
    if draft.do == "save":
        return None
    one = app.registrar.read(replace(draft, to=draft.to or "nobody@example.org").table())
    try:
        return Checked(recent=recent(app, one, datetime.now(UTC)))
    except (IndexUnavailable, IndexRefused):
        return Checked()


def _list(
    request: Request,
    web: Web,
    reader: Reader,
    draft: Draft,
    *,
    checked: Checked | None = None,
    asked: str = "",
    code: int = 200,
) -> Response:
    shown = [(one, shown_to(one, reader)) for one in subscriptions(web, reader)]
    asked = asked if any(one.id == asked for one, _ in shown) else ""
    return page(
        request,
        "alerts.html",
        code=code,
        shown=shown,
        asked=asked,
        able=bool(web.app.config.channels and web.app.config.alerts.page),
        stopped=web.app.ledger.subscribers.stopped,
        **_known(web, draft, checked),
    )


def _form(
    request: Request,
    template: str,
    found: Subscription,
    draft: Draft,
    *,
    to: str,
    checked: Checked | None = None,
    code: int = 200,
) -> Response:
    web: Web = request.app.state.web
    return page(
        request,
        template,
        code=code,
        subscription=found,
        vouched=found.id.startswith(VOUCHED),
        to=to,
        **_known(web, draft, checked),
    )


def _known(web: Web, draft: Draft, checked: Checked | None) -> dict[str, Any]:
    """What every form shows."""
    return {
        "draft": draft,
        "checked": checked,
        "channels": tuple(web.app.config.channels),
        "home": home_of(web.app),
        "attribution": web.app.config.geocoder.attribution,
        "categories": CATEGORIES,
        "severities": SEVERITIES,
        "certainties": CERTAINTIES,
        "frequencies": EVERY,
        "weekdays": WEEKDAYS,
        "langs": LANGUAGES,
    }
