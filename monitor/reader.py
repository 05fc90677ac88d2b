"""What a question's words, values and ranges mean, and how much a question may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from monitor.errors import QueryError
from monitor.fields import FIELDS, Field, circle_of, number_of, span_of
from monitor.nodes import All, Equals, InPlace, Like, Near, Phrase, Prefix, Query, Range, Words
from monitor.words import stems, words

MAX_CLAUSES: Final = 200
MAX_SPOKEN: Final = 500
"""Words of all phrases and names in a question: one letter may stand for a whole sentence."""

_ORDERED: Final = ("moment", "grade", "number")
_STARRED: Final = re.compile(r"((?:[^\\*?]|\\.)+)\*", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class Token(NamedTuple):
    """A piece of a question's text: a `word`, a `phrase` with its quotes, `end`, or a sign or
    operator by its own name; `at` is where it begins."""

    kind: str
    text: str
    at: int

    @property
    def plain(self) -> str:
        """What it says, without quotes and escapes."""
        text = self.text[1:-1] if self.kind == "phrase" else self.text
        return _ESCAPED.sub(r"\1", text) if "\\" in text else text

    @property
    def starred(self) -> bool:
        """Whether it is a word with * or ?."""
        bare = _ESCAPED.sub("", self.text) if self.kind != "phrase" else ""
        return "*" in bare or "?" in bare


def fault(token: Token, what: str, hint: str) -> QueryError:
    """A fault at the place where a token stands."""
    return QueryError(f"question: {what}; {hint}", position=token.at)


@dataclass(slots=True)
class Reader:
    """Makes leaves of tokens, and counts them."""

    languages: tuple[str, ...]
    now: datetime
    clauses: int = field(default=0)
    said: int = field(default=0)

    def leaf(self, token: Token, of: Field | None) -> Query:
        """A word or a phrase, of a field or of none."""
        self.count(token)
        if of is None:
            return self.text(token)
        self.refuse_wildcards(token)
        return self.made(token, of, token.plain)

    def joined(self, parts: Sequence[Token], of: Field) -> Query:
        """The value `a:b:c` of a field."""
        if parts[-1].kind == "phrase" or parts[-1].starred:
            raise fault(parts[0], f"{of.name}: its value cannot be read", "put it in quotes")
        self.count(parts[0])
        return self.made(parts[0], of, ":".join(part.plain for part in parts))

    def range(
        self,
        token: Token,
        of: Field | None,
        ends: tuple[str | None, str | None],
        within: tuple[bool, bool],
    ) -> Query:
        """Numbers between two ends, either of which may be open."""
        self.count(token)
        if of is None or of.type not in _ORDERED:
            names = ", ".join(f.name for f in FIELDS.values() if f.type in _ORDERED)
            raise fault(token, "a range needs a field with an order", f"ask {names}")
        low, high = ends
        if of.type != "moment":
            return Range(
                of.name,
                None if low is None else self.bound(token, of, low),
                None if high is None else self.bound(token, of, high),
                within[0] or low is None,
                within[1] or high is None,
                token.at,
            )
        first = None if low is None else self.span(token, of, low)[0 if within[0] else 1]
        last = None if high is None else self.span(token, of, high)[1 if within[1] else 0]
        return Range(of.name, first, last, True, last is None, token.at)

    def count(self, token: Token) -> None:
        """One part more."""
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            raise fault(token, f"has more than {MAX_CLAUSES} parts", "ask for less")

    def text(self, token: Token) -> Query:
        """A word, a prefix or a phrase."""
        if token.kind == "phrase":
            return Phrase(self.spoken(token, token.plain))
        if token.text == "*":
            return All()
        if found := _STARRED.fullmatch(token.text):
            start = self.spoken(token, _ESCAPED.sub(r"\1", found[1]))
            if len(start) == 1:
                return Prefix(start[0])
            raise fault(token, "* follows more than one word", "write the last one alone")
        self.refuse_wildcards(token)
        spoken = self.spoken(token, token.plain)
        if len(spoken) > 1:
            return Phrase(spoken)
        variants = {spoken[0]}.union(*(stems(spoken, lang) for lang in self.languages))
        return Words(spoken[0], tuple(sorted(variants)))

    def spoken(self, token: Token, text: str) -> tuple[str, ...]:
        """The words of a text, one at least."""
        found = words(text)
        if not found:
            raise fault(token, "there is no word here that can be searched", "leave it out")
        self.said += len(found)
        if self.said > MAX_SPOKEN:
            raise fault(token, f"has more than {MAX_SPOKEN} words", "ask for less")
        return found

    def refuse_wildcards(self, token: Token) -> None:
        """Only `*` at the end of a bare word has a meaning."""
        if token.starred:
            hint = "write only a beginning and * after it, or put it in quotes"
            raise fault(token, "* and ? have no meaning here", hint)

    def made(self, token: Token, of: Field, text: str) -> Query:
        """The leaf that a field's value is."""
        text = text.strip()
        makers: dict[str, Callable[[Token, Field, str], Query]] = {
            "near": self.near,
            "place": self.place,
            "moment": self.moment,
            "grade": self.number,
            "number": self.number,
        }
        if not text:
            raise fault(token, f"{of.name}: its value is empty", f"write {of.help}")
        if of.type in makers:
            return makers[of.type](token, of, text)
        if of.type == "like":
            return Like(text, token.at)
        if of.type == "id":
            return Equals(of.name, text, token.at)
        if of.values and text.casefold() not in of.values:
            raise self.unknown(token, of, text)
        return Equals(of.name, text.casefold(), token.at)

    def unknown(self, token: Token, of: Field, text: str) -> QueryError:
        """A value that the field does not have."""
        hint = f"one of {', '.join(of.values)}" if of.values else of.help
        return fault(token, f"{of.name}: {text!r} is no value of it", f"write {hint}")

    def near(self, token: Token, of: Field, text: str) -> Query:
        """A circle."""
        if circle := circle_of(text):
            return Near(*circle)
        raise self.unknown(token, of, text)

    def place(self, token: Token, of: Field, text: str) -> Query:
        """A name, a ref or `unknown`."""
        return InPlace(text.casefold() if ":" in text else " ".join(self.spoken(token, text)))

    def moment(self, token: Token, of: Field, text: str) -> Query:
        """All of the moments that a text names."""
        low, high = self.span(token, of, text)
        return Range(of.name, low, high, True, False, token.at)

    def number(self, token: Token, of: Field, text: str) -> Query:
        """Exactly this number."""
        number = self.bound(token, of, text)
        return Range(of.name, number, number, at=token.at)

    def bound(self, token: Token, of: Field, text: str) -> float:
        """The number that a text means."""
        number = number_of(of, text)
        if number is None:
            raise self.unknown(token, of, text)
        return number

    def span(self, token: Token, of: Field, text: str) -> tuple[int, int]:
        """The microseconds that a text names."""
        span = span_of(text, self.now)
        if span is None:
            hint = "2026-03-14, 2026-03-14T10:30Z or now-24h; quote what holds a blank or +"
            raise fault(token, f"{of.name}: {text!r} is no moment", f"write {hint}")
        return span
