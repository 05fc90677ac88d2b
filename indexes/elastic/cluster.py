"""The connection to a cluster, and what its faults mean to us."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    JsonSerializer,
    SerializationError,
    SSLError,
    TransportError,
    UnsupportedProductError,
)

from indexes.elastic import Options
from monitor import log
from monitor.errors import ConfigError, IndexRefused, IndexUnavailable, MonitorError, QueryError
from monitor.secret import read_secret

API_KEY: Final = "MONITOR_ELASTIC_API_KEY"
USER: Final = "MONITOR_ELASTIC_USER"
PASSWORD: Final = "MONITOR_ELASTIC_PASSWORD"

_PATIENCE: Final = 1.5
"""How much longer we wait than a search may take: the cluster's own word on it says more."""

_log = log.get(__name__)


class Cluster:
    """One client for all threads, made when it is first needed."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._client: Elasticsearch | None = None

    @property
    def client(self) -> Elasticsearch:
        """The client; what it raises becomes ours only within `faults`. Raises ConfigError for a
        key or certificate that cannot be used."""
        with self._lock:
            if self._client is None:
                self._client = _connect(self.options)
            return self._client

    @property
    def name(self) -> str:
        """What messages call the index."""
        return f"index {self.options.prefix}"

    @property
    def timeout(self) -> str:
        """How long a search may take, as its `timeout` says it."""
        return f"{int(self.options.timeout_s * 1_000)}ms"

    @contextmanager
    def faults(self) -> Iterator[None]:
        """What the client raises as ours: IndexUnavailable, IndexRefused, or QueryError where the
        question is too much. The server's own words stay out: they may quote a post."""
        try:
            yield
        except (UnsupportedProductError, SerializationError) as fault:
            raise IndexRefused(f"{self.name}: {_ANOTHER}") from fault
        except ApiError as fault:
            raise meant(fault.meta.status, types_of(fault.body), self.name) from fault
        except ConnectionTimeout as fault:
            raise IndexUnavailable(
                f"{self.name}: the cluster does not answer; it is tried again, see whether it "
                "hangs and what `monitor status` says"
            ) from fault
        except TransportError as fault:
            if isinstance(fault, SSLError) and not _broke_off(fault):
                raise IndexRefused(
                    f"{self.name}: the cluster's certificate is not one that we trust; correct "
                    "ca_file or fingerprint, or the name in url"
                ) from fault
            raise IndexUnavailable(
                f"{self.name}: the cluster cannot be reached; it is tried again, see whether it "
                "runs and whether url is right"
            ) from fault

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def meant(status: int, types: frozenset[str], where: str) -> MonitorError:
    """What an answer of that status means, or an item of one, that names these types of error."""
    for each in _MEANINGS:
        if each.holds(status, types):
            return each.error(f"{where}: {each.words}")
    if not types:
        return IndexRefused(f"{where}: {_ANOTHER}")
    said = f"({status}: {', '.join(sorted(types))})"
    if status >= 500:
        return IndexUnavailable(
            f"{where}: the cluster failed {said}; it is tried again, see its log"
        )
    return IndexRefused(
        f"{where}: the cluster takes no such request {said}; see that it is of version 9"
    )


