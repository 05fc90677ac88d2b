"""An analyst's morning on the sample day."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.web.browser.window import Window

COLLAPSE = "181"
CRASH, OTHER_CRASH = "71", "74"
"""The scaffolding collapse, of which six sources tell, and two crashes."""


def events(folder: Path, *words: str) -> Any:
    """What `monitor events --json` says."""
    begin = [sys.executable, "-c", "from monitor.cli import main; main()", "events"]
    command = [*begin, "-c", str(folder / "day" / "monitor.toml"), "--json", *words]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def ask(window: Window, question: str) -> None:
    window.find("#q").fill(question)
    window.find("#q").press("Enter")
    window.page.wait_for_url("**q=**")
    window.ready()


def test_the_collapse_of_six_sources_is_found_by_words(reader: Window) -> None:
    reader.open("/")
    ask(reader, "scaffolding collapse")
    assert reader.ids()[0] == COLLAPSE
    expect(reader.find(f"#event-{COLLAPSE}")).to_contain_text("6 sources")


def test_it_is_found_by_map(reader: Window) -> None:
    reader.open("/")
    whole = len(reader.ids())
    pin = reader.find("#map .pin[title*='scaffolding']")
    clusters = reader.find("#map .cluster")
    for number in range(clusters.count()):
        if pin.count():
            break
        reader.find("#map .to-home").click()
        clusters.nth(number).click()
    pin.click()
    expect(reader.find(f".leaflet-popup a[href='/events/{COLLAPSE}']")).to_be_visible()
    reader.find("#map").press("-")
    reader.find("#map .area").click()
    reader.page.wait_for_url("**near=**")
    reader.ready()
    assert COLLAPSE in reader.ids()
    assert len(reader.ids()) < whole


def test_it_is_found_by_time(reader: Window) -> None:
    reader.open("/")
    whole = len(reader.ids())
    bar = reader.find("#bars .bar[data-from^='2026-03-14T14']").last
    bars = reader.find("#bars").bounding_box()
    box = bar.bounding_box()
    assert bars is not None
    assert box is not None
    middle, high = box["x"] + box["width"] / 2, bars["y"] + bars["height"] / 2
    reader.page.mouse.move(middle, high)
    reader.page.mouse.down()
    reader.page.mouse.move(middle + 2, high)
    reader.page.mouse.up()
    reader.page.wait_for_url("**since=**until=**")
    reader.ready()
    assert COLLAPSE in reader.ids()
    assert len(reader.ids()) < whole
    expect(reader.find(".chips")).to_contain_text("14 Mar")


def test_the_numbers_of_the_page_are_those_of_the_verb(analyst: Window, tmp_path: Path) -> None:
    for path, question in (
        ("/", "size:>=1"),
        ("/?topic=Fire", "topic:Fire size:>=1"),
        ("/?q=crash", "crash size:>=1"),
    ):
        analyst.open(path)
        told = events(tmp_path, question, "-n", "100")
        assert analyst.find("#counted").get_attribute("data-total") == str(told["total"])
        assert sorted(analyst.ids()) == sorted(event["id"] for event in told["events"])
        for event in told["events"]:
            row = analyst.find(f"#event-{event['id']}")
            assert row.get_attribute("data-severity") == event["severity"]
            assert row.get_attribute("data-certainty") == event["certainty"]
            many = "" if event["size"] == 1 else "s"
            expect(row.locator(".facts")).to_contain_text(f"{event['size']} post{many}")


def test_a_morning_of_judging(analyst: Window) -> None:
    analyst.open("/")
    ask(analyst, "scaffolding")
    analyst.key("Tab", "Escape", "j", "o")
    analyst.page.wait_for_url(f"**/events/{COLLAPSE}")
    analyst.ready()
    analyst.key("c")
    applied(analyst, "confirm")
    expect(analyst.find("#event")).to_have_attribute("data-verdict", "confirmed")

    analyst.open(f"/events/{CRASH}")
    analyst.key("m")
    analyst.page.keyboard.type(OTHER_CRASH)
    analyst.key("Enter")
    applied(analyst, "merge")
    merged = analyst.site.json(f"/events/{CRASH}")["event"]
    other = analyst.site.json(f"/events/{OTHER_CRASH}")["event"]
    assert sorted([merged["size"], other["size"]]) == [0, 24]

    analyst.open(f"/events/{CRASH}")
    analyst.key("u")
    applied(analyst, "undo")
    sizes = [analyst.site.json(f"/events/{e}")["event"]["size"] for e in (CRASH, OTHER_CRASH)]
    assert sizes == [12, 12]


def applied(window: Window, verdict: str) -> None:
    """What was said is in the history, with who said it, and is done."""
    said = window.find(f"#history li[data-verdict={verdict}]").last
    expect(said).to_have_attribute("data-outcome", "applied")
    expect(said.locator(".by")).to_contain_text(str(window.site.json("/session")["user"]))


def test_what_is_seen_is_taken_along(reader: Window) -> None:
    reader.open("/?topic=Fire")
    total = int(reader.find("#counted").get_attribute("data-total") or 0)
    for form, lines in (("jsonl", total), ("csv", total + 1)):
        with reader.page.expect_download() as download:
            reader.find(f"a[data-export={form}]").click()
        assert download.value.suggested_filename == f"events.{form}"
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert len(text.splitlines()) == lines
        bar = reader.find(".exports progress")
        assert bar.evaluate("bar => [bar.value, bar.max]") == [total, total]


def test_what_arrives_is_told_without_reloading(analyst: Window) -> None:
    analyst.open("/")
    site = analyst.site
    form = {"verdict": "confirm", "value": [], "anchor": []}
    assert site.post(f"/events/{COLLAPSE}/decide", form, HX_Request="true").status_code == 200
    banner = analyst.find("#changes .changed a")
    expect(banner).to_be_visible(timeout=25_000)
    assert analyst.page.title().startswith("(1) ")
    banner.click()
    expect(analyst.find(f"#event-{COLLAPSE}")).to_have_attribute("data-verdict", "confirmed")
