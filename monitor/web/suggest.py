"""What may be written next in the search box: fields, then values of a field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from monitor.ports import Of
from monitor.query import FIELDS, Field

MOST: Final = 12

_PLAIN: Final = re.compile(r"[\w/.-]+")
_COUNTED: Final = ("keyword", "place")

Values = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """`text` in the place of code points `start` to `end`, and what it means."""

    text: str
    about: str
    start: int
    end: int


def suggestions(text: str, at: int, of: Of, values: Values) -> tuple[Suggestion, ...]:
    """What may stand where the cursor is; `values` gives the values of a field, the most frequent
    first."""
    return tuple(islice(_suggested(text[: max(at, 0)], of, values), MOST))


def _suggested(before: str, of: Of, values: Values) -> Iterator[Suggestion]:
    opened = before.rfind('"') if before.count('"') % 2 else len(before)
    start = max(before.rfind(sign, 0, opened) for sign in " \t\n(") + 1
    token = before[start:].lstrip("-+")
    start = len(before) - len(token)
    name, colon, begun = token.partition(":")
    if not colon:
        yield from _fields(name, start, len(before), of)
    elif (field := FIELDS.get(name)) and of in field.of:
        begun = begun.lstrip("<>=").strip('"')
        head = token[: len(token) - len(token.partition(":")[2].lstrip("<>="))]
        for value in _values(field, values):
            if begun.casefold() in value.casefold():
                yield Suggestion(
                    text=head + _quoted(value), about=field.help, start=start, end=len(before)
                )


def _fields(begun: str, start: int, end: int, of: Of) -> Iterator[Suggestion]:
    for field in FIELDS.values():
        if begun and of in field.of and field.name.startswith(begun.casefold()):
            yield Suggestion(text=f"{field.name}:", about=field.help, start=start, end=end)


def _values(field: Field, values: Values) -> Sequence[str]:
    if field.values:
        return field.values[::-1] if field.type == "grade" else field.values
    if field.type == "moment":
        return ("now-1h", "now-24h", "now-7d", "now-30d")
    return values(field.name) if field.type in _COUNTED else ()


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
