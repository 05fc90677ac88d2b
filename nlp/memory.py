"""What the grouper has in mind: whole events of the ledger, and what the rows of a call did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.model import Change, Decided, Event, Signal
from nlp.affinity import Limits, Shelf, order
from nlp.events import Overrides, Tally, overrides_of


@dataclass(slots=True)
class Cluster:
    """An event at work: its signals in order of arrival, what they say together, what people said
    of it, and its value as the ledger has it after the last row."""

    event: Event
    people: Overrides = field(default_factory=Overrides)
    members: dict[str, Signal] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    into: str = ""
    stale: bool = False


class Memory:
    """Signals, events and decisions by id. What a row touches is compared with what was there
    before it when the row is `settled`: only what differs gets the row's number."""

    def __init__(self, limits: Limits) -> None:
        self.signals: dict[str, Signal] = {}
        self.clusters: dict[str, Cluster] = {}
        self.decided: dict[int, Decided] = {}
        self.shelf = Shelf(limits)
        self._copies: dict[bytes, dict[str, None]] = {}
        self._authors: dict[str, dict[str, None]] = {}
        self._opened: dict[str, None] = {}
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
        for name, event in told.items():
            self.clusters[name] = Cluster(event=event, into=event.merged_into)
        for signal in sorted(signals, key=lambda signal: signal.arrived):
            if signal.event in told:
                self._seat(signal)
        for name in told:
            cluster = self.clusters[name]
            cluster.people = self._people(name)
            self.shelf.put(name, cluster.tally)

    def tally(self, name: str) -> Tally:
        """What an event's signals say together, as of now."""
        cluster = self.clusters[name]
        if cluster.stale:
            self._retell(name, cluster)
            self.shelf.put(name, cluster.tally)
        return cluster.tally

    def copies(self, key: bytes) -> Iterable[str]:
        """The events that hold a text of the same words."""
        return self._copies.get(key, ()) if key else ()

    def posts_of(self, author: str) -> tuple[str, ...]:
        """The posts of an account, by its pseudonym."""
        return tuple(self._authors.get(author, ())) if author else ()

    def add(self, signal: Signal, row: int) -> None:
        """A new signal of an event, which it founds where there is none of that number."""
        if signal.event not in self.clusters:
            self.clusters[signal.event] = Cluster(event=Event(id=signal.event, seq=0))
        self.touch(signal.event)
        signal = replace(signal, seq=row)
        self._seat(signal)
        self._signals[signal.post.id] = signal
        self._gone.pop(signal.post.id, None)

    def change(self, signal: Signal, row: int) -> None:
        """A signal as it is now, in the event that it names; nothing where nothing differs."""
        post = signal.post.id
        before = self.signals[post]
        if replace(signal, seq=before.seq) == before:
            return
        self.remove(post)
        self.add(signal, row)

    def hold(self, post: str, hold: bool, row: int) -> bool:
        """Put a signal under a hold or let it go; whether that changed anything."""
        signal = self.signals[post]
        if signal.hold == hold:
            return False
        self._replace(replace(signal, hold=hold, seq=row))
        return True

    def brought(self, post: str, source: str, row: int) -> None:
        """A signal was brought by one more source."""
        signal = self.signals[post]
        if source in signal.sources:
            return
        self.touch(signal.event)
        self._replace(replace(signal, sources=(*signal.sources, source), seq=row))
        self.clusters[signal.event].tally.brought(source)

    def remove(self, post: str) -> Signal:
        """Take a signal out."""
        signal = self.signals.pop(post)
        cluster = self.clusters[signal.event]
        self.touch(signal.event)
        del cluster.members[post]
        cluster.stale = True
        self._authors.get(signal.post.author, {}).pop(post, None)
        self._signals.pop(post, None)
        self._gone[post] = None
        return signal

    def touch(self, name: str) -> None:
        """An event may have changed: it is looked at when the row is settled."""
        self._opened[name] = None

    def judge(self, done: Decided) -> None:
        """Write down what became of a decision."""
        self.decided[done.seq] = self._decided[done.seq] = done
        if done.outcome == "applied" and done.event in self.clusters:
            self.touch(done.event)
            self.clusters[done.event].people = self._people(done.event)

    def settle(self, row: int, now: datetime) -> None:
        """The row is done: events that differ from before get its number."""
        for name in self._opened:
            cluster = self.clusters[name]
            tally, before = self.tally(name), cluster.event
            after = tally.event(name, before.seq, tally.phase(now), cluster.people, cluster.into)
            if after != before or not before.seq:
                cluster.event = self._events[name] = replace(after, seq=row)
                self.shelf.put(name, tally)
        self._opened.clear()

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
        return change

    def forget(self, since: datetime) -> None:
        """Let closed events go that got nothing since a moment: no post can be theirs any more."""
        for name, cluster in list(self.clusters.items()):
            if cluster.event.phase == "closed" and cluster.tally.newest < since:
                self._drop_copies(name, cluster.tally)
                self.shelf.drop(name)
                for post, signal in cluster.members.items():
                    del self.signals[post]
                    self._authors.get(signal.post.author, {}).pop(post, None)
                del self.clusters[name]
        self._copies = {key: names for key, names in self._copies.items() if names}
        self._authors = {author: posts for author, posts in self._authors.items() if posts}
        self.decided = {
            seq: done
            for seq, done in self.decided.items()
            if done.event in self.clusters or str(seq) in self.clusters
        }

    def _people(self, name: str) -> Overrides:
        mine = [done for done in self.decided.values() if done.event == name]
        return overrides_of(sorted(mine, key=lambda done: done.seq))

    def _seat(self, signal: Signal) -> None:
        """Into its event; one that came before others has the event told anew."""
        cluster, post = self.clusters[signal.event], signal.post
        self.signals[post.id] = cluster.members[post.id] = signal
        if post.author:
            self._authors.setdefault(post.author, {})[post.id] = None
        if cluster.stale or signal.arrived < cluster.tally.arrived:
            cluster.stale = True
            return
        self._copies.setdefault(cluster.tally.add(signal), {})[signal.event] = None

    def _replace(self, signal: Signal) -> None:
        post = signal.post.id
        self.signals[post] = self._signals[post] = signal
        self.clusters[signal.event].members[post] = signal

    def _retell(self, name: str, cluster: Cluster) -> None:
        self._drop_copies(name, cluster.tally)
        told = sorted(cluster.members.values(), key=lambda signal: signal.arrived)
        cluster.members = {signal.post.id: signal for signal in told}
        cluster.tally = Tally(told)
        for key in cluster.tally.keys:
            self._copies.setdefault(key, {})[name] = None
        cluster.stale = False

    def _drop_copies(self, name: str, tally: Tally) -> None:
        for key in tally.keys:
            self._copies.get(key, {}).pop(name, None)
