"""A document names no figure of quality or speed but those that the generated files hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.table import Table

from evaluation import document
from tests.benchmarks import document as speed
from tests.house import ROOT

FILE = ROOT / "docs" / "how-good.json"
PAGE = ROOT / "docs" / "how-good.md"
HELD = json.loads(FILE.read_text(encoding="utf-8"))
PARTS = speed.held(speed.FILE)
VALUES = document.values(HELD) | speed.values(PARTS)
MADE = (PAGE, speed.PAGE)
OTHERS = [ROOT / "README.md", *(p for p in sorted((ROOT / "docs").glob("*.md")) if p not in MADE)]
QUALITY = re.compile(
    r"\b(precision|recall|F1|accura\w+|false alarms?|B-cubed|AMI|ECE|calibration)\b", re.IGNORECASE
)
FIGURE = re.compile(r"\b0\.\d+\b|\b\d+(?:\.\d+)? ?%|\b1\.00\b")
SPEED = re.compile(r"\d ?[mµ]s\b|\d (?:\w+ )?a second\b|\b\d+\.\d+ times\b")
SMALL = {"relevance.events.f1": 0.8649, "start.help.best_s": 1234.5}


def unmarked(text: str) -> list[str]:
    """Lines that hold a figure of quality or speed without a mark."""
    bare = [(line, document.MARK.sub("", line)) for line in text.splitlines()]
    return [
        line
        for line, left in bare
        if SPEED.search(left) or (QUALITY.search(left) and FIGURE.search(left))
    ]


def test_the_pages_are_what_their_files_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == document.page(HELD)
    assert speed.PAGE.read_text(encoding="utf-8") == speed.page(PARTS)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_every_figure_is_one_that_a_file_holds(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert document.named(text) <= VALUES.keys()
    assert document.renewed(text, VALUES) == text
    assert unmarked(text) == []


def test_a_figure_that_no_file_holds_is_seen() -> None:
    for said in (
        "It has a recall of 0.99.",
        "It answers in 3 ms.",
        "It takes 9,000 posts a second.",
        "It is 3.4 times as quick.",
    ):
        assert unmarked(said) == [said]
    marked = (
        "F1 <!-- figure: relevance.events.f1 -->0.86 and <!-- figure: relevance.events.f1 -->86 %"
    )
    assert unmarked(marked) == []
    assert document.named(marked) == {"relevance.events.f1"}
    assert document.renewed(marked, SMALL) == marked
    assert document.renewed(marked.replace("0.86", "0.99"), SMALL) == marked
    assert not document.named("<!-- figure: relevance.magic -->0.99") <= SMALL.keys()


def test_a_figure_keeps_its_decimals_and_one_of_another_file_stays() -> None:
    said = "<!-- figure: start.help.best_s -->0.5 s, <!-- figure: page.all.p95_ms -->7 ms"
    assert document.renewed(said, SMALL) == said.replace("0.5", "1,234.5")


def test_what_a_part_found_is_named_and_shown() -> None:
    table = Table("process", "best s", title="seconds")
    table.add_row("help", "1.0")
    figures = {"monitor --help": {"best_s": 1.0, "each_s": [1.0, 2.5]}, "how": "by the clock"}
    kept = speed.told("How long\n    it takes.", figures, [table])
    made = {"date": "2026-11-30", "processor": "Abacus 9", "commit": "abc", "cores": 2}
    parts = {"start": kept | made | {"command": "count", "load": 0.0}}
    assert json.loads(json.dumps(kept)) == kept
    assert speed.values(parts) == {
        "start.monitor_help.best_s": 1.0,
        "start.monitor_help.each_s.1": 1.0,
        "start.monitor_help.each_s.2": 2.5,
    }
    assert speed.page(parts).endswith(
        "## Start-up\n\nHow long it takes.\n\n`count`, 2026-11-30, Abacus 9, 2 cores, commit abc, "
        "load 0.0 before it.\n\n**seconds**\n\n| process | best s |\n|---|---|\n| help | 1.0 |\n"
    )


def test_the_files_say_when_where_and_at_which_commit() -> None:
    assert set(HELD["made"]) == {"date", "processor", "commit"}
    assert all(HELD["made"].values())
    assert [report["name"] for report in HELD["reports"]] == [
        "relevance",
        "topics",
        "places",
        "events",
    ]
    assert PARTS.keys() == speed.TITLES.keys()
    for part in PARTS.values():
        assert all(part[fact] for fact in ("command", "date", "processor", "cores", "commit"))
        assert "dirty" not in part["commit"]
