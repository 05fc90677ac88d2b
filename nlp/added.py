"""Reads an operator's own list of places: streets, districts and buildings of the city."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from monitor.errors import ConfigError
from nlp.gazetteer import Toponym, folded, radius_of

COLUMNS: Final = ("name", "lat", "lon")
RADII_M: Final = {"address": 50.0, "poi": 200.0, "street": 500.0}
_GEONAMES: Final = 19
"""Columns of the GeoNames form.

Source: https://download.geonames.org/export/dump/readme.txt
"""


def read(path: Path) -> Mapping[str, tuple[Toponym, ...]]:
    """Places by folded name, in the file's order; raises ConfigError with the line's number.

    The CSV form has the columns name, lat and lon, and may have kind (default poi) and ref.
    """
    found: dict[str, list[Toponym]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            tabbed = "\t" in file.readline()
            file.seek(0)
            for names, place in _geonames(file) if tabbed else _own(file):
                for key in {folded(name) for name in names} - {""}:
                    found.setdefault(key, []).append(place)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"gazetteer {path}: {error}; give a readable UTF-8 file") from error
    return {key: tuple(places) for key, places in found.items()}


def _own(file: Iterator[str]) -> Iterator[tuple[list[str], Toponym]]:
    rows = csv.DictReader(file)
    if missing := [c for c in COLUMNS if c not in (rows.fieldnames or ())]:
        raise ConfigError(f"gazetteer: column {missing[0]} is missing; name it in the first line")
    for number, row in enumerate(rows, 2):
        name = row["name"] or ""
        place = _toponym(number, name, row.get("kind") or "poi", row["lat"], row["lon"])
        yield [name], replace(place, ref=row.get("ref") or "")


def _geonames(file: Iterator[str]) -> Iterator[tuple[list[str], Toponym]]:
    for number, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
        if len(row) < _GEONAMES:
            raise ConfigError(
                f"gazetteer: line {number} has {len(row)} columns, not {_GEONAMES}; see GeoNames"
            )
        kind = _kind(row[6], row[7])
        place = _toponym(number, row[1], kind, row[4], row[5], row[8], row[10], row[14])
        yield [row[1], row[2], *row[3].split(",")], replace(place, ref=f"geonames:{row[0]}")


def _kind(feature: str, code: str) -> str:
    """Our kind of a GeoNames feature class and code."""
    if feature == "R":
        return "street"
    if feature == "A" and code in ("PCLI", "ADM1"):
        return "country" if code == "PCLI" else "admin1"
    if feature == "A" or code == "PPLX":
        return "district"
    return "city" if feature == "P" else "poi"


def _toponym(
    number: int,
    name: str,
    kind: str,
    lat: str | None,
    lon: str | None,
    country: str = "",
    admin1: str = "",
    population: str = "",
) -> Toponym:
    try:
        at = float(lat or "nan"), float(lon or "nan")
        people = int(population or 0)
    except ValueError as error:
        raise ConfigError(f"gazetteer: line {number}: {error}; write numbers") from error
    if not (-90 <= at[0] <= 90 and -180 <= at[1] <= 180 and name):
        raise ConfigError(f"gazetteer: line {number}: no name or no position; give degrees")
    radius_m = RADII_M.get(kind) or radius_of(kind, people)
    region = f"{country}.{admin1}" if admin1 else ""
    return Toponym("", name, kind, at[0], at[1], country, region, people, radius_m)
