"""What a message is written from: news, where more is said of them, and whose letters they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from monitor.area import Area
from monitor.messages import Told, Why
from monitor.model import SEVERITIES, Event, Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a source itself tells of it: only official sources and media have one, never a person.

    `source` is what the source is called, `url` an http or https address (others are left out).
    """

    source: str
    url: str
    voice: Voice = "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An event, why it is told now, and what is known of its posts.

    `title` are words of an official or media source whose policy lets us pass them on; where it is
    empty, the message names topic and place instead: texts of persons are never quoted, so
    `event.title` is not read. `told` is what was told of it before, None in a first message.
    `official` and `media` are names of sources, `people` counts accounts that tell of it in words
    of their own. `numbers` holds key numbers by kind, as in {"injured": 3.0}; `denied` is true
    where an official post denies or corrects it. `quoted` are the posts that it stands on.
    """

    event: Event
    why: Why = "new"
    title: str = ""
    told: Told | None = None
    links: tuple[Link, ...] = ()
    official: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    people: int = 0
    denied: bool = False
    casualties: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)
    quoted: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Whether an official source says that it happened."""
        return bool(self.official) and not self.denied

    @property
    def over(self) -> bool:
        """Whether nothing more is to come: it is closed, or a person has dismissed it."""
        return self.event.phase == "closed" or self.event.verdict == "dismissed"

    @property
    def rank(self) -> tuple[int, float, str]:
        """In order: the most severe first, then the newest."""
        event = self.event
        return -SEVERITIES.index(event.severity), -event.last.timestamp(), event.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a digest counts: events that match since that moment, and how many are usual in as long
    a time, None where that is not known yet."""

    since: datetime
    events: int
    usual: float | None = None


class Sign(Protocol):
    """Makes the signed addresses of a subscription's pages."""

    def manage(self, id: str) -> str:
        """Where it is changed without a password."""
        ...

    def unsubscribe(self, id: str) -> str:
        """Where it ends with one click."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Who writes: what every message of a deployment shares.

    `page` is the base address of the page, as in https://monitor.example.org, empty where there is
    none: then no message has a link to an event, and `sign` is not asked. `area` is the home that
    maps show. `operator` is whom a reader may write to, empty for nobody.
    """

    title: str
    page: str = ""
    area: Area | None = None
    sign: Sign | None = None
    operator: str = ""
