"""Letters written by hand, for tests and for the pictures of the documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.alerts.paper import Letterhead, Link, News
from monitor.area import Area, box_corners
from monitor.messages import Subscription, Told
from monitor.model import SEVERITIES, Event, Place

NOW: Final = datetime(2026, 3, 14, 15, 4, tzinfo=UTC)
LONDON: Final = Area(name="London", corners=box_corners(51.28, -0.52, 51.70, 0.34))


class Signed:
    """Addresses as they are signed, without a secret."""

    def manage(self, id: str) -> str:
        return f"https://monitor.example.org/alerts/manage/{id}.c2ln"

    def unsubscribe(self, id: str) -> str:
        return f"https://monitor.example.org/alerts/unsubscribe/{id}.c2ln"


LETTERHEAD: Final = Letterhead(
    title="Signal Monitor",
    page="https://monitor.example.org",
    area=LONDON,
    sign=Signed(),
    operator="desk@example.org",
)
SUBSCRIPTION: Final = Subscription(
    id="s1",
    to="reader@example.org",
    name="Fires in the north",
    query="fire OR smoke",
    area=((51.5465, -0.0553),),
    radius_m=8_000,
    topics=("Fire", "CBRNE/explosion"),
    severity="Moderate",
    zone="Europe/London",
    quiet=(1320, 420),
    state="active",
)


def place(name: str, lat: float, lon: float, radius_m: float = 400.0) -> Place:
    return Place(
        name=name, start=0, end=len(name), role="happened", kind="district", lat=lat, lon=lon,
        radius_m=radius_m,
    )  # fmt: skip


FIRE: Final = Event(
    id="1207",
    seq=1260,
    title="omg my flat is next to it, so scared",
    texts=("omg my flat is next to it, so scared", "Large fire at a warehouse in Hackney Wick"),
    first=NOW - timedelta(minutes=47),
    last=NOW - timedelta(minutes=3),
    size=23,
    sources={"london-fire": 2, "city-news": 3, "local-radio": 1, "mastodon": 17},
    topics={"Fire": 22, "CBRNE/hazmat": 6},
    langs={"en": 23},
    severity="Severe",
    certainty="Observed",
    place=place("Hackney Wick", 51.5465, -0.0253, 1_500.0),
    phase="growing",
)
NEWS: Final = News(
    event=FIRE,
    title="Large fire at a warehouse in Hackney Wick, people asked to keep windows closed",
    links=(
        Link(source="London Fire Brigade", url="https://fire.example.org/1207", voice="official"),
        Link(source="City News", url="https://news.example.org/warehouse?a=1&b=2"),
    ),
    official=("London Fire Brigade",),
    media=("City News", "Local Radio"),
    people=11,
    casualties=2,
    numbers={"injured": 2.0, "evacuated": 120.0, "firefighters": 80.0},
)
TOLD: Final = Told(
    subscription="s1",
    event="1207",
    message="0123456789abcdef0123456789abcdef",
    at=NOW - timedelta(minutes=30),
    severity="Moderate",
    official=False,
    casualties=0,
    lat=51.54,
    lon=-0.03,
)
UPDATE: Final = replace(NEWS, why="severity", told=TOLD)

_HAPPENED: Final = (
    ("Flooded underpass closes the A12 at Redbridge", "Met/flood", "Redbridge", 51.576, 0.045),
    ("Gas leak: homes emptied in Brixton", "CBRNE/hazmat", "Brixton", 51.462, -0.115),
    ("", "Transport/collision", "Croydon", 51.376, -0.098),
    ("Power cut in Ealing leaves 1,500 homes dark", "Infra/power", "Ealing", 51.513, -0.305),
    ("Bus and lorry collide on the North Circular", "Transport/collision", "Brent", 51.56, -0.25),
    ("", "Security/disorder", "Westminster", 51.5, -0.135),
)


def several(count: int = 6) -> tuple[News, ...]:
    """That many events of a day, of every severity, and the fire's update."""
    found: list[News] = [UPDATE]
    for number in range(count - 1):
        title, topic, name, lat, lon = _HAPPENED[number % len(_HAPPENED)]
        event = replace(
            FIRE,
            id=str(2000 + number),
            first=NOW - timedelta(hours=2 + number % 20),
            last=NOW - timedelta(minutes=9 * (number % 100) + 5),
            size=3 + number,
            severity=SEVERITIES[(number + 1) % 5],
            certainty="Likely",
            topics={topic: 2},
            place=place(name, lat, lon, 700.0) if number % 6 != 5 else None,
            phase="new",
        )
        media = ("City News",) if title else ()
        links = (Link(source="City News", url=f"https://news.example.org/{number}"),)
        found.append(
            News(event=event, title=title, media=media, links=links if title else (), people=4)
        )
    return tuple(found)
