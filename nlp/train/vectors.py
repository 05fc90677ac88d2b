"""Vectors of many texts, kept on disk between runs: encoding is the slow part of training."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

MAKERS: Final = tuple(
    Path(__file__).parent.with_name(name) for name in ("encode.py", "features.py", "packed.py")
)
"""What vectors come of, besides the model."""

Tell = Callable[[int, int], None]
"""Is told how many texts are done, and of how many."""

_BLOCK: Final = 2048


def vectors_of(
    texts: Sequence[str],
    encode: Encode,
    version: str,
    cache: Path,
    tell: Tell = lambda done, of: None,
) -> Vectors:
    """One row a text, in order; what `cache` lacks is encoded and added to it.

    The cache is one file for each encoder `version` and each state of `MAKERS`; a run that is ended
    loses one block.
    """
    cache.mkdir(parents=True, exist_ok=True)
    made = hashlib.sha256(b"".join(maker.read_bytes() for maker in MAKERS)).hexdigest()[:8]
    path = cache / f"{version.replace(' ', '-').replace('/', '-')}-{made}.npz"
    known = _load(path)
    missing = sorted({text for text in texts if _key(text) not in known}, key=lambda t: (len(t), t))
    for begin in range(0, len(missing), _BLOCK):
        block = missing[begin : begin + _BLOCK]
        known.update(zip(map(_key, block), encode(block), strict=True))
        _save(path, known)
        tell(min(begin + _BLOCK, len(missing)), len(missing))
    return np.stack([known[_key(text)] for text in texts])


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def _load(path: Path) -> dict[bytes, Vectors]:
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as held:
        keys = [row.tobytes() for row in held["keys"]]
        return dict(zip(keys, held["vectors"], strict=True))


def _save(path: Path, known: dict[bytes, Vectors]) -> None:
    keys = np.array([np.frombuffer(key, np.uint8) for key in known])
    beside = path.with_suffix(".part.npz")
    np.savez(beside, keys=keys, vectors=np.stack(list(known.values())))
    beside.replace(path)
