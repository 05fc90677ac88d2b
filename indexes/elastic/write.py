"""How a change comes into the cluster. What is written twice, or too late, changes nothing: every
document carries as its version the row of its last change, and an older one is turned away.

Source: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Semaphore
from typing import Any, Final, NamedTuple

import msgspec
from elasticsearch import ApiError

from indexes.elastic.cluster import Cluster, meant, types_of
from indexes.elastic.document import activity_body, event_body, key_of, signal_body
from indexes.elastic.mapping import Of
from indexes.elastic.store import Store
from monitor import log
from monitor.errors import IndexRefused, IndexUnavailable
from monitor.model import Activity, Change, Dead, Event, Signal

MAX_BYTES: Final = 500_000
"""Of one request: the cluster reads the first while the next is made. A larger document goes
alone."""
IN_FLIGHT: Final = 4
"""Requests under way at a time."""
_READY: Final = 4
"""Requests that are made already and wait until one of those is answered."""
_PATIENCE: Final = 2.0
"""For how many timeouts a cluster that is too busy is asked again."""
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 10.0

_HEADERS: Final = {"accept": "application/json", "content-type": "application/x-ndjson"}
_FILTER: Final = "items.*.status,items.*.error.type,items.*.error.reason"
_FIELD: Final = re.compile(r"failed to parse field \[(\w{1,40})\] of type \[(\w{1,40})\]")

_encode: Final = msgspec.json.Encoder().encode
_log = log.get(__name__)


class _Item(NamedTuple):
    """One document's lines of a bulk request; `dims` is how many numbers its vector has."""

    id: str
    lines: bytes
    dims: int = 0


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What goes in one request. Removals name their index themselves: `of` is None."""

    of: Of | None
    items: tuple[_Item, ...]


class _Refused(NamedTuple):
    """A document that was refused for what it is."""

    of: Of | None
    item: _Item
    reason: str


class Writer:
    """Writes to one index; may be shared by threads. Raises IndexUnavailable, IndexRefused."""

    def __init__(self, cluster: Cluster, store: Store) -> None:
        self._cluster = cluster
        self._store = store
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="elastic")

    def write(self, change: Change) -> Sequence[Dead]:
        """Durable when it returns; the documents that were refused for what they are, and why."""
        self._store.met([signal.enrichment.models for signal in change.signals])
        refused = self._send_all(self._chunks(change))
        for of in {each.of for each in refused}:
            self._blame_index(of, [each.item for each in refused if each.of == of])
        return [Dead(id=each.item.id, reason=each.reason) for each in refused]

    def note(self, activities: Sequence[Activity]) -> None:
        """Durable when it returns, each number once."""
        refused = self._send_all(_chunked("activity", map(_activity, activities)))
        if refused:
            self._store.compare("activity")
            _log.error("refused", activities=len(refused), said=refused[0].reason)

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _chunks(self, change: Change) -> Iterator[_Chunk]:
        yield from _chunked("signals", map(_signal, change.signals))
        yield from _chunked("events", map(_event, change.events))
        if change.gone:
            yield from _chunked(None, self._removals(change))

    def _removals(self, change: Change) -> Iterator[_Item]:
        """What was taken back leaves every index that is ours. Events elsewhere than in the index
        that is written may still hold its words, so they leave too."""
        for name in self._store.ours("signals"):
            for id in change.gone:
                yield _removal(name, id, change.last)
        for name in self._store.others("events"):
            for event in change.events:
                yield _removal(name, event.id, event.seq)

    def _send_all(self, chunks: Iterable[_Chunk]) -> list[_Refused]:
        """Make chunks and send them, a few under way at a time, none when it returns. One that the
        cluster is slow with does not keep the others waiting."""
        under_way: deque[Future[list[_Refused]]] = deque()
        refused: list[_Refused] = []
        room = Semaphore(IN_FLIGHT + _READY)
        try:
            for chunk in chunks:
                room.acquire()
                while under_way and under_way[0].done():
                    refused += under_way.popleft().result()
                under_way.append(self._pool.submit(self._send, chunk))
                under_way[-1].add_done_callback(lambda _: room.release())
            while under_way:
                refused += under_way.popleft().result()
        finally:
            wait(under_way)
        return refused

    def _send(self, chunk: _Chunk) -> list[_Refused]:
        """Send until all is in or refused; what the cluster is too busy for is sent again."""
        refused: list[_Refused] = []
        items = chunk.items
        longest_s = self._cluster.options.timeout_s * _PATIENCE
        until = time.monotonic() + longest_s
        wait_s = _FIRST_WAIT_S
        while True:
            items = self._try(chunk.of, items, refused)
            if not items:
                return refused
            if time.monotonic() + wait_s > until:
                raise IndexUnavailable(
                    f"{self._cluster.name}: the cluster was too busy for {longest_s:.0f} s; it is "
                    "tried again, give it more memory if that lasts"
                )
            time.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _try(
        self, of: Of | None, items: tuple[_Item, ...], refused: list[_Refused]
    ) -> tuple[_Item, ...]:
        """Send once; the items that are to be sent again."""
        path = f"/{self._store.writes(of)}/_bulk" if of else "/_bulk"
        params = {"filter_path": _FILTER, "timeout": self._cluster.timeout}
        if of:
            params["require_alias"] = "true"
        body = b"".join([item.lines for item in items])
        with self._cluster.faults():
            try:
                answer = self._cluster.client.perform_request(
                    "POST", path, params=params, headers=_HEADERS, body=body
                ).body
            except ApiError as fault:
                if _passes(fault.meta.status, types_of(fault.body)):
                    return items
                raise
        again: list[_Item] = []
        for item, result in zip(items, answer["items"], strict=True):
            ((_, said),) = result.items()
            status, error = int(said["status"]), said.get("error")
            if error is None or status == 409:
                continue
            types = types_of(said)
            if _passes(status, types):
                again.append(item)
            elif status == 400 and "index_closed_exception" not in types:
                refused.append(_Refused(of, item, _reason(error)))
            else:
                raise meant(status, types, self._cluster.name)
        return tuple(again)

    def _blame_index(self, of: Of | None, items: Iterable[_Item]) -> None:
        """Raises IndexRefused where the index, not the documents, is at fault."""
        dims = self._store.compare(of) if of else None
        if dims and any(item.dims not in (0, dims) for item in items):
            raise IndexRefused(
                f"{self._cluster.name}: holds vectors of another model; make it anew with "
                "`monitor rebuild`"
            )


def _passes(status: int, types: frozenset[str]) -> bool:
    """Whether it is worth asking again at once. A full disk is not."""
    return status == 503 or (status == 429 and "cluster_block_exception" not in types)


def _reason(error: Any) -> str:
    """Why a document was refused, without the server's preview of what it held."""
    found = _FIELD.search(str(error.get("reason", "")))
    said = f" (field {found[1]} of type {found[2]})" if found else ""
    return f"{', '.join(sorted(types_of(error))) or 'refused'}{said}: the index cannot take it"


