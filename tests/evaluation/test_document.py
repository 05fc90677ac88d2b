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
OTHERS = [
    ROOT / "README.md",
    ROOT / "DESIGN.md",
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path not in MADE),
]
PRINTED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
"""What commands printed, and files."""
NUMBER = (
    r"(?<![\w.,])(?:\d[\d.,]*(?<![.,])[ -]?|(?:two|three|four|five|six|seven|eight|nine|ten|twelve"
    r"|twenty|thirty|forty|fifty|sixty|hundred|thousand|million)[ -])"
)
UNIT = (
    r"(?:µs|ms|s|(?:milli|micro)?seconds?|minutes?|hours?|[kKMG]B|(?:kilo|mega|giga)bytes?|times"
    r"|%|per ?cent|x|\xd7|\w+/s|(?:\w+ ){0,2}(?:a|an|per) (?:milli)?(?:second|minute|hour))"
)
MEASURED = re.compile(rf"{NUMBER}{UNIT}(?!\w)|(?<![\w.,-])(?:0\.\d+|1\.0+)(?!\.?\w)", re.IGNORECASE)
"""A number with a unit of measurement, or one between 0 and 1."""
ALLOWED = {
    "3 GB to fetch, 6 GB on the disk, about two minutes": "what a newcomer has to reckon with",
    "1 GB to fetch": "the same",
    "fetches 1 GB": "the same",
    "one to five minutes, needs chromium": "the same",
    "topics below 0.02": "chosen for an example",
    "95 % are answered": "which of all times, not how long",
    "95 % take at most": "the same",
    "95 % of twelve typical requests": "the same",
    "| at 95 % |": "the same",
    "kills it 20 times": "what a test does",
    "kills a hundred times": "the same",
    "2 GB answers": "what a test sends",
    "vectors equal within 0.001": "what a test asks for",
    "the one-sided 95 % interval": "what a refit has to pass",
    "a thousand times, and each two changes": "what a measurement does",
    "a heap of 1 GB": "what the server is given",
    "requests of 20 MB": "what an index sends at most",
    "can be found within five seconds": "a setting of an index",
    "three times in a row": "a setting of the monitor",
    "all that happened in ten minutes": "the same",
    "more than five minutes ahead": "the same",
    "wait up to ten seconds": "the same",
}
"""Numbers that say what was chosen, and measure nothing; and why each may stand."""
SMALL = {"relevance.events.f1": 0.8649, "start.help.best_s": 1234.5}


def unmarked(text: str) -> list[str]:
    """Figures without a mark, each with the words before it; what was printed is passed over."""
    bare = document.MARK.sub("", PRINTED.sub("", text))
    found = []
    for paragraph in re.split(r"\n\s*\n", bare):
        said = " ".join(paragraph.split())
        for phrase in ALLOWED:
            said = said.replace(phrase, "")
        found += [said[max(0, at.start() - 40) : at.end()] for at in MEASURED.finditer(said)]
    return found


def test_the_pages_are_what_their_files_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == document.page(HELD)
    assert speed.PAGE.read_text(encoding="utf-8") == speed.page(PARTS)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_every_figure_is_one_that_a_file_holds(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert document.named(text) <= VALUES.keys()
    assert document.renewed(text, VALUES) == text
    assert unmarked(text) == []


@pytest.mark.parametrize(
    "claim",
    [
        "It has a recall of 0.99.",
        "It has a precision of 1.00.",
        "AP 0.99",
        "The average precision\nis 0.99 on all.",
        "Recall is 97 %.",
        "It answers in 3 ms.",
        "It answers within 2 s.",
        "Start-up takes 0.3 seconds.",
        "Start-up takes two seconds.",
        "A rebuild takes 12 minutes.",
        "Peak memory is 350 MB.",
        "It needs\n1.5 GB.",
        "It takes 9,000 posts/s.",
        "It takes 9,000 posts a second.",
        "It takes 9,000 new posts per second.",
        "It is 3.4 times as quick.",
        "A user's stack does a post in 3 times that.",
        "It is 4x quicker.",
        "| encode | 0.97 |",
        "It has an AP of `0.99`.",
    ],
)
def test_a_claim_without_a_mark_is_seen(claim: str) -> None:
    assert len(unmarked(f"It is good.\n\n{claim}\n\nSo it is.")) == 1


@pytest.mark.parametrize(
    "said",
    [
        "`memory_days = 7.0` and 5 kinds of 3 sources since 2026-03-01, version 9.4.3.",
        "```\n$ monitor enrich -\n0.9654\n```",
        "95 % take at most <!-- figure: alerts.latency.p95_s -->1.24 s.",
    ],
)
def test_what_measures_nothing_or_is_marked_may_stand(said: str) -> None:
    assert unmarked(said) == []


def test_a_mark_names_a_figure_of_a_file_and_holds_it() -> None:
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
    assert of_a_commit(HELD["made"]["commit"])
    assert [report["name"] for report in HELD["reports"]] == [
        "relevance",
        "topics",
        "places",
        "events",
    ]
    assert PARTS.keys() == speed.TITLES.keys()
    for part in PARTS.values():
        assert all(part[fact] for fact in ("command", "date", "processor", "cores", "commit"))
        assert of_a_commit(part["commit"])


def of_a_commit(named: str) -> bool:
    """Whether what was measured can be had again: no file differed from the commit."""
    return named != "unknown" and not named.endswith("-dirty")


def test_what_differs_from_its_commit_is_not_published() -> None:
    assert of_a_commit("d60d6bf")
    assert not of_a_commit("d60d6bf-dirty")
    assert not of_a_commit("unknown")
