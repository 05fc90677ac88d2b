"""The pictures of the documents: the sample day as the models read it, in Debian's chromium.

python -m tests.pictures
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from monitor import sample
from monitor.app import App
from monitor.config import read_config
from tests.needs import chromium
from tests.web.site import Site, served

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SIZES: Final = {"light": (1440, 900), "dark": (1440, 900), "phone": (360, 780)}
EXACT: Final = 96
"""So many colours, the most frequent, are as they were."""
QUESTION: Final = "warehouse fire"
"""What the event of the pictures is found by."""


def day(folder: Path) -> App:
    """The sample day, enriched and grouped."""
    app = App(read_config(sample.lay_out(folder)))
    for _ in app.pipeline.collect(app.config.source("sample-day")):
        app.consume()
    app.catch_up()
    return app


def take(page: Page, site: Site, name: str) -> None:
    """Both pictures, as that name looks."""
    event = site.json("/events", q=QUESTION)["events"][0]["id"]
    for what, path in (("situation", "/"), ("event", f"/events/{event}")):
        page.goto(site.address + path)
        page.wait_for_selector("#map[data-ready]")
        page.wait_for_load_state("networkidle")
        drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        in_few_colours(drawn).save(FOLDER / f"{what}-{name}.png", optimize=True)


def in_few_colours(drawn: Image.Image) -> Image.Image:
    """The same in 256 colours: what is frequent is kept as it is, and so is what stands out."""
    pixels = np.asarray(drawn).reshape(-1, 3)
    found, where, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    frequent = found[np.argsort(-counts)[:EXACT]]
    spread = drawn.quantize(256 - len(frequent), method=Image.Quantize.MAXCOVERAGE)
    others = np.reshape(spread.getpalette(), (-1, 3))[: 256 - len(frequent)]
    palette = np.concatenate([frequent, others]).astype(np.int32)
    nearest = np.array([((palette - one) ** 2).sum(axis=1).argmin() for one in found], np.uint8)
    small = Image.fromarray(nearest[where].reshape(drawn.height, drawn.width))
    small.putpalette(palette.astype(np.uint8).tobytes())
    return small


def main() -> None:
    """Take all of them anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        app = day(Path(folder) / "day")
        browser = player.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with served(app) as site:
            for name, (width, height) in SIZES.items():
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if name == "dark" else "light",
                    reduced_motion="reduce",
                    timezone_id="Europe/London",
                    locale="en-GB",
                    device_scale_factor=1 if width > height else 2,
                )
                take(page, site, name)
        browser.close()
        app.close()
    sys.stdout.write(f"{FOLDER}: {2 * len(SIZES)} pictures\n")


if __name__ == "__main__":
    main()
