"""What the project contains, we wrote: no text of a labelled set stands in it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

from tests import house
from tests.needs import shared

RUN = 9
"""So many words in a row are no chance."""


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of words of a text; those of a table's cell may go on in its next line."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return zip(*(words[at:] for at in range(RUN)), strict=False)


def strings(value: Any) -> Iterator[str]:
    """All that is text in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def test_a_copy_is_noticed_across_the_lines_of_a_table() -> None:
    ours = "│ 1 │ Smoke rises over the old harbour │\n│   │ since noon, say two fishermen. │"
    assert set(runs("RT: smoke rises over the old harbour since noon, say")) & set(runs(ours))


def test_no_text_of_a_labelled_set_is_in_the_project() -> None:
    """Which, is not said: they hold names of private persons."""
    ours = {run: path for path in house.texts() for run in runs(path.read_text(encoding="utf-8"))}
    copied = set()
    for path in sorted(shared("data").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                for text in strings(json.loads(line)):
                    copied |= {
                        (path.name, number, str(ours[run].relative_to(house.ROOT)))
                        for run in runs(text)
                        if run in ours
                    }
    assert copied == set()
