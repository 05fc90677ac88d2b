"""Two files of figures beside each other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.compare import Figure, compared

ROOT = Path(__file__).resolve().parents[1]


def kept(figures: dict[str, Any], processor: str = "Abacus 9") -> dict[str, Any]:
    return {"plain": {"processor": processor, "cores": 2, "commit": "abc", "figures": figures}}


def test_a_time_that_grew_and_a_rate_that_fell_by_more_than_a_tenth_are_worse() -> None:
    old = kept({"posts": 200, "one": {"post_ms": 10.0, "posts_a_second": 100.0, "recall": 0.9}})
    new = kept({"posts": 200, "one": {"post_ms": 11.5, "posts_a_second": 80.0, "recall": 0.95}})
    (found,) = compared(old, new)
    assert {figure.name for figure in found.figures if figure.worse} == {
        "one post_ms",
        "one posts_a_second",
    }
    assert [figure.ratio for figure in found.figures] == [1.15, 0.8, 0.95 / 0.9]


def test_a_tenth_more_is_not_yet_worse_and_better_never_is() -> None:
    assert not Figure("cpu_s", 10.0, 11.0, down=True).worse
    assert not Figure("cpu_s", 10.0, 2.0, down=True).worse
    assert not Figure("times", 1.5, 3.0, down=False).worse
    assert Figure("peak_mb", 0.0, 1.0, down=True).worse


def test_to_cost_more_times_is_worse_and_to_do_more_times_as_many_is_better() -> None:
    old = kept({"million": {"dearer": 1.2, "ratio": 1.0, "times": 1.5}})
    new = kept({"million": {"dearer": 1.6, "ratio": 1.3, "times": 2.0}})
    (found,) = compared(old, new)
    assert {figure.name: figure.worse for figure in found.figures} == {
        "million dearer": True,
        "million ratio": True,
        "million times": False,
    }


def test_counts_are_no_figures_and_lists_are_compared_place_by_place() -> None:
    old = kept({"matching": [{"events": 10, "asked_s": 1.0}, {"events": 20, "asked_s": 2.0}]})
    new = kept({"matching": [{"events": 10, "asked_s": 1.0}, {"events": 20, "asked_s": 4.0}]})
    (found,) = compared(old, new)
    assert [figure.name for figure in found.figures] == ["matching 1 asked_s", "matching 2 asked_s"]
    assert [figure.worse for figure in found.figures] == [False, True]


def test_figures_of_two_processors_are_not_compared_and_it_says_so() -> None:
    (found,) = compared(kept({"a_s": 1.0}), kept({"a_s": 9.0}, processor="Slide rule"))
    assert not found.figures
    assert "Abacus 9 then, Slide rule now" in found.refused


def test_figures_over_other_numbers_of_posts_are_not_compared() -> None:
    (found,) = compared(kept({"posts": 200, "a_s": 1.0}), kept({"posts": 2_000, "a_s": 9.0}))
    assert not found.figures
    assert "posts 200 then, 2,000 now" in found.refused


def test_a_part_of_one_file_alone_is_named() -> None:
    old, new = kept({"a_s": 1.0}), {"start": kept({"a_s": 1.0})["plain"]}
    assert [(found.part, bool(found.refused)) for found in compared(old, new)] == [
        ("start", True),
        ("plain", True),
    ]


def command(*files: Path) -> subprocess.CompletedProcess[str]:
    named = [sys.executable, "-m", "tests.benchmarks.compare", *map(str, files)]
    return subprocess.run(named, cwd=ROOT, capture_output=True, text=True)


def test_the_command_names_what_got_worse(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in ("old.json", "new.json", "other.json"))
    old.write_text(json.dumps(kept({"a_s": 1.0, "b_s": 1.0})))
    new.write_text(json.dumps(kept({"a_s": 2.0, "b_s": 1.0})))
    other.write_text(json.dumps(kept({"a_s": 2.0}, processor="Slide rule")))
    said = command(old, new)
    assert (said.returncode, "worse by more than a tenth: plain: a_s\n" in said.stdout) == (0, True)
    refused = command(old, other)
    assert (refused.returncode, "not compared: processor" in refused.stdout) == (2, True)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = command(tmp_path / "old.json")
    assert said.returncode == 1
    assert "old.json: is not there" in said.stderr
