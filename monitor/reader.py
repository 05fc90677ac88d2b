"""From luqum's tree to ours: what a question may hold, and how much of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from monitor.errors import QueryError
from monitor.fields import FIELDS, Field, circle_of, number_of, span_of
from monitor.nodes import (
    All,
    Equals,
    InPlace,
    Like,
    Near,
    Phrase,
    Prefix,
    Query,
    Range,
    Words,
    both,
    either,
    opposite,
)
from monitor.words import stems, words

MAX_DEPTH: Final = 40
MAX_CLAUSES: Final = 200
MAX_SPOKEN: Final = 500
"""Words of all phrases and names in a question: one letter may stand for a whole sentence."""

_ORDERED: Final = ("moment", "grade", "number")
_STARRED: Final = re.compile(r"((?:[^\\*?]|\\.)+)\*", re.DOTALL)


@dataclass(slots=True)
class Reader:
    """Turns luqum's tree into ours."""

    languages: tuple[str, ...]
    now: datetime
    origin: tuple[int, ...]
    clauses: int = field(default=0)
    said: int = field(default=0)

    def read(self, node: Any, of: Field | None, depth: int) -> Query:
        """One node of luqum's tree; `of` is the field whose values it holds."""
        from luqum import tree

        while isinstance(node, tree.BaseGroup):
            node = node.expr
        if depth > MAX_DEPTH:
            raise self.fault(node, f"is nested deeper than {MAX_DEPTH}", "ask for less")
        match node:
            case tree.AndOperation() | tree.UnknownOperation():
                return both(self.read(part, of, depth + 1) for part in node.operands)
            case tree.OrOperation():
                return either(self.read(part, of, depth + 1) for part in node.operands)
            case tree.Not() | tree.Prohibit():
                return opposite(self.read(node.a, of, depth + 1))
            case tree.Plus():
                return self.read(node.a, of, depth + 1)
            case tree.SearchField():
                return self.field(node, of, depth)
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            raise self.fault(node, f"has more than {MAX_CLAUSES} parts", "ask for less")
        match node:
            case tree.Word() | tree.Phrase():
                return self.value(node, of) if of else self.text(node)
            case tree.From():
                return self.range(node, of, (node.a, None), (node.include, True))
            case tree.To():
                return self.range(node, of, (None, node.a), (True, node.include))
            case tree.Range():
                sides = (node.include_low, node.include_high)
                return self.range(node, of, (node.low, node.high), sides)
        raise self.fault(node, "cannot be asked", "put it in quotes")

    def fault(self, node: Any, what: str, hint: str) -> QueryError:
        """A fault at the place where a node stands."""
        return QueryError(f"question: {what}; {hint}", position=self.at(node))

    def at(self, node: Any) -> int:
        """Where a node stands in the text."""
        return self.origin[min(node.pos or 0, len(self.origin) - 1)]

    def field(self, node: Any, of: Field | None, depth: int) -> Query:
        """`name:value`; a name inside the value of an id, keyword or place belongs to it."""
        from luqum import tree

        if of and of.type in ("id", "keyword", "place"):
            value = _joined(node)
            if value is None:
                raise self.fault(node, f"{of.name}: its value cannot be read", "put it in quotes")
            self.clauses += 1
            return self.made(node, of, value)
        if node.name == "*" and isinstance(node.expr, tree.Word) and node.expr.value == "*":
            return All()
        if of or node.name not in FIELDS:
            known = ", ".join(FIELDS)
            raise self.fault(
                node, f"there is no field {node.name}", f"ask {known}, or put it in quotes"
            )
        return self.read(node.expr, FIELDS[node.name], depth)

    def text(self, node: Any) -> Query:
        """A word, a prefix or a phrase."""
        from luqum import tree

        if isinstance(node, tree.Phrase):
            return Phrase(self.spoken(node, _unescaped(node.value[1:-1])))
        if node.value == "*":
            return All()
        if found := _STARRED.fullmatch(node.value):
            start = self.spoken(node, _unescaped(found[1]))
            if len(start) == 1:
                return Prefix(start[0])
            raise self.fault(node, "* follows more than one word", "write the last one alone")
        self.refuse_wildcards(node)
        spoken = self.spoken(node, _unescaped(node.value))
        if len(spoken) > 1:
            return Phrase(spoken)
        variants = {spoken[0]}.union(*(stems(spoken, lang) for lang in self.languages))
        return Words(spoken[0], tuple(sorted(variants)))

    def spoken(self, node: Any, text: str) -> tuple[str, ...]:
        """The words of a text, one at least."""
        found = words(text)
        if not found:
            raise self.fault(node, "there is no word here that can be searched", "leave it out")
        self.said += len(found)
        if self.said > MAX_SPOKEN:
            raise self.fault(node, f"has more than {MAX_SPOKEN} words", "ask for less")
        return found

    def refuse_wildcards(self, node: Any) -> None:
        """Only `*` at the end of a bare word has a meaning."""
        if re.search(r"[*?]", re.sub(r"\\.", "", node.value)):
            hint = "write only a beginning and * after it, or put it in quotes"
            raise self.fault(node, "* and ? have no meaning here", hint)

    def value(self, node: Any, of: Field) -> Query:
        """One value of a field."""
        from luqum import tree

        if isinstance(node, tree.Phrase):
            return self.made(node, of, _unescaped(node.value[1:-1]))
        self.refuse_wildcards(node)
        return self.made(node, of, _unescaped(node.value))

    def made(self, node: Any, of: Field, text: str) -> Query:
        """The leaf that a field's value is."""
        text = text.strip()
        makers: dict[str, Callable[[Any, Field, str], Query]] = {
            "near": self.near,
            "place": self.place,
            "moment": self.moment,
            "grade": self.number,
            "number": self.number,
        }
        if not text:
            raise self.fault(node, f"{of.name}: its value is empty", f"write {of.help}")
        if of.type in makers:
            return makers[of.type](node, of, text)
        if of.type == "like":
            return Like(text, self.at(node))
        if of.type == "id":
            return Equals(of.name, text, self.at(node))
        if of.values and text.casefold() not in of.values:
            raise self.unknown(node, of, text)
        return Equals(of.name, text.casefold(), self.at(node))

    def unknown(self, node: Any, of: Field, text: str) -> QueryError:
        """A value that the field does not have."""
        hint = f"one of {', '.join(of.values)}" if of.values else of.help
        return self.fault(node, f"{of.name}: {text!r} is no value of it", f"write {hint}")

    def near(self, node: Any, of: Field, text: str) -> Query:
        """A circle."""
        if circle := circle_of(text):
            return Near(*circle)
        raise self.unknown(node, of, text)

    def place(self, node: Any, of: Field, text: str) -> Query:
        """A name, a ref or `unknown`."""
        return InPlace(text.casefold() if ":" in text else " ".join(self.spoken(node, text)))

    def moment(self, node: Any, of: Field, text: str) -> Query:
        """All of the moments that a text names."""
        low, high = self.span(node, of, text)
        return Range(of.name, low, high, True, False, self.at(node))

    def number(self, node: Any, of: Field, text: str) -> Query:
        """Exactly this number."""
        number = self.bound(node, of, text)
        return Range(of.name, number, number, at=self.at(node))

    def bound(self, node: Any, of: Field, text: str) -> float:
        """The number that a text means."""
        number = number_of(of, text)
        if number is None:
            raise self.unknown(node, of, text)
        return number

    def span(self, node: Any, of: Field, text: str) -> tuple[int, int]:
        """The microseconds that a text names."""
        span = span_of(text, self.now)
        if span is None:
            hint = "2026-03-14, 2026-03-14T10:30Z or now-24h; quote what holds a blank or +"
            raise self.fault(node, f"{of.name}: {text!r} is no moment", f"write {hint}")
        return span

    def range(
        self, node: Any, of: Field | None, ends: tuple[Any, Any], within: tuple[bool, bool]
    ) -> Query:
        """Numbers between two ends, either of which may be open."""
        if of is None or of.type not in ("moment", "grade", "number"):
            names = ", ".join(f.name for f in FIELDS.values() if f.type in _ORDERED)
            raise self.fault(node, "a range needs a field with an order", f"ask {names}")
        low, high = (_end(end) for end in ends)
        if of.type != "moment":
            return Range(
                of.name,
                None if low is None else self.bound(node, of, low),
                None if high is None else self.bound(node, of, high),
                within[0] or low is None,
                within[1] or high is None,
                self.at(node),
            )
        first = None if low is None else self.span(node, of, low)[0 if within[0] else 1]
        last = None if high is None else self.span(node, of, high)[1 if within[1] else 0]
        return Range(of.name, first, last, True, last is None, self.at(node))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _end(node: Any) -> str | None:
    """The text of a range's end, or None where it is open."""
    from luqum import tree

    if node is None or getattr(node, "value", "") == "*":
        return None
    if isinstance(node, tree.Prohibit):
        return f"-{_end(node.a) or ''}"
    quoted = isinstance(node, tree.Phrase)
    return _unescaped(node.value[1:-1] if quoted else node.value)


def _joined(node: Any) -> str | None:
    """The text of `a:b:c`, or None where it is more than that."""
    from luqum import tree

    parts = []
    while isinstance(node, tree.SearchField):
        parts.append(node.name)
        node = node.expr
    if not isinstance(node, tree.Word) or re.search(r"[*?]", node.value):
        return None
    return ":".join([*parts, _unescaped(node.value)])
