"""The page is the same on either index: what one shows, the other shows."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import needs
from tests.running import waited
from tests.web.site import Site, sample_day, served

VIEWS = (
    "",
    "topic=Fire",
    "topic=Fire&topic=Infra%2Fpower&severity=Moderate",
    "q=fire+OR+smoke&since=2026-03-14T10:00Z",
    "near=51.5,-0.1,8km&sort=-last",
    "phase=closed&sort=-size",
    "since=2026-03-14T12:00Z&until=2026-03-14T18:00Z",
    "q=nothing+at+all+like+it",
    "q=fire+AND+%28smoke",
)
FIRE = "36"


@contextmanager
def on_elastic(folder: Path) -> Iterator[Site]:
    """The page of a sample day in indices of its own, which go with it."""
    server, prefix = needs.elastic(), "web-" + secrets.token_hex(6)
    app = sample_day(
        folder,
        f'\n[index]\nkind = "elastic"\n[index.elastic]\nurl = "{server.url}"\n'
        f'prefix = "{prefix}"\nreplicas = 0\n',
    )
    try:
        with served(app) as site:
            yield site
    finally:
        app.close()
        server.clear(prefix)


@pytest.fixture(scope="module")
def other_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """That of the day that is only read."""
    with on_elastic(tmp_path_factory.mktemp("either") / "day") as site:
        yield site


def shown(site: Site, path: str) -> str:
    """The main part of a page without the session's token and the index's marks."""
    part = site.get(path, HX_Request="true").text
    return re.sub(r'name="csrf" value="[^"]*"|after=[^"&]*', "", part)


@pytest.mark.parametrize("path", ["/", "/search"])
@pytest.mark.parametrize("view", VIEWS)
def test_the_same_view_is_the_same_page(day: Site, other_day: Site, path: str, view: str) -> None:
    if path == "/search":
        view = re.sub(r"&?(phase|sort)=[^&]*", "", view) + "&sort=-time"
    assert shown(other_day, f"{path}?{view}") == shown(day, f"{path}?{view}")


def test_the_next_page_is_the_same_too(day: Site, other_day: Site) -> None:
    told = [site.get("/search?sort=time").text for site in (day, other_day)]
    onward = [re.findall(r'<a href="([^"]*)" rel="next"', page)[0] for page in told]
    ours, others = (
        shown(site, html.unescape(path))
        for site, path in zip((day, other_day), onward, strict=True)
    )
    assert ours == others
    assert ours != shown(day, "/search?sort=time")


def test_the_same_map_timeline_and_counts(day: Site, other_day: Site) -> None:
    for path in (
        "/events.geojson",
        "/histogram?every=1h",
        "/grid?zoom=9&of=signals",
        "/counts?by=place",
        "/suggestions?text=topic:F&at=7",
    ):
        assert other_day.get(f"/api/v1{path}").json() == day.get(f"/api/v1{path}").json()


@pytest.mark.parametrize("form", ["csv", "geojson", "jsonl"])
def test_the_same_finds_are_taken_along(day: Site, other_day: Site, form: str) -> None:
    path = f"/api/v1/export/events.{form}?topic=Fire"
    assert other_day.get(path).content == day.get(path).content


def test_words_find_the_same_posts_in_an_order_of_their_own(day: Site, other_day: Site) -> None:
    told = [site.json("/signals", q="fire", limit=500)["signals"] for site in (day, other_day)]
    ours, others = (sorted(json.dumps(one, sort_keys=True) for one in each) for each in told)
    assert len(ours) > 20
    assert ours == others


def test_an_event_is_the_same_with_what_is_alike(day: Site, other_day: Site) -> None:
    ours, others = (shown(site, f"/events/{FIRE}") for site in (day, other_day))
    assert ours == others
    assert "data-event" in ours.split('id="alike"')[1]


def test_what_is_decided_comes_to_the_other_index_too(tmp_path: Path) -> None:
    with on_elastic(tmp_path / "day") as site:
        said = site.post(f"/events/{FIRE}/decide", {"verdict": "dismiss"}, HX_Request="true")
        assert said.status_code == 200
        waited(lambda: FIRE in site.events(verdict="dismissed"))
