"""How a document is written down: the tokens that FTS5 reads, and the columns beside them.

A token is a word as it stands, `~` a term, `=field_value` a keyword, `@` a word of a place's name;
`_` alone keeps phrases within one text. FTS5's `ascii` tokenizer neither splits nor folds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from monitor.geo import on_sphere, tile
from monitor.query import Document

SEPARATOR: Final = "\x1f"
MAX_ZOOM: Final = 22
EVERY: Final = "=all"
"""The token that every document has."""
NOWHERE: Final = "=nowhere"
"""The token of a document without a position."""
COLUMNS: Final = {
    "signals": (
        *("id", "seq", "event", "time", "severity", "relevance"),
        *("x", "y", "z", "tile"),
        *("topic", "source", "lang", "voice", "place"),
    ),
    "events": (
        *("id", "seq", "event", "time", "first", "size", "severity", "certainty"),
        *("x", "y", "z", "tile"),
        *("topic", "source", "lang", "phase", "verdict", "place"),
    ),
}
"""The columns of each table after `n`."""

Value = str | float | None


@lru_cache(maxsize=2_000)
def tag(field: str, value: str) -> str:
    """The token of a keyword: what is no small letter or digit of ASCII is written in hex."""
    kept = (c if (c.isascii() and c.isalnum()) or ord(c) > 127 else f"_{ord(c):02x}" for c in value)
    return f"={field}_{''.join(kept)}"


def tokens(of: Document) -> str:
    """All that FTS5 is given of a document."""
    parts = [" _ ".join(" ".join(text) for text in of.texts), EVERY]
    parts += [f"~{term}" for term in sorted(of.terms)]
    for field, values in of.keywords.items():
        parts += [tag(field, value.casefold()) for value in values]
    parts += [tag("ref", ref) for ref in sorted(of.refs)]
    if of.point is None:
        parts.append(NOWHERE)
    parts += ["_ " + " ".join(f"@{word}" for word in name) for name in of.names]
    return " ".join(parts)


def columns(of: Document) -> tuple[Value, ...]:
    """The values of `COLUMNS`, in their order."""
    values: dict[str, Value] = {"id": of.id, "seq": of.seq, "event": of.event}
    values |= {name: joined(several) for name, several in of.keywords.items()}
    values |= of.numbers
    values["place"] = joined(of.places)
    if of.point:
        values["x"], values["y"], values["z"] = on_sphere(*of.point)
        column, row = tile(*of.point, MAX_ZOOM)
        values["tile"] = column << MAX_ZOOM | row
    return tuple(values.get(name) for name in COLUMNS[of.kind])


def joined(values: Iterable[str]) -> str:
    """Several values in one column."""
    return SEPARATOR.join(value.replace(SEPARATOR, " ") for value in values)
