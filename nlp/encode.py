"""The vector of a post: what it says, as a point on the unit sphere, by sentence-transformers.

The bundled model is English; a multilingual one is named with `model`. Weights are checked by
SHA-256, are safetensors only, and no code that comes with a model is run.

Source: https://www.sbert.net/docs/package_reference/sentence_transformer/SentenceTransformer.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from monitor.errors import ModelError
from monitor.model import Enrichment, Post, text_of
from nlp import features, models

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

Number = Literal["float32", "bfloat16"]

_SAMPLE: Final = [f"smoke over the harbour, street {n} is closed to all traffic" for n in range(48)]
_STEP: Final = 16
"""Lengths of padded batches go by this many tokens: the kernels of every new length stay in
memory."""
_FASTER: Final = 1.5
"""bfloat16 is taken only where it is that much faster: it is slower where no unit computes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How texts become vectors.

    model: the bundled all-MiniLM-L6-v2, a folder, or a name on the Hugging Face hub.
    revision: the commit of a model on the hub.
    sha256: the digest that model.safetensors must have.
    dtype: auto measures for a moment; what it chose stands in `Encoder.dtype`, for later starts.
    batch: texts at once; few at a time stay in the processor's caches.
    threads: 0 for all cores.
    """

    model: str = models.MINILM
    revision: str = ""
    sha256: str = ""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    batch: int = 32
    threads: int = 0


class Encoder:
    """Fills `vector`: float32, little-endian, norm 1. `dtype` is the number type in use."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"vector"})

    def __init__(self, network: Any, model: models.Model, dtype: Number, batch: int) -> None:
        self._network = network
        self._batch = batch
        self.model = model
        self.dtype: Number = dtype
        self.version = f"{model.version} {dtype}"

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        """The posts' vectors. Source of their text: `text_of`, title first."""
        vectors = self.encode([text_of(post) for post in posts])
        return [
            replace(
                enrichment,
                vector=vector.tobytes(),
                models={**enrichment.models, "encode": self.version},
            )
            for enrichment, vector in zip(known, vectors, strict=True)
        ]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row a text, in order."""
        return _vectors(self._network, [features.plain(text) for text in texts], self._batch)


def open(options: Options) -> Encoder:
    """Load the model; raises ModelError where it is not there or not the one that was named."""
    model = models.find(options.model, revision=options.revision, sha256=options.sha256)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch

    torch.set_num_threads(options.threads or os.cpu_count() or 1)
    if options.dtype != "auto":
        return Encoder(_load(model, options.dtype), model, options.dtype, options.batch)
    exact, short = _load(model, "float32"), _load(model, "bfloat16")
    moments = [(_seconds(exact), _seconds(short)) for _ in range(3)]
    if min(moments)[0] > _FASTER * min(short for _, short in moments):
        return Encoder(short, model, "bfloat16", options.batch)
    return Encoder(exact, model, "float32", options.batch)


def _load(model: models.Model, number: Number) -> Any:
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from threadpoolctl import threadpool_limits
    from transformers.utils import logging

    from nlp import packed

    threadpool_limits(1, user_api="blas")  # numpy's threads go on spinning beside torch's
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        network = SentenceTransformer(
            str(model.folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": getattr(torch, number)},
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{model.name}: cannot be loaded from {model.folder}; install the model again"
        ) from error
    network[0].register_forward_hook(_pool_in_float32)
    packed.pack(network[0])
    return network.eval()


def _pool_in_float32(_module: Any, _args: Any, output: dict[str, Any]) -> dict[str, Any]:
    return {**output, "token_embeddings": output["token_embeddings"].float()}


def _vectors(network: Any, texts: list[str], batch: int) -> Vectors:
    import numpy as np

    if not texts:
        return np.zeros((0, network.get_embedding_dimension()), "<f4")
    rows = network.encode(
        texts,
        batch_size=batch,
        show_progress_bar=False,
        convert_to_numpy=True,
        normalize_embeddings=True,
        processing_kwargs={"text": {"pad_to_multiple_of": _STEP}},
    )
    rows = rows.astype("<f4")
    exact: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return exact


def _seconds(network: Any) -> float:
    _vectors(network, _SAMPLE[:8], 8)
    begin = time.perf_counter()
    _vectors(network, _SAMPLE, len(_SAMPLE))
    return time.perf_counter() - begin
