"""The words of a text as the search for names of places reads them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from nlp.gazetteer import folded

WORD: Final = re.compile(
    r"(?:[A-Z]\. ?){1,3}[A-Z]\.|[^\W\d_]\w{0,60}(?:['\u2019\-][^\W\d_]\w{0,40}){0,5}"
)
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S+|\S{1,80}@\S{1,80}\.\w+|[@][\w.\-]+")
_POSSESSIVE: Final = re.compile(r"['\u2019]s?$", re.IGNORECASE)
_TOKENS: Final = 1_200


class Word(NamedTuple):
    """A word of the text; `plain` where the line is not all in capitals, so that they tell."""

    start: int
    end: int
    text: str
    key: str
    tag: bool
    plain: bool

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.text[0].isupper()


def words_of(text: str) -> list[Word]:
    """The first 1,200 words, without addresses and accounts; possessive endings are cut off."""
    bare = _ADDRESS.sub(lambda found: " " * len(found.group()), text)
    words: list[Word] = []
    start = 0
    for line in bare.split("\n"):
        found = list(WORD.finditer(line))
        capitals = sum(1 for match in found if match.group()[0].isupper())
        plain = len(found) < 4 or capitals <= 0.6 * len(found)
        for match in found:
            written = own_name(match.group())
            at = start + match.start()
            tag = at > 0 and bare[at - 1] == "#"
            words.append(Word(at, at + len(written), written, folded(written), tag, plain))
        start += len(line) + 1
        if len(words) > _TOKENS:
            break
    return words[:_TOKENS]


def own_name(name: str) -> str:
    """The name without a possessive ending."""
    return _POSSESSIVE.sub("", name)
