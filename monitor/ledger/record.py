"""Values as the ledger keeps them: JSON by msgspec, the vector apart as it is."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from monitor.ledger.store import moment, stamp
from monitor.model import (
    Activity,
    Decision,
    Enrichment,
    Event,
    Gone,
    Post,
    Row,
    Signal,
    Tick,
)

KINDS: Final[dict[str, type[Post] | type[Gone] | type[Decision] | type[Tick]]] = {
    "post": Post,
    "gone": Gone,
    "decision": Decision,
    "tick": Tick,
}
SIGNAL: Final = (
    "id, seq, arrived, event, source, author, repost_of, collected, hold, origin,"
    " sources, post, enrichment, vector"
)

_encode = msgspec.json.Encoder().encode
_post = msgspec.json.Decoder(Post).decode
_enrichment = msgspec.json.Decoder(Enrichment).decode
_event = msgspec.json.Decoder(Event).decode
_activity = msgspec.json.Decoder(Activity).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode


def encode(value: object) -> bytes:
    """A value as JSON."""
    return _encode(value)


def event_of(value: bytes) -> Event:
    """An event back from its JSON."""
    return _event(value)


def post_of(value: bytes) -> Post:
    """A post back from its JSON."""
    return _post(value)


def enrichment_of(value: bytes) -> Enrichment:
    """An enrichment back from its JSON, without its vector."""
    return _enrichment(value)


def activity_of(number: int, value: bytes) -> Activity:
    """An activity back from its number and its JSON."""
    return replace(_activity(value), number=number)


def row_values(at: datetime, what: Post | Gone | Decision | Tick, origin: str) -> tuple[Any, ...]:
    """A row of the inbox without its number: at, origin, kind, what."""
    return stamp(at), origin, type(what).__name__.lower(), encode(what)


def row_of(line: tuple[Any, ...]) -> Row:
    """A row back from (seq, at, origin, kind, what)."""
    seq, at, origin, kind, what = line
    value = msgspec.json.decode(what, type=KINDS[kind])
    return Row(seq=seq, at=moment(at), origin=origin, what=value)


def signal_values(signal: Signal) -> tuple[Any, ...]:
    """A signal as a line of its table, in the order of SIGNAL."""
    post = signal.post
    return (
        post.id,
        signal.seq,
        signal.arrived,
        signal.event,
        post.source,
        post.author,
        post.repost_of,
        stamp(post.collected),
        int(signal.hold),
        signal.origin,
        encode(signal.sources),
        encode(post),
        encode(replace(signal.enrichment, vector=b"")),
        signal.enrichment.vector,
    )


def signal_of(line: tuple[Any, ...] | sqlite3.Row) -> Signal:
    """A signal back from its line."""
    _, seq, arrived, event, _, _, _, _, hold, origin, sources, post, enrichment, vector = line
    return Signal(
        post=_post(post),
        enrichment=replace(_enrichment(enrichment), vector=vector),
        event=event,
        sources=_names(sources),
        arrived=arrived,
        seq=seq,
        hold=bool(hold),
        origin=origin,
    )
