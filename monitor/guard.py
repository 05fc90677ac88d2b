"""The guarded network under `fetch`: only public addresses, one deadline and one byte cap for all,
decompression in pieces.

The address is checked when it is connected to, so a name that resolves differently a second later
gains nothing; TLS still names and verifies the host.
Source: https://www.iana.org/assignments/iana-ipv6-special-registry/
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Final

import brotli  # type: ignore[import-untyped]
import httpcore2

from monitor.errors import SourceChanged, SourceRefused, SourceUnavailable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_PIECE: Final = 65_536
_METADATA: Final = frozenset({"168.63.129.16", "169.254.169.254", "100.100.100.200"})
"""Cloud metadata services; the first is a public address by number."""
_TAGS: Final = 1_000_000
_EXPANDED: Final = 1_000_000
_SUBSET: Final = re.compile(rb"(?:[^<]|<\?.*?\?>|<!--.*?-->)*<!DOCTYPE[^>\[]*\[", re.DOTALL)
_ENTITY: Final = re.compile(
    rb"<!ENTITY\s+(%\s+)?([^\s\"'<>]+)\s+(?:\"([^\"]*)\"|'([^']*)'|SYSTEM\b|PUBLIC\b)"
)
_REFERENCE: Final = re.compile(rb"&(?!(?:lt|gt|amp|quot|apos);)(?!#(?!0*38;|x0*26;))|%", re.I)


def public(address: str) -> bool:
    """Whether an IP address is anybody's on the internet, so that a feed may name it.

    Private, loopback, link-local, shared, reserved, multicast and metadata addresses are not, nor
    those that only wrap one: IPv4-mapped, IPv4-compatible, NAT64, 6to4 and Teredo.
    """
    ip: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    inner = _wrapped(ip)
    if inner is not None:
        return public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and str(ip) not in _METADATA


def _wrapped(ip: IPAddress) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to, if any."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


class Allowance:
    """What one answer may cost: seconds in all and bytes on the wire."""

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self._end = time.monotonic() + seconds
        self._bytes = max_bytes

    def extend(self, seconds: float) -> None:
        """Give back time that was spent waiting by our own will."""
        self._end += seconds

    def seconds(self) -> float:
        """What is left, in seconds; raises ReadTimeout where nothing is."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("all the time for this answer is spent")
        return left

    def spend(self, count: int) -> None:
        """Count bytes that came in; raises SourceRefused past the cap."""
        self._bytes -= count
        if self._bytes < 0:
            raise SourceRefused("answer: it is larger than the cap; raise max_bytes or leave it")


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects to public addresses, and to hosts in `allow`, within an allowance."""

    def __init__(self, allow: frozenset[str], allowance: Allowance) -> None:
        self._allow = allow
        self._allowance = allowance
        self._tcp = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address that is allowed and answers."""
        addresses = _resolved(host, port, self._allowance.seconds())
        if host.lower() not in self._allow:
            addresses = [address for address in addresses if public(address)]
        if not addresses:
            raise SourceRefused(
                f"{host}: it is not a public address; name the host in `allow` if it is yours"
            )
        for address in addresses[:-1]:
            try:
                return self._connected(address, port, socket_options, share=0.5)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._connected(addresses[-1], port, socket_options)

    def _connected(
        self,
        address: str,
        port: int,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
        share: float = 1.0,
    ) -> httpcore2.NetworkStream:
        """A guarded stream to one address, within a share of the time that is left."""
        seconds = self._allowance.seconds() * share
        stream = self._tcp.connect_tcp(address, port, seconds, None, socket_options)
        return _GuardedStream(stream, self._allowance)


class _GuardedStream(httpcore2.NetworkStream):
    """A stream whose every step draws on the allowance, so that dripping bytes gain no time."""

    def __init__(self, stream: httpcore2.NetworkStream, allowance: Allowance) -> None:
        self._stream = stream
        self._allowance = allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._allowance.seconds())
        self._allowance.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._allowance.seconds())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        seconds = self._allowance.seconds()
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _GuardedStream(stream, self._allowance)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a host, in the system's order. The system's resolver knows no time limit, so
    it is asked in a thread of its own, which is left behind when it is late."""
    asked: Future[list[str]] = Future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            asked.set_exception(httpcore2.ConnectError("its name cannot be resolved"))
        else:
            asked.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in found)))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        return asked.result(timeout=seconds)
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout("its name was not resolved in time") from error


def decoded(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """The body without its content coding, in pieces of at most 64 KiB or one chunk, so that a bomb
    is seen while it is small. `coding` is the header's value: gzip, deflate, br or nothing."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return iter(chunks)
    if coding in ("gzip", "x-gzip", "deflate"):
        return _inflated(chunks)
    if coding == "br":
        return _unbrotlied(chunks)
    raise SourceChanged(
        f"answer: its content coding {coding[:40]!r} was not asked for; the server must send gzip, "
        "deflate or br"
    )


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """gzip (several members too), zlib or, as some servers have it, bare deflate."""
    engine = None
    done = False
    held = b""
    for chunk in chunks:
        data = held + chunk
        held = b""
        while data:
            if engine is None or engine.eof:
                if done and not data.startswith(b"\x1f"):
                    return
                if len(data) < 2:
                    held = data
                    break
                engine, done = zlib.decompressobj(_window(data)), False
            try:
                piece = engine.decompress(data, _PIECE)
            except zlib.error as error:
                raise SourceChanged("answer: its body is not what its coding says") from error
            if piece:
                yield piece
            done = engine.eof
            data = engine.unused_data if done else engine.unconsumed_tail
    if not done:
        raise SourceUnavailable("answer: it ended inside its compressed body")


def _window(head: bytes) -> int:
    """How zlib must be told to read a body that starts so."""
    zlib_header = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
    return 47 if zlib_header or head.startswith(b"\x1f\x8b") else -15


def _unbrotlied(chunks: Iterable[bytes]) -> Iterator[bytes]:
    engine = brotli.Decompressor()
    for chunk in chunks:
        data = chunk
        while not engine.is_finished():
            try:
                piece = engine.process(data, output_buffer_limit=_PIECE)
            except brotli.error as error:
                raise SourceChanged("answer: its body is not what its coding says") from error
            data = b""
            if piece:
                yield piece
            if engine.can_accept_more_data():
                break
    if not engine.is_finished():
        raise SourceUnavailable("answer: it ended inside its compressed body")


def refuse_bombs(document: bytes) -> None:
    """Raise SourceChanged where the entities of an XML document in UTF-8 would make it grow, or its
    tags are beyond count. Other declarations pass: no parser of ours fetches them."""
    if document.count(b"<") > _TAGS:
        raise SourceChanged("it has more tags than any feed")
    subset = _SUBSET.match(document)
    if subset is None:
        return
    growth = 0
    for entity in _ENTITY.finditer(document, subset.end()):
        value = entity[3] or entity[4] or b""
        growth += len(value) * document.count(b"&" + entity[2] + b";")
        if _REFERENCE.search(value) or (entity[1] and value) or growth > _EXPANDED:
            raise SourceChanged("its DOCTYPE declares entities made to grow")