def _chunked(of: Of | None, items: Iterable[_Item]) -> Iterator[_Chunk]:
    """Items in requests of few bytes."""
    held: list[_Item] = []
    size = 0
    for item in items:
        if held and size + len(item.lines) > MAX_BYTES:
            yield _Chunk(of, tuple(held))
            held, size = [], 0
        held.append(item)
        size += len(item.lines)
    if held:
        yield _Chunk(of, tuple(held))


def _signal(signal: Signal) -> _Item:
    id = signal.post.id
    dims = len(signal.enrichment.vector) // 4
    return _Item(id, _lines(id, signal.seq, signal_body(signal)), dims)


def _event(event: Event) -> _Item:
    return _Item(event.id, _lines(event.id, event.seq, event_body(event)))


def _activity(activity: Activity) -> _Item:
    id = str(activity.number)
    return _Item(id, _lines(id, activity.number, activity_body(activity)))


def _lines(id: str, version: int, body: bytes) -> bytes:
    return b'{"index":{"_id":%b,"version":%d,"version_type":"external_gte"}}\n%b\n' % (
        _encode(key_of(id)),
        version,
        body,
    )


def _removal(index: str, id: str, version: int) -> _Item:
    lines = b'{"delete":{"_index":%b,"_id":%b,"version":%d,"version_type":"external_gte"}}\n' % (
        _encode(index),
        _encode(key_of(id)),
        version,
    )
    return _Item(id, lines)
