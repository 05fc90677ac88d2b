"""Messages in words: an event, a digest of several, and the one that asks to confirm.

The same values give the same bytes. What is hostile is tamed in `story` and escaped by the
templates, which see finished lines only.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor.alerts.asked import Fact, asked
from monitor.alerts.ink import FILL
from monitor.alerts.links import LIFE_S
from monitor.alerts.paper import Letterhead, News, Tally
from monitor.alerts.picture import HEIGHT, WIDTH, Spot, draw
from monitor.alerts.silence import RECIPIENT, Fallen
from monitor.alerts.story import NAME, Story, story
from monitor.alerts.words import Words, line, words_of
from monitor.messages import Message, Picture, Subscription
from monitor.model import SEVERITIES, UNDATED, Severity

SHOWN: Final = 50
"""Events of a digest that are written out; the rest is counted."""
NUMBERED: Final = 20
"""Those of them whose marks on the map have a number: more would cover each other."""
SUBJECT: Final = 160
_BLANKS: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foot:
    """How a message ends: why it was sent, what ends it, who sends it. Addresses may be empty."""

    title: str
    area: str
    why: str
    asked: tuple[Fact, ...]
    manage: str = ""
    unsubscribe: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The head of a digest: what it is, its counts, and how many events are only counted."""

    kind: str
    title: str
    lines: tuple[str, ...]
    counts: tuple[tuple[Severity, str], ...]
    rest: str = ""
    url: str = ""


def render(
    subscription: Subscription,
    news: Sequence[News],
    letterhead: Letterhead,
    now: datetime,
    tally: Tally | None = None,
) -> Message:
    """One event as a message of its own, in the thread where it was told before; several as one
    digest, the most severe first, then the newest. `news` holds at least one."""
    words = words_of(subscription.lang, subscription.zone)
    ranked = sorted(news, key=lambda one: one.rank)
    key = _id(subscription, ranked, now)
    if len(ranked) == 1:
        subject, text, html, picture = _event(subscription, ranked[0], letterhead, words, key)
    else:
        subject, text, html, picture = _digest(subscription, ranked, letterhead, words, key, tally)
    manage, unsubscribe = _addresses(subscription, letterhead)
    told = ranked[0].told if len(ranked) == 1 else None
    return Message(
        id=key,
        subscription=subscription.id,
        to=subscription.to,
        subject=subject,
        text=text,
        html=html,
        at=now,
        lang=words.lang,
        name=line(subscription.name, NAME),
        thread=told.message if told else "",
        unsubscribe=unsubscribe,
        manage=manage,
        events=tuple(one.event.id for one in ranked),
        pictures=(picture,) if picture else (),
    )


def confirmation(
    subscription: Subscription, letterhead: Letterhead, link: str, now: datetime
) -> Message:
    """What asks whoever reads that address whether they want it; `link` is where they say so.
    It has no words of whoever asked, so that nobody can write to strangers by it."""
    words = words_of(subscription.lang, subscription.zone)
    title = line(letterhead.title, NAME)
    subject = _subject(words("subject.confirm", title=title))
    said = {
        "subject": subject,
        "title": title,
        "rows": [(fact.label, fact.value) for fact in asked(subscription, words, trusted=False)],
        "link": link,
        "until": words.moment(now + timedelta(seconds=LIFE_S["confirm"] or 0)),
        "operator": letterhead.operator,
    }
    text, html = _pages("confirm", words, said)
    return Message(
        id=_id(subscription, (), now),
        subscription=subscription.id,
        to=subscription.to,
        subject=subject,
        text=text,
        html=html,
        at=now,
        lang=words.lang,
    )


def of_sources(
    fallen: Sequence[Fallen], back: Sequence[str], letterhead: Letterhead, lang: str, now: datetime
) -> Message:
    """What tells the operator that sources fell silent or are back; together at least one."""
    words = words_of(lang, "UTC")
    title = line(letterhead.title, NAME)
    news = [words(f"silence.{key}", n=n) for key, n in _numbers(fallen, back)]
    subject = _subject(words("subject.silence", title=title, news=words.several(news)))
    said = {
        "subject": subject,
        "title": title,
        "rows": [
            *(_trouble(one, words) for one in fallen[:SHOWN]),
            *(words("silence.again", source=line(name, NAME)) for name in back[:SHOWN]),
        ],
        "url": f"{letterhead.page}/sources" if letterhead.page else "",
    }
    text, html = _pages("silence", words, said)
    names = (now.isoformat(), *(one.source for one in fallen), *back)
    return Message(
        id=hashlib.sha256("\x1f".join(("sources", *names)).encode()).hexdigest()[:32],
        subscription=RECIPIENT,
        to=letterhead.operator,
        subject=subject,
        text=text,
        html=html,
        at=now,
        lang=words.lang,
    )


def _numbers(fallen: Sequence[Fallen], back: Sequence[str]) -> Iterator[tuple[str, int]]:
    """What there is to tell, and of how many."""
    silent = sum(one.state == "silent" for one in fallen)
    counts = {"silent": silent, "failing": len(fallen) - silent, "back": len(back)}
    yield from ((key, number) for key, number in counts.items() if number)


def _trouble(one: Fallen, words: Words) -> str:
    """A source that fell silent, or fails, in a line; addresses in what it said are left out."""
    source = line(one.source, NAME)
    since = words("silence.never") if one.since == UNDATED else words.moment(one.since)
    if one.state == "silent":
        return words("silence.no_post", source=source, since=since)
    said = line(one.said, SUBJECT).strip(": ")
    return words("silence.no_answer", source=source, since=since, said=said)


_Made = tuple[str, str, str, Picture | None]
"""Subject, text, HTML and map."""


