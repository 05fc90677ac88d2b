"""Every topic's file holds what it needs: a new one is tested the moment it exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import ModelError
from monitor.model import CATEGORIES
from nlp import features, linear, topic
from nlp.train import data, fit
from tests.needs import shared

PATHS = sorted(topic.FOLDER.glob("*.toml"))
TOPICS = [topic.read(path) for path in PATHS]
NAMES = {each.name for each in TOPICS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_topic_has_all_it_needs(path: Path) -> None:
    one = topic.read(path)

    assert path.stem == one.name.replace("/", "_").casefold()
    assert topic.broader(one.name) in CATEGORIES
    assert len(one.description) > 30
    assert len(set(one.examples)) == len(one.examples) >= 12
    assert set(one.beside) <= NAMES - {one.name}
    assert {label.partition(":")[0] for label in one.labels} <= set(data.FITTED)


@pytest.mark.parametrize("one", TOPICS, ids=lambda one: one.name)
def test_cues_are_written_as_they_are_compared(one: topic.Topic) -> None:
    for cue in one.cues:
        assert " ".join(features.words(cue.replace("*", ""))) == cue.replace("*", "")


@pytest.mark.parametrize("one", TOPICS, ids=lambda one: one.name)
def test_the_shipped_heads_know_the_topic_as_its_file_says(one: topic.Topic) -> None:
    heads = {head.name: head for head in linear.load(linear.FOLDER).meaning.topics}

    assert one.name in heads, "run monitor train"
    assert heads[one.name].cues == one.cues, "run monitor train"
    assert heads[one.name].severity == one.severity, "run monitor train"
    assert 0.3 <= heads[one.name].threshold <= 0.6


def test_no_sentence_stands_in_two_files() -> None:
    texts = [example.text for example in data.own(TOPICS)]

    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("one", TOPICS, ids=lambda one: one.name)
def test_the_labels_of_a_topic_stand_in_the_training_sets(one: topic.Topic) -> None:
    names = tuple(sorted({label.partition(":")[0] for label in one.labels}))
    shared("data", "README.md")
    folder = shared("data")

    facts = {fact for example in data.read_all(folder, names) for fact in example.facts}

    assert set(one.labels) <= facts


def test_a_cue_matches_whole_words_and_endings_where_it_says_so() -> None:
    cues = topic.Cues([["fire"], ["inund*"], ["gas leak", "state of emergenc*"]])

    assert cues(features.words("A FIRE, again")) == [True, False, False]
    assert cues(features.words("fireworks")) == [False, False, False]
    assert cues(features.words("Calles inundadas")) == [False, True, False]
    assert cues(features.words("Gas-leak reported")) == [False, False, True]
    assert cues(features.words("No gas, no leak, gas")) == [False, False, False]
    assert cues(features.words("A state of emergencies")) == [False, False, True]
    assert cues(features.words("A state of")) == [False, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "name = ",
        'name = "Fire"',
        'name="Weather"\ndescription=""\nseverity="Minor"\nbeside=[]\nlabels=[]\ncues=[]\nexamples=[]',
        'name="Fire"\ndescription=""\nseverity="Bad"\nbeside=[]\nlabels=[]\ncues=[]\nexamples=[]',
    ],
)
def test_a_file_that_is_no_topic_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.toml").write_text(text)

    with pytest.raises(ModelError):
        topic.read_all(tmp_path)


def test_topics_that_come_together_are_no_counter_examples() -> None:
    by_name = {each.name: each for each in TOPICS}
    fire, blast, theft = by_name["Fire"], by_name["CBRNE/explosion"], by_name["Security/theft"]
    examples = [
        *(e for e in data.own([fire, blast, theft]) if e.relevant),
        data.Example(text="hello", set="own", group="own/0", relevant=False),
        data.Example(text="something bad", set="own", group="own/0", relevant=True),
    ]

    truth = fit.topic_truth(examples, fire, TOPICS)

    sizes = [len(fire.examples), len(blast.examples), len(theft.examples)]
    assert list(truth) == [1] * sizes[0] + [-1] * sizes[1] + [0] * sizes[2] + [0, -1]


def test_only_the_beginning_of_a_long_article_is_read_for_cues() -> None:
    article = "The council met on Monday. " * 100 + "Later it spoke of a fire."

    assert "fire" not in features.lead(article)
    assert features.lead("RT @a: Fire &amp; smoke https://example.org #x") == "Fire & smoke #x"
