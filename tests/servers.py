"""Real servers on loopback. Doors are named by the fault: `/fault/429`, `/fault/slow` …

with serving(Site(pages={"/feed.xml": Reply(body=b"<rss/>")})) as url: ...
"""

from __future__ import annotations

import gzip
import re
import ssl
import threading
import time
import urllib.parse
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import brotli

from monitor.model import Cursor
from monitor.ports import Answer

MEGABYTE = bytes(1_000_000)
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha ha ha ha ha ha ha ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 12))
    + b']><rss version="2.0"><channel><item><title>&l;</title></item></channel></rss>'
)


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Site:
    """What a server holds, and what it was asked. `pages` go before `folder` and the doors."""

    pages: dict[str, Reply] = field(default_factory=dict)
    folder: Path | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Given:
    """A fetch that has its answer already, for properties over what may be answered."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def get(
        self, url: str, *, cursor: Cursor | None = None, accept: str = "*/*", page: bool = False
    ) -> Answer:
        return Answer(url=url, status=200, headers={}, body=self.body)

    def marks(self, answer: Answer) -> dict[str, str]:
        return {}


@contextmanager
def serving(site: Site, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that runs meanwhile."""

    class Handler(_Handler):
        pass

    Handler.site = site
    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.site.asked.append((self.path, headers))
        path = urllib.parse.unquote(self.path.partition("?")[0])
        try:
            if path in self.site.pages:
                self._reply(self.site.pages[path], headers)
            elif path in DOORS:
                DOORS[path](self)
            elif self.site.folder is not None and (self.site.folder / path[1:]).is_file():
                self._reply(recorded(self.site.folder / path[1:]), headers)
            else:
                self._reply(Reply(status=404), headers)
        except (ConnectionError, TimeoutError):
            pass

    def do_POST(self) -> None:
        self.site.posted.append(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        self.do_GET()

    def _reply(self, reply: Reply, asked: Mapping[str, str]) -> None:
        if reply.headers.get("ETag") and asked.get("if-none-match") == reply.headers["ETag"]:
            reply = Reply(status=304, headers=reply.headers)
        self.begin(reply.status, {**reply.headers, "Content-Length": str(len(reply.body))})
        self.wfile.write(reply.body)

    def begin(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()


def recorded(path: Path) -> Reply:
    """A recording as its server sent it: headers from the `Header:` lines that it carries itself,
    else a content type that fits its name."""
    body = path.read_bytes()
    kinds = {".json": "application/json", ".html": "text/html; charset=utf-8"}
    headers = {"Content-Type": kinds.get(path.suffix, "application/xml")}
    for line in re.findall(rb"^\s*Header:\s*(.+)$", body[:2_000], re.MULTILINE):
        name, _, value = line.decode("latin-1").strip().partition(":")
        headers = {key: held for key, held in headers.items() if key.lower() != name.lower()}
        headers[name] = value.strip()
    return Reply(body=body, headers=headers)


# The doors


def _status(status: int, **headers: str) -> Callable[[_Handler], None]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.begin(status, {"Content-Length": "0", **named})


def _drop(handler: _Handler) -> None:
    handler.connection.close()


def _drip(handler: _Handler, what: bytes) -> None:
    for _ in range(600):
        handler.wfile.write(what)
        handler.wfile.flush()
        time.sleep(0.05)


def _slow(handler: _Handler) -> None:
    handler.begin(headers={"Content-Length": "1000000"})
    _drip(handler, b".")


def _slow_headers(handler: _Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler, b".")


def _silent(handler: _Handler) -> None:
    time.sleep(30)


def _truncated(handler: _Handler) -> None:
    handler.begin(headers={"Content-Length": "1000"})
    handler.wfile.write(b"<rss>")


def _truncated_gzip(handler: _Handler) -> None:
    body = gzip.compress(MEGABYTE)[:-20]
    handler.begin(headers={"Content-Encoding": "gzip", "Content-Length": str(len(body))})
    handler.wfile.write(body)


def _huge(handler: _Handler) -> None:
    handler.begin(headers={"Content-Length": "2000000000"})
    for _ in range(2_000):
        handler.wfile.write(MEGABYTE)


def _huge_unsaid(handler: _Handler) -> None:
    handler.begin()
    for _ in range(2_000):
        handler.wfile.write(MEGABYTE)


def _huge_chunked(handler: _Handler) -> None:
    handler.begin(headers={"Transfer-Encoding": "chunked"})
    for _ in range(2_000):
        handler.wfile.write(b"f4240\r\n" + MEGABYTE + b"\r\n")


def _gzip_bomb(handler: _Handler) -> None:
    engine = zlib.compressobj(wbits=31)
    handler.begin(headers={"Content-Encoding": "gzip", "Content-Type": "application/xml"})
    for _ in range(2_000):
        handler.wfile.write(engine.compress(MEGABYTE))
    handler.wfile.write(engine.flush())


def _br_bomb(handler: _Handler) -> None:
    handler.begin(headers={"Content-Encoding": "br", "Content-Type": "application/xml"})
    engine = brotli.Compressor(quality=1)
    for _ in range(2_000):
        handler.wfile.write(engine.process(MEGABYTE))
    handler.wfile.write(engine.finish())


def _laughs(handler: _Handler) -> None:
    handler.begin(headers={"Content-Type": "application/xml", "Content-Length": str(len(LAUGHS))})
    handler.wfile.write(LAUGHS)


def _endless_headers(handler: _Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(2_000):
        handler.wfile.write(b"X-Filler: " + b"x" * 1_000 + b"\r\n")


def _endless_continue(handler: _Handler) -> None:
    for _ in range(1_000_000):
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


DOORS: dict[str, Callable[[_Handler], None]] = {
    "/fault/429": _status(429, Retry_After="120"),
    "/fault/429-date": _status(429, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT"),
    "/fault/500": _status(500),
    "/fault/503": _status(503, Retry_After="7"),
    "/fault/401": _status(401),
    "/fault/403": _status(403),
    "/fault/410": _status(410),
    "/fault/304": _status(304),
    "/fault/drop": _drop,
    "/fault/slow": _slow,
    "/fault/slow-headers": _slow_headers,
    "/fault/silent": _silent,
    "/fault/truncated": _truncated,
    "/fault/truncated-gzip": _truncated_gzip,
    "/fault/huge": _huge,
    "/fault/huge-unsaid": _huge_unsaid,
    "/fault/huge-chunked": _huge_chunked,
    "/fault/gzip-bomb": _gzip_bomb,
    "/fault/br-bomb": _br_bomb,
    "/fault/billion-laughs": _laughs,
    "/fault/endless-headers": _endless_headers,
    "/fault/endless-continue": _endless_continue,
    "/fault/redirects": _status(302, Location="/fault/redirects"),
    "/fault/to-private": _status(302, Location="http://10.0.0.1/"),
    "/fault/to-metadata": _status(302, Location="http://169.254.169.254/latest/meta-data/"),
    "/fault/to-localhost": _status(302, Location="http://localhost:1/"),
    "/fault/to-mapped": _status(302, Location="http://[::ffff:127.0.0.1]:1/"),
    "/fault/to-file": _status(302, Location="file:///etc/passwd"),
    "/fault/to-credentials": _status(302, Location="http://user:secret@127.0.0.1:1/"),
}
