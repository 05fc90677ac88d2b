"""`monitor evaluate` on small files of one's own, and what it says of bad ones."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evaluation.page import page
from evaluation.report import Mistake, Report
from monitor.cli import app
from monitor.errors import ConfigError
from monitor.ports import Table

pytest.importorskip("sklearn", reason="evaluating needs scikit-learn")

FIRES = (
    ("Huge fire in a warehouse in Hackney, flames everywhere, people evacuated", "warehouse"),
    ("Warehouse on fire in Hackney, flames and people evacuated from houses", "warehouse"),
    ("Two cars crashed on the M25 near Croydon, one driver injured", "crash"),
    ("Crash of two cars on the M25 near Croydon, a driver is injured", "crash"),
)
QUIET = ("Good morning everyone, coffee first", "My cat sleeps on the sofa all day")
NOWHERE = ("--data", "nowhere")


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def asked(*words: str | Path) -> dict[str, Any]:
    answer = CliRunner().invoke(app, ["evaluate", *map(str, words), "--json", *NOWHERE])
    assert answer.exit_code == 0, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_relevance_of_a_file_is_measured_by_event_and_city(tmp_path: Path) -> None:
    lines = [{"text": text, "relevant": True, "event": event} for text, event in FIRES]
    lines += [{"text": text, "relevant": False, "city": "Ghent"} for text in QUIET]
    found = asked("relevance", "--on", written(tmp_path / "own.jsonl", lines))
    assert found["figures"]["relevance.own.f1"]["value"] == 1
    assert [table["title"] for table in found["tables"]] == [
        "All texts",
        "By event",
        "By city",
        "By language",
    ]
    assert found["tables"][0]["rows"][0][:3] == ["shipped heads", "6", "4"]


def test_topics_of_a_file_are_measured_one_by_one(tmp_path: Path) -> None:
    topics = (["Fire"], ["Fire"], ["Transport/collision"], ["Transport/collision"])
    lines: list[dict[str, Any]] = [
        {"text": text, "topics": each} for (text, _), each in zip(FIRES, topics, strict=True)
    ]
    found = asked("topics", "--on", written(tmp_path / "own.jsonl", lines))
    rows = {row[0]: row for row in found["tables"][1]["rows"]}
    assert rows["Fire"][1:3] == ["4", "2"]
    assert set(rows) == {"Fire", "Transport", "Transport/collision"}


def test_places_of_a_file_are_measured_and_a_page_is_written(tmp_path: Path) -> None:
    paris = {"start": 8, "end": 13, "lat": 48.86, "lon": 2.35}
    lines = [{"text": "Fire in Paris, <b>many</b> hurt", "places": [paris]}]
    own, shown = written(tmp_path / "own.jsonl", lines), tmp_path / "page.html"
    found = asked("places", "--on", own, "--report", shown)
    assert found["figures"]["places.your_file.strict.f1"]["value"] == 1
    assert found["figures"]["places.your_file.ours.within_20_km"]["value"] == 1
    assert found["figures"]["places.your_file.populous.within_161_km"]["value"] == 1
    assert "<svg" in shown.read_text()


def test_events_of_a_file_are_measured_beside_clusters(tmp_path: Path) -> None:
    lines = [{"text": text, "event": event} for text, event in (*FIRES, (QUIET[1], "cat"))]
    found = asked("events", "--on", written(tmp_path / "own.jsonl", lines))
    assert found["figures"]["events.own.shipped.f1"]["value"] == 1
    assert found["figures"]["events.own.shipped.fragments"]["value"] == 1
    assert found["figures"]["events.own.shipped.ami"]["low"] == 1
    assert "events.own.tfidf.f1" in found["figures"]
    rows = {row[0]: row[1:] for table in found["tables"] for row in table["rows"]}
    assert rows["en"] == ["5", *["1.00 [1.00, 1.00]"] * 3]
    assert rows["crash"] == ["2", "1", *["1.00 [-]"] * 3]


@pytest.mark.parametrize("texts", [["Fire in Hackney"], ["🔥🔥", "🚗💥"]])
def test_events_of_one_line_or_without_words_are_measured(tmp_path: Path, texts: list[str]) -> None:
    lines = [{"text": text, "event": text} for text in texts]
    found = asked("events", "--on", written(tmp_path / "own.jsonl", lines))
    assert found["figures"]["events.own.tfidf.f1"]["value"] == 1


def test_a_terminal_shows_the_worst_errors_and_obeys_none_of_the_texts(tmp_path: Path) -> None:
    hostile = {"text": f"\x1b[31m[/b] {FIRES[0][0]}", "event": "[/i]", "relevant": False}
    own = written(tmp_path / "own.jsonl", [hostile])
    answer = CliRunner().invoke(app, ["evaluate", "relevance", "--on", str(own), *NOWHERE])
    assert answer.exit_code == 0, answer.output
    assert "The worst errors" in answer.stdout
    assert "[/b]" in answer.stdout
    assert "\x1b[31m" not in answer.stdout


def test_a_text_of_a_labelled_set_goes_into_no_file() -> None:
    def mistake(kind: str, private: bool) -> Mistake:
        return Mistake(id="1", what="missed", text="a secret", private=private, kind=kind)

    many = (*(mistake("missed", True) for _ in range(9)), mistake("false", True))
    found = Report(name="places", about=(), tables=(), mistakes=many)
    assert [row[2] for row in found.worst().rows] == ["a secret"] * 6
    assert "secret" not in json.dumps(found.plain())
    assert "secret" not in page(found)
    ours = Report(name="places", about=(), tables=(), mistakes=(mistake("missed", False),))
    assert "secret" in json.dumps(ours.plain())
    assert "secret" in page(ours)


def told(*words: str | Path) -> str:
    answer = CliRunner().invoke(app, ["evaluate", *map(str, words)])
    assert isinstance(answer.exception, ConfigError)
    return str(answer.exception)


def test_what_cannot_be_measured_is_said_in_one_line(tmp_path: Path) -> None:
    own = written(tmp_path / "own.jsonl", [{"text": "a", "relevant": True}, {"text": "b"}])
    assert "line 2" in told("relevance", "--on", own)
    assert "events, places, relevance, topics" in told("weather")
    assert "--data" in told("relevance", "--data", tmp_path / "nowhere")
    assert "--on" not in told("relevance", "--on", tmp_path / "nowhere.jsonl")
    odd = written(tmp_path / "odd.jsonl", [{"text": "a", "topics": ["Weather"]}])
    assert "Weather" in told("topics", "--on", odd)


def test_the_extra_that_is_lacking_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    own = written(tmp_path / "own.jsonl", [{"text": "a", "relevant": True}])
    assert "signal-monitor[train]" in told("relevance", "--on", own)


def test_nothing_of_a_report_runs_in_its_page() -> None:
    hostile = "<script>alert(1)</script>"
    said = page(
        Report(
            name="relevance",
            about=(hostile,),
            tables=(Table(title=hostile, head=(hostile,), rows=((hostile,),), note=hostile),),
            mistakes=(Mistake(id=hostile, what=hostile, text=hostile, private=False),),
        )
    )
    assert "<script" not in said
    assert said.count("&lt;script&gt;") == 8
    assert re.findall(r"(?:src|href)=", said) == []
