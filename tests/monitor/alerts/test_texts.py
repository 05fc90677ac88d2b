"""Every language says the same, and as its readers write."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from monitor.alerts.words import LANGUAGES, line, read_words, words_of
from monitor.messages import Every
from monitor.model import CATEGORIES, CERTAINTIES, SEVERITIES
from tests.letters import NOW

PLURALS = {"zero", "one", "two", "few", "many", "other"}


def said(words: Mapping[str, Any], above: str = "") -> dict[str, set[str]]:
    """The places to fill in, by key; the forms of a plural are one key."""
    found: dict[str, set[str]] = {}
    for key, value in words.items():
        if isinstance(value, str):
            found[above + key] = filled(value)
        elif value.keys() <= PLURALS:
            found[above + key] = set().union(*map(filled, value.values()))
        else:
            found |= said(value, f"{above}{key}.")
    return found


def filled(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_every_language_has_the_keys_and_placeholders_of_the_master(lang: str) -> None:
    assert said(read_words(lang)) == said(read_words(LANGUAGES[0]))


@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_no_sentence_was_left_in_english(lang: str) -> None:
    ours = sentences(read_words(lang)) - {"Map: Natural Earth, GeoNames"}
    assert ours & sentences(read_words(LANGUAGES[0])) == set()


def sentences(words: Mapping[str, Any]) -> set[str]:
    """What has at least three words of its own."""
    found: set[str] = set()
    for value in words.values():
        if not isinstance(value, str):
            found |= sentences(value)
        elif len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\{\w+\}", "", value))) >= 3:
            found.add(value)
    return found - {read_words("en")["moment"]}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_plural_of_a_language_can_be_said(lang: str) -> None:
    words = words_of(lang, "UTC")
    for number in (0, 1, 2, 5, 1_000_000):
        assert words.number(number) in words("event.posts", n=number)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_we_call_things_is_said_in_every_language(lang: str) -> None:
    words = words_of(lang, "UTC")
    assert all(words.named("severity", grade) for grade in SEVERITIES)
    assert all(words.named("certainty", grade) for grade in CERTAINTIES)
    assert all(words.topic(topic) for topic in CATEGORIES)
    for every in get_args(Every):
        assert words.named("digest", every)
        assert words(f"asked.how.{every}", most=3, at="08:00", zone="UTC", weekday="x")


def test_a_topic_without_a_name_goes_by_the_one_above() -> None:
    words = words_of("de", "UTC")
    assert words.topic("Fire/forest") == words.topic("Fire") == "Brand"
    assert words.topic("Unheard") == ""


@pytest.mark.parametrize(
    ("lang", "zone", "shown"),
    [
        ("en", "Europe/London", "Sat 14 Mar 2026, 15:04 GMT"),
        ("en", "America/New_York", "Sat 14 Mar 2026, 11:04 EDT"),
        ("en", "America/Bogota", "Sat 14 Mar 2026, 10:04 UTC-0500"),
        ("de", "Europe/Berlin", "Sa. 14. März 2026, 16:04 MEZ"),
        ("es", "Europe/Madrid", "sáb 14 mar 2026, 16:04 CET"),
        ("fr", "Europe/Paris", "sam. 14 mars 2026, 16:04 CET"),
        ("en", "Mars/Olympus", "Sat 14 Mar 2026, 15:04 UTC"),
    ],
)
def test_a_moment_is_told_in_the_readers_zone_which_is_named(
    lang: str, zone: str, shown: str
) -> None:
    assert words_of(lang, zone).moment(NOW) == shown


def test_summer_time_has_its_own_name() -> None:
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert words_of("de", "Europe/Berlin").moment(summer).endswith("14:00 MESZ")


def test_the_day_is_not_said_twice() -> None:
    words = words_of("en", "Europe/London")
    assert words.later(NOW, NOW - timedelta(hours=1)) == "15:04 GMT"
    assert words.later(NOW, NOW - timedelta(days=1)) == words.moment(NOW)


def test_numbers_are_written_as_the_language_does() -> None:
    written = [words_of(lang, "UTC").number(12_345.5) for lang in LANGUAGES]
    assert written == ["12,345.5", "12.345,5", "12.345,5", "12\u202f345,5"]


@pytest.mark.parametrize(
    ("metres", "shown"), [(3, "10 m"), (440, "440 m"), (996, "1 km"), (1_530, "1.5 km"),
                          (12_345, "12 km"), (1_234_567, "1,235 km")]
)  # fmt: skip
def test_distances_have_few_digits(metres: float, shown: str) -> None:
    assert words_of("en", "UTC").distance(metres) == shown


def test_who_speaks_another_language_gets_english() -> None:
    assert words_of("tlh", "UTC").lang == "en"


def test_a_line_stays_one_line() -> None:
    hostile = (
        "a\r\nBcc: x@example.org\u202e\u2066b\x00 see https://e.example/x now\u2028www.e.example"
    )
    assert line(hostile, 90) == "a Bcc: x@example.orgb see now"
    assert line("e" + "\u0301" * 10_000, 50).count("\u0301") == 3
    assert len(line("x" * 1_000_000, 90)) == 91


def test_what_a_stranger_writes_is_no_template() -> None:
    words = words_of("en", "UTC")
    assert words("why.named", name="{severity.__class__}") == (
        "It matches your subscription “{severity.__class__}”:"
    )
