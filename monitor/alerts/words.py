"""The words of messages, `texts/<language>.toml`, with numbers and moments as that language has
them, in the reader's time zone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, get_day_names, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_decimal

from monitor.alerts.timing import zone_of
from monitor.markup import tame

LANGUAGES: Final = ("en", "de", "es", "fr")
"""Languages of messages; the first is the master, and what any other reader gets."""
DEGREES: Final = "0.00"
SHORT: Final = 5
"""Letters of a zone's name; longer ones are not used in writing."""
_ADDRESS: Final = re.compile(r"(?:\w+://|www\.)\S*", re.IGNORECASE)


class Words:
    """Words by key, as in `words("event.posts", n=3)`, and values as that reader writes them.

    A key with plural forms below it counts: `n` chooses among them, by the language's own rule.
    """

    def __init__(self, lang: str, zone: str) -> None:
        self.lang = lang if lang in LANGUAGES else LANGUAGES[0]
        self.zone = zone_of(zone)
        self._words = read_words(self.lang)
        self._locale = Locale.parse(self._words["locale"])

    def __call__(self, key: str, **values: object) -> str:
        """The words of that key with its values filled in. Raises KeyError for an unknown one."""
        found: Any = self._words
        for part in key.split("."):
            found = found[part]
        number = values.get("n")
        if isinstance(number, int):
            values["n"] = self.number(number)
            if isinstance(found, Mapping):
                found = found.get(self._locale.plural_form(number), found["other"])
        return str(found).format_map(values)

    def named(self, table: str, name: str) -> str:
        """What a value of ours is called; empty where nothing is said of it."""
        return str(self._words[table].get(name, ""))

    def topic(self, name: str) -> str:
        """What a topic is called: one without a name of its own goes by that of the one above."""
        return self.named("topic", name) or self.named("topic", name.split("/")[0])

    def number(self, number: float) -> str:
        """A number with its thousands parted."""
        return _number(number, self._words["locale"])

    def degrees(self, degrees: float) -> str:
        """Degrees in hundredths."""
        return _number(degrees, self._words["locale"], DEGREES)

    def distance(self, metres: float) -> str:
        """A distance in few digits."""
        if metres < 995:
            return f"{self.number(max(10, round(metres, -1)))} m"
        return f"{self.number(round(metres / 1000, 0 if metres >= 9_950 else 1))} km"

    def moment(self, at: datetime) -> str:
        """A moment in the reader's zone, which is named."""
        pattern = self._words["moment"]
        return _moment(at, pattern, self.zone, self._words["locale"])

    def later(self, at: datetime, than: datetime) -> str:
        """A moment of which a sentence has already named another: without the day where it is the
        same."""
        if at.astimezone(self.zone).date() != than.astimezone(self.zone).date():
            return self.moment(at)
        return (
            f"{at.astimezone(self.zone):%H:%M} {_zone_name(at, self.zone, self._words['locale'])}"
        )

    def weekday(self, weekday: int) -> str:
        """A day of the week; Monday is 0."""
        return str(get_day_names("wide", locale=self._locale)[weekday])

    def several(self, names: Iterable[str]) -> str:
        """Names as a list within a sentence."""
        return str(format_list(list(names), locale=self._locale))


@lru_cache(maxsize=1_000)
def words_of(lang: str, zone: str) -> Words:
    """The words of a reader; English where we do not speak the language, UTC where nobody knows
    the zone."""
    return Words(lang, zone)


@cache
def read_words(lang: str) -> Mapping[str, Any]:
    """All words of a language, by table."""
    path = files("monitor.alerts") / "texts" / f"{lang}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def line(text: str, longest: int) -> str:
    """What others wrote, as one line of a message: tamed, without addresses that a reader's
    program would make links of."""
    return _line(text[: 8 * longest], longest)


@lru_cache(maxsize=5_000)
def _line(text: str, longest: int) -> str:
    return tame(" ".join(_ADDRESS.sub("", tame(text, 2 * longest)).split()), longest)


def clock(minute: int) -> str:
    """A minute of the day as hours and minutes."""
    return f"{minute // 60:02}:{minute % 60:02}"


@lru_cache(maxsize=10_000)
def _number(number: float, locale: str, pattern: str | None = None) -> str:
    return str(format_decimal(number, format=pattern, locale=locale))


@lru_cache(maxsize=20_000)
def _moment(at: datetime, pattern: str, zone: ZoneInfo, locale: str) -> str:
    said = format_datetime(at, pattern, tzinfo=zone, locale=locale)
    return f"{said} {_zone_name(at, zone, locale)}"


@lru_cache(maxsize=20_000)
def _zone_name(at: datetime, zone: ZoneInfo, locale: str) -> str:
    """The zone's short name, in the language if it has one; else how far it is from UTC."""
    local = at.astimezone(zone)
    spoken = get_timezone_name(local, width="short", locale=locale)
    for name in (spoken, local.tzname() or ""):
        if name.isalpha() and len(name) <= SHORT:
            return name
    return f"UTC{local:%z}"
