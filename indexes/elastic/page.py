"""How a page of finds is wanted, in what order, and the mark that the next one begins at."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

from indexes.elastic.compile import Body
from indexes.elastic.search import Mark, Reply
from monitor.errors import QueryError
from monitor.ports import Asked, Of
from monitor.query import FIELDS, Query

MAX_LIMIT: Final = 1_000
MAX_SKIPPED: Final = 10_000
"""So many finds can be counted off (`index.max_result_window`)."""
ENDED: Final = 3
"""So many finds at the end of a page by score say where it ended: some may change or go."""
VALUE: Final[Body] = {"_source": ["value"]}
"""Of finds, what they are."""
NAMES: Final[Body] = {"_source": False, "docvalue_fields": ["id", "event"]}
"""Of finds, what they are called."""

_SORTABLE: Final = ("time", "first", "last", "size", "severity", "certainty", "relevance")
_COLUMNS: Final = {
    "time": "time_us",
    "last": "time_us",
    "first": "first_us",
    "severity": "severity_rank",
    "certainty": "certainty_rank",
}
"""Where the exact numbers of a field are, if not under its own name."""

_Long = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class After(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page begins, as `Found.next` and `Asked.after` hold it."""

    @property
    def text(self) -> str:
        """As others hold it."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


class AfterField(After, frozen=True):
    """After the find of that value and id."""

    sort: str
    value: str | _Long | float
    id: str


class AfterScore(After, frozen=True):
    """After the last of those finds, by id and `seq`, or after so many where none is as it was."""

    skip: _Count
    ended: Annotated[tuple[tuple[str, _Long], ...], msgspec.Meta(max_length=ENDED)]


class AfterSome(After, frozen=True):
    """After so many, or after the find of that id where it is still among them."""

    skip: _Count = 0
    sort: str = ""
    id: str = ""


M = TypeVar("M", bound=After)


@dataclass(frozen=True, slots=True)
class Question:
    """A question to one kind of document, and how its finds are wanted; `liked` where it asks for
    what is near in meaning."""

    of: Of
    query: Query
    asked: Asked
    liked: bool

    @property
    def limit(self) -> int:
        """How many finds a page has."""
        return max(0, min(self.asked.limit, MAX_LIMIT))

    @property
    def collapse(self) -> bool:
        """Whether one find of each event is wanted; an event is one."""
        return self.asked.collapse and self.of == "signals"

    @property
    def vector(self) -> bytes:
        """What `like:` means. Raises QueryError."""
        if self.asked.vector is None:
            raise QueryError("like: the question came without its vector; ask with a model")
        return self.asked.vector

    def after(self, kind: type[M]) -> M | None:
        """The mark that the page begins at, None for the first page. Raises QueryError."""
        text = self.asked.after
        if not text:
            return None
        try:
            decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return msgspec.json.decode(decoded, type=kind)
        except ValueError as fault:
            raise bad_mark() from fault

    def last(self, found: Reply) -> tuple[Mark, ...]:
        """What the page's last find is sorted by, nothing where no page follows."""
        return found.lines[self.limit - 1].sort if 0 < self.limit < len(found.lines) else ()


def order(of: Of, sort: str) -> list[dict[str, str]]:
    """How the server sorts by a field, or by score where none is named. Raises QueryError."""
    if not sort:
        return [{"_score": "desc"}, {"time_us": "desc"}, {"id": "asc"}]
    name = sort.removeprefix("-")
    known = FIELDS.get(name)
    if not (name in ("id", "seq") or (name in _SORTABLE and known and of in known.of)):
        names = ", ".join(("id", "seq", *(n for n in _SORTABLE if of in FIELDS[n].of)))
        raise QueryError(f"sort: {of} cannot be sorted by {name!r}; sort by {names}")
    way = "desc" if sort.startswith("-") else "asc"
    return [{_COLUMNS.get(name, name): way}, {"id": "asc"}]


def bad_mark() -> QueryError:
    """Where a mark is none, or of another question."""
    return QueryError("after: is no mark of this question; begin at the first page")
