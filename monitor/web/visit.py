"""What is new since a reader's last visit: three numbers in a cookie.

A visit ends when the page has not been asked for during half an hour. What came after the last row
of the visit before is new, and stays so for the whole visit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.fields import EPOCH
from monitor.model import UNDATED, Event

PAUSE: Final = timedelta(minutes=30)

_FORM: Final = re.compile(r"(\d{1,15})\.(\d{1,15})\.(\d{1,11})\.(\d{1,11})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """`before` is the last row of the visit before, which ended at `left`; `latest` the last row of
    this one, which was last heard of at `at`."""

    before: int
    latest: int
    left: datetime
    at: datetime

    @property
    def cookie(self) -> str:
        """What the cookie holds."""
        return f"{self.before}.{self.latest}.{_seconds(self.left)}.{_seconds(self.at)}"

    @property
    def first(self) -> bool:
        """Whether the reader was never here before."""
        return self.left == UNDATED

    def news(self, event: Event) -> str:
        """`new`, `changed` or nothing: what an event is to this reader."""
        if self.first or event.seq <= self.before:
            return ""
        founded = int(event.id) if event.id.isdecimal() else 0
        return "new" if founded > self.before else "changed"


def visit(cookie: str, last: int, now: datetime) -> Visit:
    """This visit, told by the cookie of the last answer; `last` is the last row of the index."""
    found = _FORM.fullmatch(cookie)
    if not found:
        return Visit(before=last, latest=last, left=UNDATED, at=now)
    before, latest, left_s, at_s = (int(number) for number in found.groups())
    left = EPOCH + timedelta(seconds=left_s) if left_s else UNDATED
    at = EPOCH + timedelta(seconds=at_s)
    if now - at > PAUSE:
        before, left = latest, at
    return Visit(before=min(before, last), latest=last, left=left, at=now)


def left_behind(now: Visit) -> Visit:
    """The visit once its reader has said that all is seen."""
    return Visit(before=now.latest, latest=now.latest, left=now.at, at=now.at)


def _seconds(moment: datetime) -> int:
    return 0 if moment == UNDATED else int((moment - EPOCH).total_seconds())
