"""Subscriptions in plain words, as files, forms and programs say them, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.area import Corners, simple
from monitor.errors import QueryError
from monitor.fields import MIN_RADIUS_M, circle_of
from monitor.messages import Subscription
from monitor.model import CATEGORIES
from monitor.query import parse
from monitor.tables import SubscriptionTable, Weekday

MOST_CORNERS: Final = 100
MOST_TOPICS: Final = 50
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
"""In the order of their numbers."""

_LONGEST: Final = 120
_LONGEST_QUERY: Final = 4_000
_LONGEST_TO: Final = 2_000
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_LANG: Final = re.compile(r"[a-z]{2}")
T = TypeVar("T")


def subscription_of(said: SubscriptionTable, name: str, languages: Sequence[str]) -> Subscription:
    """The pending subscription of that id that is said in plain words. Raises QueryError with one
    line for each fault; its position is one of the question where that alone is wrong."""
    faults: list[QueryError] = []

    def read(reader: Callable[[], T], blank: T) -> T:
        try:
            return reader()
        except QueryError as fault:
            faults.append(fault)
            return blank

    nowhere: tuple[Corners, float] = ((), 0.0)
    area, radius_m = read(lambda: _area(said), nowhere)
    made = Subscription(
        id=name,
        name=read(lambda: _name(said.name), ""),
        to=read(lambda: address(said.to) if said.channel == "email" else _to(said.to), ""),
        channel=said.channel,
        query=read(lambda: _query(said.query, languages), ""),
        area=area,
        radius_m=radius_m,
        topics=read(lambda: _topics(said.topics), ()),
        severity=said.severity,
        certainty=said.certainty,
        every=said.every,
        at=read(lambda: minute(said.at, "at"), 0),
        weekday=WEEKDAYS.index(said.weekday),
        quiet=read(lambda: _quiet(said.quiet), None),
        zone=read(lambda: _zone(said.zone), ""),
        lang=read(lambda: _lang(said.lang), ""),
        most=read(lambda: _most(said.most), 0),
    )
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise QueryError("\n".join(map(str, faults)))
    return made


def plain(subscription: Subscription) -> SubscriptionTable:
    """What is said of a subscription in plain words, from which it can be read again."""
    area, quiet = subscription.area, subscription.quiet
    circle = len(area) == 1
    return SubscriptionTable(
        name=subscription.name,
        to=subscription.to,
        channel=subscription.channel,
        query=subscription.query,
        near=_circle(*area[0], subscription.radius_m) if circle else "",
        polygon=() if circle else area,
        topics=subscription.topics,
        severity=subscription.severity,
        certainty=subscription.certainty,
        every=subscription.every,
        at=clock(subscription.at),
        weekday=WEEKDAYS[subscription.weekday],
        quiet="-".join(map(clock, quiet)) if quiet else "",
        zone=subscription.zone,
        lang=subscription.lang,
        most=subscription.most,
    )


def address(text: str) -> str:
    """A mail address in the form in which it is kept. Raises QueryError; the message does not
    repeat what was written."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise QueryError("to: is no mail address; write one as in ada@example.org") from error
    return str(found.ascii_email or found.normalized)


def minute(text: str, key: str) -> int:
    """The minute of the day of a time as in 07:30. Raises QueryError that names the key."""
    if not (found := _CLOCK.fullmatch(text.strip())):
        raise QueryError(f"{key}: {text[:20]!r} is no time of day; write it as in 07:30")
    return int(found[1]) * 60 + int(found[2])


def clock(minutes: int) -> str:
    """A minute of the day as a time."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise QueryError(f"name: needs 1 to {_LONGEST} letters in one line; mend it")
    return name


def _to(text: str) -> str:
    if not text.strip() or len(text) > _LONGEST_TO or not text.isprintable():
        raise QueryError("to: is no address; write it in one line, as its channel wants it")
    return text.strip()


def _query(text: str, languages: Sequence[str]) -> str:
    query = text.strip()
    if len(query) > _LONGEST_QUERY:
        raise QueryError(f"query: longer than {_LONGEST_QUERY} characters; ask for less")
    if query:
        parse(query, languages)
    return query


def _area(said: SubscriptionTable) -> tuple[Corners, float]:
    if said.near.strip() and said.polygon:
        raise QueryError("near: there is a polygon too; name one of them")
    if said.near.strip():
        if not (circle := circle_of(said.near.strip())):
            raise QueryError(
                f"near: is no circle of {MIN_RADIUS_M:.0f} m or more; write it as in "
                '"51.54,-0.06,3km"'
            )
        return ((circle[0], circle[1]),), circle[2]
    corners = tuple((float(lat), float(lon)) for lat, lon in said.polygon)
    if not corners:
        return (), 0.0
    if not all(math.isfinite(a + b) and abs(a) <= 90 and abs(b) <= 180 for a, b in corners):
        raise QueryError("polygon: corners are [latitude, longitude] in degrees; mend them")
    if not 3 <= len(corners) <= MOST_CORNERS or not simple(corners):
        raise QueryError(
            f"polygon: needs 3 to {MOST_CORNERS} corners whose lines do not cross; draw it anew"
        )
    return corners, 0.0


def _circle(lat: float, lon: float, radius_m: float) -> str:
    km = f"{radius_m / 1000:.6f}".rstrip("0").rstrip(".")
    return f"{lat},{lon},{km}km"


def _topics(topics: Sequence[str]) -> tuple[str, ...]:
    known = {name.casefold(): name for name in CATEGORIES}
    found: dict[str, None] = {}
    for topic in topics:
        head, mark, rest = topic.strip().partition("/")
        if head.casefold() not in known or len(topic) > _LONGEST or not topic.isprintable():
            known_ones = ", ".join(CATEGORIES)
            raise QueryError(f"topics: {topic[:40]!r} is none; they begin with {known_ones}")
        found[known[head.casefold()] + mark + rest] = None
    if len(found) > MOST_TOPICS:
        raise QueryError(f"topics: more than {MOST_TOPICS}; name fewer")
    return tuple(found)


def _quiet(text: str) -> tuple[int, int] | None:
    if not text.strip():
        return None
    begin, mark, end = text.partition("-")
    span = minute(begin, "quiet"), minute(end, "quiet") if mark else -1
    if span[1] < 0 or span[0] == span[1]:
        raise QueryError("quiet: are no hours; write them as in 22:00-06:00")
    return span


def _zone(text: str) -> str:
    try:
        return str(ZoneInfo(text.strip()).key)
    except (KeyError, ValueError, OSError) as error:
        raise QueryError(f"zone: {text[:40]!r} is none; write it as in Europe/London") from error


def _lang(text: str) -> str:
    if not _LANG.fullmatch(text):
        raise QueryError(f"lang: {text[:20]!r} is no language; write its two letters, as in en")
    return text


def _most(number: int) -> int:
    if not 0 <= number <= 60:
        raise QueryError("most: not between 0 and 60 messages an hour; choose another number")
    return number


def masked(to: str) -> str:
    """An address that is not told: its first letter and its domain; of a URL, which may hold a
    secret, its host."""
    if "://" in to:
        return f"https://{urlsplit(to).hostname or ''}/…"
    name, mark, domain = to.rpartition("@")
    return f"{name[:1]}…@{domain}" if mark else f"{to[:1]}…"
