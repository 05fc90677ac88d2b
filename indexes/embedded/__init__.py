"""The embedded index: one SQLite file with FTS5, an R-tree and the vectors. One process writes,
any number read at once; nothing is to be installed or looked after.

Source: https://www.sqlite.org/fts5.html, https://www.sqlite.org/rtree.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.ports import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where the index is.

    path: a link that is made there; the file that it leads to lies beside it
    """

    path: str = "index.db"


def open(options: Options, *, beside: bool = False) -> Index:
    """The index at the path; `beside`, an empty one that `promote` puts in its place."""
    from pathlib import Path

    from indexes.embedded.index import Embedded

    return Embedded(Path(options.path).absolute(), beside=beside)
