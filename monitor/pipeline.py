"""The flow: IN, THROUGH and OUT, three loops that touch only in the ledger.

::

    collect   source ► admit ► inbox                  rows and cursor in one transaction
    consume   inbox ► enrich ► keep ► group ► truth   signals, events, dropped, rows done: one more
    follow    feed ► follower                         each follower at its own position
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from monitor import log, parts
from monitor.admit import Keys, admit
from monitor.area import Area
from monitor.config import Source
from monitor.errors import MonitorError
from monitor.heap import trim
from monitor.judge import Judge, Judged
from monitor.ledger import Accepted, Ledger
from monitor.model import (
    Activity,
    Change,
    Dead,
    Decided,
    Decision,
    Dropped,
    Gone,
    Origin,
    Page,
    Post,
    Row,
    Tick,
)
from monitor.ports import Enricher, Fetch, Grouper

TRIM_ROWS: Final = 1_000
"""After so many rows free memory goes back to the system: models leave much of it in holes."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is kept, and for how long. `batch` is how many rows are thought about at once."""

    sources: Mapping[str, Source]
    area: Area | None = None
    keep_days: int = 365
    batch: int = 64


class Pipeline:
    """The three loops' bodies. One thread consumes; any thread may collect or follow."""

    def __init__(
        self,
        ledger: Ledger,
        rules: Rules,
        keys: Keys,
        fetch: Fetch,
        open_steps: Callable[[], Sequence[Enricher]],
        open_grouper: Callable[[], Grouper],
    ) -> None:
        self.ledger = ledger
        self.rules = rules
        self._keys = keys
        self._fetch = fetch
        self._judge = Judge(rules.sources, rules.area, open_steps)
        self._open_grouper = open_grouper
        self._grouper: Grouper | None = None
        self._untrimmed = 0

    def collect(self, source: Source) -> Iterator[Accepted]:
        """One poll: what each page came to, each stored before the next is asked for.

        Raises SourceError.
        """
        cursor = self.ledger.inbox.cursor(source.name)
        collect = parts.load("collectors", source.kind).collect
        origin: Origin = "import" if source.backfill else "live"
        for page, took_ms in _timed(collect(source.options, self._fetch, cursor)):
            admitted = admit(page, source, self._keys)
            accepted = self.ledger.inbox.accept(source.name, admitted, origin, took_ms)
            _log.info(
                "page",
                source=source.name,
                posts=accepted.posts,
                rows=accepted.rows,
                refused=accepted.refused,
                dead=accepted.dead,
            )
            yield accepted

    def consume(self) -> int:
        """Do the next rows; how many were done. Raises ModelError and LedgerError, with the rows
        still waiting."""
        rows = self.ledger.inbox.rows(self.rules.batch)
        if not rows:
            return 0
        posts = tuple(takewhile(lambda row: isinstance(row.what, Post), rows))
        done = self._guarded(posts or rows[:1])
        self._untrimmed += done
        if self._untrimmed >= TRIM_ROWS:
            self._untrimmed = 0
            trim()
        return done

    def forget(self) -> None:
        """The ledger was written by another hand: what it holds is remembered anew."""
        self._grouper = None

    def follow(self, name: str, write: Callable[[Change], Sequence[Dead]]) -> Iterator[int]:
        """Tell a follower every change that it has not seen; the position after each step. What it
        refuses goes to the dead letters."""
        position = self.ledger.feed.position(name)
        while (change := self.ledger.feed.changes(position)) is not None:
            if dead := write(change):
                _log.error("refused", follower=name, documents=len(dead), last=change.last)
            self.ledger.feed.advance(name, change.last, dead)
            position = change.last
            yield position

    def note(self, name: str, note: Callable[[Sequence[Activity]], None]) -> Iterator[int]:
        """Tell a follower the activity that it has not seen; the position after each step."""
        position = self.ledger.feed.position(name)
        while activities := self.ledger.feed.activity(position):
            note(activities)
            position = activities[-1].number
            self.ledger.feed.advance(name, position)
            yield position

    def _guarded(self, rows: Sequence[Row]) -> int:
        """A bug costs one row: what fails together is tried row by row."""
        try:
            return self._apply(rows)
        except MonitorError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug costs one row
            self._grouper = None
            if len(rows) > 1:
                return sum(self._guarded([row]) for row in rows)
            (row,) = rows
            _log.critical("row", seq=row.seq, fault=type(error).__name__, exc_info=True)
            name = row.what.id if isinstance(row.what, Post) else f"row {row.seq}"
            dead = Dead(id=name, reason=f"{type(error).__name__}: a bug in a step; see the log")
            self.ledger.truth.commit(rows, Change(last=row.seq), [dead])
            return 1

    def _apply(self, rows: Sequence[Row]) -> int:
        first = rows[0].what
        if isinstance(first, Post):
            return self._posts(rows)
        if isinstance(first, Decision):
            return self._decision(rows[0], first)
        if isinstance(first, Tick):
            return self._tick(rows[0], first)
        told = [replace(rows[0], what=self._gone(first))]
        self._commit(told, told, [None])
        return 1

    def _posts(self, rows: Sequence[Row]) -> int:
        """Posts in sequence, up to the first that takes a signal back: that one is a batch of its
        own, so that a removal's number is its row's."""
        posts = [row.what for row in rows if isinstance(row.what, Post)]
        existing = self.ledger.truth.kept(post.id for post in posts)
        judged = self._judge(posts, existing)
        kept = set(existing)
        for place, (post, verdict) in enumerate(zip(posts, judged, strict=True)):
            if verdict.reason and post.id in kept:
                cut = place or 1
                rows, judged = rows[:cut], judged[:cut]
                break
            if not verdict.reason:
                kept.add(post.id)
        dropped = _dropped(rows, judged)
        known = [None if verdict.reason else verdict.enrichment for verdict in judged]
        self._commit(rows, rows, known, dropped)
        return len(rows)

    def _gone(self, gone: Gone) -> Gone:
        """What was taken back, with its reposts where the people behind it took it back."""
        upstream = gone.reason in {"deleted", "account"}
        return self.ledger.truth.with_reposts(gone) if upstream else gone

    def _tick(self, row: Row, tick: Tick) -> int:
        """The hour: phases change, and what its time is over goes."""
        limits = {
            source.name: source.policy.text_days
            for source in self.rules.sources.values()
            if source.policy.text_days is not None
        }
        expired = self.ledger.truth.expired(tick.at, self.rules.keep_days, limits)
        told = [row]
        if expired:
            told.append(replace(row, what=Gone(ids=expired, reason="expired")))
        self._commit([row], told, [None] * len(told))
        self.ledger.truth.tidy(tick.at)
        return 1

    def _decision(self, row: Row, decision: Decision) -> int:
        """What a person said; a promoted post comes in as a post of that row."""
        if decision.verdict == "promote":
            return self._promote(row, decision)
        told = [row]
        if decision.verdict == "undo" and decision.value:
            number = decision.value[0]
            former = self.ledger.truth.decided(int(number)) if number.isdecimal() else None
            if former and former.decision.verdict == "promote" and not former.undone:
                gone = Gone(ids=(former.decision.target,), reason="edited")
                told.append(replace(row, what=gone))
        self._commit([row], told, [None] * len(told))
        return 1

    def _promote(self, row: Row, decision: Decision) -> int:
        dropped = self.ledger.truth.dropped(decision.target)
        if dropped is None:
            refused = Decided(
                seq=row.seq,
                decision=decision,
                outcome="refused",
                reason=f"{decision.target}: not among the dropped posts of the last days",
            )
            self.ledger.truth.commit([row], Change(last=row.seq, decided=(refused,)))
            return 1
        enrichment = self._judge.whole(dropped.post)
        promoted = replace(row, what=replace(dropped.post, collected=row.at))
        self._commit([row], [promoted, row], [enrichment, None])
        return 1

    def _commit(
        self,
        rows: Sequence[Row],
        told: Sequence[Row],
        known: Sequence[object],
        dropped: tuple[Dropped, ...] = (),
    ) -> None:
        """Tell the grouper what it may have forgotten, then the rows, and write what it says."""
        grouper = self._remembering()
        old = self.ledger.truth.recall(told, grouper.holds)
        grouper.remember(old.signals, old.events, old.decided)
        change = grouper(told, known)  # type: ignore[arg-type]
        self.ledger.truth.commit(rows, replace(change, dropped=dropped))

    def _remembering(self) -> Grouper:
        if self._grouper is None:
            grouper = self._open_grouper()
            active = self.ledger.truth.active(grouper.memory)
            grouper.remember(active.signals, active.events, active.decided)
            self._grouper = grouper
        return self._grouper


def _timed(pages: Iterator[Page]) -> Iterator[tuple[Page, int]]:
    """Each page with the milliseconds that it took to come."""
    asked = time.monotonic()
    for page in pages:
        yield page, round((time.monotonic() - asked) * 1000)
        asked = time.monotonic()


def _dropped(rows: Sequence[Row], judged: Sequence[Judged]) -> tuple[Dropped, ...]:
    """The posts that were not kept, each once, by its last row."""
    found: dict[str, Dropped] = {}
    for row, verdict in zip(rows, judged, strict=True):
        if isinstance(row.what, Post) and verdict.reason:
            found[row.what.id] = Dropped(
                post=row.what,
                enrichment=replace(verdict.enrichment, vector=b""),
                reason=verdict.reason,
                seq=row.seq,
            )
        elif isinstance(row.what, Post):
            found.pop(row.what.id, None)
    return tuple(found.values())
