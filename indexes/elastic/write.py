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
from datetime import UTC, datetime, timedelta
from threading import Semaphore
from typing import Any, Final, NamedTuple

import msgspec
from elasticsearch import ApiError

from indexes.elastic.cluster import Cluster, meant, types_of
from indexes.elastic.document import activity_body, event_body, key_of, signal_body
from indexes.elastic.mapping import Of
from indexes.elastic.store import Store
from monitor import log
from monitor.errors import IndexRefused, MonitorError
from monitor.model import ACTIVITY_DAYS, Activity, Change, Dead, Event, Signal

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
_TIDY_EVERY: Final = timedelta(days=1)
"""How often old activities are let go."""

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


class _Late(NamedTuple):
    """What is to be sent again, and what kept it out."""

    items: tuple[_Item, ...]
    why: MonitorError


class Writer:
    """Writes to one index; may be shared by threads. Raises IndexUnavailable, IndexRefused."""

    def __init__(self, cluster: Cluster, store: Store) -> None:
        self._cluster = cluster
        self._store = store
        self._tidied = datetime.min.replace(tzinfo=UTC)
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="elastic")

    def write(self, change: Change) -> Sequence[Dead]:
        """Durable when it returns; the documents that were refused for what they are, and why."""
        self._store.met([signal.enrichment.models for signal in change.signals])
        refused = self._send_all(self._chunks(change))
        for of in {each.of for each in refused}:
            self._blame_index(of, [each.item for each in refused if each.of == of])
        return [Dead(id=each.item.id, reason=each.reason) for each in refused]

    def note(self, activities: Sequence[Activity]) -> None:
        """Durable when it returns, each number once; those that the ledger has let go by then leave
        once a day."""
        refused = self._send_all(_chunked("activity", map(_activity, activities)))
        if refused:
            self._store.compare("activity")
            _log.error("refused", activities=len(refused), said=refused[0].reason)
        latest = max((activity.at for activity in activities), default=self._tidied)
        if latest >= self._tidied + _TIDY_EVERY:
            self._store.forget(latest - timedelta(days=ACTIVITY_DAYS))
            self._tidied = latest

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _chunks(self, change: Change) -> Iterator[_Chunk]:
        yield from _chunked("signals", map(_signal, change.signals))
        yield from _chunked("events", map(_event, change.events))
        if change.gone or change.events:
            yield from _chunked(None, self._removals(change))

    def _removals(self, change: Change) -> Iterator[_Item]:
        """What was taken back leaves every index that is ours. What an event was before leaves
        those that are not written, for it may still hold such words."""
        for kept in self._store.ours("signals") if change.gone else ():
            for id in change.gone:
                yield _removal(kept.name, id, change.last if kept.aliases else None)
        for kept in self._store.others("events") if change.events else ():
            for id in self._older(kept.name, change.events):
                yield _removal(kept.name, id)

    def _older(self, index: str, events: Sequence[Event]) -> Iterator[str]:
        """The ids of those that an index holds as they were before."""
        newest = {key_of(event.id): event for event in events}
        with self._cluster.faults():
            found = self._cluster.client.mget(index=index, ids=list(newest), source=False)
        for document in found["docs"]:
            event = newest[document["_id"]]
            if document.get("found") and document["_version"] < event.seq:
                yield event.id

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
        until = time.monotonic() + self._cluster.options.timeout_s * _PATIENCE
        wait_s = _FIRST_WAIT_S
        while late := self._try(chunk.of, items, refused):
            if time.monotonic() + wait_s > until:
                raise late.why
            time.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            items = late.items
        return refused

    def _try(
        self, of: Of | None, items: tuple[_Item, ...], refused: list[_Refused]
    ) -> _Late | None:
        """Send once; what is to be sent again."""
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
                types = types_of(fault.body)
                if _passes(fault.meta.status, types):
                    return _Late(items, meant(fault.meta.status, types, self._cluster.name))
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
                why = meant(status, types, self._cluster.name)
            elif status == 400 and "index_closed_exception" not in types:
                refused.append(_Refused(of, item, _reason(error)))
            elif of or status != 404:
                raise meant(status, types, self._cluster.name)
        return _Late(tuple(again), why) if again else None

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


def _removal(index: str, id: str, version: int | None = None) -> _Item:
    """What is of that version or older leaves; without one, whatever is there, and an index that
    was deleted meanwhile is not made again, as it would be by a removal with a version."""
    versioned = b"" if version is None else b',"version":%d,"version_type":"external_gte"' % version
    name = _encode(key_of(id))
    return _Item(id, b'{"delete":{"_index":%b,"_id":%b%b}}\n' % (_encode(index), name, versioned))
