"""What the contract of the indexes builds its documents with, and the indexes themselves."""

import hashlib
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

from indexes import elastic, embedded
from monitor.model import Change, Enrichment, Event, Post, Signal
from monitor.ports import Asked, Index
from monitor.query import document, parse
from tests import needs
from tests.questions import DAY

KINDS = ("embedded", "elastic")
PLAIN = settings(
    deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.reuse, Phase.generate)
)
_PREFIXES: set[str] = set()
EVERYTHING = Asked(sort="id", limit=1_000)


@contextmanager
def opened(kind: str, folder: Path, *, beside: bool = False) -> Iterator[Index]:
    """The index of that folder: in it, or in the cluster under a name made of it."""
    if kind == "elastic":
        prefix = "contract-" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        _PREFIXES.add(prefix)
        index = elastic.open(
            elastic.Options(url=needs.elastic_url(), prefix=prefix, replicas=0), beside=beside
        )
    else:
        index = embedded.open(embedded.Options(path=str(folder / "index.db")), beside=beside)
    try:
        yield index
    finally:
        index.close()


def forget() -> None:
    """Take away what was made in the cluster."""
    while _PREFIXES:
        needs.elastic().clear(_PREFIXES.pop())


def a_signal(at: int, text: str = "a fire", *, seq: int = 1, event: str = "1", **known) -> Signal:
    post = Post(id=f"s:{at}", text=text, source="bbc", published=DAY + timedelta(hours=at))
    enrichment = Enrichment(lang="en", **known)
    return Signal(
        post=post, enrichment=enrichment, event=event, sources=("bbc",), arrived=at, seq=seq
    )


def an_event(id: str, text: str = "a fire", *, seq: int = 1, **known) -> Event:
    return Event(id=id, seq=seq, texts=(text,), first=DAY, last=DAY, size=1, **known)


def wrote(index: Index, *values: Signal | Event, last: int = 1, gone: tuple[str, ...] = ()) -> None:
    refused = index.write(
        Change(
            last=last,
            signals=tuple(value for value in values if isinstance(value, Signal)),
            events=tuple(value for value in values if isinstance(value, Event)),
            gone=gone,
        )
    )
    assert list(refused) == []
    index.refresh()


def ids(index: Index, text: str, asked: Asked = EVERYTHING, of: str = "signals") -> list[str]:
    found = (
        index.signals(parse(text), asked) if of == "signals" else index.events(parse(text), asked)
    )
    return [document(hit.value).id for hit in found.hits]


def paged(index: Index, text: str, asked: Asked, of: str = "signals") -> list[str]:
    """The ids of all pages."""
    seen: list[str] = []
    while True:
        ask = index.signals if of == "signals" else index.events
        found = ask(parse(text), asked)
        seen += [document(hit.value).id for hit in found.hits]
        if found.next is None:
            return seen
        asked = replace(asked, after=found.next)


def unit(*numbers: float) -> bytes:
    length = math.sqrt(sum(number * number for number in numbers))
    return struct.pack(f"<{len(numbers)}f", *(number / length for number in numbers))
