"""What a subscription asks for, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.alerts.words import Words, clock, line
from monitor.messages import Subscription
from monitor.model import CERTAINTIES, SEVERITIES

LONGEST: Final = 300
"""Code points of a question that are shown."""
MOST_TOPICS: Final = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of a table: what it is, and what of it."""

    label: str
    value: str


def asked(subscription: Subscription, words: Words, *, trusted: bool = True) -> tuple[Fact, ...]:
    """What the subscription wants, and when it goes out. Where nobody has confirmed yet who asks
    (not `trusted`), free text of theirs is left out, so that no mail carries a stranger's words."""
    return (*_wanted(subscription, words, trusted), *_sent(subscription, words))


def _wanted(of: Subscription, words: Words, trusted: bool) -> Iterator[Fact]:
    found = []
    if of.query and trusted:
        found.append(Fact(words("asked.query"), line(of.query, LONGEST)))
    if len(of.area) == 1:
        (lat, lon), distance = of.area[0], words.distance(of.radius_m)
        around = words(
            "asked.circle", distance=distance, lat=words.degrees(lat), lon=words.degrees(lon)
        )
        found.append(Fact(words("asked.area"), around))
    elif of.area:
        found.append(Fact(words("asked.area"), words("asked.polygon")))
    if named := [said for topic in of.topics[:MOST_TOPICS] if (said := words.topic(topic))]:
        found.append(Fact(words("asked.topics"), ", ".join(dict.fromkeys(named))))
    for field, grade, grades in (
        ("severity", of.severity, SEVERITIES),
        ("certainty", of.certainty, CERTAINTIES),
    ):
        if grade == grades[-1]:
            found.append(Fact(words(f"asked.{field}"), words.named(field, grade)))
        elif grade != grades[0]:
            least = words("asked.at_least", grade=words.named(field, grade))
            found.append(Fact(words(f"asked.{field}"), least))
    yield from found or [Fact(words("asked.topics"), words("asked.all"))]


def _sent(of: Subscription, words: Words) -> Iterator[Fact]:
    at, weekday = clock(of.at), words.weekday(of.weekday)
    how = words(f"asked.how.{of.every}", most=of.most, at=at, zone=words.zone.key, weekday=weekday)
    yield Fact(words("asked.every"), how)
    if of.quiet is not None:
        start, end = map(clock, of.quiet)
        span = words("asked.span", start=start, end=end, zone=words.zone.key)
        yield Fact(words("asked.quiet"), span)
