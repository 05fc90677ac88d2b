"""Lucene's syntax: from a text to the tree of a question.

    question := either*                 side by side: all of them
    either   := both ("OR" both)*
    both     := one ("AND" one)*
    one      := ("NOT" | "+" | "-") one | "(" question ")" | NAME ":" one
              | ("[" | "{") end "TO" end ("]" | "}") | (">" | ">=" | "<" | "<=") end | WORD | PHRASE

Source: https://www.elastic.co/docs/reference/query-languages/query-dsl/query-dsl-query-string-query
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from monitor.errors import QueryError
from monitor.fields import FIELDS, Field
from monitor.nodes import All, Like, Query, both, depth, either, leaves, opposite
from monitor.reader import Reader, Token, fault

MAX_CHARS: Final = 4_000
MAX_DEPTH: Final = 40

_BLANK: Final = re.compile(r"[\s']*")
_TOKEN: Final = re.compile(
    r"""
    (?P<phrase> ["“”„] (?: [^"“”„\\] | \\. )*+ ["“”„] )
    | (?P<sign> && | \|\| | [<>]=? | [():\[\]{}+-] )
    | (?P<word>
        (?: [^\s:^~(){}\[\]/"“”„'+\-\\<>] | \\. )
        (?: [^\s:^~(){}\[\]\\&|] | \\. | &(?!&) | \|(?!\|) | (?<=T\d\d) :\d\d (?: :\d\d )? )*+
      )
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX: Final = re.compile(r"/(?:[^\\/]|\\.)*+/", re.DOTALL)
_OPERATORS: Final = {"&&": "AND", "||": "OR", "AND": "AND", "OR": "OR", "NOT": "NOT", "TO": "TO"}
_HINTS: Final = {
    "~": "~ (fuzzy) is not supported; search a prefix* instead",
    "^": "^ (boost) is not supported; leave it out",
    '"': "a quote is not closed; close it",
    "/": "/ at the start of a word has no meaning here; put the text in quotes",
    "\\": "\\ stands before nothing; leave it out",
}
_NO_REGEX: Final = "/regular expressions/ are not supported; put the text in quotes"
_UNREAD: Final = "cannot be read from here; put it in quotes"
_ENDED: Final = "ends too early; close what is open, or leave it out"


def parse(text: str, languages: Sequence[str] = ("en",), *, now: datetime | None = None) -> Query:
    """The question that a text asks; an empty one asks for everything.

    Words are stemmed for each of the languages. Relative moments count from `now`, so what is
    asked again is parsed again. Raises QueryError.
    """
    if len(text) > MAX_CHARS:
        raise QueryError(
            f"question: longer than {MAX_CHARS} characters; ask for less", position=MAX_CHARS
        )
    if lone := re.search("[\ud800-\udfff\x00]", text):
        raise QueryError("question: holds no valid text; leave it out", position=lone.start())
    if not text.strip():
        return All()
    query = _Parser(text, Reader(tuple(languages), now or datetime.now(UTC))).parsed()
    _check_likes(query)
    return query


def _check_likes(query: Query) -> None:
    likes = [(leaf, denied) for leaf, denied in leaves(query) if isinstance(leaf, Like)]
    for leaf, denied in likes:
        if denied:
            raise QueryError("like: has no opposite; leave the NOT out", position=leaf.at)
        if leaf != likes[0][0]:
            raise QueryError("like: asked for two texts; ask for one at a time", position=leaf.at)


class _Parser:
    """Reads one text from left to right; `next` is the token that nothing has taken yet."""

    def __init__(self, text: str, reader: Reader) -> None:
        self._text = text
        self._reader = reader
        self._done = 0
        self._next = self._token()

    def parsed(self) -> Query:
        """The whole question."""
        query = self._question(None, 0)
        if self._next.kind != "end":
            raise self._unread()
        if depth(query) > MAX_DEPTH:
            raise _too_deep(0)
        return query

    def _question(self, of: Field | None, deep: int) -> Query:
        parts = [self._either(of, deep)]
        while self._next.kind not in (")", "end"):
            parts.append(self._either(of, deep))
        return both(parts)

    def _either(self, of: Field | None, deep: int) -> Query:
        parts = [self._both(of, deep)]
        while self._next.kind == "OR":
            self._take()
            parts.append(self._both(of, deep))
        return either(parts)

    def _both(self, of: Field | None, deep: int) -> Query:
        parts = [self._one(of, deep)]
        while self._next.kind == "AND":
            self._take()
            parts.append(self._one(of, deep))
        return both(parts)

    def _one(self, of: Field | None, deep: int) -> Query:
        if deep > MAX_DEPTH:
            raise _too_deep(self._next.at)
        match self._next.kind:
            case "NOT" | "-":
                self._take()
                return opposite(self._one(of, deep + 1))
            case "+":
                self._take()
                return self._one(of, deep + 1)
            case "(":
                self._take()
                query = self._question(of, deep + 1)
                self._take(")")
                return query
            case "[" | "{":
                opening, low = self._take(), self._end()
                self._take("TO")
                high, closing = self._end(), self._take("]", "}")
                within = (opening.kind == "[", closing.kind == "]")
                return self._reader.range(opening, of, (low, high), within)
            case ">" | ">=":
                sign = self._take()
                return self._reader.range(sign, of, (self._end(), None), (sign.kind == ">=", True))
            case "<" | "<=":
                sign = self._take()
                return self._reader.range(sign, of, (None, self._end()), (True, sign.kind == "<="))
        token = self._take("word", "phrase", "TO")
        if token.kind == "word" and self._next.kind == ":":
            self._take()
            return self._named(token, of, deep)
        return self._reader.leaf(token, of)

    def _named(self, name: Token, of: Field | None, deep: int) -> Query:
        """What follows `name:`; within the value of an id, keyword or place it belongs to that."""
        if of and of.type in ("id", "keyword", "place"):
            parts = [name, self._take("word", "phrase", "TO")]
            while self._next.kind == ":":
                self._take()
                parts.append(self._take("word", "phrase", "TO"))
            return self._reader.joined(parts, of)
        if name.text == "*" and self._next[:2] == ("word", "*"):
            self._take()
            return All()
        if of or name.text not in FIELDS:
            known = ", ".join(FIELDS)
            raise fault(name, f"there is no field {name.text}", f"ask {known}, or put it in quotes")
        return self._one(FIELDS[name.text], deep + 1)

    def _end(self) -> str | None:
        """An end of a range, None where it is open."""
        sign = self._take().text if self._next.kind == "-" else ""
        token = self._take("word", "phrase")
        return None if token[:2] == ("word", "*") else sign + token.plain

    def _take(self, *kinds: str) -> Token:
        """The next token, which must be of one of these kinds where there are any."""
        taken = self._next
        if kinds and taken.kind not in kinds:
            raise self._unread()
        self._next = self._token()
        return taken

    def _unread(self) -> QueryError:
        """A fault at a token that may not stand where it does."""
        hint = _ENDED if self._next.kind == "end" else _UNREAD
        return QueryError(f"question: {hint}", position=self._next.at)

    def _token(self) -> Token:
        """The token that begins next. An exclamation mark is NOT where a word may begin."""
        text = self._text
        at = _BLANK.match(text, self._done).end()  # type: ignore[union-attr]
        if at == len(text):
            return Token("end", "", at)
        if text[at] == "!" and (at == 0 or text[at - 1] in "(+-:!'" or text[at - 1].isspace()):
            self._done = at + 1
            return Token("NOT", "!", at)
        found = _TOKEN.match(text, at)
        if not found:
            hint = _NO_REGEX if _REGEX.match(text, at) else _HINTS.get(text[at], _HINTS['"'])
            raise QueryError(f"question: {hint}", position=at)
        self._done = found.end()
        said = found[0]
        kind = _OPERATORS.get(said) or (said if found.lastgroup == "sign" else str(found.lastgroup))
        return Token(kind, said, at)


def _too_deep(at: int) -> QueryError:
    return QueryError(f"question: is nested deeper than {MAX_DEPTH}; ask for less", position=at)
