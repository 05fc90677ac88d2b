"""Everybody can use it: axe-core finds no fault, on any page, in light, dark and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.web.browser.window import LAPTOP, PHONE, Light, Window, window
from tests.web.site import Site

PAGES = (
    "/",
    "/?topic=Fire&since=2026-03-14T10:00:00Z",
    "/?q=severity:",
    "/search?q=fire",
    "/events/36",
    "/events/0",
    "/alerts",
    "/sources",
    "/dropped",
    "/help",
    "/api",
    "/login",
)
SIGHTS: dict[str, tuple[tuple[int, int], Light]] = {
    "light": (LAPTOP, "light"),
    "dark": (LAPTOP, "dark"),
    "phone": (PHONE, "light"),
}


def faults(opened: Window) -> list[str]:
    """What axe-core finds, with the first element of each."""
    found = Axe().run(opened.page, options={"preload": False}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:150]}" for one in found]


@pytest.mark.parametrize("sight", SIGHTS)
def test_axe_finds_nothing(browser: Browser, day: Site, sight: str) -> None:
    size, light = SIGHTS[sight]
    found: dict[str, list[str]] = {}
    with window(browser, day, size, light) as opened:
        for path in PAGES:
            opened.open(path)
            found[path] = faults(opened)
            wide = opened.page.evaluate("document.documentElement.scrollWidth")
            if wide > size[0]:
                found[path].append(f"{wide} pixels wide")
    assert {path: said for path, said in found.items() if said} == {}


def test_nor_in_what_opens(reader: Window) -> None:
    reader.open("/")
    reader.find("#q").fill("sev")
    reader.find("#suggestions li").first.wait_for()
    assert faults(reader) == []
    reader.key("Escape", "Tab", "?")
    reader.find("dialog[open]").wait_for()
    assert faults(reader) == []
    reader.find("dialog[open] > button").click()
    reader.find("#map .pin").first.click()
    reader.find(".leaflet-popup").wait_for()
    assert faults(reader) == []
    reader.open("/events/36")
    for summary in reader.find(".verdicts summary").all():
        summary.click()
    assert faults(reader) == []


def test_targets_are_large_enough(browser: Browser, day: Site) -> None:
    """24 by 24 CSS pixels (WCAG 2.2, 2.5.8), but for links within sentences."""
    for size in (LAPTOP, PHONE):
        with window(browser, day, size) as opened:
            for path in ("/", "/events/36", "/search?q=fire"):
                opened.open(path)
                small = opened.find(
                    "button, summary, nav a, .facet a, .chips a, select"
                ).evaluate_all(
                    """all => all.filter((one) => {
                        const { width, height } = one.getBoundingClientRect();
                        return width && (width < 24 || height < 24);
                    }).map((one) => one.outerHTML.slice(0, 90))"""
                )
                assert small == []


def test_what_has_the_focus_is_seen(reader: Window) -> None:
    reader.open("/")
    for _ in range(25):
        reader.key("Tab")
        style = reader.page.evaluate(
            "(() => { const { outlineStyle, outlineWidth } = getComputedStyle("
            "document.activeElement); return [outlineStyle, parseFloat(outlineWidth)]; })()"
        )
        assert style[0] != "none", reader.focused
        assert style[1] >= 2


def test_the_map_moves_at_once_for_who_wants_no_motion(reader: Window) -> None:
    reader.open("/")
    home = reader.find("#map .to-home")
    home.click()
    reader.find("#map").press("ArrowRight")
    x = """button => {
        const where = () => Math.round(
            document.querySelector("#map .leaflet-map-pane").getBoundingClientRect().x);
        const before = where();
        button.click();
        return [before, where()];
    }"""
    before, after = home.evaluate(x)
    assert after > before
    assert home.evaluate(x) == [after, after]
