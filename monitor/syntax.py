"""Lucene's syntax as a tree of ours; `luqum` reads it."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from monitor.errors import QueryError
from monitor.nodes import All, Like, Query, leaves
from monitor.reader import Reader

MAX_CHARS: Final = 4_000

_PIECES: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|&&|\|\||[!\'“”„]', re.DOTALL)
_LOCK: Final = threading.Lock()
_HINTS: Final = {
    "APPROX": "~ (fuzzy) is not supported; search a prefix* instead",
    "BOOST": "^ (boost) is not supported; leave it out",
    "REGEX": "/regular expressions/ are not supported; put the text in quotes",
    '"': "a quote is not closed; close it",
    "/": "/ at the start of a word has no meaning here; put the text in quotes",
    "\\": "\\ stands before nothing; leave it out",
}


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
    prepared, origin = _prepared(text)
    reader = Reader(tuple(languages), now or datetime.now(UTC), origin)
    query = reader.read(_tree(prepared, origin), None, 0)
    _check_likes(query)
    return query


def _check_likes(query: Query) -> None:
    likes = [(leaf, denied) for leaf, denied in leaves(query) if isinstance(leaf, Like)]
    for leaf, denied in likes:
        if denied:
            raise QueryError("like: has no opposite; leave the NOT out", position=leaf.at)
        if leaf != likes[0][0]:
            raise QueryError("like: asked for two texts; ask for one at a time", position=leaf.at)


def _prepared(text: str) -> tuple[str, tuple[int, ...]]:
    """The text with `&&`, `||`, `!` and curly quotes as luqum reads them, and for each of its
    characters where it stood."""
    straight = text.translate(dict.fromkeys(map(ord, "“”„"), '"'))
    out: list[str] = []
    origin: list[int] = []
    done = 0
    for found in _PIECES.finditer(straight):
        piece = found[0]
        begins = found.start() == 0 or straight[found.start() - 1] in " \t\n(+-:!"
        if piece in ("&&", "||"):
            new = " AND " if piece == "&&" else " OR "
        elif piece == "!" and begins:
            new = "NOT "
        elif piece == "'" and begins:
            new = " "
        else:
            continue
        out += [straight[done : found.start()], new]
        origin += [*range(done, found.start()), *[found.start()] * len(new)]
        done = found.end()
    out.append(straight[done:])
    return "".join(out), (*origin, *range(done, len(text) + 1))


def _tree(text: str, origin: tuple[int, ...]) -> Any:
    """What luqum reads in the text."""
    from luqum.exceptions import ParseError
    from luqum.parser import lexer as original
    from luqum.parser import parser

    lexer = original.clone()
    last = [0]

    def token() -> Any:
        found = lexer.token()
        last[0] = len(text) if found is None else found.lexpos
        if found is not None and found.type in _HINTS:
            raise QueryError(f"question: {_HINTS[found.type]}", position=origin[found.lexpos])
        return found

    with _LOCK:
        try:
            return parser.parse(text, lexer=lexer, tokenfunc=token)
        except ParseError as fault:
            at = lexer.lexpos if lexer.lexpos < last[0] or _stuck(lexer, text) else last[0]
            hint = _HINTS.get(text[at : at + 1], "cannot be read from here; put it in quotes")
            if not text[at:].strip():
                hint = "ends too early; close what is open, or leave it out"
            raise QueryError(f"question: {hint}", position=origin[at]) from fault


def _stuck(lexer: Any, text: str) -> bool:
    """Whether the lexer stands before a character that no token begins with."""
    return lexer.lexpos < len(text) and text[lexer.lexpos] in "\"'/\\~^<>"
