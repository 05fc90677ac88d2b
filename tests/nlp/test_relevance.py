"""Relevance, topics and severity, by the shipped heads on the real encoder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import ModelError
from monitor.model import Enrichment, Post, Severity, Stated
from nlp import encode, linear, relevance
from nlp.severity import severity_of
from tests.nlp.conftest import Judge


def test_a_fire_with_injured_people_is_a_fire(judge: Judge) -> None:
    (said,) = judge("Huge fire at warehouse on Kent Street, two injured")

    assert said.relevant
    assert "Fire" in said.labels
    assert not any(label.startswith("Transport") for label in said.labels)
    assert said.severity in {"Moderate", "Severe"}
    assert set(said.models) == {"language", "encode", "relevance"}


@pytest.mark.parametrize(
    "text",
    [
        "my new mixtape is straight fire, link in bio",
        "that goal was an absolute bomb, what a striker",
        "I am dead, this cat video is killing me",
        "coffee with grandma and then a walk along the river",
        "der neue Song ist richtig Feuer, läuft den ganzen Tag",
    ],
)
def test_figures_of_speech_and_chatter_are_not_relevant(judge: Judge, text: str) -> None:
    (said,) = judge(text)

    assert not said.relevant
    assert said.labels == ()
    assert said.severity == "Unknown"


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Transport/collision", "Multi vehicle crash on I-90 near exit 12, ambulances on scene"),
        ("Security/violence", "Two men were shot outside a bar on Grand Avenue last night"),
        ("Security/theft", "Masked robbers stole jewellery from a shop in the old town"),
        ("Met/flood", "The river burst its banks and the streets of the old town are flooded"),
        ("Geo/earthquake", "Magnitude 6.1 earthquake shakes the coast, buildings damaged"),
        ("Infra/power", "Power outage across the west side, thousands without electricity"),
        ("CBRNE/hazmat", "Gas leak at the school on Vine Street, pupils evacuated"),
        ("Rescue/missing", "Missing boy, 9, last seen near the lake on Sunday evening"),
        ("Fire", "Incendio en una fábrica de muebles, los bomberos luchan contra las llamas"),
        ("Met/flood", "Hochwasser am Fluss, die Altstadt ist überschwemmt"),
        ("Transport/collision", "Grave incidente in autostrada, due auto coinvolte e tre feriti"),
    ],
)
def test_topics_are_told_apart(judge: Judge, label: str, text: str) -> None:
    (said,) = judge(text)

    assert said.relevant
    assert label in said.labels
    assert label.partition("/")[0] in said.labels


def test_a_broader_topic_is_as_probable_as_its_most_probable_finer_one(judge: Judge) -> None:
    (said,) = judge("Tram and bus collided at the crossing")

    finer = [p for name, p in said.topics.items() if name.startswith("Transport")]
    assert said.topics["Transport"] == max(finer)
    assert all(0 <= p <= 1 for p in said.topics.values())


def test_what_the_source_states_wins(judge: Judge) -> None:
    stated = Stated(topics=("Met/storm",), severity="Extreme")
    (said,) = judge(Post(id="test:1", text="Take shelter now.", stated=stated))

    assert {"Met", "Met/storm"} <= set(said.labels)
    assert said.severity == "Extreme"


@pytest.mark.parametrize(
    ("severity", "text"),
    [
        ("Extreme", "At least 14 people were killed when the hall came down"),
        ("Extreme", "Decenas de muertos en la mina"),
        ("Severe", "Man dead after being hit by a tram"),
        ("Severe", "Anwohner werden evakuiert"),
        ("Moderate", "Two people injured on the stairs"),
        ("Minor", "Small kitchen fire, no injuries"),
        ("Minor", "Brand im Keller schnell gelöscht"),
        ("Unknown", "Something happened at the station"),
    ],
)
def test_severity_is_in_the_words(severity: Severity, text: str) -> None:
    assert severity_of(text, []) == severity


def test_severity_without_words_is_that_of_the_topics() -> None:
    assert severity_of("Water in the street", ["Minor", "Moderate"]) == "Moderate"


def test_the_same_posts_are_judged_the_same_in_any_batch(judge: Judge) -> None:
    texts = ["Car crash on Elm Street", "good morning", "", "Smoke over the harbour"]

    together = judge(*texts)
    alone = [judge(Post(id=f"test:{n}", text=text))[0] for n, text in enumerate(texts)]

    assert together == judge(*texts)
    for one, other in zip(together, alone, strict=True):
        assert (one.relevant, one.labels, one.severity) == (
            other.relevant,
            other.labels,
            other.severity,
        )
        assert one.relevance == pytest.approx(other.relevance, abs=2e-3)


def test_a_threshold_of_ones_own_decides(encoder: encode.Encoder) -> None:
    posts = [Post(id="test:1", text="Huge fire at the docks"), Post(id="test:2", text="hello")]
    known = encoder(posts, [Enrichment() for _ in posts])

    none = relevance.open(relevance.Options(threshold=1.0))(posts, known)
    every = relevance.open(relevance.Options(threshold=0.0))(posts, known)

    assert not any(each.relevant for each in none)
    assert all(each.relevant for each in every)
    assert relevance.open(relevance.Options())([], []) == []


def test_no_probability_is_no_threshold() -> None:
    with pytest.raises(ModelError):
        relevance.Options(threshold=1.5)


def test_vectors_of_another_encoder_are_refused(encoder: encode.Encoder) -> None:
    post = Post(id="test:1", text="Huge fire at the docks")
    (known,) = encoder([post], [Enrichment()])
    foreign = replace(known, models={"encode": "other@00000000 float32"})
    heads = relevance.open(relevance.Options())

    for wrong in (foreign, Enrichment()):
        with pytest.raises(ModelError):
            heads([post], [wrong])


def test_heads_with_one_other_byte_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(linear.FOLDER, tmp_path / "heads")
    damaged = bytearray((folder / linear.WEIGHTS).read_bytes())
    damaged[-1] ^= 1
    (folder / linear.WEIGHTS).write_bytes(damaged)

    with pytest.raises(ModelError):
        relevance.open(relevance.Options(heads=str(folder)))


def test_a_folder_without_heads_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        relevance.open(relevance.Options(heads=str(tmp_path)))


@pytest.mark.parametrize("step", ["language", "encode", "relevance"])
def test_importing_a_step_is_cheap(step: str) -> None:
    slow = {"torch", "transformers", "sentence_transformers", "py3langid", "numpy", "sklearn"}
    code = f"import sys, nlp.{step}; print(sorted({slow!r} & set(sys.modules)))"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
