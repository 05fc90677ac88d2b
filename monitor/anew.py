"""The ledger anew with today's models: every post thought about again, everything grouped again.

What a person decided upon stays as the person left it: its posts, its id, its decisions; it is only
told anew with the new enrichments. A post that today's models would drop goes to the dropped posts,
unless it is held or a person decided upon its event; a dropped one that they would keep comes back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Final

import msgspec

from monitor import log
from monitor.app import App
from monitor.errors import MonitorError
from monitor.heap import trim
from monitor.judge import Judge
from monitor.ledger.anew import CHUNK, Anew, Held, Reserved
from monitor.ledger.draft import Draft, Numbers, Settled
from monitor.model import UNDATED, Change, Decision, Enrichment, Gone, Post, Row, Signal, Tick

_Told = tuple[Row, Enrichment | None]
_Thought = tuple[Held, Enrichment, str]
_PROBE: Final = Post(id="probe", text="fire")
_log = log.get(__name__)


class Renewal:
    """One rebuild with today's models, step by step: `prepare`, `enrich`, `group`, `settle`,
    `switch`. Only under the consumer's lock; interrupted, the next goes on with what `enrich` did.
    """

    def __init__(self, app: App, anew: Anew) -> None:
        self._app = app
        self._anew = anew
        self._judge = Judge(app.rules.sources, app.rules.area, app.open_steps)
        self._reserved: Reserved | None = None
        self._recipe = ""
        self._draft: Draft | None = None

    def prepare(self) -> None:
        """Take numbers, and consume what came before them. Raises ModelError."""
        self._reserved = self._anew.reserve()
        inbox = self._app.ledger.inbox
        while (rows := inbox.rows(1)) and rows[0].seq < self._reserved.last:
            self._app.pipeline.consume()
        self._recipe = self._of_today()

    def size(self) -> tuple[int, int]:
        """How many posts are thought about, and how many there are."""
        return self._anew.size(self._recipe)

    def enrich(self) -> Iterator[int]:
        """Think about the posts that were not thought about yet; how many were at each step."""
        for held in self._anew.waiting(self._recipe, self._app.rules.batch):
            self._anew.keep(self._recipe, self._guarded(held))
            trim()
            yield len(held)

    def group(self) -> Iterator[int]:
        """Group all in order of arrival into a draft; how many posts were at each step."""
        reserved = self._prepared()
        draft = self._draft = Draft(self._app.ledger.store, self._app.ledger.store.clock)
        replay = _Replay(self._app, self._anew, draft, reserved)
        yield from replay()
        trim()

    def settle(self) -> Settled:
        """What the switch will change."""
        numbers = Numbers(first=self._prepared().first, chunk=CHUNK)
        return self._drafted().settle(numbers, self._anew.decided(), self._prepared().last)

    def switch(self) -> None:
        """Put the draft in the place of what is there."""
        self._anew.switch(self._drafted(), self._prepared())
        self._app.pipeline.forget()

    def close(self) -> None:
        """Be rid of the draft."""
        if self._draft:
            self._draft.close()

    @cached_property
    def _example(self) -> Enrichment:
        """What today's models say of some post."""
        return self._judge.whole(_PROBE)

    def _guarded(self, held: Sequence[Held]) -> list[_Thought]:
        """A bug costs one post, of which is said what was said before: what fails together is tried
        post by post."""
        try:
            return self._thoughts(held)
        except MonitorError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug costs one post
            if len(held) > 1:
                return [said for one in held for said in self._guarded([one])]
            _log.critical("post", seq=held[0].seq, fault=type(error).__name__, exc_info=True)
            return [self._before(held[0])]

    def _before(self, held: Held) -> _Thought:
        """What the ledger holds of a post; a dropped one stays so. A vector of another length is
        none to today's grouper."""
        signal = self._app.ledger.truth.kept([held.post.id]).get(held.post.id)
        if signal is None:
            return held, Enrichment(), "relevance"
        said = signal.enrichment
        alike = len(said.vector) == len(self._example.vector)
        return held, said if alike else replace(said, vector=b""), ""

    def _thoughts(self, held: Sequence[Held]) -> list[_Thought]:
        """What the models say of posts; of those that are signals all, even where they would be
        dropped, for a person may keep them."""
        judged = self._judge([each.post for each in held], {})
        bare = [n for n, one in enumerate(held) if one.kept and judged[n].reason == "relevance"]
        whole = dict(zip(bare, self._judge.enrich([held[n].post for n in bare]), strict=True))
        return [
            (one, whole.get(n, judged[n].enrichment), judged[n].reason)
            for n, one in enumerate(held)
        ]

    def _of_today(self) -> str:
        """A name for the models and the rules of today: what they say of two ledgers with the same
        name is the same."""
        rules = self._app.rules
        parts = (
            self._example.models,
            self._app.config.steps,
            rules.area,
            {name: source.keep for name, source in rules.sources.items()},
        )
        told = msgspec.json.encode(parts, order="sorted", enc_hook=str)
        return hashlib.sha256(told).hexdigest()

    def _prepared(self) -> Reserved:
        if self._reserved is None:
            raise RuntimeError("prepare comes first")
        return self._reserved

    def _drafted(self) -> Draft:
        if self._draft is None:
            raise RuntimeError("group comes first")
        return self._draft


