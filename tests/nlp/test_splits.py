"""What is held out together: an event, wherever it is told of, is on one side of every split."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp import topic
from nlp.train import data, evaluate, fit, heads, sets
from tests.needs import shared

pytest.importorskip("sklearn", reason="training needs scikit-learn")

FIRE = [one for one in topic.read_all() if one.name == "Fire"]
SLICED = tuple(each.name for each in sets.SETS if each.ship and "by" in each.parts)


def example(group: str, relevant: bool, number: int, name: str = "x") -> data.Example:
    return data.Example(text=f"{group} {number}", set=name, group=group, relevant=relevant)


def many() -> list[data.Example]:
    """Twelve groups of ten texts, irrelevant ones of cities among them."""
    names = ["2012_Sandy", "2013_Boston", "Chicago", "NYC", "x/0", "x/1", *"abcdef"]
    return [
        example(name, number % 2 == 0, number, "city_incident_tweets" if name[0] in "CN" else "x")
        for number in range(10)
        for name in names
    ]


def written(folder: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> list[data.Example]:
    with gzip.open(data.path(folder, name), "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return data.read(folder, name)


def folds_by_group(examples: Sequence[data.Example], folds: Sequence[int]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for one, fold in zip(examples, folds, strict=True):
        found[one.group].add(int(fold))
    return found


def test_no_group_stands_in_two_folds_and_no_fold_is_empty() -> None:
    examples = many()

    folds = folds_by_group(examples, fit.folds_of(examples))

    assert {len(each) for each in folds.values()} == {1}
    assert set.union(*folds.values()) == set(range(fit.FOLDS))


def test_a_score_comes_of_a_head_that_saw_no_text_of_the_group() -> None:
    """Whatever the labels of a group, they say nothing in what is found of it."""
    examples = many()
    rows = np.random.default_rng(1).normal(size=(len(examples), 6))
    truth, weights = fit.relevance_truth(examples), np.ones(len(examples))
    folds = fit.folds_of(examples)
    groups = np.array([one.group for one in examples])
    found = fit.held_out(rows, truth, weights, folds)

    for group in np.unique(groups):
        other = np.where(groups == group, 1, truth).astype(np.int8)
        again = fit.held_out(rows, other, weights, folds)
        assert again[groups == group] == pytest.approx(found[groups == group])
        assert again[folds != folds[groups == group][0]] != pytest.approx(
            found[folds != folds[groups == group][0]]
        )


def trained(
    ordinary: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[heads.Trained, list[data.Example], list[Any]]:
    """Heads for relevance and fire, trained beside ordinary tweets of that text; what they were
    fitted to, and the folds of every fit."""
    asked = []

    def spied(matrix: Any, truth: fit.Truth, weights: fit.Floats, folds: Any) -> fit.Floats:
        asked.append(folds)
        return held_out(matrix, truth, weights, folds)

    held_out = fit.held_out
    monkeypatch.setattr(fit, "held_out", spied)
    examples = [*many(), *data.own(FIRE)]
    judged = [
        data.Example(text=text, set=name, group=name, relevant=False)
        for text, name in [(ordinary, "ordinary_tweets"), ("shares rise", "news")]
    ]
    rows = np.zeros((len(examples) + 2, 2), np.float32)
    made = heads.train(examples, judged, rows, FIRE, "some model", buckets=512)
    monkeypatch.undo()
    return made, examples, asked


def test_every_figure_of_the_training_is_of_whole_groups_held_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, examples, asked = trained("nice day", monkeypatch)

    assert len(asked) == 5
    for folds in asked:
        assert {len(each) for each in folds_by_group(examples, folds).values()} == {1}


def test_what_may_not_be_shipped_does_not_choose_the_threshold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiet, _, _ = trained("nice day", monkeypatch)
    loud, _, _ = trained(" ".join(FIRE[0].examples), monkeypatch)

    assert loud.figures != quiet.figures
    assert loud.meaning == quiet.meaning


def test_only_irrelevant_tweets_of_the_cities_choose_the_threshold() -> None:
    examples = [
        example("NYC", False, 1, "city_incident_tweets"),
        example("NYC", True, 2, "city_incident_tweets"),
        example("ordinary_tweets", False, 3, "ordinary_tweets"),
    ]

    assert evaluate.choosing(examples).tolist() == [True, False, False]
    assert [each.ship for each in sets.SETS if each.name == evaluate.CHOOSES] == [True]


def test_a_text_that_names_an_event_of_another_set_is_held_out_with_it(tmp_path: Path) -> None:
    rows = [
        {"text": "Tsarnaev is in court", "label": 1},
        {"text": "Looters after Hurricane Sandy", "label": 1},
        {"text": "Sandy Hook families are heard", "label": 1},
        {"text": "the sandy plains around the town", "label": 0},
    ]

    found = {one.text: one.group for one in written(tmp_path, "crime_headlines", rows)}

    assert found.pop("Tsarnaev is in court") == "2013_Boston_bombings"
    assert found.pop("Looters after Hurricane Sandy") == "2012_Sandy_Hurricane"
    assert all(group.startswith("crime_headlines/") for group in found.values())


def test_messages_after_sandy_are_of_sandy_though_they_do_not_name_it(tmp_path: Path) -> None:
    rows = [
        {"id": number, "text": f"no power {name}", "original": "", "labels": ["related", "storm"]}
        for number, name in [("12076", "a"), ("12077", "b"), ("13104", "c"), ("13105", "d")]
    ]

    found = written(tmp_path, "disaster_response_messages", rows)

    of_sandy = {one.id[-5:] for one in found if one.group == "2012_Sandy_Hurricane"}
    assert of_sandy == {"12077", "13104"}


def test_an_event_that_two_sets_tell_of_is_one_group() -> None:
    folder = shared("data", "crisislext6.jsonl.gz").parent
    first, other = (
        {one.group.casefold(): one.group for one in data.read(folder, name)}
        for name in ("crisislext26", "crisislext6")
    )

    assert [first[key] for key in first.keys() & other] == [
        other[key] for key in first.keys() & other
    ]
    assert len(first.keys() & other) == 3


def test_texts_of_the_sets_that_name_sandy_are_in_its_group() -> None:
    folder = shared("data", "disaster_response_messages.jsonl.gz").parent
    found = [one for name in SLICED for one in data.read(folder, name)]
    names = re.compile(r"hurricane ?sandy|superstorm sandy|#sandy|frankenstorm|haiyan", re.I)

    groups = Counter(one.group for one in found if names.search(one.text))

    assert set(groups) == {"2012_Sandy_Hurricane", "2013_Typhoon_Yolanda"}
    assert groups["2012_Sandy_Hurricane"] > 300


def test_no_slice_is_smaller_for_the_events_that_were_taken_out() -> None:
    folder = shared("data", "disaster_response_messages.jsonl.gz").parent

    found = data.read(folder, "disaster_response_messages")

    sizes = Counter((one.group, one.relevant) for one in found if "/" in one.group)
    assert set(sizes.values()) == {800}


def test_what_may_be_shipped_is_what_the_sets_own_page_says() -> None:
    page = shared("data", "README.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]

    for each in sets.SETS:
        said = [row[-1] for row in rows if re.search(rf"\b{each.name}\b", row[0]) and len(row) > 3]
        assert said[0].startswith("yes" if each.ship else "no"), each.name
