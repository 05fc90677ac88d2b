"""Training: from labelled texts to heads that can be loaded, the same bytes twice."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nlp import encode, linear, models, topic
from nlp.train import card, data, evaluate, heads, remake, sets, vectors

pytest.importorskip("sklearn", reason="training needs scikit-learn")

CITIES: list[dict[str, Any]] = [
    {"id": "1", "city": "A", "text": "Crash on 5th Avenue", "label": "crash"},
    {"id": "2", "city": "A", "text": "crash on 5th avenue!! https://t.co/x", "label": "crash"},
    {"id": "3", "city": "B", "text": "Lovely weather today", "label": "no"},
]


ROWS = {
    "city_incident_tweets": CITIES,
    "ordinary_tweets": [{"text": "nice day"}],
    "bbc_news": [{"title": "Shares", "text": "Shares rise", "label": "business"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with gzip.open(tmp_path / "city_incident_tweets.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in CITIES)
    return tmp_path


def test_repeats_are_read_once_and_labels_become_facts(folder: Path) -> None:
    found = sorted(data.read(folder, "city_incident_tweets"), key=lambda e: e.group)

    assert [(e.group, e.relevant) for e in found] == [("A", True), ("B", False)]
    assert found[0].facts == {"city_incident_tweets:label=crash"}


def test_training_twice_gives_the_same_bytes(tmp_path: Path, encoder: encode.Encoder) -> None:
    topics = [one for one in topic.read_all() if one.name in {"Fire", "Security/theft"}]
    tweet = data.Example(text="hello", set=evaluate.CHOOSES, group="Chicago", relevant=False)
    examples = [*data.own(topics), tweet]
    judged = [
        data.Example(text=text, set=name, group=name, relevant=False)
        for text, name in [("nice day", "ordinary_tweets"), ("shares rise", "news")]
    ]
    texts = [example.text for example in (*examples, *judged)]
    said = encoder.encode(texts)

    for name in ("one", "two"):
        made = heads.train(examples, judged, said, topics, encoder.model.sha256, buckets=512)
        linear.save(tmp_path / name, made.meaning, made.weights, made.bias)

    for file in (linear.WEIGHTS, linear.MEANING):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert "| Fire |" in made.figures
    probabilities = linear.load(tmp_path / "one")(
        encoder.encode(["The barn is on fire, flames everywhere", "what a nice evening"]),
        ["The barn is on fire, flames everywhere", "what a nice evening"],
    )
    assert probabilities[0, 0] > 0.5 > probabilities[1, 0]
    assert probabilities[0, 1] > probabilities[0, 2]


def test_running_gives_what_training_gave(encoder: encode.Encoder) -> None:
    from nlp.train import fit

    topics = topic.read_all()
    texts = ["Incendio en el centro", "Crash near exit 4, 2 injured", "", "hello there"]
    said = encoder.encode(texts)
    shipped = linear.load(linear.FOLDER)

    matrix = fit.matrix_of(said, texts, topics, shipped.meaning.buckets)

    weights = shipped.weights.astype(np.float64)
    expected = 1 / (1 + np.exp(-(matrix @ weights.T + shipped.bias)))
    assert shipped(said, texts) == pytest.approx(expected, abs=1e-4)


def test_vectors_are_made_once(tmp_path: Path) -> None:
    asked: list[str] = []
    told: list[tuple[int, int]] = []

    def tell(done: int, of: int) -> None:
        told.append((done, of))

    def encode_texts(texts: list[str]) -> vectors.Vectors:
        asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], np.float32)

    def vectors_of(*texts: str) -> vectors.Vectors:
        return vectors.vectors_of(texts, encode_texts, "model one", tmp_path, tell)

    first, second = vectors_of("bb", "a", "bb"), vectors_of("a", "ccc")

    assert first.tolist() == [[2, 1], [1, 1], [2, 1]]
    assert second.tolist() == [[1, 1], [3, 1]]
    assert asked == ["a", "bb", "ccc"]
    assert told == [(2, 2), (1, 1)]


def test_vectors_that_other_code_made_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def encode_texts(texts: list[str]) -> vectors.Vectors:
        asked.extend(texts)
        return np.zeros((len(texts), 2), np.float32)

    vectors.vectors_of(["a"], encode_texts, "model one", tmp_path)
    monkeypatch.setattr(vectors, "MAKERS", vectors.MAKERS[:1])
    vectors.vectors_of(["a"], encode_texts, "model one", tmp_path)

    assert asked == ["a", "a"]


def test_scores_count_only_what_is_known() -> None:
    found = np.array([0.9, 0.8, 0.2, 0.1, 0.99])
    truth = np.array([1, 0, 1, 0, -1], np.int8)

    score = evaluate.score("all", found, truth, 0.5)

    assert (score.size, score.yes, score.precision, score.recall, score.f1) == (4, 2, 0.5, 0.5, 0.5)


def test_the_threshold_is_the_lowest_that_keeps_few_irrelevant_texts() -> None:
    found = np.linspace(0, 1, 1001)

    threshold = evaluate.quiet_threshold(found)

    assert (found >= threshold).mean() <= evaluate.FALSE_ALARMS
    assert (found >= threshold - 0.01).mean() > evaluate.FALSE_ALARMS


def test_the_card_is_the_one_that_training_writes() -> None:
    figures = (linear.FOLDER / card.FIGURES).read_text(encoding="utf-8")
    meaning = linear.load(linear.FOLDER).meaning

    said = card.written(meaning, models.find(models.MINILM).version, figures)

    assert (linear.FOLDER / card.CARD).read_text(encoding="utf-8") == said
    assert f"Relevance at threshold {meaning.threshold:.2f}" in said


def test_the_card_says_of_each_set_its_licence_and_whether_it_was_fitted_to() -> None:
    figures = (
        "Relevance at 0.5\n\n## Trade\n\n| · Rome | 9 | 4 | 0.10 | 0.20 | 0.13 |\n## Topics\n\nnot"
    )
    meaning = linear.load(linear.FOLDER).meaning

    said = card.written(meaning, "some-model@1234", figures)

    fitted, _, judged = said.partition("**not** fitted to")
    for each in sets.SETS:
        assert f"| {each.name} | {each.licence} |" in (fitted if each.ship else judged), each.name
    assert "vector of some-model@1234" in said
    assert f"threshold {meaning.threshold:.2f}" in fitted
    assert "held out: Rome (0.20)" in said
    assert "### Trade" in said
    assert "· Rome" not in said
    assert "not\n" not in said


def test_the_notice_names_every_set_that_heads_are_made_from() -> None:
    notice = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
    weights = notice.partition("Weights that are shipped")[2]

    for each in sets.SETS:
        assert (each.name in weights) == each.ship, each.name
        assert not each.ship or each.licence.split()[-1].strip('"') in weights, each.name


def test_heads_for_another_encoder_get_a_card_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in sets.SETS:
        with gzip.open(data.path(tmp_path, each.name), "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in ROWS.get(each.name, []))
    few = [one for one in topic.read_all() if one.name in {"Fire", "Security/theft"}]
    other = models.Model(name="other-model", folder=tmp_path, sha256="cafe" * 16)

    def encode_texts(texts: list[str]) -> vectors.Vectors:
        return np.array([[len(text) / 100, 1.0] for text in texts], np.float32)

    opened = SimpleNamespace(model=other, version="other-model", encode=encode_texts)
    monkeypatch.setattr(encode, "open", lambda options: opened)
    monkeypatch.setattr(topic, "read_all", lambda: few)
    monkeypatch.setattr(remake, "CACHE", tmp_path / "vectors")
    out = tmp_path / "heads"

    remake.remake(tmp_path, out, "other-model", lambda what, done, of: None)

    assert linear.load(out).meaning.encoder == other.sha256
    said = (out / card.CARD).read_text(encoding="utf-8")
    figures = (out / card.FIGURES).read_text(encoding="utf-8")
    assert "vector of other-model@cafecafe" in said
    assert said == card.written(linear.load(out).meaning, "other-model@cafecafe", figures)
