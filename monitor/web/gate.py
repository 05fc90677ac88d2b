"""The gate before every handler: who asks, from where, and what leaves.

::

    Host known? ► who is it? ► a change: small, from this very page, with the session's token? ► in
    out ► the same headers on every answer: nothing foreign may run, frame or be told

It decides for all addresses alike, so that a new page is safe without knowing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from jinja2 import Environment
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.tables import WebTable
from monitor.web.access import LOOPBACK, SESSION_S, Access, Reader, user
from monitor.web.problem import refusal

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ONE_CLICK: Final = "/alerts/unsubscribe/"
"""Where mail programs post by themselves, with no more than the signed address: RFC 8058."""
OPEN: Final = ("/static/", "/login", "/alerts/confirm/", "/alerts/manage/", ONE_CLICK)
"""What may be asked for without a name; what follows `/alerts/` there is signed."""
MOST_BYTES: Final = 256_000
MOST_FIELDS: Final = 2_000
"""Of a request's body, and of a form."""
FORM: Final = "application/x-www-form-urlencoded"

Refused = tuple[int, str]


class Gate:
    """An ASGI application around another."""

    def __init__(
        self, app: ASGIApp, *, access: Access, options: WebTable, pages: Environment
    ) -> None:
        self._app = app
        self._access = access
        self._options = options
        self._pages = pages
        self._names = LOOPBACK | {options.host, *options.names}
        self._headers = headers_of(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; lifespan passes, anything else there is not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        session = self._access.open(request.cookies.get(self._access.session, ""))
        known = self._is_known(request)
        cookie = ""
        if known and session is None and _begins(request):
            if request.headers.get("sec-fetch-site") == "cross-site":
                await self._bounce(request)(scope, receive, self._sent(send, ""))
                return
            session, cookie = self._access.begin()
        send = self._sent(send, cookie)
        reader = self._reader(request, session)
        refused: Refused | None = None
        if not known:
            refused = 421, "host"
        elif reader is None and not request.url.path.startswith(OPEN):
            refused = 401, "login"
        elif request.method not in SAFE:
            body, refused = await self._change(request, reader or session)
            receive = _replayed(body, receive)
        if refused is not None:
            await self._refuse(request, *refused)(scope, receive, send)
            return
        scope.setdefault("state", {})["reader"] = reader or session or Reader(name="")
        await self._app(scope, receive, send)

    def _reader(self, request: Request, session: Reader | None) -> Reader | None:
        """Who asks, None where that has to be shown first."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._access.bearer(token.strip())
        nonce = session.nonce if session else ""
        if self._access.header and request.client:
            said = request.headers.get(self._access.header, "")
            if name := self._access.forwarded(request.client.host, said):
                return Reader(name=name, nonce=nonce)
        if self._access.tokens:
            return session if session and session.name else None
        return None if self._access.header else Reader(name=user(), nonce=nonce)

    def _is_known(self, request: Request) -> bool:
        """Whether the page is asked by a name of ours: a foreign one may lead a browser here."""
        try:
            host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        except ValueError:
            return False
        return host in self._names

    async def _change(
        self, request: Request, reader: Reader | None
    ) -> tuple[bytes, Refused | None]:
        """The body of a change, or why it is refused."""
        one_click = request.method == "POST" and request.url.path.startswith(ONE_CLICK)
        if not one_click and not _from_here(request):
            return b"", (403, "origin")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return b"", (413, "large")
        if one_click:
            return body, None
        if reader is None:
            return b"", (403, "csrf")
        if reader.shows:
            return body, None
        shown = request.headers.get("x-csrf-token", "") or _field(request, body, "csrf")
        return body, None if self._access.allowed(reader, shown) else (403, "csrf")

    def _refuse(self, request: Request, status: int, why: str) -> Response:
        if status != 401 or request.url.path.startswith("/api/"):
            return refusal(request, self._pages, status, why)
        if self._access.asks:
            there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            address = f"/login?to={quote(there, safe='')}"
            if "HX-Request" in request.headers:
                return Response(status_code=401, headers={"HX-Redirect": address})
            return RedirectResponse(address, status_code=303)
        return refusal(request, self._pages, 403, "proxy")

    def _bounce(self, request: Request) -> Response:
        """A page that asks for itself again: a browser that comes from elsewhere keeps the
        session's cookie back until then."""
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return HTMLResponse(self._pages.get_template("bounce.html").render(there=there))

    def _sent(self, send: Send, cookie: str) -> Send:
        """What sends with the headers that every answer has."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(message, cookie)
            await send(message)

        return sending

    def _dress(self, message: MutableMapping[str, Any], cookie: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if cookie:
            headers.append("set-cookie", session_cookie(self._access, cookie, self._options))


def session_cookie(access: Access, value: str, options: WebTable) -> str:
    """The header that sets the session's cookie."""
    secure = "; Secure" if options.https else ""
    kept = f"Path=/; Max-Age={SESSION_S}; HttpOnly; SameSite=Strict{secure}"
    return f"{access.session}={value}; {kept}"


def headers_of(options: WebTable) -> Mapping[str, str]:
    """The headers of every answer. Nothing is loaded from elsewhere but the tiles that the operator
    named."""
    tiles = urlsplit(options.tiles.replace("{s}", "*"))
    images = f" {tiles.scheme}://{tiles.netloc}" if tiles.netloc else ""
    policy = (
        "default-src 'self'",
        f"img-src 'self' data:{images}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
    secure = {"strict-transport-security": "max-age=31536000"} if options.https else {}
    return secure | {
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-store",
    }


def _begins(request: Request) -> bool:
    """Whether a session may begin: programs ask for one, files need none."""
    path = request.url.path
    page = not path.startswith(("/static/", "/api/")) or path == "/api/v1/session"
    return page and request.method == "GET"


def _from_here(request: Request) -> bool:
    """Whether a change was sent by this very page, or by no browser at all. A browser that is told
    to name no referrer says `null` for forms; then it says where they come from in another way."""
    site = request.headers.get("sec-fetch-site", "")
    if site and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin", "")
    if origin == "null":
        return site == "same-origin"
    return not origin or urlsplit(origin).netloc == request.headers.get("host", "")


def _field(request: Request, body: bytes, name: str) -> str:
    if not request.headers.get("content-type", "").startswith(FORM):
        return ""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        return ""
    return fields.get(name, [""])[0]


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, then whatever comes."""
    told = False

    async def receiving() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving
