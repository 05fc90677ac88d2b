"""Counts: by a field's values, by time, by tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from indexes.elastic.compile import Body, compiled
from indexes.elastic.document import MAX_ZOOM
from indexes.elastic.search import Search
from monitor.errors import QueryError
from monitor.fields import MICROSECOND, micros, moment_of
from monitor.model import UNDATED
from monitor.ports import Bucket, Of
from monitor.query import FIELDS, Query

MAX_BUCKETS: Final = 10_000

_MILLISECOND: Final = 1_000
"""Microseconds."""
_DATED: Final[Body] = {"range": {"time_us": {"gt": micros(UNDATED)}}}


def counts(
    search: Search, query: Query, by: Sequence[str], of: Of
) -> dict[str, tuple[Bucket, ...]]:
    """The values of each field, most frequent first. Raises QueryError."""
    for name in by:
        known = FIELDS.get(name)
        if not known or of not in known.of or known.type not in ("keyword", "grade", "place", "id"):
            fields = (f.name for f in FIELDS.values() if f.type in ("keyword", "grade", "place"))
            raise QueryError(
                f"count: {of} cannot be counted by {name!r}; count by {', '.join(fields)}"
            )
    if not by:
        return {}
    terms = {name: {"terms": {"field": name, "size": MAX_BUCKETS}} for name in by}
    found = _aggregated(search, of, compiled(query), terms)
    return {
        name: _ordered({str(key): number for key, number in _numbers(found[name]).items()})
        for name in by
    }


def span(search: Search, query: Query, of: Of) -> tuple[datetime, datetime] | None:
    """When the first and the last were. Raises QueryError."""
    dated: Body = {"bool": {"filter": [compiled(query), _DATED]}}
    ends = {way: {way: {"field": "time_us"}} for way in ("min", "max")}
    found = _aggregated(search, of, dated, ends)
    first, last = (found[way]["value"] for way in ("min", "max"))
    return None if first is None else (moment_of(int(first)), moment_of(int(last)))


def histogram(search: Search, query: Query, every: timedelta, of: Of) -> tuple[Bucket, ...]:
    """Documents per interval from the first that has one to the last, empty ones between. Raises
    QueryError."""
    step = every // MICROSECOND
    if step < 1_000_000:
        raise QueryError("histogram: the interval is shorter than a second; ask for a longer one")
    if step % _MILLISECOND:
        raise QueryError("histogram: the interval has parts of a millisecond; ask for whole ones")
    dated: Body = {"bool": {"filter": [compiled(query), _DATED]}}
    interval = f"{step // _MILLISECOND}ms"
    by_time = {"date_histogram": {"field": "time", "fixed_interval": interval, "min_doc_count": 1}}
    found = _buckets(search, of, dated, by_time)
    if not found:
        return ()
    counts = {int(key) * _MILLISECOND // step: number for key, number in found.items()}
    first, last = min(counts), max(counts)
    if last - first >= MAX_BUCKETS:
        raise QueryError(
            f"histogram: has more than {MAX_BUCKETS} intervals; ask for longer ones or less time"
        )
    return tuple(
        Bucket(key=_moment(max(at * step, micros(UNDATED))), count=counts.get(at, 0))
        for at in range(first, last + 1)
    )


def grid(search: Search, query: Query, precision: int, of: Of) -> tuple[Bucket, ...]:
    """Documents per tile, most frequent first. Raises QueryError."""
    if not 0 <= precision <= MAX_ZOOM:
        raise QueryError(f"grid: zoom is {precision}; ask for 0 to {MAX_ZOOM}")
    tiles = {"geotile_grid": {"field": "point", "precision": precision, "size": MAX_BUCKETS}}
    found = _buckets(search, of, compiled(query), tiles)
    return _ordered({str(key): number for key, number in found.items()})


def _buckets(search: Search, of: Of, query: Body, aggregation: Body) -> dict[str | int, int]:
    """The keys of an aggregation and their counts."""
    return _numbers(_aggregated(search, of, query, {"by": aggregation})["by"])


def _aggregated(search: Search, of: Of, query: Body, aggregations: Body) -> dict[str, Any]:
    """What each aggregation says."""
    body: Body = {"size": 0, "track_total_hits": False, "query": query, "aggs": aggregations}
    return search.one(of, body).aggregations


def _numbers(aggregation: Mapping[str, Any]) -> dict[str | int, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in aggregation["buckets"]}


def _ordered(counts: Mapping[str, int]) -> tuple[Bucket, ...]:
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Bucket(key=key, count=number) for key, number in ranked)


def _moment(number: int) -> str:
    return moment_of(number).isoformat().replace("+00:00", "Z")
