"""A browser's window before a page, which remembers whatever is amiss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from tests.web.site import Site

LAPTOP = (1440, 900)
PHONE = (360, 780)
BUSY = ".htmx-request, .htmx-swapping, .htmx-settling"
PATIENCE_MS = 20_000
"""What is waited for on a busy machine."""

Light = Literal["light", "dark"]
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Window:
    """A page of a site in a browser; `amiss` are errors of scripts and requests that leave."""

    page: Page
    site: Site
    amiss: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda fault: self.amiss.append(str(fault)))
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.amiss.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.site.address, "data:", "blob:" + self.site.address)):
            self.amiss.append(f"left for {request.url}")

    def open(self, path: str) -> None:
        """Open a page and wait until all of it is there."""
        self.page.goto(self.site.address + path)
        self.ready()

    def ready(self) -> None:
        """Wait until nothing is on its way any more, and the map, if there is one, is drawn."""
        self.page.wait_for_load_state()
        self.page.wait_for_selector(BUSY, state="detached")
        if self.find("#map").count():
            self.page.wait_for_selector("#map[data-ready]")

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def key(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def ids(self) -> list[str]:
        """The events of the list, in their order."""
        rows = self.find("#events > li")
        return [str(name) for name in rows.evaluate_all("all => all.map(e => e.dataset.event)")]

    @property
    def focused(self) -> str:
        """The id of what has the focus, or its name."""
        return str(
            self.page.evaluate("document.activeElement.id || document.activeElement.tagName")
        )


@contextmanager
def window(
    browser: Browser, site: Site, size: tuple[int, int] = LAPTOP, light: Light = "light"
) -> Iterator[Window]:
    """A window of a reader who was never here; fails at the end where something was amiss."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=light,
        timezone_id="Europe/London",
        locale="en-GB",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = Window(context.new_page(), site)
    try:
        yield opened
    finally:
        context.close()
    assert not opened.amiss, opened.amiss
