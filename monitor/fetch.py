"""The one polite HTTP client: paced, conditional, capped, and never inside our own network.

An answer that is larger than the cap, a decompression bomb and too many redirects are
SourceRefused (the operator may raise the cap or name the final address); a body that is not what
its headers say is SourceChanged; an answer that is late, cut or busy is SourceUnavailable.
Addresses in messages carry neither credentials nor queries.
Source: https://www.rfc-editor.org/rfc/rfc9110 https://www.rfc-editor.org/rfc/rfc9309
"""

from __future__ import annotations

import hashlib
import math
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Final

import httpcore2
import httpx2
from protego import Protego

from monitor.errors import SourceChanged, SourceRefused, SourceUnavailable
from monitor.guard import Allowance, GuardedBackend, decoded
from monitor.model import Cursor
from monitor.ports import Answer

NAME: Final = "signal-monitor"
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_BUSY: Final = frozenset({408, 425, 429})
_RETRY_CAP_S: Final = 86_400.0
_CRAWL_CAP_S: Final = 30.0
_ROBOTS_TTL_S: Final = 3_600.0
_ROBOTS_AWAY_TTL_S: Final = 300.0
_ROBOTS_BYTES: Final = 512_000
_HOSTS: Final = 1_000
_ENVELOPE: Final = 1_000_000
"""Bytes that headers and chunk marks may take beside a body."""


def agent(contact: str = "") -> str:
    """The User-Agent: our name and version, and where to reach the operator."""
    name = f"{NAME}/{version(NAME)}"
    return f"{name} (+{contact})" if contact else name


def shown(url: str) -> str:
    """An address as it may stand in a message: without user, password, query and fragment."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return "an address that cannot be read"
    port = f":{parsed.port}" if parsed.port else ""
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    return f"{parsed.scheme}://{host}{port}{parsed.path}"


def canonical(url: str) -> str:
    """An address as it may stand in an id: normalised, and its query, which may hold a key, only as
    eight hexadecimal digits."""
    try:
        query = httpx2.URL(url).query
    except httpx2.InvalidURL:
        query = url.encode("utf-8", "replace")
    return f"{shown(url)}?{hashlib.sha256(query).hexdigest()[:8]}" if query else shown(url)


@dataclass(frozen=True, slots=True)
class _Robots:
    """A host's robots.txt as it was read: no rules and not away means that all is allowed."""

    until: float
    rules: Protego | None = None
    away: bool = False


