"""Are place names found, and is it the right place: the whole step on texts with labelled places.

Spans are strict (the same characters) or lenient (they overlap). Positions are right within so many
kilometres of the labelled one; a mention is covered where a place was found that overlaps with it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation import shipped
from evaluation.asked import Asked, PlacesLine, Span, Told, read
from evaluation.measure import Measure, Names, f1_of, measured, ratio
from evaluation.report import Bars, Mistake, Report
from monitor.geo import distance_m
from monitor.model import Enrichment, Place, Post
from monitor.ports import Table
from nlp import gazetteer
from nlp.gazetteer import Toponym
from nlp.resolve import resolve
from nlp.toponyms import Mention

ABOUT: Final = (
    "Nothing is fitted to labelled places, so there is no split, and a random one would not "
    "flatter. But the rules were written while looking at IDRISI-R, and common words were counted "
    "over its texts: there, expect less of a disaster that nobody looked at. No code of the "
    "project reads GeoVirus and GeoWebNews but this evaluation; the latter labels adjectives and "
    "buildings too.",
    "Of a text only the first 5,000 characters are read and 50 places kept; labelled names "
    "behind these count as not found.",
    "The baseline is the most populous place of the labelled name. Intervals hold 95 % of "
    "resamples of whole disasters (of texts in sets that name none).",
)
WITHIN_KM: Final = (161, 20, 5, 1)
SETS: Final = ("idrisi_recognition", "idrisi_geocoding", "geovirus", "geowebnews")
SPANS: Final = ("", "texts", "names", "strict P", "R", "F1", "lenient P", "R", "F1")
POSITIONS: Final = (
    "",
    "texts",
    "mentions",
    "covered",
    *(f"{km} km" for km in WITHIN_KM),
    *(f"of covered, {km} km" for km in WITHIN_KM),
)
WHOLE: Final = "found and resolved by us"
TOLD: Final = "resolved by us, names given"
POPULOUS: Final = "most populous namesake, names given"
BEST: Final = "best candidate there is, names given"
_BATCH: Final = 256
_WORST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Asked):
    """The labelled sets, or a file of lines `{"text": …, "places": [{"start": 0, "end": 6, "lat":
    48.86, "lon": 2.35}]}`, spans in code points; `lat` and `lon` may be left out, `id`, `lang`,
    `event` and `city` added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A labelled text with what was found in it."""

    line: PlacesLine
    set: str
    lang: str
    found: tuple[Place, ...]


def evaluate(options: Options, told: Told) -> Report:
    """How well places are found and resolved."""
    given = {"your file": read(options.on, PlacesLine, options.quick)} if options.on else {
        name: lines(options.data, name, options.quick) for name in SETS
    }  # fmt: skip
    texts = _through([(name, line) for name, many in given.items() for line in many], told)
    told("figures", len(texts), len(texts))
    own = options.on is not None
    known = gazetteer.load()
    whole = {name: [text for text in texts if text.set == name] for name in given}
    by = {
        **{"all": whole},
        "event": _split(texts, lambda text: text.line.event),
        "city": _split(texts, lambda text: text.line.city),
        "language": _split(texts, lambda text: text.lang),
    }
    spans = {name: _tabled(name, many, _span_row, SPANS) for name, many in by.items()}
    positions = {name: _tabled(name, many, _position_row, POSITIONS) for name, many in by.items()}
    ways = {name: _ways(many, known) for name, many in whole.items()}
    return Report(
        name="places",
        about=ABOUT if not own else ABOUT[1:],
        tables=tuple(
            table
            for table in (
                *(replace(t, title=f"Spans {t.title}") for t in spans.values()),
                *(replace(t, title=f"Positions {t.title}") for t in positions.values()),
                _ways_table(ways),
            )
            if table.rows
        ),
        plots=tuple(_bars(name, ways[name]) for name in ways if ways[name]),
        mistakes=_worst(texts, own),
        figures=_figures(whole, ways),
    )


def lines(folder: Path, name: str, quick: bool) -> list[PlacesLine]:
    """The labelled texts of a set; a sample has at most 400 of them."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        found = [_line(name, json.loads(row), n) for n, row in enumerate(file, 1)]
    return found[:: max(1, len(found) // 400)] if quick else found


def _line(name: str, row: Mapping[str, Any], number: int) -> PlacesLine:
    spans = {
        (each["start"], each["end"]): Span(
            start=each["start"], end=each["end"], lat=each.get("lat"), lon=each.get("lon")
        )
        for each in row["locations"]
    }
    return PlacesLine(
        text=row["text"],
        id=f"{name}:{row.get('id', number)}",
        event=row.get("event", ""),
        places=tuple(spans[key] for key in sorted(spans)),
    )


def _through(given: Sequence[tuple[str, PlacesLine]], told: Told) -> list[Text]:
    """Every line through language and places, as they are shipped, without a home area."""
    steps = shipped.identifier(), shipped.finder()
    found = []
    for begin in range(0, len(given), _BATCH):
        told("places", begin, len(given))
        block = given[begin : begin + _BATCH]
        posts = [Post(id=line.id, text=line.text, lang=line.lang) for _, line in block]
        known: Sequence[Enrichment] = [Enrichment()] * len(posts)
        for step in steps:
            known = step(posts, known)
        for (name, line), one in zip(block, known, strict=True):
            found.append(Text(line=line, set=name, lang=one.lang, found=one.places))
    return found


def _split(texts: Sequence[Text], of: Callable[[Text], str]) -> dict[str, list[Text]]:
    names = sorted({of(text) for text in texts} - {""})
    return {name: [text for text in texts if of(text) == name] for name in names}


def _tabled(
    by: str,
    many: Mapping[str, Sequence[Text]],
    row: Callable[[Sequence[Text]], tuple[str, ...]],
    head: tuple[str, ...],
) -> Table:
    rows = ((name, *row(texts)) for name, texts in many.items() if texts)
    title = "by set" if by == "all" else f"by {by}"
    return Table(title=title, head=head, rows=tuple(each for each in rows if each[2] != "0"))


def _groups(texts: Sequence[Text]) -> Names:
    return np.array([text.line.group or f"/{n}" for n, text in enumerate(texts)])


def _meets(place: Place, span: Span) -> bool:
    return place.start < span.end and span.start < place.end


def spans_of(text: Text) -> tuple[int, int, int, int, int]:
    """Exact names, found ones that overlap, labelled ones that do, all found, all labelled."""
    gold = text.line.places
    said = [place for place in text.found if place.end > place.start]
    return (
        len({(p.start, p.end) for p in said} & {(g.start, g.end) for g in gold}),
        sum(any(_meets(p, g) for g in gold) for p in said),
        sum(any(_meets(p, g) for p in said) for g in gold),
        len(said),
        len(gold),
    )


def span_measures(texts: Sequence[Text]) -> list[Measure]:
    """Strict precision, recall and F1, then the lenient ones."""
    numbers = np.array([spans_of(text) for text in texts], float)

    def statistic(weights: NDArray[np.float64]) -> Sequence[float]:
        exact, met, recalled, said, gold = weights @ numbers
        precision, recall = ratio(met, said), ratio(recalled, gold)
        both = ratio(2 * precision * recall, precision + recall) if said and gold else 0.0
        strict = (ratio(exact, said), ratio(exact, gold), f1_of(exact, said, gold))
        return (*strict, precision, recall, both)

    return measured(statistic, _groups(texts))


def _span_row(texts: Sequence[Text]) -> tuple[str, ...]:
    names = sum(len(text.line.places) for text in texts)
    found = map(str, span_measures(texts)) if names else [""] * 6
    return f"{len(texts):,}", f"{names:,}", *found


def _located(text: Text) -> list[Span]:
    return [span for span in text.line.places if span.lat is not None and span.lon is not None]


def _away_km(span: Span, place: Place | Toponym) -> float:
    return distance_m(span.lat or 0.0, span.lon or 0.0, place.lat, place.lon) / 1000


def _nearest(text: Text, span: Span) -> float | None:
    """Kilometres from a labelled mention to the place found there, None where none was."""
    met = [place for place in text.found if place.end > place.start and _meets(place, span)]
    best = max(met, key=lambda place: (_overlap(place, span), place.confidence), default=None)
    return None if best is None else _away_km(span, best)


def _overlap(place: Place, span: Span) -> int:
    return min(place.end, span.end) - max(place.start, span.start)


def _hits(away: Sequence[float | None]) -> tuple[int, ...]:
    """Mentions, covered ones, and those within each distance."""
    known = [each for each in away if each is not None]
    return len(away), len(known), *(sum(each <= km for each in known) for km in WITHIN_KM)


def position_measures(numbers: Sequence[tuple[int, ...]], groups: Names) -> list[Measure]:
    """Coverage, accuracy within each distance, and that of covered mentions."""
    counted = np.array(numbers, float)

    def statistic(weights: NDArray[np.float64]) -> Sequence[float]:
        every, covered, *near = weights @ counted
        return (
            ratio(covered, every),
            *(ratio(each, every) for each in near),
            *(ratio(each, covered) for each in near),
        )

    return measured(statistic, groups)


def _position_row(texts: Sequence[Text]) -> tuple[str, ...]:
    numbers = [_hits([_nearest(text, span) for span in _located(text)]) for text in texts]
    mentions = sum(each[0] for each in numbers)
    found = position_measures(numbers, _groups(texts)) if mentions else []
    return f"{len(texts):,}", f"{mentions:,}", *map(str, found)


def _ways(texts: Sequence[Text], known: gazetteer.Gazetteer) -> dict[str, list[Measure]]:
    """The whole step beside ways that are told where the names stand."""
    kept = [text for text in texts if _located(text)]
    if not kept:
        return {}
    found: dict[str, list[tuple[int, ...]]] = {name: [] for name in (WHOLE, TOLD, POPULOUS, BEST)}
    for text in kept:
        spans = _located(text)
        mentions = [_mention(text.line.text, span, known) for span in spans]
        choices = resolve(text.line.text, mentions, None)
        away: dict[str, list[float | None]] = {
            WHOLE: [_nearest(text, span) for span in spans],
            TOLD: [
                None if choice.place is None else _away_km(span, choice.place)
                for span, choice in zip(spans, choices, strict=True)
            ],
            POPULOUS: [
                None if not m.candidates else _away_km(span, max(m.candidates, key=_people))
                for span, m in zip(spans, mentions, strict=True)
            ],
            BEST: [
                min((_away_km(span, c) for c in m.candidates), default=None)
                for span, m in zip(spans, mentions, strict=True)
            ],
        }
        for name, each in away.items():
            found[name].append(_hits(each))
    groups = _groups(kept)
    return {name: position_measures(each, groups) for name, each in found.items()}


def _people(place: Toponym) -> int:
    return place.population


def _mention(text: str, span: Span, known: gazetteer.Gazetteer) -> Mention:
    name = text[span.start : span.end]
    return Mention(span.start, span.end, name, "here", 1.0, known.candidates(name))


def _ways_table(ways: Mapping[str, Mapping[str, Sequence[Measure]]]) -> Table:
    rows = tuple(
        (f"{name}: {way}", *map(str, measures[: 1 + len(WITHIN_KM)]))
        for name, each in ways.items()
        for way, measures in each.items()
    )
    return Table(
        title="Positions beside the baseline",
        head=("", "covered", *(f"{km} km" for km in WITHIN_KM)),
        rows=rows,
        note="Where names are given, finding them is not measured, only which place they mean.",
    )


def _bars(name: str, ways: Mapping[str, Sequence[Measure]]) -> Bars:
    bars = tuple(
        (f"{km} km: {way}", measures[1 + number])
        for number, km in enumerate(WITHIN_KM)
        for way, measures in ways.items()
    )
    return Bars(title=f"Positions of {name}, share within", bars=bars)


def _figures(
    whole: Mapping[str, Sequence[Text]], ways: Mapping[str, Mapping[str, Sequence[Measure]]]
) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for name, texts in whole.items():
        prefix = f"places.{name.replace(' ', '_')}"
        ways_of = ("strict", "lenient")
        kinds = [f"{way}.{what}" for way in ways_of for what in ("precision", "recall", "f1")]
        found |= {f"{prefix}.{k}": m for k, m in zip(kinds, span_measures(texts), strict=True)}
        short = {WHOLE: "ours", TOLD: "resolved", POPULOUS: "populous", BEST: "best"}
        for way, measures in ways[name].items():
            found[f"{prefix}.{short[way]}.covered"] = measures[0]
            for km, measure in zip(WITHIN_KM, measures[1:], strict=False):
                found[f"{prefix}.{short[way]}.within_{km}_km"] = measure
    return found


def _worst(texts: Sequence[Text], own: bool) -> tuple[Mistake, ...]:
    """Mentions that were put furthest away; texts are shown where they are the user's."""
    every = sorted(_placed(texts), key=lambda pair: -pair[0])[:_WORST]
    return tuple(
        Mistake(
            id=f"{text.line.id} {span.start}-{span.end}",
            what=f"{away:,.0f} km away",
            text=text.line.text if own else "",
        )
        for away, text, span in every
        if away > WITHIN_KM[0]
    )


def _placed(texts: Sequence[Text]) -> Iterator[tuple[float, Text, Span]]:
    for text in texts:
        for span in _located(text):
            away = _nearest(text, span)
            if away is not None:
                yield away, text, span
