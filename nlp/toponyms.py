"""Finds names of places in a text: words of the gazetteer, the tagger's entities and the patterns of
streets, and says of each how sure that is and whether something happened there.

Words of scripts without capitals are found only where the tagger marks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from nlp.gazetteer import Gazetteer, Toponym, folded
from nlp.placewords import (
    BEHIND,
    BRIDGES,
    CASED,
    CONNECTORS,
    FIRST_NAMES,
    HAZARDS,
    PASSING,
    PREPOSITIONS,
    STATES,
    STORMS,
    TITLES,
)
from nlp.streets import street

Cue = Literal["here", "open", "elsewhere"]
Entity = tuple[int, int, str]

LARGE: Final = 100_000
"""A name of that many inhabitants needs no preposition before it."""
PLACES: Final = frozenset({"GPE", "LOC", "FAC"})
NEVER: Final = frozenset({"NORP", "EVENT", "WORK_OF_ART", "PRODUCT", "LAW", "LANGUAGE"})
_WORD: Final = re.compile(
    r"(?:[A-Z]\. ?){1,3}[A-Z]\.|[^\W\d_]\w{0,60}(?:['’\-][^\W\d_]\w{0,40}){0,5}"
)
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S+|\S{1,80}@\S{1,80}\.\w+|[@][\w.\-]+")
_POSSESSIVE: Final = re.compile(r"['’]s?$", re.IGNORECASE)
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][^A-Z\W_]*|[^A-Z\W_]+")
_DATELINE: Final = re.compile(r"(?:,\s?[A-Z][\w.]{1,15})?\s{0,2}(?:\([^)\n]{2,20}\)\s?)?(?:[—–:]|-\s)")
_RESULT: Final = re.compile(r"[^.\n]{0,25}\b\d{1,2}\s?[-–]\s?\d{1,2}\b")
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


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text. `kind` is empty where one of the candidates is meant, else street, poi,
    address or district of that name; then the candidates are places that the name begins with."""

    start: int
    end: int
    name: str
    cue: Cue
    certainty: float
    candidates: tuple[Toponym, ...]
    kind: str = ""


@lru_cache(maxsize=50_000)
def _key(word: str) -> str:
    return folded(word)


