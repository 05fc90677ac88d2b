"""Signals and events built by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.model import Enrichment, Event, Place, Post, Severity, Signal, Voice
from tests.worlds import START

NOON = START + timedelta(hours=12)


def place(lat: float = 51.5, lon: float = -0.1, name: str = "Soho", radius_m: float = 500) -> Place:
    return Place(
        name=name,
        start=0,
        end=0,
        role="happened",
        kind="district",
        lat=lat,
        lon=lon,
        radius_m=radius_m,
    )


def signal(
    number: int,
    text: str,
    *,
    source: str = "social",
    voice: Voice = "citizen",
    author: str = "",
    severity: Severity = "Unknown",
    labels: tuple[str, ...] = (),
    places: tuple[Place, ...] = (),
    at: datetime | None = None,
    **post: Any,
) -> Signal:
    when = at or NOON + timedelta(minutes=number)
    made = Post(
        id=f"x:{number}",
        text=text,
        source=source,
        voice=voice,
        author=author,
        published=when,
        collected=when,
        **post,
    )
    thought = Enrichment(lang="en", severity=severity, labels=labels, places=places)
    return Signal(
        post=made, enrichment=thought, event="1", sources=(source,), arrived=number, seq=number
    )


def event(name: str = "1", **facts: Any) -> Event:
    known = {"seq": 1, "size": 1, "first": NOON, "last": NOON, "title": "Something", "phase": "new"}
    return Event(id=name, **{**known, **facts})
