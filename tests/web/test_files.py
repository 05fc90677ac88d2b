"""Files of others that the page loads: exactly those that were looked at, and named."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from monitor.web.texts import read_texts
from tests.house import ROOT
from tests.web.site import Site

STATIC = ROOT / "monitor" / "web" / "static"
PINNED = {
    "htmx-2.0.11.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "images/layers-2x.png": "066daca850d8ffbef007af00b06eac0015728dee279c51f3cb6c716df7c42edf",
    "images/layers.png": "1dbbe9d028e292f36fcba8f8b3a28d5e8932754fc2215b9ac69e4cdecf5107c6",
    "images/marker-icon-2x.png": "00179c4c1ee830d3a108412ae0d294f55776cfeb085c60129a39aa6fc4ae2528",
    "images/marker-icon.png": "574c3a5cca85f4114085b6841596d62f00d7c892c7b03f28cbfa301deb1dc437",
    "images/marker-shadow.png": "264f5c640339f042dd729062cfc04c17f8ea0f29882b538e3848ed8f10edb4da",
    "land.json": "bfc0b6360a067b504d86723e3afb04f9c483803e2b01a6d535273a48956c4690",
    "leaflet-1.9.4.css": "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6",
    "leaflet-1.9.4.js": "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a",
    "leaflet.markercluster-1.5.3.css": (
        "614dea0a98ff3f4ead74f04918f6b1d1b9ba435c25b5fc23b21a394d1e3e4d87"
    ),
    "leaflet.markercluster-1.5.3.js": (
        "1e4e1d22972a3926f48598e0caf14e3fe7049835d428a344fed4f9e3665b3508"
    ),
}


def test_nothing_but_what_is_pinned_comes_from_others() -> None:
    vendor = STATIC / "vendor"
    found = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file()
    }
    assert found == PINNED


def test_every_library_is_in_the_notices() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for name in ("htmx 2.0.11", "Leaflet 1.9.4", "Leaflet.markercluster 1.5.3", "Natural Earth"):
        assert name in notice


def test_the_land_is_a_small_map_of_the_world() -> None:
    path = STATIC / "vendor" / "land.json"
    assert path.stat().st_size < 400_000
    shape = json.loads(path.read_text(encoding="utf-8"))["geometry"]
    points = [point for polygon in shape["coordinates"] for ring in polygon for point in ring]
    assert all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in points)
    assert len(points) > 10_000


def test_every_file_that_a_page_loads_is_there(day: Site) -> None:
    for address in set(re.findall(r'(?:src|href|data-land)="(/static/[^"]+)"', day.get("/").text)):
        answer = day.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]


def test_a_file_that_is_asked_for_by_its_bare_name_is_looked_at_again(day: Site) -> None:
    answer = day.get("/static/say.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    again = day.get("/static/say.js", if_none_match=answer.headers["etag"])
    assert again.status_code == 304


def test_every_word_that_is_said_is_in_the_catalogue() -> None:
    used = {
        key
        for path in Path(ROOT / "monitor" / "web").rglob("*")
        if path.suffix in (".html", ".py")
        for key in re.findall(r"""\bt\(\s*['"]([\w.]+)['"][,)]""", path.read_text("utf-8"))
    }
    assert len(used) > 80
    known = read_texts()
    for key in used:
        table, _, name = key.partition(".")
        assert name in known.table(table) if name else known(key)
