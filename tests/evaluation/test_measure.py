"""Figures as one gets them by hand, and as scikit-learn gives them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluation.clusters import agreement, b_cubed, crossed, fragments
from evaluation.measure import (
    Flags,
    Judged,
    Measure,
    Ranking,
    binary,
    calibration,
    jackknifed,
    measured,
    resamples,
)

metrics = pytest.importorskip("sklearn.metrics", reason="evaluating needs scikit-learn")

FOUND = np.array([0.9, 0.8, 0.8, 0.35, 0.1])
YES = np.array([True, False, True, True, False])
GROUPS = np.array(["a", "a", "b", "b", "b"])


def judged() -> Judged:
    return Judged(found=FOUND, said=FOUND >= 0.5, yes=YES, groups=GROUPS)


def test_precision_recall_and_f1_are_those_of_a_hand_count() -> None:
    score = binary(judged())
    assert (score.size, score.positive) == (5, 3)
    assert score.precision.value == pytest.approx(2 / 3)
    assert score.recall.value == pytest.approx(2 / 3)
    assert score.f1.value == pytest.approx(2 / 3)


def test_calibration_error_is_the_mean_gap_weighed_by_texts() -> None:
    """Bins .9 (1 text, gap .1), .8 (2 texts, gap .3), .3 (1, gap .65), .1 (1, gap .1)."""
    assert binary(judged()).ece.value == pytest.approx((0.1 + 2 * 0.3 + 0.65 + 0.1) / 5)
    assert calibration(FOUND, YES)[-2] == (pytest.approx(0.8), pytest.approx(0.5), 2)


def test_average_precision_is_scikit_learns_with_ties_and_weights() -> None:
    draw = np.random.default_rng(7)
    found, yes = np.round(draw.random(300), 2), draw.random(300) < 0.3
    weights = draw.integers(0, 4, 300).astype(float)
    ours = Ranking(found, yes)
    assert ours(np.ones(300)) == pytest.approx(metrics.average_precision_score(yes, found))
    theirs = metrics.average_precision_score(yes, found, sample_weight=weights)
    assert ours(weights) == pytest.approx(theirs)


def test_a_figure_without_anything_to_divide_by_is_not_a_number() -> None:
    none = Judged(found=FOUND, said=FOUND > 1, yes=np.zeros(5, bool), groups=GROUPS)
    score = binary(none)
    assert math.isnan(score.precision.value)
    assert str(score.recall) == "-"


def test_whole_groups_are_drawn() -> None:
    drawn = list(resamples(GROUPS))
    assert {tuple(weights) for weights in drawn} == {
        (1.0, 1.0, 1.0, 1.0, 1.0),
        (2.0, 2.0, 0.0, 0.0, 0.0),
        (0.0, 0.0, 2.0, 2.0, 2.0),
    }


def test_texts_are_drawn_where_there_is_one_group() -> None:
    drawn = list(resamples(np.array(["a", "a", "a"])))
    assert all(weights.sum() == 3 for weights in drawn)
    assert any(weights.tolist() == [0, 1, 2] for weights in drawn)


def test_an_interval_holds_the_figure_and_narrows_with_more_texts() -> None:
    def width(size: int) -> float:
        yes = np.arange(size) % 2 == 0
        names = np.arange(size).astype(str)
        (share,) = measured(lambda w: [float(w @ yes / w.sum())], names)
        assert share.low <= share.value <= share.high
        return share.high - share.low

    assert width(1000) < width(40) / 2


def lonely(holders: int) -> Judged:
    """Six groups of ten texts, of which so many hold a yes, half of them found."""
    groups = np.repeat(np.arange(6), 10)
    yes = groups < holders
    return Judged(found=yes * 0.9, said=yes & (np.arange(60) % 2 == 0), yes=yes,
                  groups=groups.astype(str))  # fmt: skip


def test_a_figure_that_one_or_two_groups_hold_has_no_interval() -> None:
    for holders in (1, 2):
        score = binary(lonely(holders))
        assert [str(m) for m in (score.precision, score.recall, score.f1)] == [
            "1.00 [-]",
            "0.50 [-]",
            "0.67 [-]",
        ]
        assert math.isnan(score.ap.low)
        assert score.ece.low < score.ece.value < score.ece.high
    assert binary(lonely(3)).recall == Measure(0.5, 0.5, 0.5)


def test_two_groups_give_no_interval() -> None:
    assert math.isnan(binary(judged()).ece.low)


def test_what_repeats_deceive_is_measured_by_leaving_out() -> None:
    """Of a mean, the standard error of the jackknife is the usual one; of Student's distribution
    with three degrees of freedom, 3.182 of them hold 95 %."""
    values = np.array([0.1, 0.2, 0.3, 0.6])
    found = jackknifed(lambda mark: float(values[mark].mean()), np.arange(4))
    error = values.std(ddof=1) / 2
    assert found.value == pytest.approx(0.3)
    assert found.high - found.value == pytest.approx(3.182 * error, rel=1e-3)
    assert math.isnan(jackknifed(lambda mark: 1.0, np.array([0, 0, 1])).low)


def test_of_many_groups_a_twentieth_is_left_out_at_a_time() -> None:
    asked: list[int] = []

    def size(mark: Flags) -> float:
        asked.append(int(mark.sum()))
        return 0.5

    jackknifed(size, np.arange(200))
    assert asked == [200, *[190] * 20]


def test_a_measure_reads_as_figure_and_interval() -> None:
    assert str(Measure(0.856, 0.8, 0.9)) == "0.86 [0.80, 0.90]"
    assert str(Measure(0.5)) == "0.50 [-]"


GOLD = np.array([0, 0, 0, 1, 1])
SPREAD = np.array([0, 0, 1, 1, 2])
"""Event 0 in groups 0 and 1, event 1 in groups 1 and 2."""


def test_b_cubed_is_that_of_a_hand_count() -> None:
    precision, recall = b_cubed(SPREAD, GOLD)
    assert precision.tolist() == [1, 1, 0.5, 0.5, 1]
    assert recall == pytest.approx([2 / 3, 2 / 3, 1 / 3, 0.5, 0.5])
    assert fragments(SPREAD, GOLD).tolist() == [2, 2]


def test_agreement_is_perfect_where_groups_are_the_events() -> None:
    same = np.zeros(5, np.int64)
    perfect = agreement([GOLD + 7], GOLD, same)
    assert (perfect.f1.value, perfect.ami.value, perfect.fragments.value) == (1, 1, 1)
    assert agreement([SPREAD], GOLD, same).ami.value == pytest.approx(
        metrics.adjusted_mutual_info_score(GOLD, SPREAD)
    )


def test_agreement_has_intervals_where_three_events_are_told_of() -> None:
    gold = np.repeat(np.arange(4), 3)
    found = np.array([0, 0, 1, 2, 2, 2, 3, 3, 2, 4, 4, 5])
    ami = agreement([found], gold, np.zeros(12, np.int64)).ami
    assert ami.low < ami.value < ami.high <= 1
    two = agreement([SPREAD], GOLD, np.zeros(5, np.int64))
    assert math.isnan(two.ami.low)
    assert math.isnan(two.f1.low)


def test_each_half_takes_the_clustering_that_is_best_for_the_other() -> None:
    gold, halves = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])
    joins_first, joins_second = np.array([0, 0, 1, 2]), np.array([0, 1, 2, 2])
    assert crossed([joins_first, joins_second], gold, halves).tolist() == [1, 1, 0, 0]
