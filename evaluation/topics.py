"""What is a post about: one head a topic, each judged on events and cities that it did not see.

Thresholds of the shipped heads were chosen on these very texts. Here each fold gets the threshold
that is best on the other folds, by the rule by which the shipped thresholds were chosen, for our
heads and the baseline alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation import baseline, own
from evaluation.asked import Asked, Told, TopicsLine, read
from evaluation.labelled import Corpus, corpus, languages, parts, random_fold
from evaluation.measure import Flags, Floats, Judged, Measure, binary
from evaluation.report import Mistake, Report, bars, curves, named, score_table, worst
from monitor.errors import ConfigError
from monitor.model import Enrichment
from nlp import topic
from nlp.topic import Topic
from nlp.train import evaluate as chosen
from nlp.train import fit

ABOUT: Final = (
    "Whole events and cities are held out: each is judged by heads that were fitted without it, in "
    "five folds. Each fold gets the threshold from 0.30 to 0.60 that is best on the others, our "
    "heads and the baseline alike; AP needs none.",
    "Tuned on these sets: cue words, which labels belong to a topic, and the settings of the fit "
    "were chosen while looking at these same folds, so expect less on sets that nobody looked at.",
    "A topic is counted where its labels say yes or no; all topics together are pairs of a text "
    "and a topic. Intervals hold 95 % of resamples of whole events and cities (of texts "
    "within one). A figure for which fewer than three of them hold a yes has none, [-]: it says "
    "little of the next event.",
)
FLATTERY: Final = (
    "By event and city is the honest figure; at random, texts of one event are on both sides."
)
SLICED: Final = (
    "Measured on all labelled texts, most of them held out by slices or our own sentences: this "
    "says little about real posts."
)
LEAST: Final = 20
"""Positive texts that a topic needs in sets that name events to be measured on these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Asked):
    """The labelled sets, or a file of lines `{"text": …, "topics": ["Fire"]}`; `id`, `lang`,
    `event` and `city` may be added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """A topic's judgements of all examples; truth is -1 where labels say nothing."""

    name: str
    truth: fit.Truth
    ours: Judged
    plain: Judged
    flattered: Judged


def evaluate(options: Options, told: Told) -> Report:
    """How well each topic is found."""
    if options.on is None:
        return _on_sets(options, told)
    return _on_own(options, read(options.on, TopicsLine, options.quick), told)


def _on_sets(options: Options, told: Told) -> Report:
    told("reading the labelled sets", 0, 1)
    held = corpus(options.data, options.cache, options.quick)
    every = []
    for number, one in enumerate(held.topics):
        told(one.name, number, len(held.topics) + 1)
        every.append(_judged(one, held))
    told("figures", len(held.topics), len(held.topics) + 1)
    split = held.split
    enough = [one for one in every if ((one.truth == 1) & split).sum() >= LEAST]
    masks = [(one.truth >= 0) & split for one in enough]
    torn = [mask & (held.random == 0) for mask in masks]
    ours = _together([one.ours for one in enough], masks)
    systems = {
        "heads, by event and city": ours,
        "TF-IDF, by event and city": _together([one.plain for one in enough], masks),
        "heads, at random": _together([one.flattered for one in enough], torn),
    }
    langs = _langs(held, masks)
    events = parts(ours, ours.groups)
    scores = {one.name: one.ours.where(mask) for one, mask in zip(enough, masks, strict=True)}
    plain = {one.name: one.plain.where(mask) for one, mask in zip(enough, masks, strict=True)}
    rest = {one.name: one.ours.where(one.truth >= 0) for one in every if one not in enough}
    return Report(
        name="topics",
        about=ABOUT,
        tables=(
            score_table("All topics, events and cities", systems.items(), FLATTERY),
            score_table("By topic", scores.items()),
            score_table("TF-IDF and logistic regression by topic", plain.items()),
            score_table("By event and city", events.items()),
            score_table("By language, as the monitor tells it", parts(ours, langs, 500).items()),
            score_table("Topics that hardly any named event has", rest.items(), SLICED),
        ),
        plots=(*curves(list(systems.items())), bars("F1 by topic", scores.items())),
        mistakes=_worst(enough, held),
        figures=_figures(systems, scores, plain),
    )


def _judged(one: Topic, held: Corpus) -> _One:
    truth, weights = fit.topic_truth(held.examples, one, held.topics), fit.weights_of(held.examples)
    fewer = fit.thinned(truth)
    found = fit.held_out(held.ours, fewer, weights, held.folds)
    plain = baseline.held_out(held.plain, fewer, held.folds, range(fit.FOLDS))
    flattered = random_fold(held.ours, fewer, weights, held.random)
    level = chosen.best_threshold(found, truth)

    def judged(probabilities: Floats, said: Flags) -> Judged:
        return Judged(found=probabilities, said=said, yes=truth == 1, groups=held.groups)

    return _One(
        name=one.name,
        truth=truth,
        ours=judged(found, said_of(found, truth, held.folds)),
        plain=judged(plain, said_of(plain, truth, held.folds)),
        flattered=judged(flattered, flattered >= level),
    )


