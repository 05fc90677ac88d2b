"""The steps of the monitor as they are shipped, each loaded once a process."""

from __future__ import annotations

from functools import lru_cache

from nlp import encode, language, places, relevance


@lru_cache(maxsize=1)
def identifier() -> language.Identifier:
    """Tells languages."""
    return language.open(language.Options())


@lru_cache(maxsize=2)
def encoder(dtype: encode.Number) -> encode.Encoder:
    """Makes vectors with that number type."""
    return encode.open(encode.Options(dtype=dtype))


@lru_cache(maxsize=1)
def heads() -> relevance.Relevance:
    """Tells relevance and topics."""
    return relevance.open(relevance.Options())


@lru_cache(maxsize=1)
def finder() -> places.Places:
    """Finds places, without a home area."""
    return places.open(places.Options())
