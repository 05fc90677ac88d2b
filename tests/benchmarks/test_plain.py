"""What ours is held against beside the plain stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from nlp import features
from nlp.encode import Encoder
from tests.benchmarks import plain

RAW = "Fire at https://example.org/1 now"


class Recorder:
    """An encoder that remembers the texts that it was given."""

    dtype = "bfloat16"

    def __init__(self) -> None:
        self.heard: list[list[str]] = []

    def encode(self, texts: Sequence[str], **_: Any) -> None:
        self.heard.append(list(texts))


def test_our_encoder_alone_is_our_step_and_the_other_one_is_the_library_s_in_its_number_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, stock = Recorder(), {"float32": Recorder(), "bfloat16": Recorder()}
    monkeypatch.setattr(plain, "_encoder", lambda _folder, dtype: stock[dtype])
    monkeypatch.setattr(plain, "_tagger", lambda _without: type("Tagger", (), {"pipe": list_of})())
    monkeypatch.setattr(plain, "_classifier", lambda _folder: list)
    others = plain.Others(cast(Encoder, ours), ["warm"])
    spent = dict(others.seconds([RAW]))
    assert ours.heard == [["warm"], [RAW]]
    assert stock["bfloat16"].heard[1] == [features.plain(RAW)]
    assert {plain.ALONE, plain.PADDED} < spent.keys()
    assert plain.STACKS[plain.ALONE] == (plain.ALONE,)
    assert plain.STACKS[plain.PADDED] == (plain.PADDED,)


def list_of(_self: object, _texts: Sequence[str], **_: Any) -> list[Any]:
    return []
