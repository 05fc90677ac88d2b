"""What the grouper has in mind: whole events of the ledger, and what the rows of a call did.

Signals lie on the disk. What an event's signals say together is at hand for the events that were
looked at last, and told anew from its signals for any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from monitor.model import UNDATED, Change, Decided, Event, Signal
from nlp.affinity import Limits, Shelf, order
from nlp.events import Sketch, Tally
from nlp.kept import Kept
from nlp.overrides import Overrides, overrides_of

AT_HAND: Final = 500
"""Events that are not put away."""
_NOBODY: Final = Overrides()


@dataclass(slots=True)
class Cluster:
    """An event in memory: what people said of it, what it was merged into, its newest arrival, when
    its phase may change by the time alone (None where it is closed) and whether its value, as it is
    now, was put away."""

    people: Overrides = _NOBODY
    into: str = ""
    newest: datetime = UNDATED
    due: datetime | None = None
    away: bool = False


@dataclass(slots=True)
class Open:
    """An event at hand: its value as the ledger has it after the last row, and what its signals say
    together, `stale` where that has to be told anew."""

    event: Event
    tally: Tally = field(default_factory=Tally)
    stale: bool = False


class Memory:
    """Signals, events and decisions by id. What a row touches is compared with what was there
    before it when the row is `settled`: only what differs gets the row's number."""

    def __init__(self, limits: Limits) -> None:
        self.kept = Kept()
        self.clusters: dict[str, Cluster] = {}
        self.decided: dict[int, Decided] = {}
        self.shelf = Shelf(limits)
        self._open: dict[str, Open] = {}
        self._touched: dict[str, None] = {}
        self._signals: dict[str, Signal] = {}
        self._events: dict[str, Event] = {}
        self._gone: dict[str, None] = {}
        self._decided: dict[int, Decided] = {}

    def remember(
        self, signals: Iterable[Signal], events: Iterable[Event], decided: Iterable[Decided]
    ) -> None:
        """Take whole events in; those that are here already are passed over."""
        for done in decided:
            self.decided.setdefault(done.seq, done)
        told = {event.id: event for event in events if event.id not in self.clusters}
        members: dict[str, list[Signal]] = {name: [] for name in told}
        for signal in sorted(signals, key=lambda signal: signal.arrived):
            if signal.event in members:
                members[signal.event].append(signal)
        for name, event in told.items():
            self.clusters[name] = Cluster(people=self._people(name), into=event.merged_into)
            self._open[name] = Open(event)
            for signal in members[name]:
                self._seat(signal)
            self._note(name, self._open[name])
            self._put_away()

    def tally(self, name: str) -> Tally:
        """What an event's signals say together, as of now."""
        found = self._at_hand(name)
        if found.stale:
            self._retell(name, found)
            self.shelf.put(name, found.tally)
        return found.tally

    def sketch(self, name: str) -> Sketch:
        """What of an event a post is compared with, as of now."""
        return self.tally(name).sketch() if name in self._open else self.kept.sketch(name)

    def add(self, signal: Signal, row: int) -> None:
        """A new signal of an event, which it founds where there is none of that number."""
        if signal.event not in self.clusters:
            self.clusters[signal.event] = Cluster()
            self._open[signal.event] = Open(Event(id=signal.event, seq=0))
        self.touch(signal.event)
        signal = replace(signal, seq=row)
        self._seat(signal)
        self._signals[signal.post.id] = signal
        self._gone.pop(signal.post.id, None)

    def change(self, signal: Signal, row: int) -> None:
        """A signal as it is now, in the event that it names; nothing where nothing differs."""
        before = self.kept[signal.post.id]
        if replace(signal, seq=before.seq) == before:
            return
        self.remove(before)
        self.add(signal, row)

    def hold(self, post: str, hold: bool, row: int) -> bool:
        """Put a signal under a hold or let it go; whether that changed anything."""
        signal = self.kept[post]
        if signal.hold == hold:
            return False
        self._replace(replace(signal, hold=hold, seq=row))
        return True

    def brought(self, signal: Signal, source: str, row: int) -> None:
        """A signal was brought by one more source."""
        if source in signal.sources:
            return
        self.touch(signal.event)
        self._replace(replace(signal, sources=(*signal.sources, source), seq=row))
        self._open[signal.event].tally.brought(source)

    def remove(self, signal: Signal) -> None:
        """Take a signal out."""
        post = signal.post.id
        self.touch(signal.event)
        self._open[signal.event].stale = True
        self.kept.drop(post)
        self._signals.pop(post, None)
        self._gone[post] = None

    def touch(self, name: str) -> None:
        """An event may have changed: it is looked at when the row is settled."""
        self._at_hand(name)
        self._touched[name] = None

    def judge(self, done: Decided) -> None:
        """Write down what became of a decision."""
        self.decided[done.seq] = self._decided[done.seq] = done
        if done.outcome == "applied" and done.event in self.clusters:
            self.touch(done.event)
            self.clusters[done.event].people = self._people(done.event)

    def tick(self, row: int, now: datetime) -> None:
        """Settle the events whose phase may have changed by the time alone."""
        for name, cluster in self.clusters.items():
            if cluster.due is not None and now >= cluster.due:
                self.touch(name)
                self.settle(row, now)
                self._put_away()

    def settle(self, row: int, now: datetime) -> None:
        """The row is done: events that differ from before get its number."""
        for name in self._touched:
            cluster, tally, found = self.clusters[name], self.tally(name), self._open[name]
            before = found.event
            after = tally.event(name, before.seq, tally.phase(now), cluster.people, cluster.into)
            if after != before or not before.seq:
                found.event = self._events[name] = replace(after, seq=row)
            cluster.away = False
            self._note(name, found)
        self._touched.clear()

    def taken(self, last: int) -> Change:
        """All that the rows since the last time did."""
        change = Change(
            last=last,
            signals=tuple(sorted(self._signals.values(), key=lambda s: (s.seq, s.arrived))),
            events=tuple(sorted(self._events.values(), key=lambda e: (e.seq, order(e.id)))),
            gone=tuple(sorted(self._gone)),
            decided=tuple(self._decided[seq] for seq in sorted(self._decided)),
        )
        for done in (self._signals, self._events, self._gone, self._decided):
            done.clear()
        self._put_away()
        return change

    def forget(self, since: datetime) -> None:
        """Let closed events go that got nothing since a moment: no post can be theirs any more."""
        for name, cluster in list(self.clusters.items()):
            if cluster.due is None and cluster.newest < since:
                self.shelf.drop(name)
                self.kept.drop_event(name)
                self._open.pop(name, None)
                del self.clusters[name]
        self.decided = {
            seq: done
            for seq, done in self.decided.items()
            if done.event in self.clusters or str(seq) in self.clusters
        }

    def _people(self, name: str) -> Overrides:
        mine = [done for done in self.decided.values() if done.event == name]
        return overrides_of(sorted(mine, key=lambda done: done.seq)) if mine else _NOBODY

    def _seat(self, signal: Signal) -> None:
        """Into its event; one that came before others has the event told anew."""
        found = self._open[signal.event]
        self.kept.put(signal)
        if found.stale or signal.arrived < found.tally.arrived:
            found.stale = True
            return
        self.kept.copied(found.tally.add(signal), signal.event)

    def _replace(self, signal: Signal) -> None:
        self.kept.put(signal)
        self._signals[signal.post.id] = signal

    def _note(self, name: str, found: Open) -> None:
        """Write down what is asked of an event that may be put away."""
        cluster = self.clusters[name]
        cluster.newest, cluster.due = found.tally.newest, found.tally.due(found.event.phase)
        self.shelf.put(name, found.tally)

    def _at_hand(self, name: str) -> Open:
        """An event, looked at now."""
        found = self._open.pop(name, None)
        if found is None:
            found = Open(self.kept.event(name), Tally(self.kept.signals(name)))
        self._open[name] = found
        return found

    def _put_away(self) -> None:
        """Put away those that were not looked at for the longest time."""
        while len(self._open) > AT_HAND:
            name = next(iter(self._open))
            found, cluster = self._open.pop(name), self.clusters[name]
            if not cluster.away:
                self.kept.put_event(found.event, found.tally.sketch() if found.tally.size else None)
                cluster.away = True

    def _retell(self, name: str, found: Open) -> None:
        found.tally, found.stale = Tally(self.kept.signals(name)), False
        self.kept.retold(name)
        for key in found.tally.keys:
            self.kept.copied(key, name)
