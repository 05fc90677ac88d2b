"""The values of alerts: who wants to be told of what, what was told, and what goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.model import UNDATED, Certainty, Severity

Every = Literal["now", "hour", "day", "week"]
State = Literal["pending", "active", "suspended", "ended"]
Why = Literal["new", "severity", "official", "casualties", "moved", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A question, and where its news go. Nothing is sent before it is `active`.

    `query`, `area` (a circle as one corner and `radius_m`, else a polygon of (latitude, longitude)
    corners), `topics` (any of them, those below included), `severity` and `certainty` (at least)
    all must hold; what is empty does not matter. `at` is the minute of the local day at which
    digests of a day or a week go, `weekday` the day of the week, Monday is 0; `quiet` begins and
    ends at minutes of the local day, in which all waits. `most` messages an hour go by themselves.
    """

    id: str
    to: str
    name: str = ""
    channel: str = "email"
    query: str = ""
    area: tuple[tuple[float, float], ...] = ()
    radius_m: float = 0.0
    topics: tuple[str, ...] = ()
    severity: Severity = "Unknown"
    certainty: Certainty = "Unknown"
    every: Every = "now"
    at: int = 480
    weekday: int = 0
    quiet: tuple[int, int] | None = None
    zone: str = "UTC"
    lang: str = "en"
    most: int = 6
    state: State = "pending"
    reason: str = ""
    by: str = ""
    made: datetime = UNDATED
    changed: datetime = UNDATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a subscription was last told of an event: updates are measured against it. `message` is
    the id of the first message, the head of the thread."""

    subscription: str
    event: str
    message: str
    at: datetime
    severity: Severity
    official: bool
    casualties: int
    lat: float | None = None
    lon: float | None = None
    radius_m: float = 0.0
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image inside a message: PNG, named by `cid`, with words for who does not see it."""

    cid: str
    alt: str
    png: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, rendered, before a channel gives it its form.

    `id` is the same at every attempt; `thread` is the id of the message that it follows, empty in
    the first. `unsubscribe` and `manage` are addresses of the page, empty where there is none.
    `events` are what it tells of.
    """

    id: str
    subscription: str
    to: str
    subject: str
    text: str
    html: str
    at: datetime
    lang: str = "en"
    name: str = ""
    thread: str = ""
    unsubscribe: str = ""
    manage: str = ""
    events: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
