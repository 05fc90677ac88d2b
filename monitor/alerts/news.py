"""What is news of an event: what is known of it, and when that matters to who was told before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from monitor.alerts.paper import Link, News
from monitor.config import Source
from monitor.figures import figures
from monitor.geo import distance_m
from monitor.ledger import Ledger
from monitor.messages import Subscription, Told, Why
from monitor.model import SEVERITIES, Event, Post, Voice, text_of

FRESH: Final = timedelta(days=1)
"""An event whose newest post is older is told to nobody for the first time."""
LINKS: Final = 5
READ: Final = 100
"""Newest posts of an event in which numbers are looked for."""
QUOTED: Final = 50
"""First posts of an event that a message stands on: when one is taken back, the message is too."""
AT_HAND: Final = 2_000
CASUALTIES: Final = ("dead", "injured", "missing")
_RANKS: Final[Mapping[Voice, int]] = {"official": 2, "media": 1, "citizen": 0, "unknown": 0}


def is_fresh(event: Event, now: datetime) -> bool:
    """Whether who was not told of an event may be: it came live, it is not over, its newest post is
    of the last day."""
    return (
        event.live
        and bool(event.size)
        and event.verdict != "dismissed"
        and now - event.last <= FRESH
    )


def why(news: News, told: Told | None, subscription: Subscription) -> Why | None:
    """Why an event is told now, None where nothing that matters has changed. Digests do not tell
    that something is over."""
    event = news.event
    if told is None:
        return None if event.verdict == "dismissed" else "new"
    if SEVERITIES.index(event.severity) > SEVERITIES.index(told.severity):
        return "severity"
    if news.confirmed and not told.official:
        return "official"
    if news.casualties > told.casualties:
        return "casualties"
    if _moved(event, told):
        return "moved"
    return "closed" if news.over and not told.closed and subscription.every == "now" else None


def told_of(news: News, before: Told | None, subscription: str, message: str, at: datetime) -> Told:
    """What a subscription has been told with that message."""
    event, place = news.event, news.event.place
    return Told(
        subscription=subscription,
        event=event.id,
        message=before.message if before else message,
        at=at,
        severity=event.severity,
        official=news.confirmed or (before is not None and before.official),
        casualties=max(news.casualties, before.casualties if before else 0),
        lat=place.lat if place else None,
        lon=place.lon if place else None,
        radius_m=place.radius_m if place else 0.0,
        closed=news.over,
    )


def _moved(event: Event, told: Told) -> bool:
    """Whether it is somewhere else: further than both places are unsure."""
    if event.place is None or told.lat is None or told.lon is None:
        return False
    gap = distance_m(event.place.lat, event.place.lon, told.lat, told.lon)
    return gap > event.place.radius_m + told.radius_m


class Newsroom:
    """What is known of events; those that were asked for last are at hand until they change."""

    def __init__(self, ledger: Ledger, sources: Iterable[Source]) -> None:
        self._ledger = ledger
        self._silent = {one.name for one in sources if one.policy.text_days is not None}
        self._known: OrderedDict[str, News | None] = OrderedDict()

    def news(self, event: str) -> News | None:
        """What is known of an event, for who was not told of it; None where it is empty, or was
        merged into another."""
        if event in self._known:
            self._known.move_to_end(event)
            return self._known[event]
        value = self._ledger.truth.event(event)
        empty = value is None or not value.size
        found = None if empty or value is None else self._told(value)
        self._known[event] = found
        if len(self._known) > AT_HAND:
            self._known.popitem(last=False)
        return found

    def changed(self, events: Iterable[str]) -> None:
        """Those are told anew when they are next asked for."""
        for event in events:
            self._known.pop(event, None)

    def _told(self, event: Event) -> News:
        posts = self._ledger.notices.posts(event.id)
        spoken = [post for post in posts if post.voice in ("official", "media")]
        heading = self._heading(spoken)
        linked = _linked(spoken)
        numbers = _numbers(posts[-READ:])
        stands_on = chain(posts[:QUOTED], linked, [heading] if heading else [])
        return News(
            event=replace(event, texts=()),
            title=heading.title if heading else "",
            links=tuple(Link(source=p.source, url=p.url, voice=p.voice) for p in linked),
            official=_names(posts, "official"),
            media=_names(posts, "media"),
            people=len(
                {
                    post.author or post.source
                    for post in posts
                    if post.voice in ("citizen", "unknown") and not post.repost_of
                }
            ),
            denied=event.certainty == "Unlikely",
            casualties=round(sum(numbers.get(kind, 0.0) for kind in CASUALTIES)),
            numbers=numbers,
            quoted=tuple(dict.fromkeys(post.id for post in stands_on)),
        )

    def _heading(self, spoken: Sequence[Post]) -> Post | None:
        """The first post of an official source, else of the media, with a title that may be passed
        on: not where the source limits how long we may keep its words, for a mail is for ever."""
        titled = [
            post
            for post in spoken
            if post.title and not post.author and post.source not in self._silent
        ]
        return min(titled, key=lambda post: (-_RANKS[post.voice], post.published), default=None)


def _linked(spoken: Sequence[Post]) -> list[Post]:
    """The newest post of each source that has an address of its own, official ones first; what a
    person wrote may hold the account in its address."""
    newest = {
        post.source: post
        for post in sorted(spoken, key=lambda post: post.published)
        if not post.author and post.url.startswith(("https://", "http://"))
    }
    ranked = sorted(newest.values(), key=lambda post: (-_RANKS[post.voice], post.source))
    return ranked[:LINKS]


def _names(posts: Sequence[Post], voice: Voice) -> tuple[str, ...]:
    return tuple(sorted({post.source for post in posts if post.voice == voice}))


def _numbers(posts: Sequence[Post]) -> Mapping[str, float]:
    """By kind the number that the weightiest voice gave last."""
    ranked = sorted(posts, key=lambda post: (_RANKS[post.voice], post.published))
    return {figure.kind: figure.number for post in ranked for figure in figures(text_of(post))}
