"""Where a typed name or address lies: the gazetteer first, then a service that the operator named.

What is typed leaves this machine only for that service, stands in no log and in no address of the
page, and is remembered in memory alone. Coordinates and a label come back, and nothing else.
Source: https://github.com/komoot/photon/blob/master/docs/api-v1.md
https://nominatim.org/release-docs/latest/api/Search/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from monitor.area import Area
from monitor.errors import QueryError, SourceChanged, SourceError
from monitor.fetch import Fetcher, shown
from monitor.geo import in_box
from monitor.markup import tame
from monitor.ports import Candidate, Geocoder
from monitor.tables import GeocoderTable

GAP: Final = "{address}"
"""Where the typed address stands in the address of the service."""
LONGEST: Final = 200
MOST: Final = 8
"""Candidates that a person chooses from."""
_MOST_BYTES: Final = 1_000_000
_REMEMBERED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What a text may mean, at home first; `fault` says why the service could not be asked."""

    candidates: tuple[Candidate, ...] = ()
    fault: str = ""


class Locator:
    """Asks the gazetteer, and the service where the gazetteer knows no such name at home."""

    def __init__(self, names: Geocoder, addresses: Geocoder | None, area: Area | None) -> None:
        self._names = names
        self._addresses = addresses
        self._area = area

    def __call__(self, text: str) -> Located:
        """What a name or address may mean. Raises QueryError, ModelError."""
        text = " ".join(text.split())
        if not text or len(text) > LONGEST or not text.isprintable():
            raise QueryError(
                f"place: write a name or an address of {LONGEST} letters at most, as in Hackney"
            )
        found = list(self._names(text))
        fault = ""
        if self._addresses is not None and not any(map(self._home, found)):
            try:
                found += self._addresses(text)
            except SourceError as error:
                fault = str(error)
        ranked = sorted(found, key=lambda one: not self._home(one))
        return Located(candidates=tuple(dict.fromkeys(ranked))[:MOST], fault=fault)

    def _home(self, one: Candidate) -> bool:
        return self._area is None or in_box(one.lat, one.lon, self._area.box)


class Addresses:
    """A service with a search like Photon's or Nominatim's, told by the form of its answer: asked
    once a second at most, and once for each address as long as it is remembered."""

    def __init__(self, table: GeocoderTable, user_agent: str) -> None:
        self._url = table.url
        host = urlsplit(table.url).hostname or ""
        self._fetch = Fetcher(
            allow=(host,),
            user_agent=user_agent,
            max_bytes=_MOST_BYTES,
            timeout_s=table.timeout_s,
            redirects=0,
        )
        self._known = lru_cache(maxsize=_REMEMBERED)(self._asked)

    def __call__(self, text: str) -> Sequence[Candidate]:
        """What the service knows of it. Raises SourceError."""
        return self._known(text)

    def _asked(self, text: str) -> tuple[Candidate, ...]:
        url = self._url.replace(GAP, quote(text, safe=""))
        body = self._fetch.get(url, accept="application/json").body
        try:
            answer = msgspec.json.decode(body, type=list[_Row] | _Collection)
            return tuple(_candidates(answer))[:MOST]
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            raise SourceChanged(
                f"{shown(self._url)}: answers neither as Photon nor as Nominatim do; correct the "
                "address in [geocoder]"
            ) from error


class _Row(msgspec.Struct):
    """A find of Nominatim, `format=jsonv2`."""

    lat: float | str
    lon: float | str
    display_name: str


class _Geometry(msgspec.Struct):
    coordinates: tuple[float, float]


class _Properties(msgspec.Struct):
    display_name: str | None = None
    name: str | None = None
    housenumber: str | None = None
    street: str | None = None
    district: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None


class _Feature(msgspec.Struct):
    geometry: _Geometry
    properties: _Properties


class _Collection(msgspec.Struct):
    """Photon's answer, and Nominatim's with `format=geojson`."""

    features: list[_Feature]


def _candidates(answer: list[_Row] | _Collection) -> Iterator[Candidate]:
    """Those that have a label and lie on the globe. Raises ValueError for what is no number."""
    if isinstance(answer, _Collection):
        said = [(f.geometry.coordinates[::-1], _label(f.properties)) for f in answer.features]
    else:
        said = [((float(row.lat), float(row.lon)), row.display_name) for row in answer]
    for (lat, lon), words in said:
        label = tame(" ".join(words.split()), LONGEST)
        if label and math.isfinite(lat + lon) and abs(lat) <= 90 and abs(lon) <= 180:
            yield Candidate(label=label, lat=round(lat, 6), lon=round(lon, 6))


def _label(of: _Properties) -> str:
    street = f"{of.street or ''} {of.housenumber or ''}".strip()
    names = (of.name, street, of.district, of.city, of.state, of.country)
    return of.display_name or ", ".join(dict.fromkeys(name for name in names if name))
