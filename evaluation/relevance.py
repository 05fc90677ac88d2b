"""Is a post a safety signal: heads that saw nothing of an event, on that event.

The shipped heads were fitted to the labelled sets, so they cannot be measured on them: heads are
fitted in the same way without each fifth of the events and cities, and say what they think of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evaluation import baseline, own
from evaluation.asked import Asked, RelevanceLine, Told, read
from evaluation.labelled import SPLIT, Corpus, corpus, languages, parts, random_fold
from evaluation.measure import Floats, Judged, Measure, binary, judge
from evaluation.report import Mistake, Report, bars, curves, named, score_table, worst
from monitor.ports import Table
from nlp import features, linear, topic
from nlp.train import evaluate as chosen
from nlp.train import fit

ABOUT: Final = (
    "Whole events and cities are held out: each is judged by a head that was fitted without it, in "
    "five folds, in the way in which the shipped head was fitted to all.",
    "Tuned on these sets: about eight settings of the fit were compared on these same folds before "
    "one was kept, so expect a little less on sets that nobody looked at. The threshold is the "
    "lowest that keeps at most a tenth of the irrelevant tweets of cities, held out, for the "
    "baseline as well.",
    "Intervals hold 95 % of resamples of whole events and cities (of texts within one). A figure "
    "for which fewer than three of them hold a yes has none, [-].",
)
FLATTERY: Final = (
    "By event and city is the honest figure. At random, texts of one event are on both sides: so "
    "much does a random split flatter."
)
SLICED: Final = (
    "Fifths or tenths by words or keywords were held out, but for what tells of an event of the "
    "other sets, which is held out with it: these flatter as well."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Asked):
    """The labelled sets, or a file of lines `{"text": …, "relevant": true}`; `id`, `lang`,
    `event` and `city` may be added."""


def evaluate(options: Options, told: Told) -> Report:
    """How well signals are told from the rest."""
    if options.on is None:
        return _on_sets(options, told)
    return _on_own(options, read(options.on, RelevanceLine, options.quick), told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found: probabilities of our heads that saw nothing of the event, each system's
    judgement of the events and cities, and how many texts are kept that should not be."""

    truth: fit.Truth
    held_out: Floats
    ours: Judged
    systems: Mapping[str, Judged]
    alarms: Mapping[str, tuple[int, float, float]]
    levels: tuple[float, float]


def _on_sets(options: Options, told: Told) -> Report:
    told("reading the labelled sets", 0, 6)
    held = corpus(options.data, options.cache, options.quick)
    found = _found(held, told)
    told("figures by event, city and language", 5, 6)
    split = (found.truth >= 0) & held.split
    texts = [e.text for e, mine in zip(held.examples, split, strict=True) if mine]
    events = parts(found.ours.where(split), held.groups[split])
    langs = parts(found.ours.where(split), languages(texts), 50)
    known = found.truth >= 0
    sets = parts(found.ours.where(known), held.sets[known])
    whole = {name: judged for name, judged in sets.items() if name in SPLIT}
    sliced = {name: judged for name, judged in sets.items() if name not in SPLIT}
    return Report(
        name="relevance",
        about=ABOUT,
        tables=(
            score_table("All events and cities", found.systems.items(), FLATTERY),
            score_table("By set", whole.items()),
            score_table("By event and city", events.items()),
            score_table("By language, as the monitor tells it", langs.items()),
            score_table("Sets that name no event", sliced.items(), SLICED),
            _alarms(found),
        ),
        plots=(*curves(list(found.systems.items())), bars("F1 by event and city", events.items())),
        mistakes=_worst(found, held),
        figures=_figures(found, whole),
    )


