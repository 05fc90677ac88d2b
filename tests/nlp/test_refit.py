"""Heads refitted to what analysts decided: only for the better, and told on events held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import ModelError
from monitor.model import Decided, Decision, Enrichment, Event, Post, Said, Signal
from nlp import linear
from nlp.train import refit
from nlp.train.refit import Compared, Judged

pytest.importorskip("sklearn", reason="training needs scikit-learn")

Floats = NDArray[np.float64]

HEADS = linear.load(linear.FOLDER)
SHIPPED = HEADS.meaning
WIDE = 384
EVENTS = 16
POSTS = 4
TEXT = "they say it is at the harbour"


def signal(number: int, event: int, numbers: Floats) -> Signal:
    said = Enrichment(models={"encode": f"MiniLM@{SHIPPED.encoder[:8]} bfloat16"})
    return Signal(
        post=Post(id=f"test:{number}", text=TEXT),
        enrichment=replace(said, vector=numbers.astype("<f4").tobytes()),
        event=str(event),
        sources=("test",),
        arrived=number,
        seq=number,
    )


def decided_upon(number: int, verdict: str, signals: Sequence[Signal], *told: Decided) -> Judged:
    event = Event(id=str(number), seq=number, size=len(signals), verdict=verdict)  # type: ignore[arg-type]
    return event, signals, told


def judged(number: int, verdict: str, towards: float, *told: Decided, posts: int = POSTS) -> Judged:
    """An event whose kind shows in a direction that the shipped heads know nothing of."""

    def numbers(post: int) -> Floats:
        found = np.random.default_rng(100 * number + post).normal(size=WIDE) / WIDE**0.5
        found[7] += towards
        unit: Floats = found / np.linalg.norm(found)
        return unit

    signals = [signal(100 * number + post, number, numbers(post)) for post in range(posts)]
    return decided_upon(number, verdict, signals, *told)


@dataclass(frozen=True, kw_only=True)
class World:
    """Posts that the shipped head keeps, and whether each is relevant: so probably as that head
    says; the number at 7, of which it knows nothing, besides adds up to half of `twist`."""

    vectors: Floats
    relevant: NDArray[np.bool_]

    @classmethod
    def made(cls, seed: int, twist: float = 0.0, size: int = 1500) -> World:
        chance = np.random.default_rng(seed)
        way = HEADS.weights[0, :WIDE].astype(np.float64)
        vectors = chance.normal(size=(size, WIDE)) / WIDE**0.5
        vectors[:, 7] += chance.choice([0.1, 0.9], size)
        wanted = np.abs(chance.normal(0.2, 2.5, size)) + 0.2
        vectors += ((wanted - logits(HEADS, vectors)) / (way @ way))[:, None] * way
        true = wanted + twist * (vectors[:, 7] - 0.5)
        return cls(vectors=vectors, relevant=chance.random(size) < 1 / (1 + np.exp(-true)))

    def kept(self) -> list[Signal]:
        return [signal(number, 0, each) for number, each in enumerate(self.vectors[:100])]

    def event(self, number: int, verdict: str, rows: NDArray[np.int64]) -> Judged:
        signals = [signal(int(row), number, self.vectors[row]) for row in rows]
        return decided_upon(number, verdict, signals)

    def verdicts(self, confirmed: int, dismissed: int, at: int = 0) -> list[Judged]:
        """Right verdicts on so many events, of the posts of either kind from that one on."""
        found = []
        for verdict, number in (("confirmed", confirmed), ("dismissed", dismissed)):
            of = np.flatnonzero(self.relevant == (verdict == "confirmed"))[at:]
            for rows in of[: number * POSTS].reshape(-1, POSTS):
                found.append(self.event(int(rows[0]), verdict, rows))
        return found

    def scores(self, heads: linear.Heads, without: Sequence[Judged]) -> tuple[float, float]:
        """F1 and mean log loss on all posts but those of these events."""
        others = np.ones(len(self.relevant), np.bool_)
        others[[one.arrived for _, signals, _ in without for one in signals]] = False
        found, true = logits(heads, self.vectors)[others], self.relevant[others]
        said = found >= np.log(SHIPPED.threshold / (1 - SHIPPED.threshold))
        f1 = 2 * int((said & true).sum()) / int(said.sum() + true.sum())
        return f1, float(np.logaddexp(0, np.where(true, -found, found)).mean())


def logits(heads: linear.Heads, vectors: Floats) -> Floats:
    said = heads(vectors.astype(np.float32), [TEXT] * len(vectors))[:, 0].astype(np.float64)
    found: Floats = np.log(said / (1 - said))
    return found


def learned(of: Sequence[Judged], out: Path, used: str = "") -> tuple[Compared, ...]:
    return refit.refit(of, [one for _, signals, _ in of for one in signals], used, out)


def told(number: int, verdict: Said, *value: str, undone: int = 0) -> Decided:
    said = Decision(target=str(number), verdict=verdict, value=value)
    return Decided(seq=1000 + number, decision=said, event=str(number), undone=undone)


def promoted(number: int) -> Decided:
    said = Decision(target=f"test:{100 * number}", verdict="promote")
    return Decided(seq=2000 + number, decision=said, event=str(number))


def verdicts(towards: float, first: int = 0, events: int = EVENTS) -> list[Judged]:
    return [
        judged(n, "confirmed" if n % 2 else "dismissed", towards if n % 2 else -towards)
        for n in range(first, first + events)
    ]


def test_what_analysts_tell_apart_the_heads_learn_to(tmp_path: Path) -> None:
    lessons = verdicts(0.6)
    (line,) = learned(lessons, tmp_path / "1")
    assert (line.head, line.events, line.posts, line.positive) == ("relevance", 16, 64, 32)
    assert line.better
    assert line.loss[1] < line.loss[0]
    assert line.f1[1] > line.f1[0]
    vectors = np.array(
        [np.frombuffer(s.enrichment.vector, "<f4") for _, signals, _ in lessons for s in signals]
    )
    yes = np.array([event.verdict == "confirmed" for event, _, _ in lessons]).repeat(POSTS)
    found = logits(linear.load(tmp_path / "1"), vectors)
    assert found[yes].mean() > found[~yes].mean() + 1


def test_the_same_decisions_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        learned(verdicts(0.6), tmp_path / name)
    for file in (linear.WEIGHTS, linear.MEANING, refit.FITTED):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_verdicts_that_say_nothing_replace_hardly_ever(tmp_path: Path) -> None:
    replaced = 0
    for seed in range(0, 2000, 100):
        of = [judged(seed + n, ("confirmed", "dismissed")[n % 2], 0.0) for n in range(12)]
        (line,) = learned(of, tmp_path / str(seed))
        replaced += line.better
    assert replaced <= 2


def test_many_verdicts_that_say_nothing_do_not_make_a_head_less_sure(tmp_path: Path) -> None:
    replaced = 0
    for seed in range(6):
        world = World.made(seed, size=900)
        chosen = np.random.default_rng(seed).permutation(900)[: 200 * POSTS].reshape(-1, POSTS)
        of = [
            world.event(n, ("confirmed", "dismissed")[n % 2], rows) for n, rows in enumerate(chosen)
        ]
        (line,) = refit.refit(of, world.kept(), "", tmp_path / str(seed))
        replaced += line.better
    assert replaced <= 1


@pytest.mark.parametrize("events", [6, 17])
def test_an_even_choice_of_verdicts_does_not_move_what_is_kept(tmp_path: Path, events: int) -> None:
    """The head is right about these posts, of which most are relevant; people judge as many of
    either kind."""
    for seed in range(5):
        world, out = World.made(seed), tmp_path / str(seed)
        of = world.verdicts(events, events)
        (line,) = refit.refit(of, world.kept(), "", out)
        if line.better:
            heads = linear.load(out)
            assert world.scores(heads, of)[0] > world.scores(HEADS, of)[0] - 0.01


def test_a_better_head_keeps_the_mean_that_the_shipped_one_has(tmp_path: Path) -> None:
    world = World.made(1, twist=4.0)
    of = world.verdicts(20, 20)
    (line,) = refit.refit(of, world.kept(), "", tmp_path / "1")
    assert line.better
    heads = linear.load(tmp_path / "1")
    before, after = (world.scores(each, of) for each in (HEADS, heads))
    assert after[0] > before[0] + 0.01
    assert after[1] < before[1] - 0.05
    kept = world.vectors[:100]
    assert logits(heads, kept).mean() == pytest.approx(logits(HEADS, kept).mean(), abs=0.05)


def test_more_verdicts_of_the_same_kind_refit_again(tmp_path: Path) -> None:
    world = World.made(2, twist=4.0)
    once = world.verdicts(10, 10)
    more = world.verdicts(30, 30, at=40)
    (first,) = refit.refit(once, world.kept(), "", tmp_path / "1")
    (again,) = refit.refit([*once, *more], world.kept(), str(tmp_path / "1"), tmp_path / "2")
    assert (first.events, again.events, again.better) == (20, 60, True)
    assert again.loss[0] < first.loss[0]
    before, after = (world.scores(linear.load(tmp_path / n), [*once, *more]) for n in "12")
    assert after[1] < before[1]


def test_a_head_is_not_judged_on_what_it_was_fitted_to(tmp_path: Path) -> None:
    used = str(tmp_path / "1")
    assert learned(verdicts(0.6), tmp_path / "1")[0].better
    assert learned(verdicts(0.6), tmp_path / "2", used) == ()
    moved = [
        (replace(event, id=f"9{event.id}"), signals, told) for event, signals, told in verdicts(0.6)
    ]
    assert learned(moved, tmp_path / "2", used) == ()
    few = [*verdicts(0.6), *verdicts(0.6, EVENTS, 8)]
    assert learned(few, tmp_path / "2", used) == ()
    (line,) = learned([*few, *verdicts(0.6, EVENTS + 8, 2)], tmp_path / "2", used)
    assert line.events == 10
    assert not (tmp_path / "2").exists() or line.better


def test_heads_of_another_version_are_taken_back_first(tmp_path: Path) -> None:
    linear.save(tmp_path / "old", SHIPPED, HEADS.weights, HEADS.bias)
    with pytest.raises(ModelError, match="--undo"):
        learned(verdicts(0.6), tmp_path / "2", str(tmp_path / "old"))
    (tmp_path / "old" / refit.FITTED).write_text("{}", encoding="utf-8")
    assert learned(verdicts(0.6), tmp_path / "2", str(tmp_path / "old"))[0].better
    other = replace(SHIPPED, threshold=0.1)
    linear.save(tmp_path / "old", other, HEADS.weights, HEADS.bias)
    with pytest.raises(ModelError, match="--undo"):
        learned(verdicts(0.6), tmp_path / "2", str(tmp_path / "old"))


def test_less_is_sure_only_where_it_is_for_every_mix() -> None:
    change = np.array([-0.5, -0.4, -0.6, -0.5, -0.5, 0.2, 0.1, 0.2, 0.3, 0.2])
    yes = np.arange(10) < 5
    assert refit.surely_less(change, yes, 0.6)
    assert not refit.surely_less(change, yes, 0.2)
    assert not refit.surely_less(-change, yes, 0.6)
    assert not refit.surely_less(np.where(yes, change, 0.6), yes, 0.9)
    assert not refit.surely_less(np.tile([-1.0, 0.8], 5), yes, 0.5)
    assert refit.surely_less(np.full(10, -0.1), yes, 0.5)


def test_few_decisions_and_vectors_of_another_encoder_teach_nothing(tmp_path: Path) -> None:
    assert learned(verdicts(0.6)[:8], tmp_path) == ()
    foreign = [
        (event, [replace(s, enrichment=replace(s.enrichment, models={})) for s in signals], decided)
        for event, signals, decided in verdicts(0.6)
    ]
    assert learned(foreign, tmp_path) == ()


def test_a_corrected_topic_teaches_that_topic(tmp_path: Path) -> None:
    lessons = [
        judged(n, "confirmed", 0.6, told(n, "topic", "Infra/water"))
        if n % 2
        else judged(n, "confirmed", -0.6, told(n, "topic", "Fire"))
        for n in range(EVENTS)
    ]
    lines = {line.head: line for line in learned(lessons, tmp_path / "1")}
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
        {line.head: line for line in learned(lessons(*topic), tmp_path / "".join(topic))}
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
