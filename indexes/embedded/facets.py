"""Counts: by a field's values, by time, by tile."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import timedelta
from typing import Final

from indexes.embedded.compile import Where
from indexes.embedded.rows import MAX_ZOOM, SEPARATOR
from monitor.errors import QueryError
from monitor.fields import MICROSECOND, micros, moment_of
from monitor.model import UNDATED
from monitor.ports import Bucket, Of
from monitor.query import FIELDS

MAX_BUCKETS: Final = 10_000


def count(database: sqlite3.Connection, where: Where, by: str, of: Of) -> tuple[Bucket, ...]:
    """The values of a field, most frequent first."""
    known = FIELDS.get(by)
    if not known or of not in known.of or known.type not in ("keyword", "grade", "place", "id"):
        names = (f.name for f in FIELDS.values() if f.type in ("keyword", "grade", "place"))
        raise QueryError(f"count: {of} cannot be counted by {by!r}; count by {', '.join(names)}")
    counts: Counter[str] = Counter()
    found = database.execute(
        f"SELECT {by}, count(*) FROM {of} WHERE {where.sql} GROUP BY {by}", where.values
    )
    for value, number in found:
        if known.type == "grade":
            counts[known.values[value]] += number
        elif known.type == "id":
            counts[value] += number
        elif value:
            for one in value.split(SEPARATOR):
                counts[one] += number
    return _ordered(counts)


def histogram(
    database: sqlite3.Connection, where: Where, every: timedelta, of: Of
) -> tuple[Bucket, ...]:
    """Documents per interval from the first that has one to the last, empty ones between."""
    step = every // MICROSECOND
    if step < 1_000_000:
        raise QueryError("histogram: the interval is shorter than a second; ask for a longer one")
    undated = micros(UNDATED)
    shift = -(undated // step) * step
    found = dict(
        database.execute(
            f"SELECT (time + ?) / ?, count(*) FROM {of} WHERE {where.sql} AND time > ? GROUP BY 1",
            (shift, step, *where.values, undated),
        )
    )
    if not found:
        return ()
    first, last = min(found), max(found)
    if last - first >= MAX_BUCKETS:
        raise QueryError(
            f"histogram: has more than {MAX_BUCKETS} intervals; ask for longer ones or less time"
        )
    return tuple(
        Bucket(key=_moment(max(at * step - shift, undated)), count=found.get(at, 0))
        for at in range(first, last + 1)
    )


def grid(database: sqlite3.Connection, where: Where, precision: int, of: Of) -> tuple[Bucket, ...]:
    """Documents per tile, most frequent first."""
    if not 0 <= precision <= MAX_ZOOM:
        raise QueryError(f"grid: zoom is {precision}; ask for 0 to {MAX_ZOOM}")
    shift, row = MAX_ZOOM - precision, (1 << MAX_ZOOM) - 1
    found = database.execute(
        "SELECT ((tile >> ?) << ?) | ((tile & ?) >> ?), count(*)"
        f" FROM {of} WHERE {where.sql} AND tile IS NOT NULL GROUP BY 1",
        (MAX_ZOOM + shift, MAX_ZOOM, row, shift, *where.values),
    )
    return _ordered(
        Counter({f"{precision}/{at >> MAX_ZOOM}/{at & row}": number for at, number in found})
    )


def _ordered(counts: Counter[str]) -> tuple[Bucket, ...]:
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Bucket(key=key, count=number) for key, number in ranked[:MAX_BUCKETS])


def _moment(number: int) -> str:
    return moment_of(number).isoformat().replace("+00:00", "Z")