def _event(
    subscription: Subscription, news: News, letterhead: Letterhead, words: Words, key: str
) -> _Made:
    told = story(news, words, letterhead)
    kind = "first_placed" if told.place and told.place not in told.title else "first"
    subject = words(f"subject.{kind}", severity=told.badge, title=told.title, place=told.place)
    if told.update:
        subject = words("subject.update", subject=subject)
    subject = _subject(subject)
    place, distance = told.place or told.where, ""
    if news.event.place:
        distance = words.distance(news.event.place.radius_m)
    home = f"{letterhead.area.name}" if letterhead.area else ""
    alt = words(
        "map.event_home" if home else "map.event", area=home, place=place, distance=distance
    )
    picture = _picture([(told, news)], letterhead, alt, key)
    said = {"subject": subject, "story": told}
    text, html = _pages("event", words, said | _shared(subscription, letterhead, words, picture))
    return subject, text, html, picture


def _digest(
    subscription: Subscription,
    ranked: Sequence[News],
    letterhead: Letterhead,
    words: Words,
    key: str,
    tally: Tally | None,
) -> _Made:
    stories = [
        (story(one, words, letterhead, number), one)
        for number, one in enumerate(ranked[:SHOWN], start=1)
    ]
    overview = _overview(subscription, ranked, letterhead, words, tally)
    name = line(subscription.name, NAME) or overview.kind
    worst = overview.counts[0][1]
    alone = len(overview.counts) == 1 and ranked[0].event.severity == "Unknown"
    subject = _subject(
        words(
            "subject.digest" if alone else "subject.digest_worst",
            name=name,
            events=overview.title,
            worst=worst,
        )
    )
    picture = _picture(stories, letterhead, words("map.digest"), key)
    said = {"subject": subject, "overview": overview, "stories": [one for one, _ in stories]}
    text, html = _pages("digest", words, said | _shared(subscription, letterhead, words, picture))
    return subject, text, html, picture


def _overview(
    subscription: Subscription,
    ranked: Sequence[News],
    letterhead: Letterhead,
    words: Words,
    tally: Tally | None,
) -> Overview:
    lines = []
    if tally is not None:
        since = words.moment(tally.since)
        events = words("digest.events", n=tally.events)
        lines.append(words("digest.since", events=events, since=since))
        if tally.usual is not None:
            usual = words.number(round(tally.usual, 0 if tally.usual >= 10 else 1))
            lines.append(words("digest.usual", usual=usual))
    if subscription.every == "now":
        lines.append(words("digest.waited", most=words.number(subscription.most)))
    rest = ranked[SHOWN:]
    severities = words.several(said for _, said in _counts(rest, words))
    return Overview(
        kind=words(f"digest.{subscription.every}"),
        title=words("digest.events", n=len(ranked)),
        lines=tuple(lines),
        counts=tuple(_counts(ranked, words)),
        rest=words("digest.rest", n=len(rest), severities=severities) if rest else "",
        url=f"{letterhead.page}/" if letterhead.page else "",
    )


def _counts(news: Sequence[News], words: Words) -> Iterator[tuple[Severity, str]]:
    """How many there are of each severity, the most severe first."""
    counts = Counter(one.event.severity for one in news)
    for severity in reversed(SEVERITIES):
        if counts[severity]:
            yield severity, words(f"digest.of_severity.{severity}", n=counts[severity])


def _shared(
    subscription: Subscription, letterhead: Letterhead, words: Words, picture: Picture | None
) -> dict[str, Any]:
    """What every message to a subscriber shows."""
    name = line(subscription.name, NAME)
    manage, unsubscribe = _addresses(subscription, letterhead)
    foot = Foot(
        title=line(letterhead.title, NAME),
        area=letterhead.area.name if letterhead.area else "",
        why=words("why.named", name=name) if name else words("why.unnamed"),
        asked=asked(subscription, words),
        manage=manage,
        unsubscribe=unsubscribe,
        operator=letterhead.operator,
    )
    return {"foot": foot, "picture": picture}


def _addresses(subscription: Subscription, letterhead: Letterhead) -> tuple[str, str]:
    """Where it is changed, and where it ends; empty where there is no page."""
    if not letterhead.page or letterhead.sign is None:
        return "", ""
    return letterhead.sign.manage(subscription.id), letterhead.sign.unsubscribe(subscription.id)


def _picture(
    told: Sequence[tuple[Story, News]], letterhead: Letterhead, alt: str, key: str
) -> Picture | None:
    """The map of what has a place; None where nothing has."""
    spots = tuple(
        Spot(
            lat=news.event.place.lat,
            lon=news.event.place.lon,
            radius_m=news.event.place.radius_m,
            severity=one.severity,
            number=one.number if one.number <= NUMBERED else 0,
        )
        for one, news in told
        if news.event.place
    )
    if not spots:
        return None
    return Picture(cid=f"map.{key}", alt=alt, png=draw(spots, letterhead.area))


def _subject(said: str) -> str:
    """A subject on one line, as long as programs show."""
    return line(said, SUBJECT)


def _id(subscription: Subscription, news: Sequence[News], now: datetime) -> str:
    """The same for the same message, another one for any other."""
    parts = (subscription.id, now.isoformat(), *(f"{n.event.id}@{n.event.seq}" for n in news))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _pages(name: str, words: Words, said: dict[str, Any]) -> tuple[str, str]:
    """A message as plain text and as HTML."""
    values = {"t": words, **said}
    text = _templates().get_template(f"{name}.txt.jinja").render(values)
    html = _templates().get_template(f"{name}.html.jinja").render(values)
    return _BLANKS.sub("\n\n", text).strip() + "\n", html


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("monitor.alerts"),
        autoescape=select_autoescape(enabled_extensions=("html.jinja",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"fill": FILL, "width": WIDTH, "height": HEIGHT}
    return made
