"""What people said of an event, as it is shown: decisions of one event, summed up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.model import Decided, Place, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What people said of an event, from its applied decisions that are not undone."""

    verdict: Verdict = "none"
    topics: tuple[str, ...] = ()
    place: Place | None = None
    hold: bool = False


def overrides_of(decided: Iterable[Decided]) -> Overrides:
    """The sum of an event's own decisions, oldest first. The last verdict and place stand; topics
    are shown newest first."""
    found = Overrides()
    for done in decided:
        said = done.decision
        if done.outcome != "applied" or done.undone:
            continue
        if said.verdict == "confirm":
            found = replace(found, verdict="confirmed")
        elif said.verdict == "dismiss":
            found = replace(found, verdict="dismissed")
        elif said.verdict == "topic":
            older = tuple(topic for topic in found.topics if topic != said.value[0])
            found = replace(found, topics=(said.value[0], *older))
        elif said.verdict == "place":
            found = replace(found, place=placed(said.value))
        elif said.verdict == "hold" and not is_post(said.target):
            found = replace(found, hold=True)
    return found


def is_post(target: str) -> bool:
    """Whether a decision's target is a post: only their ids hold a colon."""
    return ":" in target


def placed(value: tuple[str, ...]) -> Place | None:
    """Where a person put an event: latitude, longitude and perhaps a name; None for nonsense."""
    try:
        lat, lon = float(value[0]), float(value[1])
    except (IndexError, ValueError):
        return None
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        return None
    return Place(
        name=value[2] if len(value) > 2 else "", start=0, end=0, role="happened", kind="address",
        lat=lat, lon=lon, radius_m=0.0, ref="person", confidence=1.0,
    )  # fmt: skip