class Fetcher:
    """Fetches for all collectors; safe in threads.

    `allow` names hosts that may have private addresses. `timeout_s` is for a whole answer with its
    redirects, without the waiting between requests to one host (`per_host_s`).
    """

    def __init__(
        self,
        allow: Sequence[str] = (),
        user_agent: str = "",
        max_bytes: int = 20_000_000,
        timeout_s: float = 60.0,
        per_host_s: float = 1.0,
        redirects: int = 5,
    ) -> None:
        self._allow = frozenset(host.lower().strip("[]") for host in allow)
        self._user_agent = user_agent or agent()
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._per_host_s = per_host_s
        self._redirects = redirects
        self._tls = httpcore2.default_ssl_context()
        self._lock = threading.Lock()
        self._free: dict[str, float] = {}
        self._robots: dict[str, _Robots] = {}

    def get(
        self, url: str, *, cursor: Cursor | None = None, accept: str = "*/*", page: bool = False
    ) -> Answer:
        """GET, conditional on the validators that `cursor` holds for this address; `page` asks
        robots.txt first, of every host on the way."""
        allowance = Allowance(self._timeout_s, self._max_bytes + _ENVELOPE)
        at = _checked(url)
        for _ in range(self._redirects + 1):
            gap = self._permitted(at) if page else self._per_host_s
            allowance.extend(self._pace(at.host, gap))
            answer, target = self._ask(at, _validators(cursor, str(at)), accept, allowance)
            if target is None:
                return answer
            at = _checked(_joined(at, target))
        raise SourceRefused(
            f"{shown(url)}: more than {self._redirects} redirects; name the final address"
        )

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """POST once; the status of the answer, whatever it is. Redirects are not followed and the
        answer's body is not read."""
        allowance = Allowance(self._timeout_s, _ENVELOPE)
        at = _checked(url)
        allowance.extend(self._pace(at.host, self._per_host_s))
        with self._answering("POST", at, headers, allowance, body) as response:
            return int(response.status)

    def marks(self, answer: Answer) -> dict[str, str]:
        """The validators of an answer, to go into the next cursor's marks."""
        key = _key(answer.url)
        found = {
            f"etag:{key}": answer.headers.get("etag", ""),
            f"modified:{key}": answer.headers.get("last-modified", ""),
        }
        return {name: value for name, value in found.items() if 0 < len(value) <= 1_000}

    def _ask(
        self, at: httpx2.URL, conditions: Mapping[str, str], accept: str, allowance: Allowance
    ) -> tuple[Answer, str | None]:
        """One request: its answer, and where it redirects to, if it does."""
        headers = {"Accept": accept, "Accept-Encoding": "gzip, deflate, br", **conditions}
        with self._answering("GET", at, headers, allowance) as response:
            got = _headers(response.headers)
            if response.status in _MOVED and "location" in got:
                return Answer(url=str(at), status=200, headers=got, body=b""), got["location"]
            _judge(response.status, got, str(at), conditional=bool(conditions))
            same = response.status == 304
            body = b"" if same else self._body(response.iter_stream(), got, str(at))
        return Answer(url=str(at), status=304 if same else 200, headers=got, body=body), None

    @contextmanager
    def _answering(
        self,
        method: str,
        at: httpx2.URL,
        headers: Mapping[str, str],
        allowance: Allowance,
        content: bytes | None = None,
    ) -> Iterator[httpcore2.Response]:
        """One request, and its answer while it is read."""
        sent: list[tuple[bytes | str, bytes | str]] = [
            ("Host", at.netloc),
            ("User-Agent", self._user_agent),
            ("Connection", "close"),
            *headers.items(),
        ]
        if content is not None:
            sent.append(("Content-Length", str(len(content))))
        backend = GuardedBackend(self._allow, allowance)
        target = httpcore2.URL(
            scheme=at.raw_scheme, host=at.raw_host, port=at.port, target=at.raw_path
        )
        with (
            _translated(str(at)),
            httpcore2.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
            pool.stream(method, target, headers=sent, content=content) as response,
        ):
            yield response

    def _body(self, chunks: Iterator[bytes], headers: Mapping[str, str], url: str) -> bytes:
        """The decoded body; raises SourceRefused as soon as it is seen to pass the cap."""
        length = headers.get("content-length", "")
        too_large = SourceRefused(
            f"{shown(url)}: the answer is larger than {self._max_bytes} bytes; raise max_bytes or "
            "leave this source"
        )
        if length.isascii() and length.isdigit() and int(length[:20]) > self._max_bytes:
            raise too_large
        body = bytearray()
        for piece in decoded(chunks, headers.get("content-encoding", "")):
            body += piece
            if len(body) > self._max_bytes:
                raise too_large
        return bytes(body)

    def _pace(self, host: str, gap: float) -> float:
        """Wait for this host's turn; the seconds that were waited."""
        with self._lock:
            now = time.monotonic()
            if len(self._free) >= _HOSTS:
                self._free = {name: at for name, at in self._free.items() if at > now}
            turn = max(now, self._free.get(host, now))
            wait = turn - now
            if wait > self._timeout_s:
                raise SourceUnavailable(
                    f"{host}: too many requests wait for it; ask it less often", retry_after_s=wait
                )
            self._free[host] = turn + gap
        time.sleep(wait)
        return wait

    def _permitted(self, at: httpx2.URL) -> float:
        """The seconds to keep between requests, where robots.txt lets us in; else raises."""
        robots = self._robots_of(at)
        if robots.away:
            raise SourceUnavailable(
                f"{shown(str(at))}: its robots.txt cannot be had; tried again later",
                retry_after_s=_ROBOTS_AWAY_TTL_S,
            )
        if robots.rules is None:
            return self._per_host_s
        if not robots.rules.can_fetch(str(at), NAME):
            raise SourceRefused(f"{shown(str(at))}: robots.txt forbids it; leave it")
        delay = robots.rules.crawl_delay(NAME) or 0.0
        return max(self._per_host_s, min(delay, _CRAWL_CAP_S))

    def _robots_of(self, at: httpx2.URL) -> _Robots:
        """robots.txt of a host, remembered for an hour: 4xx allows all, 5xx and silence nothing."""
        origin = f"{at.scheme}://{at.netloc.decode('ascii')}"
        now = time.monotonic()
        with self._lock:
            known = self._robots.get(origin)
        if known is not None and known.until > now:
            return known
        try:
            answer = self.get(f"{origin}/robots.txt", accept="text/plain")
        except SourceUnavailable:
            found = _Robots(until=now + _ROBOTS_AWAY_TTL_S, away=True)
        except (SourceRefused, SourceChanged):
            found = _Robots(until=now + _ROBOTS_TTL_S)
        else:
            text = answer.body[:_ROBOTS_BYTES].decode("utf-8", "replace")
            found = _Robots(until=now + _ROBOTS_TTL_S, rules=Protego.parse(text))
        with self._lock:
            if len(self._robots) >= _HOSTS:
                self._robots.pop(next(iter(self._robots)))
            self._robots[origin] = found
        return found