def _found(held: Corpus, told: Told) -> _Found:
    truth, weights = fit.relevance_truth(held.examples), fit.weights_of(held.examples)
    heads = linear.load(linear.FOLDER)
    leads = [features.lead(example.text) for example in held.judged]
    unfitted = heads(held.judged_vectors, leads)[:, 0].astype(np.float64)
    told("heads that saw nothing of an event", 1, 6)
    found = fit.held_out(held.ours, truth, weights, held.folds)
    told("a head that saw all events", 2, 6)
    flattered = random_fold(held.ours, truth, weights, held.random)
    told("TF-IDF and logistic regression", 3, 6)
    plain = baseline.held_out(held.plain, truth, held.folds, range(fit.FOLDS))
    plain_flattered = baseline.held_out(held.plain, truth, held.random, [0])
    others = baseline.probabilities(baseline.regression(held.plain, truth), held.judged_plain)
    told("figures", 4, 6)
    sets = np.array([example.set for example in held.judged])
    levels = heads.meaning.threshold, chosen.quiet_threshold(plain[chosen.choosing(held.examples)])
    split = (truth >= 0) & held.split
    torn = split & (held.random == 0)
    ours = judge(found, levels[0], truth, held.groups)
    return _Found(
        truth=truth,
        held_out=found,
        ours=ours,
        systems={
            "heads, by event and city": ours.where(split),
            "TF-IDF, by event and city": judge(plain, levels[1], truth, held.groups).where(split),
            "heads, at random": judge(flattered, levels[0], truth, held.groups).where(torn),
            "TF-IDF, at random": judge(plain_flattered, levels[1], truth, held.groups).where(torn),
        },
        alarms={
            str(name): (
                int((sets == name).sum()),
                float((unfitted[sets == name] >= levels[0]).mean()),
                float((others[sets == name] >= levels[1]).mean()),
            )
            for name in np.unique(sets)
        },
        levels=levels,
    )


def _alarms(found: _Found) -> Table:
    return Table(
        title="Presumed irrelevant and kept all the same",
        head=("", "texts", "shipped heads", "TF-IDF"),
        rows=tuple(
            (name, f"{size:,}", f"{ours:.1%}", f"{plain:.1%}")
            for name, (size, ours, plain) in found.alarms.items()
        ),
        note="At thresholds {:.2f} and {:.2f}, which irrelevant tweets of cities chose; nothing "
        "was fitted to these texts.".format(*found.levels),
    )


def _figures(found: _Found, sets: Mapping[str, Judged]) -> dict[str, Measure]:
    names = ("events", "tfidf", "random", "random_tfidf")
    judged = dict(zip(names, found.systems.values(), strict=True)) | dict(sets)
    scores = {name: named(f"relevance.{name}", binary(one)) for name, one in judged.items()}
    alarms = {f"relevance.{n}.kept": Measure(kept) for n, (_, kept, _) in found.alarms.items()}
    return {name: value for each in scores.values() for name, value in each.items()} | alarms


def _worst(found: _Found, held: Corpus) -> tuple[Mistake, ...]:
    """Where the heads were surest and wrong."""
    of = [(f"{e.id} ({e.group})", e.text, e.set != "own") for e in held.examples]
    return worst(found.held_out, found.truth, of)


def _on_own(options: Options, lines: Sequence[RelevanceLine], told: Told) -> Report:
    known = own.enriched(lines, told)
    groups = own.groups(lines)
    truth = np.array([int(line.relevant) for line in lines], np.int8)
    found = np.array([one.relevance for one in known])
    ours = judge(found, linear.load(linear.FOLDER).meaning.threshold, truth, groups)
    systems = {"shipped heads": ours}
    plain = own.plain_of(options, [line.text for line in lines], topic.read_all(), told)
    if plain is not None:
        labels = fit.relevance_truth(plain.examples)
        quiet = plain.held_out(labels)[chosen.choosing(plain.examples)]
        systems["TF-IDF"] = judge(plain(labels), chosen.quiet_threshold(quiet), truth, groups)
    return Report(
        name="relevance",
        about=own.ABOUT,
        tables=(
            score_table("All texts", systems.items()),
            *own.by_name(lines, known, ours),
        ),
        plots=curves(list(systems.items())),
        mistakes=worst(found, truth, [(line.id, line.text, False) for line in lines]),
        figures=named("relevance.own", binary(ours)),
    )
