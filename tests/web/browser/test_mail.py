"""Mails as people see them: on a phone and on a desk, in the light and in the dark."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from monitor.alerts.render import confirmation, render
from monitor.messages import Message
from tests.letters import FIRE, LETTERHEAD, NEWS, NOW, SUBSCRIPTION, UPDATE, place, several
from tests.mail_pictures import standing
from tests.web.browser.window import Light

LINK = "https://monitor.example.org/alerts/confirm/" + "t0k3n" * 30
LONG = replace(
    NEWS,
    title="Donaudampfschifffahrtsgesellschaft" * 4,
    event=replace(FIRE, place=place("Llanfairpwllgwyngyllgogerychwyrndrobwllllan" * 2, 51.5, -0.1)),
    official=("A" * 60,) * 6,
)
LETTERS: dict[str, Message] = {
    "event": render(SUBSCRIPTION, [NEWS], LETTERHEAD, NOW),
    "update": render(replace(SUBSCRIPTION, lang="de"), [UPDATE], LETTERHEAD, NOW),
    "long": render(replace(SUBSCRIPTION, lang="fr", query="x" * 300), [LONG], LETTERHEAD, NOW),
    "digest": render(replace(SUBSCRIPTION, every="day"), several(7), LETTERHEAD, NOW),
    "confirmation": confirmation(replace(SUBSCRIPTION, lang="es"), LETTERHEAD, LINK, NOW),
}


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("light", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800])
def test_a_mail_is_read_well(browser: Browser, name: str, light: Light, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=light)
    page = context.new_page()
    left: list[str] = []
    page.on("request", lambda request: left.append(request.url))
    page.set_content(standing(LETTERS[name]))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [one for one in left if not one.startswith("data:")] == []
    if width < 600:
        found = Axe().run(page, options={"preload": False}).response["violations"]
        assert [f"{one['id']}: {one['nodes'][0]['html'][:150]}" for one in found] == []
    if LETTERS[name].pictures:
        drawn = "document.querySelector('img').naturalWidth > 0"
        assert page.evaluate(drawn)
    context.close()


def test_the_dark_is_dark(browser: Browser) -> None:
    for light, brightest in (("light", 765), ("dark", 90)):
        context = browser.new_context(color_scheme=light)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_content(standing(LETTERS["event"]))
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades = [int(part) for part in ground[4:-1].split(",")]
        assert brightest - 100 < sum(shades) <= brightest
        context.close()


def test_without_pictures_their_words_are_there(browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(LETTERS["event"].html)
    assert page.get_by_role("img").get_attribute("alt") == LETTERS["event"].pictures[0].alt
    assert [one for one in asked if not one.startswith("cid:")] == []
    page.close()
