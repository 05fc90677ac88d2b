"""Counts: by a field's values, by time, by tile."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from indexes.embedded.compile import Where
from indexes.embedded.rows import MAX_ZOOM, SEPARATOR
from monitor.errors import QueryError
from monitor.fields import MICROSECOND, micros, moment_of
from monitor.model import UNDATED
from monitor.ports import Bucket, Of
from monitor.query import FIELDS, Field

MAX_BUCKETS: Final = 10_000
_ROWS: Final = 5_000


def count(database: sqlite3.Connection, where: Where, by: str, of: Of) -> tuple[Bucket, ...]:
    """The values of a field, most frequent first."""
    known = _countable(by, of)
    sql = f"SELECT {by}, count(*) FROM {of} WHERE {where.sql} GROUP BY {by}"
    return _buckets(known, dict(database.execute(sql, where.values)))


def counts(
    database: sqlite3.Connection, where: Where, by: Sequence[str], of: Of
) -> dict[str, tuple[Bucket, ...]]:
    """Those of several fields, in one pass over what matches."""
    known = [_countable(name, of) for name in by]
    if not known:
        return {}
    found: list[Counter[Any]] = [Counter() for _ in known]
    rows = database.execute(f"SELECT {', '.join(by)} FROM {of} WHERE {where.sql}", where.values)
    while several := rows.fetchmany(_ROWS):
        for values, column in zip(found, zip(*several, strict=True), strict=True):
            values.update(column)
    return {field.name: _buckets(field, values) for field, values in zip(known, found, strict=True)}


def span(database: sqlite3.Connection, where: Where, of: Of) -> tuple[datetime, datetime] | None:
    """When the first and the last were."""
    first, last = database.execute(
        f"SELECT min(time), max(time) FROM {of} WHERE {where.sql} AND time > ?",
        (*where.values, micros(UNDATED)),
    ).fetchone()
    return None if first is None else (moment_of(first), moment_of(last))


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


def _countable(by: str, of: Of) -> Field:
    known = FIELDS.get(by)
    if not known or of not in known.of or known.type not in ("keyword", "grade", "place", "id"):
        names = (f.name for f in FIELDS.values() if f.type in ("keyword", "grade", "place"))
        raise QueryError(f"count: {of} cannot be counted by {by!r}; count by {', '.join(names)}")
    return known


def _buckets(field: Field, columns: Mapping[Any, int]) -> tuple[Bucket, ...]:
    """What a column holds as the values that it stands for."""
    counts: Counter[str] = Counter()
    for value, number in columns.items():
        if field.type == "grade":
            counts[field.values[value]] += number
        elif field.type == "id":
            counts[value] += number
        elif value:
            for one in value.split(SEPARATOR):
                counts[one] += number
    return _ordered(counts)


def _ordered(counts: Counter[str]) -> tuple[Bucket, ...]:
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Bucket(key=key, count=number) for key, number in ranked[:MAX_BUCKETS])


def _moment(number: int) -> str:
    return moment_of(number).isoformat().replace("+00:00", "Z")
