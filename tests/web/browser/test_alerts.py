"""An area is drawn on the map or written, and everybody can use the pages of alerts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.web.browser.test_access import faults
from tests.web.browser.window import LAPTOP, PHONE, Light, Window, window
from tests.web.site import Site
from tests.web.test_alerts import FORM, kept, path


@pytest.fixture
def reader(browser: Browser, mine: Site) -> Iterator[Window]:
    with window(browser, mine) as opened:
        yield opened


def values(opened: Window, *names: str) -> list[str]:
    return [opened.find(f"[name={name}]").input_value() for name in names]


def test_a_circle_is_drawn_checked_and_subscribed_to(reader: Window, mine: Site) -> None:
    reader.open("/alerts")
    assert values(reader, "zone") == ["Europe/London"]
    reader.find("[name=name]").fill("Smoke")
    reader.find("[name=to]").fill("ada@example.org")
    reader.find("[name=query]").fill("smoke")
    reader.find("#map").click(position={"x": 200, "y": 150})
    assert reader.find("[name=shape][value=circle]").is_checked()
    assert reader.find("#map path.near").count() == 1
    lat, lon, radius = values(reader, "lat", "lon", "radius_km")
    reader.find("button[value=check]").click()
    reader.find("#checked").wait_for()
    reader.ready()
    assert values(reader, "lat", "lon", "radius_km") == [lat, lon, radius]
    reader.find("button[value=save]").click()
    reader.find("#asked").wait_for()
    one = kept(mine, "Smoke")
    assert one.area == ((float(lat), float(lon)),)
    assert (one.zone, one.radius_m) == ("Europe/London", 2_000.0)


def test_a_place_is_typed_chosen_and_drawn(reader: Window, mine: Site) -> None:
    reader.open("/alerts")
    reader.find("[name=name]").fill("Hackney")
    reader.find("[name=to]").fill("ada@example.org")
    reader.find("[name=place]").fill("Hackney")
    reader.find("[name=place]").press("Enter")
    reader.find("#places").wait_for()
    assert faults(reader) == []
    assert len(mine.app.ledger.subscribers.all()) == 1
    reader.page.get_by_role("button", name="Hackney, England").first.click()
    reader.find("#map path.near").wait_for()
    lat, lon = values(reader, "lat", "lon")
    reader.find("[name=name]").press("Enter")
    reader.find("#asked").wait_for()
    assert kept(mine, "Hackney").area == ((float(lat), float(lon)),)


def test_what_was_looked_up_fits_a_phone(browser: Browser, mine: Site) -> None:
    with window(browser, mine, PHONE, "dark") as opened:
        opened.open("/alerts")
        opened.find("[name=place]").fill("Paris, Texas")
        opened.page.get_by_role("button", name="Look it up").click()
        opened.find("#places").wait_for()
        assert faults(opened) == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_a_polygon_is_drawn_corner_by_corner(reader: Window) -> None:
    reader.open("/alerts")
    reader.find("[name=shape][value=polygon]").check()
    for x, y in ((100, 80), (300, 80), (200, 200), (250, 220)):
        reader.find("#map").click(position={"x": x, "y": y})
    reader.page.get_by_role("button", name="Take the last point back").click()
    assert len(reader.find("[name=corners]").input_value().splitlines()) == 3
    assert reader.find("#map path.near").count() == 4
    reader.find("[name=corners]").fill("51.5, -0.2\n51.6, -0.2\n")
    assert reader.find("#map path.near").count() == 3


def test_axe_finds_nothing(browser: Browser, mine: Site) -> None:
    mine.post("/alerts", FORM)
    one = kept(mine)
    found: dict[str, list[str]] = {}
    sights: tuple[tuple[tuple[int, int], Light], ...] = ((PHONE, "dark"), (LAPTOP, "light"))
    for size, light in sights:
        with window(browser, mine, size, light) as opened:
            links = [mine.app.links.confirm(one.id), mine.app.links.manage(one.id)]
            for address in (*map(path, links), "/alerts"):
                opened.open(address)
                found[address] = faults(opened)
                wide = opened.page.evaluate("document.documentElement.scrollWidth")
                if wide > size[0]:
                    found[address].append(f"{wide} pixels wide")
        assert {address: said for address, said in found.items() if said} == {}
