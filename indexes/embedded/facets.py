"""Counts: by a field's values, by time, by tile."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from indexes.embedded.rows import MAX_ZOOM, SEPARATOR
from monitor.errors import QueryError
from monitor.fields import MICROSECOND, micros, moment_of
from monitor.model import UNDATED
from monitor.ports import Bucket, Of
from monitor.query import FIELDS, Field

MAX_BUCKETS: Final = 10_000
_ROWS: Final = 50_000
_column = msgspec.json.Decoder(list[str | int]).decode


def counts(
    database: sqlite3.Connection, rows: str, by: Sequence[str], of: Of
) -> dict[str, tuple[Bucket, ...]]:
    """The values of several fields, most frequent first, in one pass. Each column comes as one JSON
    list: row by row takes twice as long."""
    known = [_countable(name, of) for name in by]
    if not known:
        return {}
    lists = ", ".join(f"json_group_array({name})" for name in by)
    part = f"SELECT n, {', '.join(by)} FROM {rows} WHERE n > ? ORDER BY n LIMIT ?"
    sql = f"SELECT max(n), {lists} FROM ({part})"
    found: list[Counter[Any]] = [Counter() for _ in known]
    last: int | None = -1
    while last is not None:
        last, *columns = database.execute(sql, (last, _ROWS)).fetchone()
        for values, column in zip(found, columns, strict=True):
            values.update(_column(column))
    return {field.name: _buckets(field, values) for field, values in zip(known, found, strict=True)}


def span(database: sqlite3.Connection, rows: str) -> tuple[datetime, datetime] | None:
    """When the first and the last were."""
    first, last = database.execute(
        f"SELECT min(time), max(time) FROM {rows} WHERE time > ?", (micros(UNDATED),)
    ).fetchone()
    return None if first is None else (moment_of(first), moment_of(last))


def histogram(database: sqlite3.Connection, rows: str, every: timedelta) -> tuple[Bucket, ...]:
    """Documents per interval from the first that has one to the last, empty ones between."""
    step = every // MICROSECOND
    if step < 1_000_000:
        raise QueryError("histogram: the interval is shorter than a second; ask for a longer one")
    undated = micros(UNDATED)
    shift = -(undated // step) * step
    found = dict(
        database.execute(
            f"SELECT (time + ?) / ?, count(*) FROM {rows} WHERE time > ? GROUP BY 1",
            (shift, step, undated),
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


def grid(database: sqlite3.Connection, rows: str, precision: int) -> tuple[Bucket, ...]:
    """Documents per tile, most frequent first."""
    if not 0 <= precision <= MAX_ZOOM:
        raise QueryError(f"grid: zoom is {precision}; ask for 0 to {MAX_ZOOM}")
    shift, row = MAX_ZOOM - precision, (1 << MAX_ZOOM) - 1
    found = database.execute(
        "SELECT ((tile >> ?) << ?) | ((tile & ?) >> ?), count(*)"
        f" FROM {rows} WHERE tile IS NOT NULL GROUP BY 1",
        (MAX_ZOOM + shift, MAX_ZOOM, row, shift),
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
