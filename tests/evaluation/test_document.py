"""A document names no figure of quality but those that the generated file holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from evaluation import document
from tests.house import ROOT

FILE = ROOT / "docs" / "how-good.json"
PAGE = ROOT / "docs" / "how-good.md"
HELD = json.loads(FILE.read_text(encoding="utf-8"))
OTHERS = [ROOT / "README.md", *(p for p in sorted((ROOT / "docs").glob("*.md")) if p != PAGE)]
QUALITY = re.compile(
    r"\b(precision|recall|F1|accura\w+|false alarms?|B-cubed|AMI|ECE|calibration)\b", re.IGNORECASE
)
FIGURE = re.compile(r"\b0\.\d+\b|\b\d+(?:\.\d+)? ?%|\b1\.00\b")
SMALL = {"figures": {"relevance.events.f1": {"value": 0.8649, "low": 0.8, "high": 0.9}}}


def unmarked(text: str) -> list[str]:
    """Lines that speak of quality and hold a figure without a mark."""
    return [
        line
        for line in text.splitlines()
        if QUALITY.search(line) and FIGURE.search(document.MARK.sub("", line))
    ]


def test_the_page_is_what_its_file_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == document.page(HELD)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_every_figure_of_quality_is_one_that_the_file_holds(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert document.renewed(text, HELD) == text
    assert unmarked(text) == []


def test_a_figure_that_the_file_does_not_hold_is_seen() -> None:
    assert unmarked("It has a recall of 0.99.") == ["It has a recall of 0.99."]
    marked = (
        "F1 <!-- figure: relevance.events.f1 -->0.86 and <!-- figure: relevance.events.f1 -->86 %"
    )
    assert unmarked(marked) == []
    assert document.renewed(marked, SMALL) == marked
    old = marked.replace("0.86", "0.99")
    assert document.renewed(old, SMALL) == marked
    with pytest.raises(KeyError):
        document.renewed("<!-- figure: relevance.magic -->0.99", SMALL)


def test_the_file_says_when_where_and_at_which_commit() -> None:
    assert set(HELD["made"]) == {"date", "processor", "commit"}
    assert all(HELD["made"].values())
    assert [report["name"] for report in HELD["reports"]] == [
        "relevance",
        "topics",
        "places",
        "events",
    ]
