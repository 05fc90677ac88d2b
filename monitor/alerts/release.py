"""What is due becomes messages when its time has come.

::

    due ► whose time has come, together or each by itself ► rendered, composed ► the outbox, told

One event is one message, at once, up to so many an hour. What waited, or comes in a flood, is
folded into one summary; a flood is summed up when it has ebbed. Digests go at their own moments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor import log
from monitor.alerts.follow import Audience, Follow
from monitor.alerts.news import Newsroom, told_of, why
from monitor.alerts.paper import Letterhead, News, Tally
from monitor.alerts.render import SHOWN, render
from monitor.alerts.timing import DAY, HOUR, SPANS, digest_after, digest_before, quiet_until
from monitor.config import Config
from monitor.errors import ConfigError, DeliveryError, MonitorError
from monitor.ledger import Entry, Ledger
from monitor.ledger.notices import Due, Release
from monitor.messages import Subscription, Told
from monitor.ports import Channel

EBB: Final = timedelta(minutes=1)
"""What is due for longer has waited; a flood has ebbed when nothing was due for as long."""
PATIENCE: Final = timedelta(minutes=10)
"""A flood that does not ebb is summed up after that."""
AT_ONCE: Final = 100
"""Subscriptions whose messages are put down together."""
WITHHELD: Final = timedelta(minutes=10)
USUAL_DAYS: Final = 28
"""Days before today over which the usual is the mean."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An event that is due to a subscription, since when, and as its message tells it."""

    news: News
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What goes to a subscription at a moment, a message for each group of items; `done` are events
    that are no news any more."""

    subscription: Subscription
    at: datetime
    letters: tuple[tuple[Item, ...], ...] = ()
    done: tuple[str, ...] = ()


def grouped(
    subscription: Subscription, due: Sequence[Due], sent: Sequence[datetime], now: datetime
) -> tuple[datetime, list[Sequence[Due]]]:
    """When something goes next, and what of it together; `due` holds at least one, `sent` are the
    moments of the messages of the last hour."""
    quiet = quiet_until(subscription, now)
    if subscription.every != "now":
        before = digest_before(subscription, now)
        ready = [one for one in due if one.at < before]
        at = now if ready else digest_after(subscription, now)
        return max(at, quiet or at), [ready or due]
    if quiet:
        return quiet, [due]
    most = max(subscription.most, 1)
    if len(sent) >= most:
        return sent[-most] + HOUR, [due]
    oldest, newest = min(one.at for one in due), max(one.at for one in due)
    if len(sent) + len(due) <= most:
        return now, [due] if oldest <= now - EBB else [[one] for one in due]
    return min(newest + EBB, oldest + PATIENCE), [due]


def plan(
    subscription: Subscription,
    due: Sequence[Due],
    sent: Sequence[datetime],
    newsroom: Newsroom,
    now: datetime,
) -> Plan:
    """What goes to a subscription next, in words: what is due by `grouped`, as far as it is still
    news."""
    at, groups = grouped(subscription, due, sent, now)
    letters: list[tuple[Item, ...]] = []
    done: list[str] = []
    for group in groups:
        items: list[Item] = []
        for one in group:
            news = newsroom.news(one.event)
            because = why(news, one.told, subscription) if news else None
            if news is None or because is None:
                done.append(one.event)
            else:
                told = replace(news, why=because, told=one.told)
                items.append(Item(news=told, since=one.at))
        if items:
            letters.append(tuple(sorted(items, key=lambda item: item.news.rank)))
    return Plan(subscription=subscription, at=at, letters=tuple(letters), done=tuple(done))


class Releasing:
    """Puts messages into the outbox, some subscriptions at a time."""

    def __init__(
        self,
        ledger: Ledger,
        audience: Audience,
        newsroom: Newsroom,
        letterhead: Letterhead,
        channel: Callable[[str], Channel],
    ) -> None:
        self._ledger = ledger
        self._audience = audience
        self._newsroom = newsroom
        self._letterhead = letterhead
        self._channel = channel
        self._again: dict[str, datetime] = {}

    def __call__(self) -> bool:
        """One step; False where nothing more can go now."""
        if self._ledger.subscribers.stopped:
            return False
        if self._audience.settle():
            self._again.clear()
        now = self._ledger.store.clock()
        ready: list[Release] = []
        for name in self._ledger.notices.waiting():
            one = self._audience.active.get(name)
            if one is None or self._again.get(name, now) > now:
                continue
            if (release := self._guarded(one, now)) is not None:
                ready.append(release)
            if len(ready) == AT_ONCE:
                break
        if ready:
            made = self._ledger.notices.release(ready)
            _log.info("released", messages=made, subscriptions=len(ready))
        return len(ready) == AT_ONCE

    def _guarded(self, one: Subscription, now: datetime) -> Release | None:
        """A subscription whose messages cannot be made costs no other one: it is tried again after
        a while."""
        try:
            return self._made(one, now)
        except (ConfigError, DeliveryError) as fault:
            _log.error("withheld", subscription=one.id, said=str(fault))
        except MonitorError:
            raise
        except Exception as fault:  # noqa: BLE001 - a bug costs one subscription a while
            kind = type(fault).__name__
            _log.critical("withheld", subscription=one.id, fault=kind, exc_info=True)
        self._again[one.id] = now + WITHHELD
        return None

    def _made(self, one: Subscription, now: datetime) -> Release | None:
        """What goes to it now, None for nothing."""
        notices = self._ledger.notices
        due, sent = notices.due(one.id), notices.messages(one.id, now - HOUR)
        at, _ = grouped(one, due, sent, now)
        self._again[one.id] = at
        if at > now:
            return None
        found = plan(one, due, sent, self._newsroom, now)
        written = [self._written(one, letter, now) for letter in found.letters]
        told = tuple(pair for _, pairs in written for pair in pairs)
        return Release(
            subscription=one.id,
            entries=tuple(entry for entry, _ in written),
            told=told,
            done=(*found.done, *(said.event for _, said in told)),
        )

    def _written(
        self, one: Subscription, letter: Sequence[Item], now: datetime
    ) -> tuple[Entry, list[tuple[str, Told]]]:
        """A message as its channel sends it, and what it tells."""
        news = [item.news for item in letter]
        message = render(one, news, self._letterhead, now, self._tally(one, letter, now))
        quoted = dict.fromkeys(post for item in letter[:SHOWN] for post in item.news.quoted)
        entry = Entry(
            id=message.id,
            subscription=one.id,
            channel=one.channel,
            to=one.to,
            payload=self._channel(one.channel).compose(message),
            at=now,
            posts=tuple(quoted),
            event=letter[0].news.event.id if len(letter) == 1 else "",
        )
        told = [
            (message.id, told_of(item.news, item.news.told, one.id, message.id, now))
            for item in letter
        ]
        return entry, told

    def _tally(self, one: Subscription, letter: Sequence[Item], now: datetime) -> Tally:
        """How many new events there are, and how many are usual in as long a time."""
        new = sum(item.news.told is None for item in letter)
        if one.every == "now":
            return Tally(since=min(item.since for item in letter), events=new)
        since = digest_before(one, digest_before(one, now) - timedelta(seconds=1))
        since = min(since, *(item.since for item in letter))
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        begun = max(today - USUAL_DAYS * DAY, _day_after(one.made))
        known = today - begun
        if known < max(SPANS[one.every], DAY):
            return Tally(since=since, events=new)
        matched = self._ledger.notices.matched(one.id, begun, today)
        return Tally(since=since, events=new, usual=matched * (SPANS[one.every] / known))


def _day_after(at: datetime) -> datetime:
    """The first whole UTC day after a moment."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + DAY


