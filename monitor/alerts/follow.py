"""What changes in the ledger becomes due to those for whom it is news.

::

    truth ► what changed ► who asks for it, who was told of it ► due

Like every follower it stands at a position of its own, and what one step puts down is in one
transaction with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from monitor.alerts.matching import Matcher
from monitor.alerts.news import Newsroom, is_fresh, why
from monitor.ledger import Ledger
from monitor.ledger.notices import Noticed
from monitor.messages import Subscription
from monitor.model import Change, Event
from monitor.query import parse

STEP: Final = 500
"""About so many changes are followed at a time."""


class Audience:
    """The active subscriptions, and which of them ask for an event; read again when any changes."""

    def __init__(self, ledger: Ledger, languages: Sequence[str]) -> None:
        self._ledger = ledger
        self._version = -1
        self._matcher = Matcher(lambda text: parse(text, languages))
        self.active: Mapping[str, Subscription] = {}

    def settle(self) -> bool:
        """Make it what the ledger says; whether anything has changed."""
        version = self._ledger.subscribers.version()
        if version == self._version:
            return False
        self.active = {one.id: one for one in self._ledger.subscribers.all("active")}
        self._matcher.take(self.active.values())
        self._version = version
        return True

    def renew(self) -> None:
        """As `settle`; relative moments of questions count from now."""
        if not self.settle():
            self._matcher.renew()

    def __call__(self, event: Event) -> tuple[str, ...]:
        """The ids of those that ask for it."""
        return self._matcher(event) if self.active else ()


class Follow:
    """Follows the ledger, step by step."""

    def __init__(self, ledger: Ledger, audience: Audience, newsroom: Newsroom) -> None:
        self._ledger = ledger
        self._audience = audience
        self._newsroom = newsroom

    def __call__(self) -> bool:
        """One step; False where nothing has changed."""
        ledger = self._ledger
        position = ledger.notices.begin()
        change = ledger.feed.changes(position, STEP)
        if change is None:
            return False
        self._audience.renew()
        joined, moved = ledger.notices.joined(position, change.last)
        if moved:
            ledger.notices.rejoin(moved)
        self._newsroom.changed(event.id for event in change.events)
        now = ledger.store.clock()
        noticed = tuple(self._noticed(change, joined, now))
        ledger.notices.follow(change.last, noticed, change.gone, now)
        return True

    def unseen(self, now: datetime) -> tuple[Noticed, ...]:
        """What would become due if all were followed now; nothing is written, so what joined or
        parted events does to it is not seen yet."""
        ledger = self._ledger
        position = ledger.notices.position()
        if position is None:
            return ()
        self._audience.renew()
        found: list[Noticed] = []
        while (change := ledger.feed.changes(position, STEP)) is not None:
            joined, _ = ledger.notices.joined(position, change.last)
            found += self._noticed(change, joined, now)
            position = change.last
        return tuple(found)

    def _noticed(self, change: Change, joined: Collection[int], now: datetime) -> Iterator[Noticed]:
        """To whom each event of a change is news. Joining and parting events is news to nobody who
        was not told of them."""
        for event in change.events:
            if not event.size or not self._audience.active:
                continue
            told = self._ledger.notices.told(event.id)
            if event.seq not in joined and is_fresh(event, now):
                for name in self._audience(event):
                    if name not in told:
                        yield Noticed(subscription=name, event=event.id, new=True)
            news = self._newsroom.news(event.id) if told else None
            for name, before in told.items():
                one = self._audience.active.get(name)
                if news and one and why(news, before, one):
                    yield Noticed(subscription=name, event=event.id, new=False)
