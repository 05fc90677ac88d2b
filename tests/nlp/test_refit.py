"""Heads refitted to what analysts decided: only for the better, and told on events held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.model import Decided, Decision, Enrichment, Event, Post, Said, Signal
from nlp import linear
from nlp.train import refit
from nlp.train.refit import Judged

pytest.importorskip("sklearn", reason="training needs scikit-learn")

SHIPPED = linear.load(linear.FOLDER).meaning
WIDE = 384
EVENTS = 16


def vector(seed: int, towards: float) -> bytes:
    """A direction that the shipped heads know nothing of tells the two kinds apart."""
    numbers = np.random.default_rng(seed).normal(size=WIDE) / WIDE**0.5
    numbers[7] += towards
    return (numbers / np.linalg.norm(numbers)).astype("<f4").tobytes()


def judged(number: int, verdict: str, towards: float, *decided: Decided, posts: int = 4) -> Judged:
    said = Enrichment(models={"encode": f"MiniLM@{SHIPPED.encoder[:8]} bfloat16"})
    signals = [
        Signal(
            post=Post(id=f"test:{number}-{post}", text="they say it is at the harbour"),
            enrichment=replace(said, vector=vector(100 * number + post, towards)),
            event=str(number),
            sources=("test",),
            arrived=number,
            seq=number,
        )
        for post in range(posts)
    ]
    event = Event(id=str(number), seq=number, size=posts, verdict=verdict)  # type: ignore[arg-type]
    return event, signals, decided


def told(number: int, verdict: Said, *value: str, undone: int = 0) -> Decided:
    said = Decision(target=str(number), verdict=verdict, value=value)
    return Decided(seq=1000 + number, decision=said, event=str(number), undone=undone)


def promoted(number: int) -> Decided:
    said = Decision(target=f"test:{number}-0", verdict="promote")
    return Decided(seq=2000 + number, decision=said, event=str(number))


def verdicts(towards: float) -> list[Judged]:
    return [
        judged(n, "confirmed" if n % 2 else "dismissed", towards if n % 2 else -towards)
        for n in range(EVENTS)
    ]


def relevance(folder: Path, of: Sequence[Judged]) -> list[float]:
    heads = linear.load(folder)
    return [
        float(heads(np.frombuffer(s.enrichment.vector, "<f4")[None, :].copy(), [s.post.text])[0, 0])
        for _, signals, _ in of
        for s in signals
    ]


def test_what_analysts_tell_apart_the_heads_learn_to(tmp_path: Path) -> None:
    lessons = verdicts(0.6)
    (line,) = refit.refit(lessons, "", "", tmp_path / "1")
    assert (line.head, line.events, line.posts, line.positive) == ("relevance", 16, 64, 32)
    assert line.better
    assert line.loss[1] < line.loss[0]
    assert line.f1[1] > line.f1[0]
    found = relevance(tmp_path / "1", lessons)
    yes = [p for n, p in enumerate(found) if n // 4 % 2]
    no = [p for n, p in enumerate(found) if not n // 4 % 2]
    assert sum(yes) / len(yes) > 0.5 > sum(no) / len(no)


def test_the_same_decisions_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        refit.refit(verdicts(0.6), "", "", tmp_path / name)
    for file in (linear.WEIGHTS, linear.MEANING):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_what_is_no_better_on_events_held_back_replaces_nothing(tmp_path: Path) -> None:
    refit.refit(verdicts(0.6), "", "", tmp_path / "1")
    (again,) = refit.refit(verdicts(0.6), "", str(tmp_path / "1"), tmp_path / "3")
    assert not again.better
    assert not (tmp_path / "3").exists()


def test_few_decisions_and_vectors_of_another_encoder_teach_nothing(tmp_path: Path) -> None:
    assert refit.refit(verdicts(0.6)[:8], "", "", tmp_path) == ()
    foreign = [
        (event, [replace(s, enrichment=replace(s.enrichment, models={})) for s in signals], decided)
        for event, signals, decided in verdicts(0.6)
    ]
    assert refit.refit(foreign, "", "", tmp_path) == ()


def test_a_corrected_topic_teaches_that_topic(tmp_path: Path) -> None:
    lessons = [
        judged(n, "confirmed", 0.6, told(n, "topic", "Infra/water"))
        if n % 2
        else judged(n, "confirmed", -0.6, told(n, "topic", "Fire"))
        for n in range(EVENTS)
    ]
    lines = {line.head: line for line in refit.refit(lessons, "", "", tmp_path / "1")}
    assert {"Infra/water", "Fire"} <= lines.keys()
    assert lines["Infra/water"].loss[1] < lines["Infra/water"].loss[0]
    assert "relevance" not in lines


def test_a_promoted_post_counts_the_same_among_many_that_nobody_judged(tmp_path: Path) -> None:
    def lessons(*topic: str) -> list[Judged]:
        return [
            judged(n, "none", 0.6, promoted(n), *(told(n, "topic", t) for t in topic), posts=40)
            if n % 2
            else judged(n, "dismissed", -0.6)
            for n in range(EVENTS)
        ]

    alone, among = (
        {
            line.head: line
            for line in refit.refit(lessons(*topic), "", "", tmp_path / "".join(topic))
        }
        for topic in ((), ("Fire",))
    )
    assert alone["relevance"].posts == among["relevance"].posts == EVENTS // 2 * 5
    assert among["relevance"].loss == pytest.approx(alone["relevance"].loss)


def test_lessons_are_what_still_stands() -> None:
    event, signals, _ = judged(1, "none", 0.0)
    assert [one.relevant for one in refit.lessons_of(event, signals, [promoted(1)])] == [True]
    undone = replace(promoted(1), undone=9)
    assert list(refit.lessons_of(event, signals, [undone])) == []
    dismissed = replace(event, verdict="dismissed")
    lessons = list(refit.lessons_of(dismissed, signals, [promoted(1)]))
    assert [one.relevant for one in lessons] == [False] * 4
    water = list(refit.lessons_of(event, signals, [told(1, "topic", "Infra/water")]))
    assert {one.topics for one in water} == {frozenset({"Infra", "Infra/water"})}
