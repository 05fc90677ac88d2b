"""The language of a post, by py3langid over its words without handles, tags and emoji.

Source: https://github.com/adbar/py3langid (BSD-3-Clause; 97 languages)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from monitor.errors import ModelError
from monitor.model import Enrichment, Post, text_of
from nlp import features

_TAG: Final = re.compile(r"#\w+")
_OTHER: Final = re.compile(r"[\W\d_]+")
_UNDETERMINED: Final = frozenset({"", "und", "mul", "zxx", "mis"})
"""ISO 639-2 codes that name no language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """When a guess is good enough.

    letters: a text of fewer letters gets no language.
    threshold: nor does one whose best language has a probability below this.
    languages: the codes to choose from; all where it is empty.
    """

    letters: int = 12
    threshold: float = 0.5
    languages: tuple[str, ...] = ()


class Identifier:
    """Fills `lang`: an ISO 639-1 code, or empty where it cannot be told."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"lang"})

    def __init__(self, model: Any, version: str, options: Options) -> None:
        self._model = model
        self._options = options
        self.version = version

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        """A language that the post itself states is taken as it is."""
        return [
            replace(
                enrichment,
                lang=_stated(post.lang) or self.identify(text_of(post)),
                models={**enrichment.models, "language": self.version},
            )
            for post, enrichment in zip(posts, known, strict=True)
        ]

    def identify(self, text: str) -> str:
        """The language of a text, or empty."""
        bare = _OTHER.sub(" ", _TAG.sub(" ", features.plain(text))).strip()
        if len(bare.replace(" ", "")) < self._options.letters and bare.isascii():
            return ""
        code, probability = self._model.classify(bare.casefold())
        return str(code) if bare and probability >= self._options.threshold else ""


def open(options: Options) -> Identifier:
    """Load the bundled model; raises ModelError where it lacks a language that was asked for."""
    from importlib.metadata import version

    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    if options.languages:
        try:
            model.set_languages(list(options.languages))
        except ValueError as error:
            raise ModelError(
                f"language: {', '.join(options.languages)}: not all are known; use ISO 639-1 codes"
            ) from error
    return Identifier(model, f"py3langid {version('py3langid')}", options)


def _stated(lang: str) -> str:
    code = lang.replace("_", "-").partition("-")[0].strip().casefold()
    return "" if code in _UNDETERMINED else code
