"""Texts without padding: the same vectors as with it, whatever stands beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nlp import encode, models

WORDS = ["smoke", "over", "the", "harbour", "and", "sirens", "near", "the", "old", "bridge"]
TEXTS = [" ".join(WORDS[n % 3 :] * (n % 7)) for n in range(40)]


@pytest.fixture(scope="module")
def padded() -> Any:
    """The same network as its library runs it."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(models.find(models.MINILM).folder), device="cpu")


def test_vectors_are_those_of_padded_texts(encoder: encode.Encoder, padded: Any) -> None:
    expected = padded.encode(TEXTS, normalize_embeddings=True)

    assert np.abs(encoder.encode(TEXTS) - expected).max() < 1e-5


def test_each_text_keeps_its_place(encoder: encode.Encoder) -> None:
    assert (encoder.encode(TEXTS[::-1])[::-1] * encoder.encode(TEXTS)).sum(1).min() > 1 - 1e-5


def test_a_text_of_no_words_and_one_longer_than_is_read_stand_together(
    encoder: encode.Encoder, padded: Any
) -> None:
    texts = ["", "fire " * 1_000, "fire"]

    found = encoder.encode(texts)

    assert np.abs(found - padded.encode(texts, normalize_embeddings=True)).max() < 1e-5
