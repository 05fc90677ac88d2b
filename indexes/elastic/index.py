"""The index in a cluster: `monitor.ports.Index`, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta

from indexes.elastic import Options, alike, facets, find
from indexes.elastic.cluster import Cluster
from indexes.elastic.search import Search
from indexes.elastic.store import Store
from indexes.elastic.write import Writer
from monitor.errors import QueryError
from monitor.model import Activity, Change, Dead, Event, Signal
from monitor.ports import Asked, Bucket, Condition, Found, Hit, Of
from monitor.query import Query, check, likes


class Elastic:
    """An index behind a cluster's aliases; may be shared by threads. See `monitor.ports.Index`."""

    def __init__(self, options: Options, *, beside: bool = False) -> None:
        self._cluster = Cluster(options)
        self._store = Store(self._cluster, options, beside=beside)
        self._writer = Writer(self._cluster, self._store)
        self._search = Search(self._cluster, self._store)

    def follows(self) -> str | None:
        """The ledger that this index follows, None where there is no index yet."""
        return self._store.follows()

    def prepare(self, ledger: str) -> bool:
        """Create, migrate or open for that ledger; True where it is new."""
        return self._store.prepare(ledger)

    def write(self, change: Change) -> Sequence[Dead]:
        """Durable when it returns; the documents that were refused, and why."""
        return self._writer.write(change)

    def note(self, activities: Sequence[Activity]) -> None:
        """Pages, mails and decisions for Kibana's panels."""
        self._writer.note(activities)

    def refresh(self) -> None:
        """What was written is found from now on."""
        self._store.refresh()

    def promote(self) -> None:
        """Take the live one's place."""
        self._store.promote()

    def condition(self) -> Condition:
        """How the cluster and our indices in it fare."""
        return self._store.condition()

    def close(self) -> None:
        """Let go of threads and connections."""
        self._writer.close()
        self._cluster.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Nothing: each question is answered from what is there then."""
        return nullcontext()

    def signals(self, query: Query, asked: Asked) -> Found:
        """Signals, a page; their vectors are left out."""
        check(query, "signals")
        return find.find(self._search, "signals", query, asked)

    def events(self, query: Query, asked: Asked) -> Found:
        """Events, a page."""
        check(query, "events")
        return find.find(self._search, "events", query, asked)

    def similar(self, vector: bytes, query: Query, limit: int) -> Sequence[Hit]:
        """The nearest signals among those that match."""
        _check_plain(query, "signals")
        return alike.similar(self._search, vector, query, limit)

    def count(self, query: Query, by: str, of: Of) -> Sequence[Bucket]:
        """The most frequent values of a keyword field, of severity, certainty or place."""
        _check_plain(query, of)
        return facets.counts(self._search, query, (by,), of)[by]

    def counts(self, query: Query, by: Sequence[str], of: Of) -> Mapping[str, Sequence[Bucket]]:
        """Several of them in one search."""
        _check_plain(query, of)
        return facets.counts(self._search, query, by, of)

    def span(self, query: Query, of: Of) -> tuple[datetime, datetime] | None:
        """When the first and the last were; those without a moment are left out."""
        _check_plain(query, of)
        return facets.span(self._search, query, of)

    def histogram(self, query: Query, every: timedelta, of: Of) -> Sequence[Bucket]:
        """Documents per interval; those without a moment are in none."""
        _check_plain(query, of)
        return facets.histogram(self._search, query, every, of)

    def grid(self, query: Query, precision: int, of: Of) -> Sequence[Bucket]:
        """Documents per tile of zoom `precision`; those without a position are in none."""
        _check_plain(query, of)
        return facets.grid(self._search, query, precision, of)

    def scan(self, query: Query, of: Of) -> Iterator[Signal | Event]:
        """All that match, in order of id, a thousand in memory at a time."""
        _check_plain(query, of)
        return find.scan(self._search, of, query)


def _check_plain(query: Query, of: Of) -> None:
    check(query, of)
    if likes(query):
        raise QueryError("like: cannot be counted; leave it out")
