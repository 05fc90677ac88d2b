"""An event as a reader is told of it: every line of it in words, nothing left to work out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from monitor.alerts.asked import Fact
from monitor.alerts.paper import Letterhead, Link, News
from monitor.alerts.words import Words, line
from monitor.geo import distance_m
from monitor.model import Event, Severity

TITLE: Final = 120
NAME: Final = 60
"""Code points of a title, and of the name of a place or source."""
MOST_LINKS: Final = 5
MOST_NAMED: Final = 6
"""Links of a story, and sources that a sentence names."""
_ADDRESS: Final = 2_000
_ALLOWED: Final = ":/?#[]@!$&'()*+,;=%~-._"


@dataclass(frozen=True, slots=True)
class Source:
    """Where to read more: what it is called, what kind of voice it has, its address."""

    name: str
    voice: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An event in words. `number` counts it in a digest, 0 where it is alone. `place` is its short
    name, empty where it is not known; `url` its page, empty where there is none."""

    severity: Severity
    badge: str
    certainty: str
    title: str
    place: str
    where: str
    when: str
    told: str
    update: bool = False
    number: int = 0
    changes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    numbers: tuple[Fact, ...] = ()
    links: tuple[Source, ...] = ()
    url: str = ""

    @property
    def figures(self) -> str:
        """Its key numbers on one line."""
        return ", ".join(f"{fact.label}\u00a0{fact.value}" for fact in self.numbers)


def story(news: News, words: Words, letterhead: Letterhead, number: int = 0) -> Story:
    """An event as its reader is told of it."""
    event = news.event
    place = line(event.place.name, NAME) if event.place else ""
    return Story(
        severity=event.severity,
        badge=words.named("severity", event.severity),
        certainty=words.named("certainty", event.certainty),
        title=line(news.title, TITLE) or _untitled(event, words, place),
        place=place,
        where=_where(event, words, place),
        when=_when(event, words),
        told=_told(event, words),
        update=news.told is not None,
        number=number,
        changes=tuple(_changes(news, words)),
        reasons=tuple(_reasons(news, words)),
        numbers=tuple(_numbers(news, words)),
        links=tuple(_links(news.links, words)),
        url=event_page(letterhead, event.id),
    )


def event_page(letterhead: Letterhead, event: str) -> str:
    """The address of an event's page; empty where there is no page."""
    return f"{letterhead.page}/events/{quote(event, safe='')}" if letterhead.page else ""


@lru_cache(maxsize=5_000)
def web_address(url: str) -> str:
    """An http or https address in plain ASCII; empty for all that is none, that is too long or that
    names a user."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return ""
    shown = f"[{host}]" if ":" in host else host
    if quote(host, safe=":-._") != host:
        return ""
    safe = quote(parts._replace(scheme="", netloc="").geturl(), safe=_ALLOWED)
    whole = f"{parts.scheme}://{shown}{port}{safe}"
    return whole if len(whole) <= _ADDRESS else ""


def _untitled(event: Event, words: Words, place: str) -> str:
    """Topic and place, where no source has words that we may pass on."""
    finer = [one for one in event.topics if not any(o.startswith(f"{one}/") for o in event.topics)]
    ranked = sorted(finer, key=lambda topic: (-event.topics[topic], topic))
    named = (words.topic(topic) for topic in ranked)
    topic = next(filter(None, named), words.topic("Other"))
    return words("event.untitled", topic=topic, place=place) if place else topic


def _where(event: Event, words: Words, place: str) -> str:
    if event.place is None:
        return words("event.nowhere")
    if not place:
        lat, lon = words.degrees(event.place.lat), words.degrees(event.place.lon)
        place = words("event.around", lat=lat, lon=lon)
    if event.place.radius_m <= 0:
        return place
    return words("event.within", place=place, distance=words.distance(event.place.radius_m))


def _when(event: Event, words: Words) -> str:
    first, last = words.moment(event.first), words.moment(event.last)
    later = words.later(event.last, event.first)
    if event.phase == "closed":
        span = first if first == last else words("event.during", first=first, last=later)
        return f"{span} ({words('event.closed')})"
    return first if first == last else words("event.since", first=first, last=later)


def _told(event: Event, words: Words) -> str:
    posts = words("event.posts", n=event.size)
    return words(
        "event.told_by", posts=posts, sources=words("event.of_sources", n=len(event.sources))
    )


def _changes(news: News, words: Words) -> Iterator[str]:
    """What is different from what was told before: at least one line."""
    told, event = news.told, news.event
    if told is None:
        return
    found = []
    if event.severity != told.severity:
        was, now = (words.named("severity", one) for one in (told.severity, event.severity))
        found.append(words("change.severity", was=was, now=now))
    if news.confirmed and not told.official:
        found.append(words("change.official", sources=_several(news.official, words)))
    if news.casualties > told.casualties:
        was, now = words.number(told.casualties), words.number(news.casualties)
        found.append(words("change.casualties", was=was, now=now))
    place = event.place
    if news.why == "moved" and place and told.lat is not None and told.lon is not None:
        away = distance_m(place.lat, place.lon, told.lat, told.lon)
        found.append(words("change.moved", distance=words.distance(away)))
    if event.verdict == "dismissed" and not told.closed:
        found.append(words("change.dismissed"))
    elif event.phase == "closed" and not told.closed:
        found.append(words("change.closed"))
    yield from found or [words("change.any")]


def _reasons(news: News, words: Words) -> Iterator[str]:
    """What makes it as certain as it is: who tells of it, and what a person said."""
    if news.event.verdict != "none":
        yield words(f"reason.{news.event.verdict}")
    if news.official:
        yield words("reason.official", sources=_several(news.official, words))
    else:
        yield words("reason.no_official")
    if news.denied:
        yield words("reason.denied")
    if news.media:
        yield words("reason.media", sources=_several(news.media, words))
    if news.people:
        yield words("reason.people", n=news.people)


def _several(names: tuple[str, ...], words: Words) -> str:
    shown = [said for name in names[:MOST_NAMED] if (said := line(name, NAME))]
    return words.several([*shown, "…"] if len(names) > MOST_NAMED else shown)


def _numbers(news: News, words: Words) -> Iterator[Fact]:
    for kind, number in news.numbers.items():
        if label := words.named("number", kind):
            yield Fact(label, words.number(number))


def _links(links: tuple[Link, ...], words: Words) -> Iterator[Source]:
    """Links of official sources and the media, each address once."""
    found: dict[str, Source] = {}
    for link in links:
        url, voice = web_address(link.url), words.named("voice", link.voice)
        if url and voice:
            found.setdefault(url, Source(line(link.source, NAME), voice, url))
    yield from list(found.values())[:MOST_LINKS]
