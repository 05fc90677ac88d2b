"""The view that an address of the API names, as its documentation tells it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from monitor.web.view import MOST_VALUES, View, view_of

_Facet = Annotated[list[Annotated[str, Query(max_length=200)]], Query(max_length=MOST_VALUES)]


def viewed(
    q: Annotated[str, Query(max_length=4_000, description="the question; see /help")] = "",
    since: Annotated[
        str, Query(max_length=40, description="from this moment on, as in now-24h or 2026-03-14")
    ] = "",
    until: Annotated[str, Query(max_length=40, description="before this moment")] = "",
    near: Annotated[str, Query(max_length=80, description="a circle, as in 51.54,-0.06,3km")] = "",
    topic: _Facet = [],  # noqa: B006 - FastAPI copies it
    severity: _Facet = [],  # noqa: B006
    certainty: _Facet = [],  # noqa: B006
    phase: _Facet = [],  # noqa: B006
    verdict: _Facet = [],  # noqa: B006
    voice: _Facet = [],  # noqa: B006
    place: _Facet = [],  # noqa: B006
    source: _Facet = [],  # noqa: B006
    lang: _Facet = [],  # noqa: B006
    sort: Annotated[
        str,
        Query(
            max_length=20,
            description="a field, `-` before it for descending; `urgency`, `likeness`, or empty",
        ),
    ] = "",
    after: Annotated[
        str, Query(max_length=2_000, description="the `next` of the page before")
    ] = "",
) -> View:
    """The view; values of one facet are alternatives."""
    facets = {
        "topic": topic,
        "severity": severity,
        "certainty": certainty,
        "phase": phase,
        "verdict": verdict,
        "voice": voice,
        "place": place,
        "source": source,
        "lang": lang,
    }
    named = {"q": q, "since": since, "until": until, "near": near, "sort": sort, "after": after}
    pairs = [(field, value) for field, values in facets.items() for value in values]
    return view_of("events", [*named.items(), *pairs])


Viewed = Annotated[View, Depends(viewed)]
