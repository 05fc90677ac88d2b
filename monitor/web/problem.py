"""What is said when something cannot be done: a page to people, `problem+json` to programs.

Source: https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from monitor.alerts.subscribe import TooMany
from monitor.errors import (
    ConfigError,
    IndexRefused,
    IndexUnavailable,
    LedgerError,
    ModelError,
    MonitorError,
    QueryError,
)
from monitor.web.texts import read_texts

TYPE: Final = "application/problem+json"
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what happened; what to do"},
        "position": {
            "type": ["integer", "null"],
            "description": "the code point of `q` where it goes wrong",
        },
    },
}
_FAULTS: Final = {
    400: "the question cannot be asked",
    401: "a token is needed",
    403: "a change without the session's token, or from another page",
    404: "there is no such thing",
    413: "the request is too large",
    421: "the page does not go by that name",
    422: "a parameter is not of its type",
    429: "too much was asked for today",
    503: "index, ledger or model are away, or something is not set up",
}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": about, "content": {TYPE: {"schema": _PROBLEM}}}
    for status, about in _FAULTS.items()
}
"""What the API may answer instead."""
_AWAY: Final = (ConfigError, IndexUnavailable, IndexRefused, LedgerError, ModelError)


def install(app: FastAPI) -> None:
    """Let an application answer faults so."""
    app.add_exception_handler(MonitorError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)


def status_of(fault: MonitorError) -> int:
    """400 where the reader asked for what cannot be, 429 for too much; 503 where something is away
    or not set up; else 500."""
    if isinstance(fault, TooMany):
        return 429
    if isinstance(fault, QueryError):
        return 400
    return 503 if isinstance(fault, _AWAY) else 500


def problem(status: int, detail: str, **more: Any) -> Response:
    """A fault for a program."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Response(msgspec.json.encode(body), status_code=status, media_type=TYPE)


def refusal(request: Request, pages: Environment, status: int, why: str) -> Response:
    """Why the gate lets nothing through."""
    return _said(request, pages, status, read_texts()(f"fault.{why}"))


def _said(request: Request, pages: Environment, status: int, detail: str, **more: Any) -> Response:
    if request.url.path.startswith("/api/"):
        answer = problem(status, detail, **more)
        if status == 401:
            answer.headers["www-authenticate"] = "Bearer"
        return answer
    title = HTTPStatus(status).phrase
    known = {"title": title, "detail": detail, "status": status, "path": request.url.path}
    template = "fault.html" if "HX-Request" in request.headers else "error.html"
    reader = getattr(request.state, "reader", None)
    text = pages.get_template(template).render(known, reader=reader, layout="base.html")
    return HTMLResponse(text, status_code=status)


def _known(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, MonitorError):
        raise fault
    more = {"position": fault.position} if isinstance(fault, QueryError) else {}
    return _said(request, request.app.state.web.pages, status_of(fault), str(fault), **more)


def _malformed(request: Request, fault: Exception) -> Response:
    faults: Sequence[Any] = fault.errors() if isinstance(fault, RequestValidationError) else ()
    said = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in faults)
    return _said(request, request.app.state.web.pages, 422, said)


def _http(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, HTTPException):
        raise fault
    answer = _said(request, request.app.state.web.pages, fault.status_code, str(fault.detail))
    for name, value in (fault.headers or {}).items():
        answer.headers[name] = value
    return answer
