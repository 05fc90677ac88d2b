"""The log says where and what, and no secret and no words of a person."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from monitor import log
from monitor.errors import SourceChanged

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    log.configure(json=True, level="info")

    def read() -> list[dict[str, Any]]:
        out, err = capsys.readouterr()
        assert out == ""
        return [json.loads(line) for line in err.splitlines()]

    yield read
    structlog.reset_defaults()


@dataclass(frozen=True)
class Thing:
    words: str = "private words"


def test_a_line_is_an_event_and_its_facts(lines: Lines) -> None:
    log.get("monitor.x").info("page", source="bbc", posts=3)
    (line,) = lines()
    line.pop("timestamp")
    assert line == {
        "event": "page",
        "level": "info",
        "module": "monitor.x",
        "source": "bbc",
        "posts": 3,
    }


def test_what_is_below_the_level_is_not_written(lines: Lines) -> None:
    log.get("x").debug("page")
    assert lines() == []


@pytest.mark.parametrize("key", ["token", "api_key", "PASSWORD", "client_secret", "Authorization"])
def test_a_secret_is_never_written(lines: Lines, key: str) -> None:
    log.get("x").info("page", **{key: "hunter2"}, headers={key: "hunter2"})
    assert "hunter2" not in json.dumps(lines())


def test_an_address_loses_its_credentials(lines: Lines) -> None:
    log.get("x").info("page", url="https://ann:hunter2@feed.example/rss?api_key=hunter2&page=2")
    (line,) = lines()
    assert line["url"] == "https://feed.example/rss?api_key=[redacted]&page=2"


def test_the_words_of_a_post_are_withheld(lines: Lines) -> None:
    log.get("x").info("post", text="private words", title="private words", thing=Thing())
    (line,) = lines()
    assert "private words" not in json.dumps(line)
    assert line["thing"] == "Thing"


def test_an_exception_is_where_it_was_and_only_our_own_words(lines: Lines) -> None:
    try:
        try:
            int("private words")
        except ValueError as error:
            raise SourceChanged("x: not a number; report it") from error
    except SourceChanged:
        log.get("x").critical("row", exc_info=True)
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "SourceChanged: x: not a number; report it" in line["exception"]
    assert "invalid literal" not in line["exception"]
    assert "test_log.py" in line["exception"]


def test_a_library_is_passed_on_without_what_it_filled_in(lines: Lines) -> None:
    library = logging.getLogger("somebody")
    library.warning("cannot read %s", "private words")
    library.warning("cannot read private words")
    first, second = lines()
    assert first["said"] == "cannot read %s"
    assert "private words" not in json.dumps(second)


def test_standard_output_stays_free_before_anything_is_set_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    structlog.reset_defaults()
    log.get("x").info("page")
    out, err = capsys.readouterr()
    assert out == ""
    assert '"event": "page"' in err
