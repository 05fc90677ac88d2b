"""What a reader looks at: one value, one address, one question.

Everything that narrows a page is in its address, so that a page can be sent to somebody. Pages,
API and export all ask the question that `View.query` makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from monitor.errors import QueryError
from monitor.nodes import All, Equals, Query, Range, both, either
from monitor.ports import Of
from monitor.query import FIELDS

FACETS: Final = (
    "topic", "severity", "certainty", "phase", "verdict", "voice", "place", "source", "lang"
)  # fmt: skip
"""The fields by which finds are counted and narrowed, in the order of the page."""
MOST_VALUES: Final = 50
URGENCY: Final = "urgency"
LIKENESS: Final = "likeness"
ALIVE: Final = Range("size", 1, None)
"""An event that a merge or a deletion emptied is never shown among others."""

Read = Callable[[str], Query]
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]+")
_QUOTES: Final = re.compile(r"[“”„]")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which finds, in which order, from where on.

    `q` is in the language of questions; `since` and `until` are moments of it, `until` excluded;
    `near` is its circle. `facets` are pairs of a field and a value, sorted: values of one field are
    alternatives. `sort` is a field, `-` before it for descending, `urgency` or `likeness`; where it
    is empty what suits the finds. `after` is the `next` of the page before.
    """

    of: Of = "events"
    q: str = ""
    since: str = ""
    until: str = ""
    near: str = ""
    facets: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    after: str = ""

    def query(self, read: Read, *, without: str = "") -> Query:
        """The question; `without` leaves out what was chosen of one facet. Raises QueryError, with
        a position only where it is one of `q`."""
        parts = [read(self.q)] if self.q.strip() else []
        parts += self._times(read)
        if self.near:
            parts.append(_value(read, "near", self.near))
        for field in FACETS:
            if field != without and (chosen := self.chosen(field)):
                parts.append(either(_value(read, field, value) for value in chosen))
        parts = [part for part in parts if part != All()]
        if self.of == "events":
            parts.append(ALIVE)
        return both(parts) if parts else All()

    def _times(self, read: Read) -> list[Query]:
        bounds = []
        if self.since:
            bounds.append(_quiet(read, f"time:>={_quoted(self.since)}"))
        if self.until:
            bounds.append(_quiet(read, f"time:<{_quoted(self.until)}"))
        return bounds

    def chosen(self, field: str) -> tuple[str, ...]:
        """The values that are chosen of a facet."""
        return tuple(value for name, value in self.facets if name == field)

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.q or self.since or self.until or self.near or self.facets)

    def toggled(self, field: str, value: str) -> View:
        """The same with a facet's value chosen, or no longer chosen; from the first page on."""
        pairs = set(self.facets) ^ {(field, value)}
        return replace(self, facets=tuple(sorted(pairs)), after="")

    def within(self, since: str, until: str) -> View:
        """The same at other times, from the first page on."""
        return replace(self, since=since, until=until, after="")

    def of_kind(self, of: Of) -> View:
        """The same of the other kind of documents."""
        return replace(self, of=of)

    def around(self, near: str) -> View:
        """The same at another place, from the first page on."""
        return replace(self, near=near, after="")

    def sorted_by(self, sort: str) -> View:
        """The same in another order, from the first page on."""
        return replace(self, sort=sort, after="")

    def onward(self, after: str | None) -> View:
        """The next page."""
        return replace(self, after=after or "")

    def params(self) -> list[tuple[str, str]]:
        """Names and values of its address, in one order for ever; what is empty is left out."""
        named = ("q", "since", "until", "near", "sort", "after")
        pairs = [(name, str(getattr(self, name))) for name in named]
        facets = [(f, value) for f in FACETS for value in self.chosen(f)]
        return [(name, value) for name, value in (*pairs[:4], *facets, *pairs[4:]) if value]

    def url(self, path: str) -> str:
        """Its address on that page."""
        said = urlencode(self.params())
        return f"{path}?{said}" if said else path


def view_of(of: Of, pairs: Iterable[tuple[str, str]]) -> View:
    """The view that an address names. What is no part of it is passed over."""
    found: dict[str, str] = {}
    facets: dict[tuple[str, str], None] = {}
    for name, value in pairs:
        text = _BLANK.sub(" ", value).strip()
        if name in FACETS and text and len(facets) < MOST_VALUES:
            facets[name, text] = None
        elif name in ("q", "since", "until", "near", "sort", "after"):
            found.setdefault(name, value if name == "q" else text)
    return View(of=of, facets=tuple(sorted(facets)), **found)


def _value(read: Read, field: str, value: str) -> Query:
    """What has this value; one that no list holds is taken as it is written."""
    if FIELDS[field].type == "keyword" and not FIELDS[field].values:
        return Equals(field, value.casefold())
    return _quiet(read, f"{field}:{_quoted(value)}")


def _quiet(read: Read, text: str) -> Query:
    """What a text means that the reader did not write: its positions would mislead."""
    try:
        found = read(text)
        return replace(found, at=None) if isinstance(found, Equals | Range) else found
    except QueryError as fault:
        raise QueryError(str(fault)) from fault


def _quoted(text: str) -> str:
    """A value in quotes; curly ones, which would end it, are blanks."""
    plain = _QUOTES.sub(" ", text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
