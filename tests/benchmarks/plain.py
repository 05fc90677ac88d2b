"""The same posts through ours, through the stack that a user would write, and through an encoder
alone: a slice of posts through each in turn, so that whatever else the machine does hits all alike.

The plain stack is three libraries as their own first examples use them, one after the other, each
over every text: sentence-transformers in float32, spaCy's `en_core_web_sm` with all its components,
and a transformer that classifies, in float32. That classifier has the size of our encoder, the
smallest that is in use, and an untrained head, which is as quick as a trained one. Texts go sorted
by length, 32 at a time. Beside it spaCy runs with its entities alone, which is what a user who
knows spaCy well would write: a second, harder ratio.

The encoder alone is there twice, with one network and one number type. *Our encoder alone* is the
very step of ours, without padding, given the same texts and nothing else to do: what ours would do
if all other steps cost nothing. *sentence-transformers alone* is the library's own `encode`, with
padding, given texts that were cleaned as ours are before its clock starts.

Ours is what `monitor once` does: read, store, think, group, write the index.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from monitor.lines import named
from nlp import encode, features, linear, models, places
from tests.benchmarks.flow import Measured, lay_out, taken, warmed
from tests.benchmarks.streams import Stream

BATCH = 32
OURS, PLAIN = "ours", "plain stack"
ALONE, PADDED = "our encoder alone", "sentence-transformers alone"
HARDER = "plain stack, spaCy for entities alone"
SENTENCES, SPACY, ENTITIES, CLASSIFIER = (
    "sentence-transformers, float32",
    "spaCy en_core_web_sm",
    "spaCy, entities alone",
    "classifier, float32",
)
STACKS = {
    PLAIN: (SENTENCES, SPACY, CLASSIFIER),
    HARDER: (SENTENCES, ENTITIES, CLASSIFIER),
    ALONE: (ALONE,),
    PADDED: (PADDED,),
}
_NOT_ENTITIES = ("tagger", "parser", "attribute_ruler", "lemmatizer")


@dataclass(frozen=True)
class Beside:
    """What a stream took. `seconds` of each measurement, `steps` of ours, and the ratios of posts a
    second, ours by each of the others'."""

    posts: int
    kept: int
    relevant: int
    kept_relevant: int
    threshold: float
    dtype: str
    seconds: dict[str, float]
    steps: dict[str, tuple[int, float]]
    parts: dict[str, float]

    @property
    def recall(self) -> float:
        """The share of the relevant posts that were kept."""
        return self.kept_relevant / max(self.relevant, 1)

    @property
    def precision(self) -> float:
        """The share of the kept posts that were relevant."""
        return self.kept_relevant / max(self.kept, 1)

    def ratio(self, other: str) -> float:
        """Posts a second of ours by those of the other."""
        return self.seconds[other] / self.seconds[OURS]

    def rate(self, name: str) -> float:
        """Posts a second."""
        return self.posts / self.seconds[name]


class Others:
    """What ours is held against, loaded and warm: a call for each, over texts; `ours` is the step
    that is also held against itself."""

    def __init__(self, ours: encode.Encoder, warm: Sequence[str]) -> None:
        folder = str(models.find(models.MINILM).folder)
        exact, padded = _encoder(folder, "float32"), _encoder(folder, ours.dtype)
        whole, entities = _tagger(()), _tagger(_NOT_ENTITIES)
        self.calls: dict[str, Callable[[Sequence[str]], Any]] = {
            SENTENCES: lambda texts: exact.encode(texts, batch_size=BATCH),
            SPACY: lambda texts: [doc.ents for doc in whole.pipe(texts, batch_size=BATCH)],
            ENTITIES: lambda texts: [doc.ents for doc in entities.pipe(texts, batch_size=BATCH)],
            CLASSIFIER: _classifier(folder),
            ALONE: ours.encode,
            PADDED: lambda texts: padded.encode(texts, batch_size=BATCH),
        }
        for call in self.calls.values():
            call(list(warm))

    def seconds(self, texts: Sequence[str]) -> Iterator[tuple[str, float]]:
        """Each by name, and how long it took for the texts."""
        cleaned = [features.plain(text) for text in texts]
        for name, call in self.calls.items():
            said = cleaned if name == PADDED else list(texts)
            begun = time.perf_counter()
            call(said)
            yield name, time.perf_counter() - begun


