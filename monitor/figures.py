"""Key numbers of a text: how many were hurt, moved or are without power, and how strong it was.

A number counts where it stands with a word of the table, at most a few words away: "two people
were injured", "200 evacuated", "magnitude 6.1", "1,500 homes without power".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 4_000
GAP: Final = 3
"""Words that may stand between a number and what it counts."""

KINDS: Final[Mapping[str, str]] = {
    "dead": r"dead|killed|died|deaths?|fatalit(?:y|ies)|muert[oa]s?|tote?r?"
    r"|morts?|mort[iea]|mortos?",
    "injured": r"injur(?:ed|ies)|hurt|wounded|casualt(?:y|ies)|hospitali[sz]ed|herid[oa]s?"
    r"|verletzte?r?|bless[ée]e?s?|ferit[oiae]|ferid[oa]s?",
    "missing": r"missing|unaccounted|desaparecid[oa]s?|vermisste?r?|disparue?s?|dispers[oiae]",
    "rescued": r"rescued|freed|saved|rescatad[oa]s?|gerettete?r?|secourue?s?",
    "trapped": r"trapped|stuck|stranded|atrapad[oa]s?|eingeschlossene?",
    "evacuated": r"evacuated|evacuees|displaced|evacuad[oa]s?|evakuierte?r?|[ée]vacu[ée]e?s?"
    r"|evacuat[iea]",
    "arrested": r"arrest(?:ed|s)|detained|detenid[oa]s?|festgenommene?n?|arr[êe]t[ée]e?s?",
    "without power": r"(?:without|no|lost|lose) (?:power|electricity)|sin luz|ohne strom",
    "firefighters": r"firefighters|bomberos|feuerwehrleute|pompiers",
    "engines": r"(?:fire )?engines|fire trucks",
}
"""What is counted, and how it is said."""
MEASURES: Final[Mapping[str, str]] = {
    "magnitude": r"(?:(?:magnitude|magnitud|mag\.?) (?:of )?|m[wl]? ?(?=\d[.,]\d))"
    r"(\d(?:[.,]\d)?)(?![\d%])",
    "wind": r"(\d{2,3}) ?(?:mph|km/h|kph)",
    "water": r"(\d{1,3}(?:[.,]\d{1,2})?) ?(?:m|cm|metres?|meters?|feet|ft)"
    r" (?:of (?:flood ?)?water|deep|high)",
}
"""What is measured: the number stands in the group."""

_WORDS: Final = {
    word: number
    for number, several in enumerate(
        (
            "no none nobody",
            "one uno una ein eine",
            "two dos zwei deux due dois duas",
            "three tres drei trois tre três",
            "four cuatro vier quatre quattro quatro",
            "five cinco fünf cinq cinque",
            "six seis sechs sei",
            "seven siete sieben sept sette sete",
            "eight ocho acht huit otto oito",
            "nine nueve neun neuf nove",
            "ten diez zehn dix dieci dez",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        )
    )
    for word in several.split()
}
_NUMBER: Final = r"(?<![\w.,:/-])(?!0\d)(?:\d{1,3}(?:[,.]\d{3})+|\d{1,7})(?![\w:/-]|[.,]\d| \d)"
_ANY: Final = re.compile(rf"{_NUMBER}|\bno[ -]one\b|\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_KINDS: Final = {
    kind: re.compile(rf"\b(?:{said})\b", re.IGNORECASE) for kind, said in KINDS.items()
}
_MEASURES: Final = {
    kind: re.compile(rf"(?<![\w.]){said}", re.IGNORECASE) for kind, said in MEASURES.items()
}
_ENDS: Final = re.compile(r"[.!?;:\n]\s|\n|[—–]|\b(?:and|but|while|y|und|et)\b", re.IGNORECASE)  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a text: what it counts, how many, and where it stands in code points. `whole` is
    the stretch of text that says so."""

    kind: str
    number: float
    start: int
    end: int
    whole: str


def figures(text: str) -> tuple[Figure, ...]:
    """The key numbers of a text in order, each number once."""
    text = text[:LONGEST]
    found: dict[tuple[int, str], Figure] = {}
    for kind, pattern in _MEASURES.items():
        for match in pattern.finditer(text):
            number = float(match[1].replace(",", "."))
            found[match.start(1), kind] = Figure(kind, number, *match.span(), match[0])
    for start, end in _clauses(text):
        for figure in _counted(text, start, end):
            found.setdefault((figure.start, figure.kind), figure)
    return tuple(found[key] for key in sorted(found))


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in _ENDS.finditer(text):
        yield start, end.start()
        start = end.end()
    yield start, len(text)


def _counted(text: str, start: int, end: int) -> Iterator[Figure]:
    """What is counted within a clause: each word of the table takes the nearest number."""
    numbers = list(_ANY.finditer(text, start, end))
    for kind, pattern in _KINDS.items():
        for word in pattern.finditer(text, start, end):
            near = [(_between(text, number, word), number) for number in numbers]
            near = [(gap, number) for gap, number in near if gap <= GAP]
            if near:
                number = min(near, key=lambda one: (one[0], one[1].start()))[1]
                first, last = min(number.start(), word.start()), max(number.end(), word.end())
                yield Figure(kind, _value(number[0]), first, last, text[first:last])


def _between(text: str, number: re.Match[str], word: re.Match[str]) -> int:
    """Words between a number and what it counts; one that follows its word is a word further."""
    if number.end() <= word.start():
        return len(text[number.end() : word.start()].split())
    if word.end() <= number.start():
        return len(text[word.end() : number.start()].split()) + 1
    return GAP + 1


def _value(text: str) -> float:
    folded = text.casefold()
    if not folded[0].isdigit():
        return float(_WORDS.get(folded, 0))
    return float(re.sub(r"[.,]", "", folded))
