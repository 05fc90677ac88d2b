"""What handlers work with, and how a template becomes an answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor.app import App
from monitor.markup import tame
from monitor.query import Query, marks
from monitor.tables import WebTable
from monitor.web import display
from monitor.web.access import Access, Reader
from monitor.web.texts import read_texts
from monitor.web.visit import Visit, visit

if TYPE_CHECKING:
    from monitor.web.desk import Desk

YEAR_S: Final = 31_536_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """One deployment as its page sees it."""

    app: App
    options: WebTable
    access: Access
    desk: Desk
    pages: Environment


def web_of(request: Request) -> Web:
    """The deployment that a request is asked of."""
    web: Web = request.app.state.web
    return web


def reader_of(request: Request) -> Reader:
    """Who asks."""
    reader: Reader = request.state.reader
    return reader


Here = Annotated[Web, Depends(web_of)]
By = Annotated[Reader, Depends(reader_of)]


def environment(options: WebTable, access: Access) -> Environment:
    """The templates with all that they know; everything is escaped."""
    texts = read_texts()
    made = Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "t": texts,
        "named": texts.named,
        "script_texts": texts.table("script"),
        "options": options,
        "static": static,
        "csrf": access.csrf,
        "may_leave": access.asks,
        "highlighted": highlighted,
    }
    made.filters |= {
        "tame": tame,
        "moment": display.moment,
        "iso": display.iso,
        "kilometres": display.kilometres,
        "lasting": display.lasting,
        "finest": display.finest,
        "news": lambda event, visit: visit.news(event),
        "format_number": lambda number: f"{number:g}",
    }
    return made


def highlighted(query: Query | None, text: str, lang: str) -> Markup:
    """A text with what a question found in it marked."""
    return display.marked(text, marks(query, text, lang) if query else ())


@lru_cache(maxsize=100)
def static(name: str) -> str:
    """The address of a file of ours, which changes with the file."""
    path = files("monitor.web") / "static" / name
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "0"
    return f"/static/{name}?v={mark}"


def page(
    request: Request, template: str, *, code: int = 200, seen: Visit | None = None, **values: Any
) -> HTMLResponse:
    """A page, or only its `main` part where htmx asks for it: then what is wrong with a question is
    no fault of the answer, which htmx would not show in its place."""
    web = web_of(request)
    layout = "part.html" if partial(request) else "base.html"
    reader = getattr(request.state, "reader", None)
    known = {"reader": reader, "path": request.url.path, "layout": layout}
    text = web.pages.get_template(template).render(values | known)
    answer = HTMLResponse(text, status_code=200 if partial(request) else code)
    if seen is not None:
        answer.set_cookie(
            web.access.visit,
            seen.cookie,
            max_age=YEAR_S,
            httponly=True,
            samesite="strict",
            secure=web.options.https,
        )
    return answer


def partial(request: Request) -> bool:
    """Whether htmx asks for a part of a page that it has."""
    headers = request.headers
    return "HX-Request" in headers and "HX-History-Restore-Request" not in headers


def visit_of(request: Request, web: Web) -> Visit:
    """This visit of the reader."""
    last = web.app.ledger.feed.position(web.app.follower)
    return visit(request.cookies.get(web.access.visit, ""), last, datetime.now(UTC))
