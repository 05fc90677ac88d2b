"""Where readers judge: forms of the event page and of the dropped posts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from monitor.web.desk import MOST_ANCHORS, checked
from monitor.web.dossier import history
from monitor.web.render import By, Here, Web, page, partial

router = APIRouter(include_in_schema=False)


@router.post("/events/{event}/decide")
def decide(
    request: Request,
    web: Here,
    reader: By,
    event: str,
    verdict: Annotated[str, Form()],
    value: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    anchor: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    """What a reader says of an event; its history with the decision pending."""
    seen = anchor or [signal.post.id for signal in web.app.ledger.truth.members(event)]
    now = datetime.now(UTC)
    decision = checked(
        verdict, event, value=value, anchors=seen[:MOST_ANCHORS], by=reader.name, at=now
    )
    web.desk.tell(decision)
    return decisions(request, web, event)


@router.get("/events/{event}/decisions")
def decisions(request: Request, web: Here, event: str) -> Response:
    """What was said of an event, with what still waits; asked again until nothing does."""
    if not partial(request):
        return RedirectResponse(f"/events/{event}#history", status_code=303)
    told = history(web.app, web.desk, event)
    answer = page(request, "history.html", event=event, history=told)
    if not any(one.decided is None for one in told):
        answer.headers["HX-Trigger"] = "settled"
    return answer


@router.post("/dropped/promote")
def promote(request: Request, web: Here, reader: By, post: Annotated[str, Form()]) -> Response:
    """A dropped post is to be kept after all."""
    web.desk.tell(checked("promote", post, by=reader.name, at=datetime.now(UTC)))
    return _promoted(request, web, post, begun=True)


@router.get("/dropped/promoted")
def promoted(request: Request, web: Here, post: str) -> Response:
    """What became of a promotion."""
    return _promoted(request, web, post, begun=False)


def _promoted(request: Request, web: Web, post: str, *, begun: bool) -> Response:
    """The words in place of the button, which take its focus where they have just `begun`."""
    if not partial(request):
        return RedirectResponse("/dropped", status_code=303)
    told = web.desk.about(post)
    return page(request, "promoted.html", post=post, told=told, begun=begun)
