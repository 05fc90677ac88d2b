"""The operator is mailed when sources fall silent or keep failing, and when they are back.

Changes are gathered for a while, so that many at once are one mail, and what mends itself meanwhile
is none. Who was told of is written with the mail: each silence is told once, whoever restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor import log
from monitor.alerts.paper import Letterhead
from monitor.config import Source
from monitor.errors import ConfigError, DeliveryError
from monitor.ledger import Entry, Health, Ledger
from monitor.ledger.notices import Silence
from monitor.model import UNDATED
from monitor.ports import Channel

CHANNEL: Final = "email"
RECIPIENT: Final = "operator"
"""What stands in the outbox in the place of a subscription."""
FAILED: Final = 3
"""Failures in a row after which a source is told of."""
LOOK: Final = timedelta(seconds=30)
GATHER: Final = timedelta(minutes=10)
PAUSE: Final = timedelta(hours=1)
"""Time between two mails at least."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """A source in trouble: its state, when it was last heard, and what it said where it fails."""

    source: str
    state: str
    since: datetime
    said: str = ""


def late(source: Source, health: Health, now: datetime) -> bool:
    """Whether it has had no post for longer than is expected of it; one that never had any is not
    called so."""
    return source.expect is not None and now - source.expect > health.posted != UNDATED


def fallen(source: Source, health: Health, now: datetime) -> Fallen | None:
    """The trouble that the operator is told of, None where there is none."""
    if health.failures >= FAILED:
        return Fallen(
            source=source.name, state=health.state, since=health.answered, said=health.message
        )
    if late(source, health, now):
        return Fallen(source=source.name, state="silent", since=health.posted)
    return None


class Silences:
    """Looks at all sources now and then, and puts a mail into the outbox when there is news."""

    def __init__(
        self,
        ledger: Ledger,
        sources: Sequence[Source],
        letterhead: Letterhead,
        lang: str,
        channel: Callable[[str], Channel],
    ) -> None:
        self._ledger = ledger
        self._sources = sources
        self._letterhead = letterhead
        self._lang = lang
        self._channel = channel
        self._next = UNDATED
        self._since: datetime | None = None

    def __call__(self) -> bool:
        """One look, where it is time for one; True where a mail was put into the outbox."""
        now = self._ledger.store.clock()
        if now < self._next or self._ledger.subscribers.stopped:
            return False
        self._next = now + LOOK
        health = self._ledger.desk.health
        found = [fallen(source, health(source.name), now) for source in self._sources]
        troubled = {one.source: one for one in found if one}
        told = self._ledger.notices.silence()
        new = [one for name, one in troubled.items() if name not in told.sources]
        names = [source.name for source in self._sources]
        back = [name for name in names if name in told.sources and name not in troubled]
        if not new and not back:
            self._since = None
            return False
        self._since = self._since or now
        if now < max(self._since + GATHER, told.at + PAUSE):
            return False
        self._since = None
        return self._told(new, back, Silence(at=now, sources=tuple(troubled)))

    def _told(self, new: Sequence[Fallen], back: Sequence[str], silence: Silence) -> bool:
        from monitor.alerts.render import of_sources

        message = of_sources(new, back, self._letterhead, self._lang, silence.at)
        try:
            payload = self._channel(CHANNEL).compose(message)
        except (ConfigError, DeliveryError) as fault:
            _log.error("withheld", subscription=RECIPIENT, said=str(fault))
            return False
        mail = Entry(
            id=message.id,
            subscription=RECIPIENT,
            channel=CHANNEL,
            to=message.to,
            payload=payload,
            at=silence.at,
        )
        self._ledger.notices.tell_silence(silence, mail)
        _log.info("sources", fallen=len(new), back=len(back))
        return True
