"""Which signals tell of one happening: one post after the other joins the event that it fits best,
or founds one.

A post fits by what it says (the mean of the cosines to the event's centre and to the nearest of its
first and newest signals), asked more of the longer the texts, the time between and the less the
topics and places agree; two places too far apart are never one event. A repost goes where the
original is, a text of the same words where the others are. At one place, of one topic and within
`carry_h` hours a post needs hardly any likeness, and in a language that the encoder does not know
no topic either: so one happening told in several languages is one event.

An event takes posts while its newest arrival is at most `memory_days` before the row and the post
was published at most `window_h` hours before or after its span. The machine never merges events of
its own accord, and moves a post only when its author edits it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Final

from monitor.model import Change, Decided, Decision, Enrichment, Event, Gone, Post, Row, Signal
from nlp.affinity import Likes, Limits, Probe, margin, order, probe_of
from nlp.decide import decide, pinned
from nlp.memory import Memory

_BLOCK: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """When posts are one event.

    threshold: likeness, from 0 to 1, that short texts need.
    long_texts: added to it for texts of a thousand characters.
    fade: added to it for each day between a post and an event, after the first carry_h.
    carry_h: hours in which the same place and topic are enough.
    window_h: hours that may lie between a post's publication and an event.
    memory_days: days after its newest arrival in which an event takes posts.
    near_km: places further apart than that beyond their own radii are never one event.
    languages: those that the encoder knows, none for all; likeness says little in any other.
    """

    threshold: float = 0.45
    long_texts: float = 0.2
    fade: float = 0.25
    carry_h: float = 3.0
    window_h: float = 48.0
    memory_days: float = 7.0
    near_km: float = 3.0
    languages: tuple[str, ...] = ("en",)


class Group:
    """Keeps the events of the last days in memory. Enrichments carry the vectors: no model runs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._memory = Memory(limits)

    @property
    def memory(self) -> timedelta:
        """How long after its newest arrival an event may still gain signals."""
        return self._limits.memory

    def holds(self, event: str) -> bool:
        """True where the event need not be told again."""
        return event in self._memory.clusters

    def remember(
        self, signals: Iterable[Signal], events: Iterable[Event], decided: Iterable[Decided]
    ) -> None:
        """Take in whole events and what people decided of them, a split under its own number too;
        what is known is passed over."""
        self._memory.remember(signals, events, decided)

    def __call__(self, rows: Sequence[Row], known: Sequence[Enrichment | None]) -> Change:
        """Apply rows in order; what they did to signals, events and decisions."""
        told = iter(list(zip(rows, known, strict=True)))
        while block := list(islice(told, _BLOCK)):
            self._block(block)
        ticked = [row.at for row in rows if not isinstance(row.what, Post | Gone | Decision)]
        if ticked:
            self._memory.forget(ticked[-1] - self._limits.memory)
        return self._memory.taken(rows[-1].seq)

    def _block(self, block: Sequence[tuple[Row, Enrichment | None]]) -> None:
        """A few rows, each by itself; only what posts are like is worked out at once."""
        probes = {
            place: probe_of(row.what, enrichment, row.at, self._limits)
            for place, (row, enrichment) in enumerate(block)
            if isinstance(row.what, Post) and enrichment is not None
        }
        weighed = self._memory.shelf.weigh(list(probes.values()))
        likes = dict(zip(probes, weighed, strict=True)) if weighed is not None else {}
        for place, (row, enrichment) in enumerate(block):
            what = row.what
            if isinstance(what, Post):
                self._post(row, what, enrichment, probes.get(place), likes.get(place))
            elif isinstance(what, Gone):
                self._gone(what)
            elif isinstance(what, Decision):
                decide(self._memory, what, row.seq)
            else:
                self._memory.tick(row.seq, row.at)
            self._memory.settle(row.seq, row.at)

    def _post(
        self,
        row: Row,
        post: Post,
        enrichment: Enrichment | None,
        probe: Probe | None,
        likes: Likes | None,
    ) -> None:
        """A new post, one more source of a known one, or its edit."""
        memory = self._memory
        before = memory.kept.get(post.id)
        if before is None:
            if enrichment is not None and probe is not None:
                self._add(row, post, enrichment, self._best(post, probe, likes) or str(row.seq))
        elif post.digest == before.post.digest or post.source != before.sources[0]:
            if enrichment is not None:
                memory.brought(before, post.source, row.seq)
        elif enrichment is None:
            memory.remove(before)
        else:
            self._edit(row, before, post, enrichment, likes)

    def _edit(
        self, row: Row, before: Signal, post: Post, enrichment: Enrichment, likes: Likes | None
    ) -> None:
        """A post as its author left it; it stays where a person put it and where it still fits."""
        memory, home = self._memory, before.event
        post = replace(
            post,
            collected=before.post.collected,
            published=post.published if post.dated else before.post.published,
            dated=post.dated or before.post.dated,
            edited=post.edited or row.at,
        )
        stays = pinned(memory, before) or len(memory.kept.posts(home)) == 1
        memory.remove(before)
        if not stays:
            probe = probe_of(post, enrichment, row.at, self._limits)
            fit = self._fit(probe, home)
            if fit is None or fit < 0:
                home = self._best(post, probe, likes) or str(row.seq)
        self._add(row, post, enrichment, home, before)

    def _add(
        self,
        row: Row,
        post: Post,
        enrichment: Enrichment,
        event: str,
        before: Signal | None = None,
    ) -> None:
        """Put a post into an event; under its hold, if it has one."""
        cluster = self._memory.clusters.get(event)
        held = cluster is not None and cluster.people.hold
        signal = Signal(
            post=post,
            enrichment=enrichment,
            event=event,
            sources=before.sources if before else (post.source,),
            arrived=before.arrived if before else row.seq,
            seq=row.seq,
            hold=held or (before is not None and before.hold),
            origin=before.origin if before else row.origin,
        )
        self._memory.add(signal, row.seq)

    def _best(self, post: Post, probe: Probe, likes: Likes | None) -> str | None:
        """The event that a post fits best; the older of two that it fits alike."""
        memory = self._memory
        original = memory.kept.home(post.repost_of)
        if original is not None:
            newest = memory.tally(original).newest
            if newest >= probe.at - self._limits.memory:
                return original
        names = dict.fromkeys(memory.shelf.near(probe, likes))
        copies = memory.kept.copies(probe.key) if probe.key else ()
        names |= dict.fromkeys(name for name in copies if memory.shelf.eligible(name, probe))
        fits = []
        for name in names:
            fit = self._fit(probe, name)
            if fit is not None and fit >= 0:
                fits.append((-fit, order(name)))
        return min(fits)[1][1] if fits else None

    def _fit(self, probe: Probe, event: str) -> float | None:
        """How well a post fits an event as it is now."""
        memory = self._memory
        sketch = memory.sketch(event)
        copied = bool(probe.key) and event in memory.kept.copies(probe.key)
        return margin(probe, sketch, memory.shelf.centre(event), copied, self._limits)

    def _gone(self, gone: Gone) -> None:
        """What was taken back leaves; a hold beats expiry and nothing else."""
        memory = self._memory
        posts = dict.fromkeys(post for post in gone.ids if post in memory.kept)
        for author in gone.authors:
            posts |= dict.fromkeys(memory.kept.posts_by(author))
        for post in posts:
            signal = memory.kept[post]
            if gone.reason != "expired" or not signal.hold:
                memory.remove(signal)


def open(options: Options) -> Group:
    """A grouper with an empty memory."""
    limits = Limits(
        threshold=options.threshold,
        long_texts=options.long_texts,
        fade_a_day=options.fade,
        window=timedelta(hours=options.window_h),
        memory=timedelta(days=options.memory_days),
        carry=timedelta(hours=options.carry_h),
        near_m=options.near_km * 1000,
        languages=frozenset(options.languages),
    )
    return Group(limits)
