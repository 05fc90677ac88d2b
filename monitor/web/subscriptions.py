"""Subscriptions as JSON: what the page `/alerts` does, for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from starlette.responses import Response

from monitor.messages import Every, State, Subscription
from monitor.model import Certainty, Severity
from monitor.objects import subscription_json
from monitor.tables import SubscriptionTable, Weekday
from monitor.web.access import Reader
from monitor.web.alerts import mine, shown_to, subscriptions
from monitor.web.api import answer
from monitor.web.problem import PROBLEMS
from monitor.web.render import By, Here

router = APIRouter(prefix="/api/v1/subscriptions", responses=PROBLEMS, tags=["alerts"])

Named = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,40}$", description="the subscription's id")]
Degrees = Annotated[float, Body(strict=True)]


@dataclass(frozen=True, kw_only=True)
class SubscriptionBody:
    """What is wanted, in the words of the configuration. to: an address as the channel has it: of
    mail, https for `webhook`, the name of a target for `apprise`; query: a question about events;
    near: a circle, as in "51.54,-0.06,3km"; polygon: corners as latitude and longitude, instead of
    a circle, whose lines go the short way around the earth; topics: any of them; severity,
    certainty: at least; every: now, or a digest every hour, day or week; at: local time of a
    digest, as in "08:00"; quiet: hours in which all waits, as in "22:00-06:00"; most: messages an
    hour that go by themselves, 0 for what is usual here."""

    name: Annotated[str, Body(min_length=1, max_length=120)]
    to: Annotated[str, Body(min_length=1, max_length=2_000)]
    channel: Annotated[str, Body(max_length=40)] = "email"
    query: Annotated[str, Body(max_length=4_000)] = ""
    near: Annotated[str, Body(max_length=80)] = ""
    polygon: list[tuple[Degrees, Degrees]] = field(default_factory=list)
    topics: list[Annotated[str, Body(max_length=120)]] = field(default_factory=list)
    severity: Severity = "Unknown"
    certainty: Certainty = "Unknown"
    every: Every = "now"
    at: Annotated[str, Body(max_length=5)] = "08:00"
    weekday: Weekday = "monday"
    quiet: Annotated[str, Body(max_length=11)] = ""
    zone: Annotated[str, Body(max_length=60)] = "UTC"
    lang: Annotated[str, Body(max_length=2)] = "en"
    most: Annotated[int, Body(strict=True, ge=0, le=60)] = 0

    def table(self) -> SubscriptionTable:
        """The same as the configuration has it."""
        said = {**asdict(self), "polygon": tuple(self.polygon), "topics": tuple(self.topics)}
        return SubscriptionTable(**said)


@dataclass(frozen=True, kw_only=True)
class SubscriptionShape:
    """A subscription. `to` is whole to who made it alone, a webhook's, which may hold a secret, to
    nobody; `reason` says why it is suspended."""

    id: str
    state: State
    reason: str
    by: str
    made: datetime | None
    changed: datetime | None
    name: str
    to: str
    channel: str
    query: str
    near: str
    polygon: list[tuple[float, float]]
    topics: list[str]
    severity: Severity
    certainty: Certainty
    every: Every
    at: str
    weekday: Weekday
    quiet: str
    zone: str
    lang: str
    most: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionsShape:
    """Subscriptions, the newest first."""

    subscriptions: list[SubscriptionShape]


@router.get("", response_model=SubscriptionsShape)
def listed(web: Here, reader: By) -> Response:
    """The reader's subscriptions."""
    found = [_json(one, reader) for one in subscriptions(web, reader)]
    return answer({"subscriptions": found})


@router.post("", response_model=SubscriptionShape, status_code=202)
def ask(web: Here, reader: By, wanted: SubscriptionBody) -> Response:
    """Ask for one more; it is pending until the link that is sent to its address is followed."""
    made = web.app.registrar.ask(wanted.table(), by=reader.name, now=datetime.now(UTC))
    said = answer(_json(made, reader))
    said.status_code = 202
    return said


@router.get("/{name}", response_model=SubscriptionShape)
def one(web: Here, reader: By, name: Named) -> Response:
    """One subscription."""
    return answer(_json(mine(web, reader, name), reader))


@router.put("/{name}", response_model=SubscriptionShape)
def change(web: Here, reader: By, name: Named, wanted: SubscriptionBody) -> Response:
    """Put another in its place; its address stays, as it is or as it was shown."""
    found, table = mine(web, reader, name), wanted.table()
    if table.to == shown_to(found, reader):
        table = replace(table, to=found.to)
    return answer(_json(web.app.registrar.change(name, table), reader))


@router.delete("/{name}", status_code=204)
def remove(web: Here, reader: By, name: Named) -> Response:
    """Forget it."""
    mine(web, reader, name)
    web.app.registrar.remove(name)
    return Response(status_code=204)


def _json(one: Subscription, reader: Reader) -> dict[str, Any]:
    """A subscription as its reader may see it."""
    return {**subscription_json(one), "to": shown_to(one, reader)}
