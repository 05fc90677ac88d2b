"""A browser before the page of a sample day; whatever it complains of fails the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.needs import chromium
from tests.web.browser.window import Window, window
from tests.web.site import Site

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium without a screen."""
    path = chromium()
    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield opened
        opened.close()


@pytest.fixture
def reader(browser: Browser, day: Site) -> Iterator[Window]:
    """A reader of the day that nobody changes."""
    with window(browser, day) as opened:
        yield opened


@pytest.fixture
def analyst(browser: Browser, own_day: Site) -> Iterator[Window]:
    """Somebody who judges a day of the test's own."""
    with window(browser, own_day) as opened:
        yield opened