def said_of(found: Floats, truth: fit.Truth, folds: NDArray[np.int64]) -> Flags:
    """Which texts reach the threshold that is best on all folds but their own."""
    said = np.zeros(len(found), bool)
    for fold in np.unique(folds):
        mine = folds == fold
        said[mine] = found[mine] >= chosen.best_threshold(found[~mine], truth[~mine])
    return said


def _together(each: Sequence[Judged], masks: Sequence[Flags]) -> Judged:
    """All pairs of a text and a topic."""
    kept = [judged.where(mask) for judged, mask in zip(each, masks, strict=True)]
    return Judged(
        found=np.concatenate([one.found for one in kept]),
        said=np.concatenate([one.said for one in kept]),
        yes=np.concatenate([one.yes for one in kept]),
        groups=np.concatenate([one.groups for one in kept]),
    )


def _langs(held: Corpus, masks: Sequence[Flags]) -> NDArray[np.str_]:
    """The language of each pair."""
    langs = np.full(len(held.examples), "", "<U3")
    texts = [e.text for e, mine in zip(held.examples, held.split, strict=True) if mine]
    langs[held.split] = languages(texts)
    return np.concatenate([langs[mask] for mask in masks])


def _worst(every: Sequence[_One], held: Corpus) -> tuple[Mistake, ...]:
    of = [
        (f"{one.name}: {e.id} ({e.group})", e.text, e.set != "own")
        for one in every
        for e in held.examples
    ]
    found = np.concatenate([one.ours.found for one in every])
    return worst(found, np.concatenate([one.truth for one in every]), of)


def _figures(
    systems: dict[str, Judged], ours: dict[str, Judged], plain: dict[str, Judged]
) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for name, judged in zip(("events", "tfidf", "random"), systems.values(), strict=True):
        found |= named(f"topics.{name}", binary(judged))
    for name, judged in ours.items():
        found |= named(f"topics.{name}", binary(judged))
    for name, scores in (("events", ours), ("tfidf", plain)):
        precisions = [binary(judged).ap.value for judged in scores.values()]
        found[f"topics.{name}.mean_ap"] = Measure(float(np.nanmean(precisions)))
    return found


def _on_own(options: Options, lines: Sequence[TopicsLine], told: Told) -> Report:
    topics = topic.read_all()
    told_of = {name for line in lines for name in line.topics}
    wanted = told_of | {topic.broader(name) for name in told_of}
    names = [one.name for one in topics]
    if odd := sorted(told_of - set(names)):
        known_names = ", ".join(names)
        raise ConfigError(f"{options.on}: there is no topic {odd[0]!r}; topics are {known_names}")
    known = own.enriched(lines, told)
    plain = own.plain_of(options, [line.text for line in lines], topics, told)
    ours: dict[str, Judged] = {}
    theirs: dict[str, Judged] = {}
    for number, one in enumerate(each for each in topics if each.name in wanted):
        told(one.name, number, len(wanted))
        yes = np.array([_is(line, one.name) for line in lines])
        groups = own.groups(lines)
        found = np.array([enrichment.topics.get(one.name, 0.0) for enrichment in known])
        said = np.array([one.name in enrichment.labels for enrichment in known])
        ours[one.name] = Judged(found=found, said=said, yes=yes, groups=groups)
        if plain is not None:
            truth = fit.topic_truth(plain.examples, one, topics)
            fewer = fit.thinned(truth)
            guess = plain(fewer)
            level = chosen.best_threshold(plain.held_out(fewer), truth)
            theirs[one.name] = Judged(found=guess, said=guess >= level, yes=yes, groups=groups)
    return _own_report(lines, known, ours, theirs)


def _is(line: TopicsLine, name: str) -> bool:
    return any(name in (each, topic.broader(each)) for each in line.topics)


def _own_report(
    lines: Sequence[TopicsLine],
    known: Sequence[Enrichment],
    ours: dict[str, Judged],
    theirs: dict[str, Judged],
) -> Report:
    everything = np.ones(len(lines), bool)
    systems = {
        name: _together(list(each.values()), [everything] * len(each))
        for name, each in (("shipped heads", ours), ("TF-IDF", theirs))
        if each
    }
    all_lines, all_known = list(lines) * len(ours), list(known) * len(ours)
    of = [(f"{name}: {line.id}", line.text, False) for name in ours for line in lines]
    joint = next(iter(systems.values()))
    return Report(
        name="topics",
        about=own.ABOUT,
        tables=(
            score_table("All topics", systems.items()),
            score_table("By topic", ours.items()),
            score_table("TF-IDF and logistic regression by topic", theirs.items()),
            *own.by_name(all_lines, all_known, joint),
        ),
        plots=(*curves(list(systems.items())), bars("F1 by topic", ours.items())),
        mistakes=worst(joint.found, joint.yes.astype(np.int8), of),
        figures=named("topics.own", binary(joint)),
    )
