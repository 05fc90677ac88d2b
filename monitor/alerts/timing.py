"""When a subscription's news may go: local digests and quiet hours, in zones whose clocks change.

A local time that a change of clocks leaves out counts as that much later; one that comes twice
counts the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.messages import Every, Subscription

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SPANS: Final[dict[Every, timedelta]] = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


@lru_cache(maxsize=1_000)
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC where nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def quiet_until(subscription: Subscription, now: datetime) -> datetime | None:
    """When the quiet hours end in which that moment lies, None where it lies in none."""
    if subscription.quiet is None:
        return None
    begin, end = subscription.quiet
    local = now.astimezone(zone_of(subscription.zone))
    minute = local.hour * 60 + local.minute
    over_midnight = begin > end
    if not ((minute >= begin or minute < end) if over_midnight else begin <= minute < end):
        return None
    day = local.date() + (DAY if over_midnight and minute >= begin else timedelta())
    until = _moment(day, end, subscription.zone)
    return until if until > now else now + timedelta(minutes=1)


def digest_before(subscription: Subscription, now: datetime) -> datetime:
    """The last moment of its digests, that moment itself included; those of an hour go at the full
    hours of UTC."""
    if subscription.every == "hour":
        return now.replace(minute=0, second=0, microsecond=0)
    return max(one for one in _digests(subscription, now) if one <= now)


def digest_after(subscription: Subscription, now: datetime) -> datetime:
    """The next moment of its digests."""
    if subscription.every == "hour":
        return digest_before(subscription, now) + HOUR
    return min(one for one in _digests(subscription, now) if one > now)


def _digests(subscription: Subscription, now: datetime) -> Iterator[datetime]:
    """Those of the days around a moment, more than a week of them to each side."""
    today = now.astimezone(zone_of(subscription.zone)).date()
    for days in range(-9, 10):
        day = today + DAY * days
        if subscription.every != "week" or day.weekday() == subscription.weekday:
            yield _moment(day, subscription.at, subscription.zone)


def _moment(day: date, minute: int, zone: str) -> datetime:
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone_of(zone))
    return local.astimezone(UTC)
