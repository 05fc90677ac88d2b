"""Real models, loaded once a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from monitor.model import Enrichment, Post
from nlp import encode, language, relevance

Judge = Callable[..., list[Enrichment]]


@pytest.fixture(scope="session")
def identifier() -> language.Identifier:
    return language.open(language.Options())


@pytest.fixture(scope="session")
def encoder() -> encode.Encoder:
    return encode.open(encode.Options(dtype="float32", threads=2))


@pytest.fixture(scope="session")
def judge(identifier: language.Identifier, encoder: encode.Encoder) -> Judge:
    """What language, encode and relevance say of posts or texts, in their order."""
    heads = relevance.open(relevance.Options())

    def judged(*said: Post | str) -> list[Enrichment]:
        posts = [
            one if isinstance(one, Post) else Post(id=f"test:{number}", text=one)
            for number, one in enumerate(said)
        ]
        known: Sequence[Enrichment] = [Enrichment() for _ in posts]
        for step in (identifier, encoder, heads):
            known = step(posts, known)
        return list(known)

    return judged
