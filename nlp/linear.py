"""Linear heads over the vector of a text, its cue words and its hashed words.

One head says relevance, one each a topic; all share the features. Weights are safetensors, what
they mean is JSON beside them; numpy is all that is needed to use them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.errors import ModelError
from monitor.model import Severity
from nlp import features, models, topic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FOLDER: Final = Path(__file__).with_name("heads")
WEIGHTS: Final = "heads.safetensors"
MEANING: Final = "heads.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One topic's head: from which probability on it is a label, its usual severity, its cues."""

    name: str
    threshold: float
    severity: Severity
    cues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the weights mean. `encoder` is the SHA-256 of the weights whose vectors they read,
    `weights` that of their own file; `cue` is what a cue word found counts, `buckets` how many
    buckets words are hashed into. Row 0 of the weights is relevance, then one row a topic."""

    encoder: str
    weights: str
    threshold: float
    cue: float
    buckets: int
    topics: tuple[Head, ...]


class Heads:
    """The heads of a folder, checked against the hash that their description names."""

    def __init__(self, meaning: Meaning, weights: Floats, bias: Floats) -> None:
        self.meaning = meaning
        self.weights = weights
        self.bias = bias
        self._cues = topic.Cues([head.cues for head in meaning.topics])

    def __call__(self, vectors: Floats, texts: Sequence[str]) -> Floats:
        """Probabilities, one row a plain text: relevance, then the topics in their order."""
        import numpy as np

        wide, cued = vectors.shape[1], len(self._cues)
        scores = vectors @ self.weights[:, :wide].T + self.bias
        for row, text in enumerate(texts):
            words = features.words(text)
            found = np.array(self._cues(words), np.float32) * np.float32(self.meaning.cue)
            scores[row] += self.weights[:, wide : wide + cued] @ found
            held = features.hashed(words, self.meaning.buckets)
            if held:
                columns = np.fromiter(held, np.int64) + wide + cued
                scores[row] += self.weights[:, columns] @ np.fromiter(held.values(), np.float32)
        probabilities: Floats = 1 / (1 + np.exp(-scores))
        return probabilities


def load(folder: Path) -> Heads:
    """The heads in a folder; raises ModelError where a file is missing, damaged or another one."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as read_tensors

    try:
        meaning = _meaning(json.loads((folder / MEANING).read_text(encoding="utf-8")))
        models.verify_file(folder / WEIGHTS, meaning.weights)
        tensors = read_tensors((folder / WEIGHTS).read_bytes())
        weights, bias = tensors["weights"].astype("f4"), tensors["bias"].astype("f4")
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: holds no heads that can be read; install the project again, or train them "
            "with `monitor train`"
        ) from error
    return Heads(meaning, weights, bias)


def save(folder: Path, meaning: Meaning, weights: Floats, bias: Floats) -> None:
    """Write both files; `weights` of the meaning is filled in here."""
    import numpy as np
    from safetensors.numpy import save as tensors_of

    folder.mkdir(parents=True, exist_ok=True)
    held: dict[str, NDArray[Any]] = {
        "weights": weights.astype(np.float16),
        "bias": bias.astype(np.float32),
    }
    (folder / WEIGHTS).write_bytes(tensors_of(held))
    table = asdict(meaning) | {"weights": models.sha256_of(folder / WEIGHTS)}
    text = json.dumps(table, ensure_ascii=False, indent=1)
    (folder / MEANING).write_text(text + "\n", encoding="utf-8")


def _meaning(table: dict[str, Any]) -> Meaning:
    heads = tuple(Head(**{**head, "cues": tuple(head["cues"])}) for head in table.pop("topics"))
    return Meaning(topics=heads, **table)
