"""Signals and events put away small: compressed JSON, and vectors as they are, for no compression
makes exact ones smaller. What comes back equals what was put away."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Final

import msgspec

from monitor.model import Event, Place, Post, Signal

_WINDOW: Final = -15
"""Bits of the compressor's window, without a header: posts are short, and so is its memory."""
_NOWHERE: Final = Place(
    name="", start=0, end=0, role="happened", kind="city", lat=0.0, lon=0.0, radius_m=0.0
)

_encode = msgspec.json.Encoder().encode
_signal = msgspec.json.Decoder(Signal).decode
_event = msgspec.json.Decoder(Event).decode


class _Kept(msgspec.Struct, frozen=True, gc=False):
    event: str
    vector: bytes
    body: bytes


class Signals:
    """Signals by post. What all have in common, names of topics and models, is kept once."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._common = b""

    def __contains__(self, post: object) -> bool:
        return post in self._kept

    def home(self, post: str) -> str | None:
        """The event of a post, or None where there is no such signal."""
        kept = self._kept.get(post)
        return kept.event if kept else None

    def get(self, post: str) -> Signal | None:
        """A signal as it was put away."""
        return self[post] if post in self._kept else None

    def __getitem__(self, post: str) -> Signal:
        kept = self._kept[post]
        signal = _signal(_grown(kept.body, self._common))
        return replace(signal, enrichment=replace(signal.enrichment, vector=kept.vector))

    def put(self, signal: Signal) -> None:
        """Put a signal away, over what was there of its post."""
        vector = signal.enrichment.vector
        bare = replace(signal, enrichment=replace(signal.enrichment, vector=b""))
        self._common = self._common or _common(bare)
        body = _shrunk(_encode(bare), self._common)
        self._kept[signal.post.id] = _Kept(signal.event, vector, body)

    def drop(self, post: str) -> None:
        """Let a signal go."""
        del self._kept[post]


def packed(event: Event) -> bytes:
    """An event put away."""
    return _shrunk(_encode(event), b"")


def unpacked(body: bytes) -> Event:
    """The event that `packed` put away."""
    return _event(_grown(body, b""))


def _common(signal: Signal) -> bytes:
    """What a signal shares with all others: everything but its words."""
    enrichment = replace(signal.enrichment, places=(_NOWHERE,))
    return _encode(replace(signal, post=Post(id="", text=""), enrichment=enrichment))


def _shrunk(body: bytes, common: bytes) -> bytes:
    press = zlib.compressobj(wbits=_WINDOW, zdict=common)
    return press.compress(body) + press.flush()


def _grown(body: bytes, common: bytes) -> bytes:
    return zlib.decompressobj(wbits=_WINDOW, zdict=common).decompress(body)
