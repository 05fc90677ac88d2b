"""Finds names of places in a text: words of the gazetteer, the tagger's entities and the patterns
of streets, and says of each how sure that is and whether something happened there.

Words of scripts without capitals are found only where the tagger marks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from nlp.gazetteer import Gazetteer, Toponym, folded
from nlp.placewords import (
    ARRIVING,
    BEHIND,
    BRIDGES,
    CASED,
    CONNECTORS,
    FIRST_NAMES,
    HAZARDS,
    PARTS,
    PASSING,
    PREPOSITIONS,
    SPELLED,
    STATES,
    STORMS,
    TITLES,
)
from nlp.streets import street
from nlp.tokens import WORD, Word, own_name, words_of

Cue = Literal["here", "open", "elsewhere"]
Entity = tuple[int, int, str]

LARGE: Final = 100_000
"""A name of that many inhabitants needs no preposition before it."""
PLACES: Final = frozenset({"GPE", "LOC", "FAC"})
NEVER: Final = frozenset({"NORP", "EVENT", "WORK_OF_ART", "PRODUCT", "LAW", "LANGUAGE"})
_QUOTES: Final = "#\"' s\u201c\u2018\u2019"
"""What may stand between a preposition and a name."""
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][^A-Z\W_]*|[^A-Z\W_]+")
_POSTCODE: Final = re.compile(r",? (?:[A-Z]{1,2}\d[A-Z\d]?|\d{5})\b")
"""What comes behind a name in an address: a British district, or five digits."""
_DATELINE: Final = re.compile(
    r"(?:,\s?[A-Z][\w.]{1,15})?\s{0,2}(?:\([^)\n]{2,20}\)\s?)?(?:[\u2014\u2013:]|-\s)"
)
_RESULT: Final = re.compile(r"[^.\n]{0,25}\b\d{1,2}\s?[-\u2013]\s?\d{1,2}\b")


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


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds mentions. `home` has folded names of the home area, `common` words that mislead."""

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
            if found is None and not word.tag:
                found = self._name(i, before)
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
            name = own_name(self.text[start:end].lstrip("#@ "))
            start = self.text.index(name, start)
            if folded(name) in self.finder.common or self.text[max(0, start - 1) : start] == "@":
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

    def _name(self, i: int, before: Mention | None) -> Mention | None:
        """The longest name that begins at word `i`."""
        if not self.words[i].capital and self.words[i].key in BRIDGES:
            return None
        for count in range(self._reach(i), 0, -1):
            start, end = self.words[i].start, self.words[i + count - 1].end
            name = self.text[start:end]
            if not self.words[i + count - 1].capital and self.words[i].capital:
                continue
            cue, certainty = self._cue(i, end)
            candidates = self._candidates(name, start, before, cue == "here")
            if not candidates:
                continue
            certainty = self._certainty(i, count, candidates, certainty)
            if certainty > 0:
                sure = certainty / 2 if cue == "elsewhere" else certainty
                return Mention(start, end, name, cue, sure, candidates)
        return None

    def _reach(self, i: int) -> int:
        """How many words from `i` on could make one name."""
        last = i
        for j in range(i + 1, min(i + 6, len(self.words))):
            gap = self.text[self.words[j - 1].end : self.words[j].start]
            if gap not in (" ", "-", ". ", "\u2019", "'") or (
                gap == ". " and len(self.words[j - 1].text) > 3
            ):
                break
            if self.words[j].tag or self.words[j].capital != self.words[i].capital:
                if self.words[j].key not in CONNECTORS and self.words[j].key not in BRIDGES:
                    break
                continue
            last = j
        return last - i + 1

    def _candidates(
        self, name: str, start: int, before: Mention | None, located: bool
    ) -> tuple[Toponym, ...]:
        """What the gazetteer knows; initials of a US state only behind a place or where one must
        stand. A lost apostrophe is forgiven to large places, as in "Mexicos"."""
        initials = name.replace(".", "").replace(" ", "")
        if len(initials) == 2 and initials.isupper() and initials in STATES:
            behind = before is not None and self.text[before.end : start] in (", ", " ", ",")
            sure = self._label(start, start + len(name)) == "GPE" or (
                located and initials not in SPELLED
            )
            if behind or (sure and initials not in CASED):
                return self.finder.gazetteer.candidates(STATES[initials])
        if len(initials) <= 3 and initials.isupper() and initials not in CASED:
            return ()
        found = self.finder.gazetteer.candidates(name)
        if found or len(name) < 6 or not name.endswith("s"):
            return found
        return tuple(c for c in self.finder.gazetteer.candidates(name[:-1]) if _large((c,), LARGE))

    def _label(self, start: int, end: int) -> str:
        """The label of the entity over a span, with `+` behind it where it is longer."""
        for first, last, label in self.entities:
            if first <= start and end <= last:
                bare = self.text[first:last].strip("#@ ").removeprefix("the ")
                return label if len(own_name(bare)) <= end - start else f"{label}+"
        return ""

    def _certainty(
        self, i: int, count: int, candidates: tuple[Toponym, ...], located: float
    ) -> float:
        """How surely the words are a name of a place, 0 for not at all."""
        word = self.words[i]
        end = self.words[i + count - 1].end
        label = self._label(word.start, end)
        key = folded(self.text[word.start : end])
        tagged = any(a < end and word.start < b and kind in PLACES for a, b, kind in self.entities)
        home = key in self.finder.home
        common = count == 1 and key in self.finder.common and word.text not in CASED
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
        return 0.7 if _large(candidates, LARGE) else 0.0

    def _barred(self, i: int, count: int, label: str, located: bool) -> bool:
        """Whether the words are part of the name of a person, a people or a storm."""
        word = self.words[i]
        if _POSTCODE.match(self.text, self.words[i + count - 1].end):
            return False
        previous = self.words[i - 1].key if i and self.words[i - 1].end >= word.start - 2 else ""
        if previous in STORMS or previous in TITLES or label in NEVER or label == "PERSON+":
            return True
        if self.text[self.words[i + count - 1].end :][:1] == "$":
            return True
        if count == 1 and (word.key in PARTS or f"hurricane{word.key}" in self.text.casefold()):
            return True
        following = self.words[i + count] if i + count < len(self.words) else None
        together = (
            following is not None
            and following.capital
            and following.plain
            and self.text[self.words[i + count - 1].end : following.start] == " "
            and not _large(self.finder.gazetteer.candidates(following.text), LARGE)
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
        found = WORD.match(self.text, end + 2) if self.text[end : end + 2] == ", " else None
        if found is None:
            return False
        name = STATES.get(found.group(), found.group())
        regions = self.finder.gazetteer.candidates(name)
        states = {r.admin1 for r in regions if r.kind == "admin1"}
        countries = {r.country for r in regions if r.kind == "country"}
        return any(c.admin1 in states or c.country in countries for c in candidates)

    def _cue(self, i: int, end: int) -> tuple[Cue, float]:
        """What the words around say, and above 0 where a preposition says that it is a place."""
        start = self.words[i].start
        following = next((w for w in self.words[i : i + 8] if w.start >= end), None)
        if following is not None and following.start - end <= 3 and following.key in BEHIND:
            return "elsewhere", 0.0
        if _RESULT.match(self.text, end):
            return "elsewhere", 0.0
        if _POSTCODE.match(self.text, end):
            return "here", 1.0
        at_line = start == 0 or self.text[start - 1] == "\n"
        if at_line and _DATELINE.match(self.text, end):
            return "here", 1.0
        for j in range(i - 1, max(-1, i - 4), -1):
            gap = self.text[self.words[j].end : self.words[j + 1].start]
            if gap.strip(_QUOTES):
                break
            key = self.words[j].key
            if key in PREPOSITIONS.get(self.lang, frozenset()) or key in PREPOSITIONS["en"]:
                return "here", 1.0
            if key in PASSING:
                arriving = key in ("to", "from") and j and self.words[j - 1].key in ARRIVING
                return ("here", 1.0) if arriving else ("elsewhere", 0.5)
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
            key = folded(name)
            candidates = self.finder.gazetteer.candidates(name)
            known = key in self.finder.home or _large(candidates, LARGE // 2)
            if candidates and known and (name in CASED or key not in self.finder.common):
                end = word.start + pieces[count - 1].end()
                sure = 0.8 if count == len(pieces) else 0.7
                return Mention(
                    word.start, end, self.text[word.start : end], "open", sure, candidates
                )
        return None


def _large(candidates: tuple[Toponym, ...], population: int) -> bool:
    """Whether one of them is a country, a region or a place of that many inhabitants."""
    return any(
        c.kind in ("country", "admin1") or (c.population >= population and c.main)
        for c in candidates
    )
