"""What a typed name or address may mean, for programs. It is posted, so that what is typed stands
in no address and in no log."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from monitor.geocoder import LONGEST
from monitor.web.api import answer
from monitor.web.problem import PROBLEMS
from monitor.web.render import Here

router = APIRouter(prefix="/api/v1/places", responses=PROBLEMS, tags=["alerts"])


@dataclass(frozen=True, kw_only=True)
class PlaceBody:
    """The name of a place, or an address: "Paris, Texas" is told from others by what holds it."""

    text: Annotated[str, Body(min_length=1, max_length=LONGEST)]


@dataclass(frozen=True, kw_only=True)
class PlaceShape:
    """One place; `near` of a subscription takes its degrees."""

    label: str
    lat: float
    lon: float


@dataclass(frozen=True, kw_only=True)
class PlacesShape:
    """Places, those of the home area first. `fault` says why the service for addresses could not be
    asked, empty where it could or there is none."""

    places: list[PlaceShape]
    fault: str
    attribution: str


@router.post("", response_model=PlacesShape)
def located(web: Here, typed: PlaceBody) -> Response:
    """What it may mean."""
    found = web.app.locate(typed.text)
    places = [asdict(one) for one in found.candidates]
    attribution = web.app.config.geocoder.attribution
    return answer({"places": places, "fault": found.fault, "attribution": attribution})
