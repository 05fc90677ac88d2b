"""The pictures of mails in the documents: letters written by hand, in Debian's chromium.

python -m tests.mail_pictures
"""

from __future__ import annotations

import base64
import sys
from dataclasses import replace
from io import BytesIO
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from monitor.alerts.paper import Tally
from monitor.alerts.render import render
from monitor.messages import Message
from tests.letters import LETTERHEAD, NOW, SUBSCRIPTION, UPDATE, several
from tests.needs import chromium
from tests.pictures import FOLDER

WIDTHS: Final = (360, 800)
COLOURS: Final = 128
"""Of a picture: enough for letters, and small."""


def letters() -> dict[str, Message]:
    """By the name of its picture, what is shown."""
    since = NOW.replace(day=13)
    daily = replace(SUBSCRIPTION, every="day", quiet=None)
    tally = Tally(since=since, events=7, usual=3.4)
    return {
        "mail": render(SUBSCRIPTION, [UPDATE], LETTERHEAD, NOW),
        "mail-digest": render(daily, several(7), LETTERHEAD, NOW, tally),
    }


def standing(message: Message) -> str:
    """The HTML of a message with its pictures within."""
    html = message.html
    for picture in message.pictures:
        data = base64.b64encode(picture.png).decode()
        html = html.replace(f"cid:{picture.cid}", f"data:image/png;base64,{data}")
    return html


def take(browser: Browser, name: str, html: str) -> None:
    """That letter at every width, light and dark."""
    for light in ("light", "dark"):
        for width in WIDTHS:
            page = browser.new_page(
                viewport={"width": width, "height": 600},
                color_scheme="dark" if light == "dark" else "light",
                device_scale_factor=2 if width < 600 else 1,
            )
            page.set_content(html)
            seen = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
            few = seen.quantize(COLOURS, dither=Image.Dither.NONE)
            few.save(FOLDER / f"{name}-{light}-{width}.png", optimize=True)
            page.close()


def main() -> None:
    """Take all of them anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, message in letters().items():
            take(browser, name, standing(message))
        browser.close()
    sys.stdout.write(f"{FOLDER}: {len(letters()) * 2 * len(WIDTHS)} pictures of mails\n")


if __name__ == "__main__":
    main()
