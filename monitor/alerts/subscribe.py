"""How subscriptions begin, change and end.

::

    ask ► pending ─ the link sent there ► active ◄─► suspended (paused, or its mail came back)
    vouch, the configuration ───────────►   └──────► ended (by its link); removed: forgotten

Only who reads what comes to an address can say that it is wanted there, whatever the channel.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from monitor.alerts.links import LIFE_S, Links
from monitor.alerts.matching import subscribable
from monitor.alerts.paper import Letterhead
from monitor.config import VOUCHED, Config
from monitor.errors import ConfigError, DeliveryRefused, QueryError
from monitor.ledger import Entry, Ledger
from monitor.messages import Subscription
from monitor.ports import Channel
from monitor.query import parse
from monitor.tables import SubscriptionTable
from monitor.wanted import subscription_of

PAUSED: Final = "paused"
UNSUBSCRIBED: Final = "unsubscribed"
DAY: Final = timedelta(days=1)
PENDING: Final = timedelta(seconds=LIFE_S["confirm"] or 0)
"""How long a subscription waits to be confirmed."""


class TooMany(QueryError):
    """A reader has asked for more confirmation mails than one may in a day."""


class Registrar:
    """Takes subscriptions, has them confirmed, changes and ends them."""

    def __init__(
        self,
        ledger: Ledger,
        config: Config,
        links: Links,
        letterhead: Letterhead,
        channel: Callable[[str], Channel],
    ) -> None:
        self._ledger = ledger
        self._config = config
        self._links = links
        self._letterhead = letterhead
        self._channel = channel

    def read(self, said: SubscriptionTable, name: str = "") -> Subscription:
        """What is said in plain words as a pending subscription of that id. Raises QueryError."""
        made = subscription_of(said, name, self._config.main.languages)
        if made.channel not in self._config.channels:
            known = ", ".join(self._config.channels) or "none"
            raise QueryError(
                f"channel: no [channel.{made.channel}] is configured; there are: {known}"
            )
        subscribable(parse(made.query, self._config.main.languages))
        return replace(made, most=made.most or self._config.alerts.most_an_hour)

    def ask(self, said: SubscriptionTable, *, by: str, now: datetime) -> Subscription:
        """A pending subscription, and a message to its address that asks for confirmation.

        An address that has had its mails of the day gets no further one, and whoever asks is not
        told. Raises QueryError, TooMany, ConfigError where links lead nowhere.
        """
        subscribers, table = self._ledger.subscribers, self._config.alerts
        asking = replace(self.read(said, new_id()), by=by, made=now, changed=now)
        if not self._config.alerts.page:
            raise ConfigError(
                "[alerts] page: is not set, so that nobody could confirm; write the page's address"
            )
        try:
            self._channel(asking.channel).accepts(asking.to)
        except DeliveryRefused as fault:
            raise QueryError(f"to: {fault}") from fault
        client, address = _who("by", by), _who("to", asking.to)
        if subscribers.asked(client, now - DAY) >= table.confirm_per_client:
            raise TooMany("too many subscriptions were asked for today; go on tomorrow")
        self._forget_unconfirmed(now)
        if subscribers.asked(address, now - DAY) < table.confirm_per_address:
            subscribers.enrol(asking, self._mail(asking, now), (client, address))
        else:
            subscribers.enrol(asking, None, (client,))
        return asking

    def vouch(self, said: SubscriptionTable, *, by: str, now: datetime) -> Subscription:
        """An active subscription, for whose address the operator vouches. Raises QueryError."""
        made = replace(self.read(said, new_id()), state="active", by=by, made=now, changed=now)
        self._ledger.subscribers.put(made)
        return made

    def confirm(self, name: str) -> Subscription:
        """It is wanted; again and again, without any change. Raises QueryError."""
        return self._changed(
            name, lambda one: replace(one, state="active") if one.state == "pending" else one
        )

    def change(self, name: str, said: SubscriptionTable) -> Subscription:
        """What is said takes the place of what was; its address stays. Raises QueryError."""
        asked = self.read(said, name)

        def changed(one: Subscription) -> Subscription:
            _own(one)
            if (one.to, one.channel) != (asked.to, asked.channel):
                raise QueryError("to: another address has to confirm; make a new subscription")
            return replace(
                asked, state=one.state, reason=one.reason, by=one.by, made=one.made,
                changed=one.changed,
            )  # fmt: skip

        return self._changed(name, changed)

    def pause(self, name: str, reason: str = PAUSED) -> Subscription:
        """Nothing is sent until it goes on. Raises QueryError."""

        def paused(one: Subscription) -> Subscription:
            return replace(one, state="suspended", reason=reason) if one.state == "active" else one

        return self._changed(name, paused)

    def resume(self, name: str) -> Subscription:
        """It goes on after a pause, or after its mail came back. Raises QueryError."""

        def resumed(one: Subscription) -> Subscription:
            return replace(one, state="active", reason="") if one.state == "suspended" else one

        return self._changed(name, resumed)

    def unsubscribe(self, name: str) -> None:
        """It ends, with all that waits to be sent; so it stays, whatever it was before. One that is
        gone has ended already."""
        self._ledger.subscribers.change(
            name, lambda one: replace(one, state="ended", reason=UNSUBSCRIBED)
        )

    def remove(self, name: str) -> None:
        """It is forgotten. Raises QueryError for one of the configuration."""
        _own(self.get(name))
        self._ledger.subscribers.remove(name)

    def get(self, name: str) -> Subscription:
        """The subscription of that id. Raises QueryError."""
        found = self._ledger.subscribers.get(name)
        if found is None:
            raise _gone(name)
        return found

    def settle(self, now: datetime) -> None:
        """Make those of the configuration what it says; those that have left it are forgotten. Who
        unsubscribed stays so, as does who cannot be reached. Raises ConfigError."""
        subscribers = self._ledger.subscribers
        known = {one.id: one for one in subscribers.all() if one.id.startswith(VOUCHED)}
        fresh: list[Subscription] = []
        for said in self._config.subscriptions:
            try:
                subscribable(parse(said.query, self._config.main.languages))
            except QueryError as fault:
                raise ConfigError(f"[[subscription]] {said.name}: {fault}") from fault
            one = replace(said, most=said.most or self._config.alerts.most_an_hour)
            before = known.pop(one.id, None)
            if before is None or (before.to, before.channel) != (one.to, one.channel):
                fresh.append(replace(one, made=now, changed=now))
                continue
            kept = replace(
                one, state=before.state, reason=before.reason, made=before.made,
                changed=before.changed,
            )  # fmt: skip
            if kept != before:
                fresh.append(replace(kept, changed=now))
        if fresh:
            subscribers.put(*fresh)
        subscribers.remove(*known)

    def _changed(self, name: str, how: Callable[[Subscription], Subscription]) -> Subscription:
        after = self._ledger.subscribers.change(name, how)
        if after is None:
            raise _gone(name)
        return after

    def _mail(self, asking: Subscription, now: datetime) -> Entry:
        from monitor.alerts.render import confirmation

        message = confirmation(asking, self._letterhead, self._links.confirm(asking.id), now)
        return Entry(
            id=message.id,
            subscription=asking.id,
            channel=asking.channel,
            to=asking.to,
            payload=self._channel(asking.channel).compose(message),
            at=now,
        )

    def _forget_unconfirmed(self, now: datetime) -> None:
        waiting = self._ledger.subscribers.all("pending")
        self._ledger.subscribers.remove(*(w.id for w in waiting if w.made < now - PENDING))


def new_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_hex(8)


def _own(one: Subscription) -> None:
    if one.id.startswith(VOUCHED):
        raise QueryError(f"{one.name}: stands in the configuration; change it there")


def _gone(name: str) -> QueryError:
    return QueryError(f"subscription {name[:40]}: there is none; it may have been removed")


def _who(kind: str, name: str) -> str:
    """What is remembered of an address or a reader that asked."""
    return hashlib.sha256(f"{kind}:{name.casefold()}".encode()).hexdigest()[:32]
