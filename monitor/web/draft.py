"""A subscription as a form has it: every field a text, whatever was written there."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Annotated, Final

from fastapi import Depends, Request

from monitor import parts
from monitor.area import Corners
from monitor.errors import ConfigError, QueryError
from monitor.messages import Subscription
from monitor.model import SEVERITIES
from monitor.tables import SubscriptionTable
from monitor.web.view import View

MOST_FIELDS: Final = 200
_ELSEWHERE: Final = ("topic", "severity", "certainty")
"""Facets that have fields of their own in the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was written. `shape` is anywhere, circle or polygon; `corners` has a line for each;
    `place` is a name to be looked up, `spot` the position of what it was found to mean; `do` is
    what the button says."""

    name: str = ""
    to: str = ""
    channel: str = "email"
    query: str = ""
    shape: str = "anywhere"
    lat: str = ""
    lon: str = ""
    radius_km: str = "2"
    corners: str = ""
    place: str = ""
    spot: str = ""
    topics: tuple[str, ...] = ()
    severity: str = "Unknown"
    certainty: str = "Unknown"
    every: str = "now"
    at: str = "08:00"
    weekday: str = "monday"
    quiet_from: str = ""
    quiet_to: str = ""
    zone: str = ""
    lang: str = "en"
    most: str = ""
    do: str = "save"

    def table(self) -> SubscriptionTable:
        """What it says. Raises QueryError."""
        said = {
            "name": self.name,
            "to": self.to,
            "channel": self.channel,
            "query": self.query,
            "near": f"{self.lat},{self.lon},{self.radius_km}km" if self.shape == "circle" else "",
            "polygon": _corners(self.corners) if self.shape == "polygon" else (),
            "topics": self.topics,
            "severity": self.severity,
            "certainty": self.certainty,
            "every": self.every,
            "at": self.at,
            "weekday": self.weekday,
            "quiet": f"{self.quiet_from}-{self.quiet_to}" if self.quiet_from else "",
            "zone": self.zone or "UTC",
            "lang": self.lang,
            "most": int(self.most) if self.most.isdecimal() and len(self.most) < 4 else 0,
        }
        try:
            return parts.convert(SubscriptionTable, said, "form")
        except ConfigError as fault:
            raise QueryError(str(fault)) from fault

    def addressed(self, to: Subscription) -> Draft:
        """A change of that subscription, whose address stays."""
        return replace(self, to=to.to, channel=to.channel)

    def centred(self) -> Draft:
        """The circle around the chosen spot."""
        lat, _, lon = self.spot.partition(",")
        return replace(self, shape="circle", lat=lat, lon=lon, place="", spot="")


async def drafted(request: Request) -> Draft:
    """What was written in the form of a request."""
    form = await request.form(max_fields=MOST_FIELDS, max_files=0)
    known = {field.name for field in fields(Draft)} - {"topics"}
    texts = {name: str(value) for name, value in form.items() if name in known}
    return Draft(topics=tuple(str(value) for value in form.getlist("topics")), **texts)


Drafted = Annotated[Draft, Depends(drafted)]


def draft_of(table: SubscriptionTable) -> Draft:
    """The form of a subscription that there is."""
    lat, lon, radius = (table.near.split(",") if table.near else ["", "", "2km"])[:3]
    begin, _, end = table.quiet.partition("-")
    shape = "circle" if table.near else "polygon" if table.polygon else "anywhere"
    return Draft(
        name=table.name,
        to=table.to,
        channel=table.channel,
        query=table.query,
        shape=shape,
        lat=lat,
        lon=lon,
        radius_km=radius.removesuffix("km"),
        corners="\n".join(f"{lat}, {lon}" for lat, lon in table.polygon),
        topics=table.topics,
        severity=table.severity,
        certainty=table.certainty,
        every=table.every,
        at=table.at,
        weekday=table.weekday,
        quiet_from=begin,
        quiet_to=end,
        zone=table.zone,
        lang=table.lang,
        most=str(table.most),
    )


def draft_from(view: View) -> Draft:
    """A form with the question of a search filled in, whatever its time."""
    others = [(field, value) for field, value in view.facets if field not in _ELSEWHERE]
    quoted = [f'{field}:"{value.replace(chr(34), " ")}"' for field, value in others]
    words = [view.q.strip(), *quoted]
    near = [part.strip() for part in view.near.split(",")]
    circle = len(near) == 3 and near[2].endswith("km")
    chosen = view.chosen("severity")
    severity = next((grade for grade in SEVERITIES if grade in chosen), "Unknown")
    return Draft(
        query=" ".join(word for word in words if word),
        shape="circle" if circle else "anywhere",
        lat=near[0] if circle else "",
        lon=near[1] if circle else "",
        radius_km=near[2].removesuffix("km").strip() if circle else "2",
        topics=view.chosen("topic"),
        severity=severity,
    )


def _corners(text: str) -> Corners:
    found: list[tuple[float, float]] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        lat, _, lon = line.partition(",")
        try:
            found.append((float(lat), float(lon)))
        except ValueError as error:
            raise QueryError(
                "corners: write a latitude and a longitude on each line, as in 51.5, -0.1"
            ) from error
    if not found:
        raise QueryError("corners: are missing; draw them, or choose another area")
    return tuple(found)