class Alerts:
    """Follows the ledger and releases what is due, in one thread."""

    def __init__(
        self,
        ledger: Ledger,
        config: Config,
        letterhead: Letterhead,
        channel: Callable[[str], Channel],
    ) -> None:
        audience = Audience(ledger, config.main.languages)
        newsroom = Newsroom(ledger, config.sources)
        self._follow = Follow(ledger, audience, newsroom)
        self._release = Releasing(ledger, audience, newsroom, letterhead, channel)

    def __call__(self) -> bool:
        """One step of each; False where there is nothing more to do now."""
        followed = self._follow()
        released = self._release()
        return followed or released


def dry_run(ledger: Ledger, config: Config, now: datetime) -> tuple[Plan, ...]:
    """What would go to whom, when and why, as things are: changes nothing. In order of time."""
    audience = Audience(ledger, config.main.languages)
    newsroom = Newsroom(ledger, config.sources)
    audience.settle()
    due = {name: {d.event: d for d in ledger.notices.due(name)} for name in audience.active}
    for one in Follow(ledger, audience, newsroom).unseen(now):
        told = ledger.notices.told(one.event).get(one.subscription)
        fresh = Due(subscription=one.subscription, event=one.event, at=now, told=told)
        due[one.subscription].setdefault(one.event, fresh)
    plans = (
        plan(
            audience.active[name],
            tuple(several.values()),
            ledger.notices.messages(name, now - HOUR),
            newsroom,
            now,
        )
        for name, several in due.items()
        if several
    )
    kept = [replace(one, at=max(one.at, now)) for one in plans if one.letters]
    return tuple(sorted(kept, key=lambda one: (one.at, one.subscription.id)))
