"""Coming in with a token, and going."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from monitor.web.gate import session_cookie
from monitor.web.render import Here, page

router = APIRouter(include_in_schema=False)


@router.get("/login")
def ask(request: Request, to: Annotated[str, Query()] = "/") -> Response:
    """The page that asks for a token."""
    return page(request, "login.html", to=local(to), failed=False)


@router.post("/login")
def enter(
    request: Request,
    web: Here,
    token: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:
    """In, with a session of the token's reader; or the page again."""
    reader = web.access.bearer(token.strip())
    if reader is None:
        return page(request, "login.html", code=403, to=local(to), failed=True)
    _, cookie = web.access.begin(reader.name)
    answer = RedirectResponse(local(to), status_code=303)
    answer.headers.append("set-cookie", session_cookie(web.access, cookie, web.options))
    return answer


@router.post("/logout")
def leave(web: Here) -> Response:
    """Out."""
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(web.access.session, httponly=True, samesite="strict")
    return answer


def local(address: str) -> str:
    """An address on this page; the first page for any other."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    foreign = parts.scheme or parts.netloc or not address.isprintable() or "\\" in address
    return address if plain and not foreign else "/"