def measure(stream: Stream, bar: Progress) -> Beside:
    """Take the stream in, page by page, and each page's texts through the others."""
    texts = [one.text for one in stream.examples]
    parts: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        config, number = lay_out(Path(place) / "home", stream.lines)
        task = bar.add_task(f"{stream.name}: the models are loading", total=number)
        app = Measured(config)
        warm = texts[:: max(1, number // 64)][:64]
        warmed(app.steps, warm)
        app.following  # noqa: B018 - makes the index
        encoder = next(step for step in app.steps if isinstance(step, encode.Encoder))
        others = Others(encoder, warm)
        bar.update(task, description=stream.name)
        ours = 0.0
        done = 0
        begun = time.perf_counter()
        for posts in taken(app):
            ours += time.perf_counter() - begun
            for name, seconds in others.seconds(texts[done : done + posts]):
                parts[name] = parts.get(name, 0.0) + seconds
            done += posts
            bar.update(task, completed=done)
            begun = time.perf_counter()
        ours += time.perf_counter() - begun
        kept = app.ledger.desk.sizes()["signals"]
        relevant = [named(one) for one in stream.relevant]
        found = len(app.ledger.truth.kept(relevant))
        app.close()
    steps = {name: (app.watch.posts[name], spent) for name, spent in app.watch.seconds.items()}
    steps["rest"] = (done, ours - sum(app.watch.seconds.values()))
    whole = {name: sum(parts[part] for part in stack) for name, stack in STACKS.items()}
    return Beside(
        posts=done, kept=kept, relevant=len(relevant), kept_relevant=found,
        threshold=linear.load(linear.FOLDER).meaning.threshold, dtype=encoder.dtype,
        seconds={OURS: ours, **whole}, steps=steps, parts=parts,
    )  # fmt: skip


def table(stream: Stream, found: Beside) -> Table:
    """Posts a second of each, with their steps, and the ratios."""
    title = (
        f"{stream.name}: {found.posts:,} posts, {found.kept:,} kept; at threshold "
        f"{found.threshold:.2f} recall {found.recall:.2f}, precision {found.precision:.2f}, of "
        "posts that the heads were fitted or tuned to"
    )
    columns = ("what", "posts", "seconds", "posts a second", "ours is … times that")
    shown = Table(*columns, title=title)
    for name, seconds in found.seconds.items():
        ratio = "" if name == OURS else f"{found.ratio(name):.2f}"
        if name == stream.bar[0]:
            ratio += f" (bar {stream.bar[1]:.2f})"
        label = f"{name}, {found.dtype}" if name in (OURS, ALONE, PADDED) else name
        shown.add_row(
            label, f"{found.posts:,}", f"{seconds:.1f}", f"{found.rate(name):,.0f}", ratio
        )
        if name in (ALONE, PADDED):
            continue
        steps = (
            found.steps
            if name == OURS
            else {p: (found.posts, found.parts[p]) for p in STACKS[name]}
        )
        for step, (posts, spent) in steps.items():
            rate = f"{posts / max(spent, 1e-9):,.0f}"
            shown.add_row(f"  {step}", f"{posts:,}", f"{spent:.1f}", rate, "")
    return shown


def _encoder(folder: str, dtype: str) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    kwargs = {"dtype": getattr(torch, dtype)}
    return SentenceTransformer(folder, device="cpu", model_kwargs=kwargs)


def _tagger(without: Sequence[str]) -> Any:
    import spacy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return spacy.load(places.Options().model, exclude=list(without))


def _classifier(folder: str) -> Callable[[Sequence[str]], Any]:
    """A call that gives each text's probabilities of two classes."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=2, dtype=torch.float32
    ).eval()

    def classify(texts: Sequence[str]) -> Any:
        ordered = sorted(texts, key=len, reverse=True)
        found = []
        with torch.inference_mode():
            for start in range(0, len(ordered), BATCH):
                batch = tokenizer(
                    ordered[start : start + BATCH], padding=True, truncation=True,
                    max_length=256, return_tensors="pt",
                )  # fmt: skip
                found.append(network(**batch).logits.softmax(-1))
        return torch.cat(found)

    return classify
