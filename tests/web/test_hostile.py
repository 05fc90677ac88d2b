"""What strangers write stays text: on every page, in every answer, however it is made."""

from __future__ import annotations

import csv
import html
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.markup import MOST_MARKS, tame
from monitor.model import Post
from monitor.web.display import marked
from monitor.web.export import harmless
from tests.web.site import Site, posted, served

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}{% raw %}"
BIDI = "safe \u202edetsixe ton\u202c \u2066hidden\u2069 \u200fend"
MARKS = "Z" + "\u0301" * 10_000 + "algo fire"
HUGE = "w" * 1_000_000
CONTROL = "bell\x07 null-ish \x1b[31mred\x1b[0m \u2028line"
FORMULA = '=HYPERLINK("http://evil.example","click")'

HOSTILE = {
    "script": SCRIPT,
    "bidi": BIDI,
    "marks": MARKS,
    "huge": HUGE,
    "control": CONTROL,
    "formula": FORMULA,
    "closing": "</textarea></title></style>--><!--]]><svg/onload=alert(3)>",
}


def hostile() -> list[Post]:
    """Posts with hostile words, titles, sources, addresses and dates."""
    base = Post(id="", text="", published=datetime(2026, 3, 14, 12, tzinfo=UTC), voice="citizen")
    posts = [
        replace(base, id=f"x:{name}", text=text, title=text[:400], source=text[:60])
        for name, text in HOSTILE.items()
    ]
    return [
        *posts,
        replace(base, id=f"x:{SCRIPT}", text="a hostile id", source="s"),
        replace(base, id="x:js", text="a link", source="s", url="javascript:alert(1)"),
        replace(base, id="x:data", text="data link", source="s", url="data:text/html,<script>"),
        replace(base, id="x:old", text="old", source="s", published=datetime(1, 1, 2, tzinfo=UTC)),
        replace(
            base, id="x:new", text="new", source="s", published=datetime(9999, 12, 31, tzinfo=UTC)
        ),
        replace(base, id="x:plain", text="An ordinary fire in Hackney", source="s"),
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    app = posted(tmp_path_factory.mktemp("hostile") / "day", *hostile())
    with served(app) as made:
        yield made
    app.close()


def paths(site: Site) -> list[str]:
    events = site.events(limit=100)
    return [
        "/",
        "/search?sort=time",
        "/search?q=fire",
        "/sources",
        *(f"/events/{event}" for event in events),
    ]


def test_nothing_that_was_written_becomes_markup(site: Site) -> None:
    for path in paths(site):
        page = site.get(path)
        assert page.status_code == 200, path
        text = page.text
        assert "<script>" not in text
        assert not re.search(r"<img|<svg/|onerror=(?!&)[^\s\"]*alert\(2\)>", text)
        assert "javascript:" not in text
        assert "49" not in re.findall(r"`(\d+)", text)
        assert len(re.findall(r"</title>", text)) == 1
        assert len(page.content) < 200_000, path


def test_what_is_not_seen_is_not_shown(site: Site) -> None:
    for path in paths(site):
        body = html.unescape(site.get(path).text)
        shown = re.sub(r' (?:value|data-[a-z-]+|href|hx-get|action)="[^"]*"', "", body)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200f\x07\x1b\u2028]", shown), path
        assert "\u0301" * (MOST_MARKS + 1) not in unicodedata.normalize("NFD", shown), path


def test_every_text_of_a_stranger_is_isolated(site: Site) -> None:
    page = site.get("/search?sort=time").text
    for text in re.findall(r'<p class="text">(.*?)</p>', page, re.DOTALL):
        assert text.startswith('<bdi dir="auto">')
        assert text.endswith("</bdi>")


def test_dates_that_cannot_be_are_shown_harmlessly(site: Site) -> None:
    found = {s["id"]: s for s in site.json("/signals", limit=100)["signals"]}
    assert found["x:new"]["dated"] is False
    assert found["x:new"]["published"] == found["x:new"]["collected"]
    assert site.get("/search?until=1900").status_code == 200
    assert site.get("/?since=9998&until=0002").status_code == 200


def test_only_the_web_is_led_to(site: Site) -> None:
    for post in ("x:js", "x:data", "x:plain", f"x:{SCRIPT}"):
        assert site.browser.get(f"/go/{post}").status_code == 404


def test_a_table_holds_no_formula(site: Site) -> None:
    text = site.get("/api/v1/export/signals.csv").content.decode()
    csv.field_size_limit(2 * len(HUGE))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(hostile())
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
    (formula,) = [row for row in rows if row["id"] == "x:formula"]
    assert formula["text"] == f"'{FORMULA}"


@given(st.text(max_size=300))
def test_a_tamed_text_holds_nothing_that_is_not_seen(text: str) -> None:
    shown = tame(text, 100)
    assert len(shown) <= 101
    assert tame(shown, 101) == shown
    assert not any(unicodedata.category(c) in {"Cc", "Co", "Cs"} for c in shown if c not in "\n\t")


@given(st.text(max_size=50), st.lists(st.integers(0, 50), max_size=6))
def test_marking_changes_no_letter(text: str, ends: list[int]) -> None:
    cuts = sorted({end for end in ends if end <= len(text)})
    stretches = list(zip(cuts[::2], cuts[1::2], strict=False))
    shown = re.sub(r"</?mark>", "", str(marked(text, stretches)))
    assert html.unescape(shown) == text


@given(st.text())
def test_no_cell_is_computed(text: str) -> None:
    assert not str(harmless(text)).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert harmless(-1.5) == -1.5
