"""Posts of a local file, one JSON object a line, plain or gzip: import, replay, tests.

The lines are those of `monitor.lines`. A line may name its own `source` and `voice`: the file is
the operator's, and an export can be imported again. A first line `{"replay": "<moment>"}` names the
moment that becomes now where `replay` is set. A last line that has no end yet and cannot be read is
left for the next poll, for it is being written.

Source: https://jsonlines.org/
Cursor: `offset` (bytes, decompressed) and `line` up to which the file was read; `head`, the length
    and hash of its beginning, by which a file that was replaced is read anew; `shift`, the seconds
    by which a replay moves.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final, cast

from monitor.errors import SourceChanged, SourceRefused
from monitor.lines import parse_line
from monitor.markup import moment
from monitor.model import UNDATED, Cursor, Dead, Gone, Page, Post
from monitor.ports import Fetch, Policy

POLICY: Final = Policy(
    terms="the file is the operator's own; the terms of where its posts come from still hold",
    deletions="lines of the file itself take posts back",
)

_PAGE: Final = 500
_LINE_BYTES: Final = 1_000_000
_HEAD_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A file of posts.

    `path`: the file; gzip where its name ends with .gz.
    `replay`: shift all moments so that the one that the file's first line names is now.
    `id_field`: the key under which the file has a post's id.
    `text_field`: the key under which it has the text.
    `published_field`: the key under which it has the moment; a snowflake id of X holds its own.
    """

    path: str
    replay: bool = False
    id_field: str = "id"
    text_field: str = "text"
    published_field: str = "published"


@dataclass(frozen=True, slots=True)
class _Place:
    """Up to where a file was read, and how its beginning and its moments are known again."""

    offset: int
    line: int
    head: bytes
    shift: timedelta

    def cursor(self) -> Cursor:
        """The place as marks."""
        size = min(self.offset, len(self.head))
        digest = hashlib.sha256(self.head[:size]).hexdigest()[:16]
        return Cursor(
            marks={
                "offset": str(self.offset),
                "line": str(self.line),
                "head": f"{size} {digest}",
                "shift": str(self.shift.total_seconds()),
            }
        )


def collect(options: Options, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
    """The lines after `cursor`, in their order, at most 500 posts a page; a deletion ends its page,
    so that what comes after it is stored after it."""
    with _opened(options.path) as file:
        start = _start(file, cursor, options)
        page, count = Page(), 0
        for place, found in _read(file, start, options):
            if page.gone and not isinstance(found, Gone):
                yield page
                page, count = Page(), 0
            page = _with(page, found, place)
            count += 1
            if count == _PAGE:
                yield page
                page, count = Page(), 0
        if count:
            yield page


def _with(page: Page, found: Post | Gone | Dead, place: _Place) -> Page:
    """The page with one more line."""
    held = replace(page, cursor=place.cursor())
    if isinstance(found, Post):
        return replace(held, posts=(*held.posts, found))
    if isinstance(found, Gone):
        return replace(held, gone=(*held.gone, found))
    return replace(held, dead=(*held.dead, found))


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """The file, decompressed; raises SourceRefused or SourceChanged where it cannot be read."""
    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
            yield cast(BinaryIO, file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceChanged(f"{path}: it is damaged or cut gzip; make it anew") from error
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}; correct `path` or the file") from error


def _start(file: BinaryIO, cursor: Cursor, options: Options) -> _Place:
    """Where to go on, or the beginning where the file is not the one that the cursor knows."""
    head = file.read(_HEAD_BYTES)
    place = _Place(0, 0, head, timedelta(0))
    marks = cursor.marks
    if "offset" in marks:
        shift = timedelta(seconds=float(marks["shift"]))
        known = _Place(int(marks["offset"]), int(marks["line"]), head, shift)
        if known.cursor() == cursor and file.seek(0, 2) >= known.offset:
            return known
    file.seek(0)
    return replace(place, shift=_shift(file.readline(_LINE_BYTES), options))


def _shift(first: bytes, options: Options) -> timedelta:
    """How far all moments move: nothing, or what makes the moment of the first line now."""
    if not options.replay:
        return timedelta(0)
    then = _replayed(first)
    if then is None:
        raise SourceChanged(
            f"{options.path}: `replay` is set, but its first line names no moment; write "
            '{"replay": "2026-03-14T23:00:00Z"} there'
        )
    return datetime.now(UTC) - then


def _replayed(line: bytes) -> datetime | None:
    """The moment that a replay's first line names."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return moment(record.get("replay")) if isinstance(record, dict) else None


def _read(
    file: BinaryIO, place: _Place, options: Options
) -> Iterator[tuple[_Place, Post | Gone | Dead]]:
    """What stands on each line after a place, and the place after it."""
    fields = {
        "id": options.id_field,
        "text": options.text_field,
        "published": options.published_field,
    }
    file.seek(place.offset)
    while line := file.readline(_LINE_BYTES + 1):
        length = len(line)
        bearable = length <= _LINE_BYTES
        while not line.endswith(b"\n") and (rest := file.readline(_LINE_BYTES)):
            length += len(rest)
            line = rest
        place = replace(place, offset=place.offset + length, line=place.line + 1)
        if not line.strip() or (place.line == 1 and _replayed(line) is not None):
            continue
        found: Post | Gone | Dead
        try:
            if not bearable:
                raise SourceChanged(f"line {place.line}: it is longer than {_LINE_BYTES} bytes")
            line = line.removeprefix(b"\xef\xbb\xbf") if place.line == 1 else line
            found = _shifted(parse_line(line, place.line, fields), place.shift)
        except SourceChanged as error:
            if not line.endswith(b"\n"):
                return
            found = Dead(id=f"line {place.line}", reason=str(error))
        yield place, found


def _shifted(found: Post | Gone, shift: timedelta) -> Post | Gone:
    """A post with its moments moved; what has no date keeps none."""
    if not shift or isinstance(found, Gone):
        return found
    try:
        return replace(
            found,
            published=found.published if found.published == UNDATED else found.published + shift,
            edited=found.edited + shift if found.edited else None,
        )
    except OverflowError as error:
        raise SourceChanged("its moments cannot be moved; correct them") from error