def words_of(text: str) -> list[Word]:
    """The first 1,200 words, without addresses and accounts; possessive endings are cut off."""
    bare = _ADDRESS.sub(lambda found: " " * len(found.group()), text)
    words: list[Word] = []
    start = 0
    for line in bare.split("\n"):
        found = list(_WORD.finditer(line))
        capitals = sum(1 for match in found if match.group()[0].isupper())
        plain = len(found) < 4 or capitals <= 0.6 * len(found)
        for match in found:
            written = _POSSESSIVE.sub("", match.group())
            at = start + match.start()
            tag = at > 0 and bare[at - 1] == "#"
            words.append(Word(at, at + len(written), written, _key(written), tag, plain))
        start += len(line) + 1
        if len(words) > _TOKENS:
            break
    return words[:_TOKENS]


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds mentions. `home` are folded names of the home area, `common` words that are also names."""

    gazetteer: Gazetteer
    home: frozenset[str]
    common: frozenset[str]

    def __call__(self, text: str, lang: str, entities: Sequence[Entity]) -> list[Mention]:
        """Mentions in order of their start; spans do not overlap."""
        reading = _Reading(self, text, lang, words_of(text), entities)
        found = list(reading.mentions())
        taken = [(mention.start, mention.end) for mention in found]
        found += reading.entities_left(taken)
        return sorted(found, key=lambda mention: mention.start)


@dataclass(frozen=True, slots=True)
class _Reading:
    finder: Finder
    text: str
    lang: str
    words: list[Word]
    entities: Sequence[Entity]

    def mentions(self) -> Iterator[Mention]:
        """Left to right, the longest name first."""
        i = 0
        before: Mention | None = None
        while i < len(self.words):
            word = self.words[i]
            found = self._hashtag(word) if word.tag else self._street(i)
            count = 1
            if found is None and not word.tag:
                found, count = self._name(i, before)
            if found is None:
                i += 1
                continue
            yield found
            before = found
            while i < len(self.words) and self.words[i].start < found.end:
                i += 1

    def entities_left(self, taken: Sequence[tuple[int, int]]) -> Iterator[Mention]:
        """Places of the tagger that the gazetteer knows under the tagger's spelling."""
        for start, end, label in self.entities:
            if label not in PLACES or any(start < e and s < end for s, e in taken):
                continue
            name = _POSSESSIVE.sub("", self.text[start:end].lstrip("#@ "))
            start = self.text.index(name, start)
            if _key(name) in self.finder.common or self.text[max(0, start - 1) : start] == "@":
                continue
            candidates = self.finder.gazetteer.candidates(name)
            if candidates and name[0].isupper():
                yield Mention(start, start + len(name), name, "open", 0.7, candidates)

    def _street(self, i: int) -> Mention | None:
        found = street(self.text, self.words, i, self.lang, self.finder.common)
        if found is None:
            return None
        start, end, kind, named = found
        if self.finder.gazetteer.candidates(self.text[start:end]):
            return None
        first, last = named
        candidates: tuple[Toponym, ...] = ()
        while last > first and not candidates:
            candidates = self.finder.gazetteer.candidates(
                self.text[self.words[first].start : self.words[last - 1].end]
            )
            last -= 1
        cue, _ = self._cue(i, end)
        return Mention(start, end, self.text[start:end], cue, 0.6, candidates, kind)

    def _name(self, i: int, before: Mention | None) -> tuple[Mention | None, int]:
        """The longest name that begins at word `i`, and how many words it has."""
        if not self.words[i].capital and self.words[i].key in BRIDGES:
            return None, 1
        for count in range(self._reach(i), 0, -1):
            start, end = self.words[i].start, self.words[i + count - 1].end
            name = self.text[start:end]
            if not self.words[i + count - 1].capital and self.words[i].capital:
                continue
            candidates = self._candidates(name, start, before)
            if not candidates:
                continue
            cue, certainty = self._cue(i, end)
            certainty = self._certainty(i, count, candidates, certainty)
            if certainty > 0:
                mention = Mention(start, end, name, cue, certainty, candidates)
                return (replace(mention, certainty=certainty / 2) if cue == "elsewhere" else mention), count
        return None, 1

    def _reach(self, i: int) -> int:
        """How many words from `i` on could make one name."""
        last = i
        for j in range(i + 1, min(i + 6, len(self.words))):
            gap = self.text[self.words[j - 1].end : self.words[j].start]
            if gap not in (" ", "-", ". ", "’", "'") or (gap == ". " and len(self.words[j - 1].text) > 3):
                break
            if self.words[j].tag or self.words[j].capital != self.words[i].capital:
                if self.words[j].key not in CONNECTORS and self.words[j].key not in BRIDGES:
                    break
                continue
            last = j
        return last - i + 1

    def _candidates(self, name: str, start: int, before: Mention | None) -> tuple[Toponym, ...]:
        """What the gazetteer knows; initials of a US state only behind a place or as tagged."""
        initials = name.replace(".", "").replace(" ", "")
        if len(initials) == 2 and initials.isupper() and initials in STATES:
            behind = before is not None and self.text[before.end : start] in (", ", " ", ",")
            if behind or (initials not in CASED and self._label(start, start + len(name)) == "GPE"):
                return self.finder.gazetteer.candidates(STATES[initials])
        if len(initials) <= 3 and initials.isupper() and initials not in CASED:
            return ()
        return self.finder.gazetteer.candidates(name)

    def _label(self, start: int, end: int) -> str:
        """The label of the entity over a span, with `+` behind it where it is longer."""
        for first, last, label in self.entities:
            if first <= start and end <= last:
                bare = self.text[first:last].strip("#@ ").removeprefix("the ")
                return label if len(_POSSESSIVE.sub("", bare)) <= end - start else f"{label}+"
        return ""

    def _certainty(
        self, i: int, count: int, candidates: tuple[Toponym, ...], located: float
    ) -> float:
        """How surely the words are a name of a place, 0 for not at all."""
        word = self.words[i]
        end = self.words[i + count - 1].end
        label = self._label(word.start, end)
        key = _key(self.text[word.start : end])
        tagged = any(a < end and word.start < b and kind in PLACES for a, b, kind in self.entities)
        home = key in self.finder.home
        common = count == 1 and key in self.finder.common
        if self._barred(i, count, label, located > 0):
            return 0.0
        if not word.capital:
            named = home and (count > 1 or not common) and key not in FIRST_NAMES
            large = located > 0 and not common and _large(candidates, 5 * LARGE)
            return 0.6 if named or large else 0.0
        if common:
            sure = tagged or (located > 0 and word.plain)
            return 0.7 if sure and (home or _large(candidates, LARGE // 4)) else 0.0
        if tagged:
            return 0.95
        if located > 0 and (word.plain or home or _large(candidates, LARGE)):
            return 0.85
        if home:
            return 0.8
        if self._qualified(end, candidates):
            return 0.85
        return 0.7 if _large(candidates, LARGE) and not label.startswith("ORG+") else 0.0

    def _barred(self, i: int, count: int, label: str, located: bool) -> bool:
        """Whether the words are part of the name of a person, a people or a storm."""
        word = self.words[i]
        previous = self.words[i - 1].key if i and self.words[i - 1].end >= word.start - 2 else ""
        if previous in STORMS or previous in TITLES or label in NEVER or label == "PERSON+":
            return True
        following = self.words[i + count] if i + count < len(self.words) else None
        together = (
            following is not None
            and following.capital
            and following.plain
            and self.text[self.words[i + count - 1].end : following.start] == " "
            and not self.finder.gazetteer.candidates(following.text)
        )
        if count == 1 and word.key in FIRST_NAMES and not located:
            return together or label == "PERSON"
        return (
            count == 1
            and i > 0
            and not label
            and not located
            and word.plain
            and self.words[i - 1].capital
            and self.text[self.words[i - 1].end : word.start] == " "
            and self.words[i - 1].key not in BRIDGES
            and self.words[i - 1].key not in self.finder.common
        )

    def _qualified(self, end: int, candidates: tuple[Toponym, ...]) -> bool:
        """Whether the name of a region that holds one of the candidates comes behind a comma."""
        found = _WORD.match(self.text, end + 2) if self.text[end : end + 2] == ", " else None
        if found is None:
            return False
        name = STATES.get(found.group(), found.group())
        regions = self.finder.gazetteer.candidates(name)
        codes = {r.admin1 if r.kind == "admin1" else r.country for r in regions if "c" in r.kind or r.kind == "admin1"}
        return any(c.admin1 in codes or c.country in codes for c in candidates)

    def _cue(self, i: int, end: int) -> tuple[Cue, float]:
        """What the words around say, and above 0 where a preposition says that it is a place."""
        start = self.words[i].start
        following = next((w for w in self.words[i : i + 8] if w.start >= end), None)
        if following is not None and following.start - end <= 3 and following.key in BEHIND:
            return "elsewhere", 0.0
        if _RESULT.match(self.text, end):
            return "elsewhere", 0.0
        at_line = start == 0 or self.text[start - 1] == "\n"
        if at_line and _DATELINE.match(self.text, end):
            return "here", 1.0
        for j in range(i - 1, max(-1, i - 4), -1):
            gap = self.text[self.words[j].end : self.words[j + 1].start]
            if gap.strip("#\"'“‘ s’"):
                break
            key = self.words[j].key
            if key in PREPOSITIONS.get(self.lang, frozenset()) or key in PREPOSITIONS["en"]:
                return "here", 1.0
            if key in PASSING:
                return "elsewhere", 0.5
            if key not in BRIDGES:
                break
        return "open", 0.0

    def _hashtag(self, word: Word) -> Mention | None:
        """A place that is the whole hashtag, or its beginning before a word of a hazard."""
        pieces = list(_CAMEL.finditer(word.text))
        for count in range(len(pieces), 0, -1):
            rest = [piece.group().lower() for piece in pieces[count:]]
            if not all(word in HAZARDS or word.isdigit() for word in rest):
                continue
            name = " ".join(piece.group() for piece in pieces[:count])
            key = _key(name)
            candidates = self.finder.gazetteer.candidates(name)
            known = key in self.finder.home or _large(candidates, LARGE // 2)
            if candidates and known and key not in self.finder.common:
                end = word.start + pieces[count - 1].end()
                sure = 0.8 if count == len(pieces) else 0.7
                return Mention(word.start, end, self.text[word.start : end], "open", sure, candidates)
        return None


def _large(candidates: tuple[Toponym, ...], population: int) -> bool:
    """Whether one of them is a country, a region or a place of that many inhabitants."""
    return any(
        c.kind in ("country", "admin1") or (c.population >= population and c.main)
        for c in candidates
    )