class _Replay:
    """Tells a grouper all posts as if they came now, with the hours between them. Their rows are
    shifted beyond all that ever was, so that no event of the draft has the number of an old one.

    An event that a person decided upon is there from its first post on. Its others are told as
    reposts of that one, which brings them where they belong; what joins it is what would have. At
    the end it is told anew with its posts as they are.
    """

    def __init__(self, app: App, anew: Anew, draft: Draft, reserved: Reserved) -> None:
        self._app = app
        self._anew = anew
        self._draft = draft.truth
        self._grouper = app.open_grouper()
        self._shift = reserved.last
        self._until = reserved.at
        self._hour = UNDATED
        self._at = UNDATED
        self._decided = anew.decided()
        self._firsts: dict[str, str] = {}

    def __call__(self) -> Iterator[int]:
        for posts in self._anew.renewed(self._app.rules.batch):
            told: list[_Told] = []
            for one in posts:
                home = one.signal.event if one.signal.event in self._decided else ""
                if home and home not in self._firsts:
                    self._tell(told)
                    told = []
                    self._found(one.signal)
                elif home or not one.reason or one.signal.hold:
                    told += self._rows(one.signal, self._firsts.get(home, ""))
            self._tell(told)
            yield len(posts)
        strays = tuple(post for event in self._firsts for post in self._strays(event))
        last: tuple[Gone | Tick, ...] = (Gone(ids=strays, reason="edited"), Tick(at=self._until))
        self._tell([(self._row(self._shift, self._until, what), None) for what in last])
        for event in self._firsts:
            self._retell(event)

    def _tell(self, told: Sequence[_Told]) -> None:
        if not told:
            return
        rows, known = [row for row, _ in told], [said for _, said in told]
        old = self._draft.recall(rows, self._grouper.holds)
        self._grouper.remember(old.signals, old.events, old.decided)
        self._draft.commit(rows, self._grouper(rows, known))

    def _rows(self, signal: Signal, first: str) -> Iterator[_Told]:
        """A post as its row, after the hour that has begun since the last, and one row more for
        each source that brought it too."""
        post, seq = signal.post, self._shift + signal.arrived
        post = replace(post, repost_of=first or post.repost_of)
        hour = post.collected.replace(minute=0, second=0, microsecond=0)
        if hour > self._hour:
            self._hour = hour
            yield self._row(seq, hour, Tick(at=hour)), None
        for source in signal.sources:
            row = self._row(seq, post.collected, replace(post, source=source))
            yield replace(row, origin=signal.origin), signal.enrichment

    def _row(self, seq: int, at: datetime, what: Post | Gone | Tick) -> Row:
        """A row that is not before the last."""
        self._at = max(at, self._at)
        return Row(seq=seq, at=self._at, what=what)

    def _found(self, signal: Signal) -> None:
        """The first post of an event that a person decided upon."""
        name, truth = signal.event, self._app.ledger.truth
        event, decided = truth.event(name), truth.decisions(name)
        if event is None:
            return
        self._firsts[name] = signal.post.id
        signal = replace(signal, arrived=self._shift + signal.arrived)
        self._grouper.remember([signal], [event], decided)
        row = self._row(signal.arrived, signal.post.collected, Tick(at=self._at))
        whole = Change(last=row.seq, signals=(signal,), events=(event,), decided=decided)
        self._draft.commit([row], whole)

    def _strays(self, event: str) -> Iterator[str]:
        """The posts of such an event that went elsewhere: their first was too long ago."""
        members = [signal.post.id for signal in self._anew.members(event)]
        homes = self._draft.kept(members)
        return (post for post in members if post in homes and homes[post].event != event)

    def _retell(self, name: str) -> None:
        """Tell an event that a person decided upon as it is: its posts, and what joined it. A
        remark makes a grouper look at it, and is not kept."""
        members = [
            replace(signal, arrived=self._shift + signal.arrived)
            for signal in self._anew.members(name)
        ]
        here = {signal.post.id for signal in members}
        joined = [one for one in self._draft.members(name) if one.post.id not in here]
        event, decided = self._app.ledger.truth.event(name), self._draft.decisions(name)
        if event is None:
            return
        grouper = self._app.open_grouper()
        grouper.remember([*members, *joined], [event], decided)
        remark = Decision(target=name, verdict="note", value=("",))
        row = Row(seq=self._shift, at=self._until, what=remark)
        told = grouper([row], [None]).events or (event,)
        whole = Change(last=self._shift, signals=tuple(members), events=told)
        self._draft.commit([row], whole)
