"""What a source sends as one document: read, refused whole or in part, and yielded in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Raw

from monitor.errors import SourceChanged
from monitor.fetch import shown
from monitor.model import Cursor, Dead, Gone, Page, Post

_PAGE: Final = 500
_BROKEN: Final = (ValueError, RecursionError)


class Collection(msgspec.Struct, frozen=True):
    """Features in GeoJSON. Source: https://www.rfc-editor.org/rfc/rfc7946#section-3.3"""

    type: Literal["FeatureCollection"]
    features: list[Raw]


class _Called(msgspec.Struct, frozen=True):
    id: str = ""


_COLLECTION = TypeVar("_COLLECTION", bound=Collection)
_READ = TypeVar("_READ")


def changed(url: str, what: str, payload: bytes) -> SourceChanged:
    """The error for a document of that address that is not what its source says it is."""
    return SourceChanged(f"{shown(url)}: {what}; look at the kept payload", payload=payload)


def collection(body: bytes, url: str, of: type[_COLLECTION]) -> _COLLECTION:
    """The collection of that form; raises SourceChanged where it is none."""
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=of)
    except _BROKEN as error:
        raise changed(url, f"it is no GeoJSON collection, {str(error)[:200]}", body) from error


def features(
    found: Iterable[Raw], read: Callable[[Raw], _READ]
) -> tuple[list[_READ], tuple[Dead, ...]]:
    """What `read` makes of each feature, and those of which it raises ValueError."""
    good: list[_READ] = []
    dead: list[Dead] = []
    for feature in found:
        try:
            good.append(read(feature))
        except _BROKEN as error:
            dead.append(Dead(id=_called(feature), reason=f"it cannot be read: {str(error)[:200]}"))
    return good, tuple(dead)


def _called(feature: Raw) -> str:
    """The id of a malformed feature, as far as it has one."""
    try:
        return msgspec.json.decode(feature, type=_Called).id[:200]
    except _BROKEN:
        return ""


def pages(
    posts: Sequence[Post],
    *,
    gone: Sequence[str] = (),
    dead: Sequence[Dead] = (),
    since: Cursor,
    until: Cursor,
) -> Iterator[Page]:
    """All posts, one page at least. What is gone or dead comes with the last, and only it moves the
    cursor from `since` to `until`: a poll that was cut off is read again."""
    for start in range(0, max(len(posts), 1), _PAGE):
        last = start + _PAGE >= len(posts)
        yield Page(
            posts=tuple(posts[start : start + _PAGE]),
            gone=(Gone(ids=tuple(gone)),) if gone and last else (),
            dead=tuple(dead) if last else (),
            cursor=until if last else since,
        )