def types_of(body: Any) -> frozenset[str]:
    """The types of all errors that an answer names, causes and shards included."""
    found: set[str] = set()
    waiting = [body]
    while waiting:
        at = waiting.pop()
        if isinstance(at, list):
            waiting += at
        elif isinstance(at, Mapping):
            waiting += (at.get(key) for key in _NESTED)
            if isinstance(name := at.get("type"), str) and _TYPE.fullmatch(name):
                found.add(name)
    return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What a status means, or a type of error, or both together; None stands for any."""

    error: type[MonitorError]
    words: str
    status: int | None = None
    type: str | None = None

    def holds(self, status: int, types: frozenset[str]) -> bool:
        """Whether an answer means this."""
        return self.status in (None, status) and (self.type is None or self.type in types)


_ANOTHER: Final = "what answers is not Elasticsearch; correct url"
_TYPE: Final = re.compile(r"[a-z][a-z_]{2,80}")
_NESTED: Final = ("error", "root_cause", "caused_by", "failed_shards", "reason")
SLOW: Final = "search_timeout_exception"
"""The type of error where a search took longer than it may."""
_MEANINGS: Final = (
    _Meaning(
        type="media_type_header_exception",
        error=IndexRefused,
        words="the cluster is older than version 9; update it",
    ),
    _Meaning(
        status=401,
        error=IndexRefused,
        words="the cluster does not know our key or password, or it has expired; give a valid one "
        f"by api_key_file or {API_KEY}",
    ),
    _Meaning(
        status=403,
        type="security_exception",
        error=IndexRefused,
        words="our key may not do this; give one that may, `monitor elastic keys` makes them",
    ),
    _Meaning(
        status=429,
        type="cluster_block_exception",
        error=IndexUnavailable,
        words="a disk of the cluster is full and takes no more; make room, then it goes on",
    ),
    _Meaning(
        status=403,
        type="cluster_block_exception",
        error=IndexRefused,
        words="it was made read-only; take index.blocks.* out of its settings",
    ),
    _Meaning(
        type="index_closed_exception",
        error=IndexRefused,
        words="one of our indices was closed; open it",
    ),
    _Meaning(
        type=SLOW,
        error=QueryError,
        words="the cluster took too long for this question; ask for less, or raise timeout_s",
    ),
    _Meaning(
        type="search_context_missing_exception",
        error=IndexUnavailable,
        words="the cluster forgot where we were reading; begin again",
    ),
    _Meaning(
        type="index_not_found_exception",
        error=IndexUnavailable,
        words="it is not there, or its alias is gone; `monitor once` makes it anew",
    ),
    *(
        _Meaning(
            type=type_,
            error=QueryError,
            words="the question is more than the cluster answers; ask for less",
        )
        for type_ in (
            "too_many_buckets_exception",
            "too_many_clauses",
            "too_many_nested_clauses",
            "too_complex_to_determinize_exception",
        )
    ),
    *(
        _Meaning(
            status=400,
            type=type_,
            error=QueryError,
            words="the cluster cannot answer this question; ask in simpler words",
        )
        for type_ in (
            "search_phase_execution_exception",
            "parsing_exception",
            "x_content_parse_exception",
        )
    ),
    _Meaning(
        status=413,
        error=IndexRefused,
        words="a request of ours was too large for what stands before the cluster; let 20 MB pass",
    ),
    _Meaning(
        type="unavailable_shards_exception",
        error=IndexUnavailable,
        words="a shard of it is on no node; it is tried again, bring that node back, or make the "
        "index anew with `monitor rebuild`",
    ),
    _Meaning(
        status=429,
        error=IndexUnavailable,
        words="the cluster is too busy; it is tried again, give it more memory if that lasts",
    ),
    *(
        _Meaning(
            status=status,
            error=IndexUnavailable,
            words="the cluster is not ready; it is tried again, see its log if that lasts",
        )
        for status in (502, 503, 504)
    ),
)
"""The first that holds is meant."""


def _broke_off(fault: TransportError) -> bool:
    """Whether a TLS connection broke off; else one side refused the other."""
    waiting: list[object] = [fault]
    seen: set[int] = set()
    while waiting:
        at = waiting.pop()
        if isinstance(at, _BREAKS):
            return True
        if isinstance(at, BaseException) and id(at) not in seen:
            seen.add(id(at))
            waiting += [*getattr(at, "errors", ()), *at.args, at.__cause__, at.__context__]
    return False


_BREAKS: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError, TimeoutError)


class _Json(JsonSerializer):
    """JSON, several times as quickly as by the client's own means."""

    def json_dumps(self, data: Any) -> bytes:
        """Bytes of JSON."""
        return msgspec.json.encode(data)

    def json_loads(self, data: bytes) -> Any:
        """What JSON says; raises ValueError."""
        return msgspec.json.decode(data)


def _connect(options: Options) -> Elasticsearch:
    secret = _secret(options)
    encrypted = all(urlsplit(url).scheme == "https" for url in options.urls)
    near = all(_is_loopback(url) for url in options.urls)
    if secret and not encrypted and not near:
        _log.warning("unencrypted", said="the cluster's key crosses the network in the clear")
    trusted: dict[str, Any] = {}
    if encrypted and options.ca_file:
        trusted["ssl_context"] = _trusting(options.ca_file)
    if encrypted and options.fingerprint:
        trusted["ssl_assert_fingerprint"] = options.fingerprint
    return Elasticsearch(
        list(options.urls),
        http_compress=not near,
        serializer=_Json(),
        request_timeout=options.timeout_s * _PATIENCE,
        retry_on_timeout=False,
        retry_on_status=(),
        max_retries=len(options.urls),
        **trusted,
        **secret,
    )


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as fault:
        raise ConfigError(
            f"{ca_file}: cannot be read ({type(fault).__name__}); put the certificate of the "
            "cluster's authority there"
        ) from fault


def _secret(options: Options) -> dict[str, Any]:
    """The key or password, as the client takes it."""
    if options.api_key_file:
        key = read_secret(Path(options.api_key_file), "an API key")
        return {"api_key": _checked(key, options.api_key_file)}
    if key := os.environ.get(API_KEY, "").strip():
        return {"api_key": _checked(key, API_KEY)}
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if bool(user) != bool(password):
        raise ConfigError(f"environment: one of {USER} and {PASSWORD} is missing; set both")
    return {"basic_auth": (user, password)} if user else {}


def _checked(key: str, where: str) -> str:
    """A key that can stand in a header: what cannot would be quoted by whoever refuses it."""
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{where}: holds no API key; put one line there")
    return key


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
