"""The vectors of posts, by the real model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from monitor.errors import ModelError
from monitor.model import Enrichment, Post
from nlp import encode, models

TEXTS = [
    "Warehouse on fire near the docks",
    "ok",
    "Two trams collided on the bridge this morning, several passengers are being treated for cuts "
    "and bruises while the operator looks for the cause of the accident",
    "Blaze at a storage hall in the harbour",
    "My cat sleeps on the keyboard",
]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The bundled model in a folder of our own."""
    return shutil.copytree(models.find(models.MINILM).folder, tmp_path / "model")


def test_numpy_leaves_the_cores_to_torch(encoder: encode.Encoder) -> None:
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]

    assert pools
    assert {pool["num_threads"] for pool in pools} == {1}


def test_a_vector_is_float32_of_norm_one(encoder: encode.Encoder) -> None:
    posts = [Post(id=f"test:{n}", text=text) for n, text in enumerate(TEXTS)]

    found = encoder(posts, [Enrichment(lang="en") for _ in posts])

    vectors = np.stack([np.frombuffer(each.vector, "<f4") for each in found])
    assert vectors.shape == (5, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
    assert {each.lang for each in found} == {"en"}
    assert found[0].models == {"encode": "all-MiniLM-L6-v2@53aa5117 float32"}


def test_texts_that_say_the_same_are_near(encoder: encode.Encoder) -> None:
    fire, _, _, blaze, cat = encoder.encode(TEXTS)

    assert fire @ blaze > 0.5 > 0.2 > fire @ cat


def test_a_vector_does_not_depend_on_its_batch(encoder: encode.Encoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])

    assert np.abs(together - alone).max() < 1e-3
    assert encoder.encode([]).shape == (0, 384)


def test_addresses_and_handles_are_not_read(encoder: encode.Encoder) -> None:
    bare, dressed = encoder.encode([TEXTS[0], f"RT @…: {TEXTS[0]} https://example.org/a?b=c"])

    assert bare @ dressed == pytest.approx(1, abs=1e-5)


def test_the_title_is_read_too(encoder: encode.Encoder) -> None:
    post = Post(id="test:1", title="Warehouse on fire", text="Crews are on their way.")

    (enrichment,) = encoder([post], [Enrichment()])

    expected = encoder.encode(["Warehouse on fire\nCrews are on their way."])[0]
    assert np.frombuffer(enrichment.vector, "<f4") @ expected == pytest.approx(1, abs=1e-5)


def test_bfloat16_is_close_to_float32(encoder: encode.Encoder) -> None:
    short = encode.open(encode.Options(dtype="bfloat16", threads=2))

    assert short.dtype == "bfloat16"
    assert (encoder.encode(TEXTS) * short.encode(TEXTS)).sum(axis=1).min() > 0.999


def test_what_was_chosen_by_measuring_is_said() -> None:
    assert encode.open(encode.Options(dtype="auto", threads=2)).dtype in {"float32", "bfloat16"}


def test_a_folder_can_be_named_with_its_hash(copied: Path) -> None:
    pin = models.MINILM_FILES[models.WEIGHTS]

    named = encode.open(encode.Options(model=str(copied), sha256=pin, dtype="float32"))

    assert named.version == "model@53aa5117 float32"


def test_weights_with_one_other_bit_are_refused(copied: Path) -> None:
    weights = copied / models.WEIGHTS
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)

    with pytest.raises(ModelError):
        encode.open(encode.Options(model=str(copied), sha256=models.MINILM_FILES[models.WEIGHTS]))


def test_every_file_of_the_bundled_model_is_pinned(copied: Path) -> None:
    models.verify(copied, models.MINILM_FILES)
    with (copied / "tokenizer.json").open("a") as file:
        file.write(" ")

    with pytest.raises(ModelError):
        models.verify(copied, models.MINILM_FILES)


def test_a_file_that_is_not_part_of_the_model_is_refused(copied: Path) -> None:
    (copied / "pytorch_model.bin").write_bytes(b"pickle")

    with pytest.raises(ModelError):
        models.verify(copied, models.MINILM_FILES)


@pytest.mark.parametrize("name", ["no-such-folder/and no model", "nobody/no-such-model"])
def test_a_model_that_is_nowhere_is_a_model_error(name: str) -> None:
    with pytest.raises(ModelError):
        encode.open(encode.Options(model=name))


def test_a_folder_without_weights_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        encode.open(encode.Options(model=str(tmp_path)))
