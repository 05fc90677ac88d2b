"""Searches of the server and their answers as typed values: whole answers, or an error.

Source: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

import msgspec

from indexes.elastic.cluster import SLOW, Cluster, meant, types_of
from indexes.elastic.compile import Body
from indexes.elastic.store import Store
from monitor.errors import IndexRefused, MonitorError
from monitor.model import Event, Signal
from monitor.ports import Of

Mark = str | int | float
"""What a find is sorted by."""

T = TypeVar("T")

_HEADERS: Final = {"accept": "application/json", "content-type": "application/json"}
_LINES: Final = {"accept": "application/json", "content-type": "application/x-ndjson"}
_KEPT: Final = "5m"
"""How long the server remembers what a scan sees after each of its pages."""
_encode: Final = msgspec.json.Encoder().encode
_encode_lines: Final = msgspec.json.Encoder().encode_lines


class Line(msgspec.Struct, frozen=True, rename={"score": "_score", "source": "_source"}):
    """One find, and of it what was asked for."""

    score: float | None = None
    sort: tuple[Mark, ...] = ()
    source: dict[str, Any] = {}
    fields: dict[str, list[str]] = {}
    matched_queries: tuple[str, ...] = ()

    def value(self, of: Of) -> Signal | Event:
        """The signal or event itself. Raises IndexRefused."""
        value = self.source.get("value")
        return _read(value, Signal) if of == "signals" else _read(value, Event)

    def field(self, name: str) -> str:
        """The first value of a keyword, empty where there is none."""
        return next(iter(self.fields.get(name, ())), "")


class _Total(msgspec.Struct, frozen=True):
    value: int


class _Hits(msgspec.Struct, frozen=True):
    hits: tuple[Line, ...]
    total: _Total = _Total(0)


class Reply(msgspec.Struct, frozen=True):
    """What the server found."""

    hits: _Hits
    timed_out: bool = False
    aggregations: dict[str, Any] = {}
    pit_id: str = ""

    @property
    def lines(self) -> tuple[Line, ...]:
        """The finds."""
        return self.hits.hits

    @property
    def total(self) -> int:
        """How many there are, where they were counted."""
        return self.hits.total.value


class Search:
    """Searches one index. Raises IndexUnavailable, IndexRefused, QueryError."""

    def __init__(self, cluster: Cluster, store: Store) -> None:
        self._cluster = cluster
        self._store = store

    def one(self, of: Of, body: Body, *, preference: str = "") -> Reply:
        """The answer to one search; with the same `preference` the same copies are asked."""
        params = {"allow_partial_search_results": "false"}
        if preference:
            params["preference"] = preference
        return self._asked(f"/{self._store.reads(of)}/_search", params, body)

    def several(self, searches: Sequence[tuple[Of, Body]]) -> list[Reply]:
        """The answers to several searches, asked at once."""
        lines: list[Body] = []
        for of, body in searches:
            lines.append({"index": self._store.reads(of), "allow_partial_search_results": False})
            lines.append({**body, "timeout": self._cluster.timeout})
        answer = self._sent("/_msearch", {}, _encode_lines(lines), _LINES)
        return [self._whole(response) for response in answer["responses"]]

    def pages(self, of: Of, body: Body) -> Iterator[tuple[Line, ...]]:
        """All that one search finds, as it now is, a page of `size` after the other."""
        with self._frozen(of) as pit:
            marks: tuple[Mark, ...] = ()
            while True:
                more: Body = {"search_after": marks} if marks else {}
                point: Body = {"id": pit, "keep_alive": _KEPT}
                params = {"allow_partial_search_results": "false"}
                found = self._asked("/_search", params, {**body, **more, "pit": point})
                if found.lines:
                    yield found.lines
                if len(found.lines) < body["size"]:
                    return
                marks, pit = found.lines[-1].sort, found.pit_id or pit

    def dimensions(self) -> int | None:
        """How many numbers a signal's vector has, None where none was ever written."""
        return self._store.compare("signals")

    @contextmanager
    def _frozen(self, of: Of) -> Iterator[str]:
        """The id of a point in time of an index."""
        client, alias = self._cluster.client, self._store.reads(of)
        with self._cluster.faults():
            pit = str(client.open_point_in_time(index=alias, keep_alive=_KEPT)["id"])
        try:
            yield pit
        finally:
            with suppress(MonitorError), self._cluster.faults():
                client.close_point_in_time(id=pit)

    def _asked(self, path: str, params: Mapping[str, str], body: Body) -> Reply:
        encoded = _encode({**body, "timeout": self._cluster.timeout})
        return self._whole(self._sent(path, params, encoded, _HEADERS))

    def _sent(
        self, path: str, params: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> Any:
        with self._cluster.faults():
            client = self._cluster.client
            return client.perform_request(
                "POST", path, params=params, headers=headers, body=body
            ).body

    def _whole(self, answer: Any) -> Reply:
        """An answer that nothing is missing from."""
        if "error" in answer:
            raise meant(int(answer.get("status", 500)), types_of(answer), self._cluster.name)
        reply = _read(answer, Reply)
        if reply.timed_out:
            raise meant(429, frozenset({SLOW}), self._cluster.name)
        return reply


def _read(answer: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as fault:
        raise IndexRefused(
            "index: holds what this version cannot read; make it anew with `monitor rebuild`"
        ) from fault