def _checked(url: str) -> httpx2.URL:
    """The address to go to: http or https, a host, no credentials, no fragment."""
    try:
        parsed = httpx2.URL(url.strip())
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise SourceRefused(f"{shown(url)}: only http and https addresses with a host are read")
        if "%" in parsed.host:
            raise SourceRefused(f"{shown(url)}: its host is no name; correct it")
        if parsed.userinfo:
            raise SourceRefused(f"{shown(url)}: an address must not hold credentials; remove them")
        return parsed.copy_with(fragment=None)
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise SourceRefused(f"{shown(url)}: it is no address; correct it") from error


def _joined(at: httpx2.URL, target: str) -> str:
    """Where a redirect leads."""
    try:
        return str(at.join(target))
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise SourceRefused(f"{shown(str(at))}: it redirects to what is no address") from error


def _key(url: str) -> str:
    """A short name of an address for a cursor's marks."""
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:16]


def _validators(cursor: Cursor | None, url: str) -> dict[str, str]:
    """The conditional headers for an address."""
    if cursor is None:
        return {}
    key = _key(url)
    held = {
        "If-None-Match": cursor.marks.get(f"etag:{key}", ""),
        "If-Modified-Since": cursor.marks.get(f"modified:{key}", ""),
    }
    return {name: value for name, value in held.items() if value}


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower-case names; what was sent more than once is joined by commas."""
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _judge(status: int, headers: Mapping[str, str], url: str, *, conditional: bool) -> None:
    """Pass what can be read, raise what cannot."""
    if 200 <= status < 300 or (status == 304 and conditional):
        return
    if status in _BUSY or status >= 500:
        raise SourceUnavailable(
            f"{shown(url)}: it answered {status}; tried again later",
            retry_after_s=_retry_after(headers.get("retry-after", "")),
        )
    if 400 <= status < 500:
        raise SourceRefused(f"{shown(url)}: it answered {status}; check address and credentials")
    raise SourceChanged(f"{shown(url)}: it answered {status}, which answers no plain request")


def _retry_after(value: str) -> float | None:
    """Seconds, from a number or a date, at most a day; None where nothing is said."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, IndexError, TypeError, OverflowError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _RETRY_CAP_S) if math.isfinite(seconds) else None


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """The client library's exceptions as ours, with the address."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise SourceUnavailable(f"{shown(url)}: no whole answer in time; tried again") from error
    except httpcore2.ConnectError as error:
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
            raise SourceRefused(
                f"{shown(url)}: its certificate does not hold; tell its operator"
            ) from error
        raise SourceUnavailable(f"{shown(url)}: no connection; tried again") from error
    except httpcore2.LocalProtocolError as error:
        raise SourceRefused(f"{shown(url)}: the request cannot be made; correct it") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise SourceUnavailable(f"{shown(url)}: the connection broke; tried again") from error
    except SourceRefused as error:
        raise SourceRefused(_named(url, str(error))) from error
    except SourceChanged as error:
        raise SourceChanged(_named(url, str(error)), payload=error.payload) from error
    except SourceUnavailable as error:
        raise SourceUnavailable(
            _named(url, str(error)), retry_after_s=error.retry_after_s
        ) from error


def _named(url: str, message: str) -> str:
    """A message of the guard with the address that it is about."""
    return message if message.startswith(shown(url)) else f"{shown(url)}: {message}"
