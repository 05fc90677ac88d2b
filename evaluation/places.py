"""Are place names found, and is it the right place: the whole step on texts with labelled places.

Spans are strict (the same characters) or lenient (they overlap). Positions are right within so many
kilometres of the labelled one; a mention is covered where a place was found that overlaps with it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evaluation import misplaced, shipped
from evaluation.asked import Asked, PlacesLine, Span, Told, read
from evaluation.measure import Judged, Measure, binary
from evaluation.report import Bars, Report, curves
from evaluation.spans import (
    WITHIN_KM,
    Text,
    away_km,
    groups_of,
    hits,
    located,
    nearest,
    position_measures,
    span_measures,
)
from monitor.model import Enrichment, Post
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
    "Most tweets of the geocoding set stand in the recognition set too: tables of spans by event "
    "and language count them once, with the labels of the latter; so does a set that holds one "
    "twice. Tables of positions count texts that have any.",
    "Of a text only the first 5,000 characters are read and 50 places kept; labelled names "
    "behind these count as not found.",
    "The baseline is the most populous place of the labelled name. Intervals hold 95 % of "
    "resamples of whole disasters (of texts within one, and in sets that name none). A figure for "
    "which fewer than three of them hold anything has none, [-].",
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Asked):
    """The labelled sets, or a file of lines `{"text": …, "places": [{"start": 0, "end": 6, "lat":
    48.86, "lon": 2.35}]}`, spans in code points; `lat` and `lon` may be left out, `id`, `lang`,
    `event` and `city` added."""


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
    once = pooled(texts)
    trusted = {name: judged for name, many in whole.items()
               if (judged := misplaced.confidences(many)) is not None}  # fmt: skip
    ways = {name: _ways(many, known) for name, many in whole.items()}
    return Report(
        name="places",
        about=ABOUT if not own else ABOUT[2:],
        tables=tuple(
            table
            for table in (
                *_tables("Spans", {"set": whole} | _by(once), _span_row, SPANS),
                *_tables("Positions", {"set": whole} | _by(texts), _position_row, POSITIONS),
                _ways_table(ways),
                misplaced.confidence_table(whole),
            )
            if table.rows
        ),
        plots=(
            *(_bars(name, ways[name]) for name in ways if ways[name]),
            *(curves(list(trusted.items())) if trusted else ()),
        ),
        mistakes=misplaced.worst(texts, once, private=not own),
        figures=_figures(whole, ways) | _trust(trusted),
    )


def lines(folder: Path, name: str, quick: bool) -> list[PlacesLine]:
    """The labelled texts of a set, each once; a sample has at most 400 of them."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        every = (_line(name, json.loads(row), n) for n, row in enumerate(file, 1))
        found = list({line.id: line for line in every}.values())
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


def pooled(texts: Sequence[Text]) -> list[Text]:
    """Without the tweets of the geocoding set that stand in the recognition set as well."""
    first, second = SETS[:2]
    seen = {text.line.id.removeprefix(first) for text in texts if text.set == first}
    return [t for t in texts if t.set != second or t.line.id.removeprefix(second) not in seen]


def _by(texts: Sequence[Text]) -> dict[str, dict[str, list[Text]]]:
    def split(of: Callable[[Text], str]) -> dict[str, list[Text]]:
        names = sorted({of(text) for text in texts} - {""})
        return {name: [text for text in texts if of(text) == name] for name in names}

    return {
        "event": split(lambda text: text.line.event),
        "city": split(lambda text: text.line.city),
        "language": split(lambda text: text.lang),
    }


def _tables(
    what: str,
    by: Mapping[str, Mapping[str, Sequence[Text]]],
    row: Callable[[Sequence[Text]], tuple[str, ...]],
    head: tuple[str, ...],
) -> list[Table]:
    """One table by set, by event and so on; rows without a name or mention are left out."""
    found = []
    for names, many in by.items():
        rows = [(name, *row(texts)) for name, texts in many.items() if texts]
        kept = tuple(each for each in rows if each[2] != "0")
        found.append(Table(title=f"{what} by {names}", head=head, rows=kept))
    return found


def _span_row(texts: Sequence[Text]) -> tuple[str, ...]:
    names = sum(len(text.line.places) for text in texts)
    found = map(str, span_measures(texts)) if names else [""] * 6
    return f"{len(texts):,}", f"{names:,}", *found


def _position_row(texts: Sequence[Text]) -> tuple[str, ...]:
    kept = [text for text in texts if located(text)]
    numbers = [hits([nearest(text, span) for span in located(text)]) for text in kept]
    mentions = sum(each[0] for each in numbers)
    found = position_measures(numbers, groups_of(kept)) if kept else []
    return f"{len(kept):,}", f"{mentions:,}", *map(str, found)


def _ways(texts: Sequence[Text], known: gazetteer.Gazetteer) -> dict[str, list[Measure]]:
    """The whole step beside ways that are told where the names stand."""
    kept = [text for text in texts if located(text)]
    if not kept:
        return {}
    found: dict[str, list[tuple[int, ...]]] = {name: [] for name in (WHOLE, TOLD, POPULOUS, BEST)}
    for text in kept:
        spans = located(text)
        mentions = [_mention(text.line.text, span, known) for span in spans]
        choices = resolve(text.line.text, mentions, None)
        away: dict[str, list[float | None]] = {
            WHOLE: [nearest(text, span) for span in spans],
            TOLD: [
                None if choice.place is None else away_km(span, choice.place)
                for span, choice in zip(spans, choices, strict=True)
            ],
            POPULOUS: [
                None if not m.candidates else away_km(span, max(m.candidates, key=_people))
                for span, m in zip(spans, mentions, strict=True)
            ],
            BEST: [
                min((away_km(span, c) for c in m.candidates), default=None)
                for span, m in zip(spans, mentions, strict=True)
            ],
        }
        for name, each in away.items():
            found[name].append(hits(each))
    groups = groups_of(kept)
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


def _trust(trusted: Mapping[str, Judged]) -> dict[str, Measure]:
    scores = {name.replace(" ", "_"): binary(judged) for name, judged in trusted.items()}
    return {
        f"places.{name}.confidence.{what}": getattr(score, what)
        for name, score in scores.items()
        for what in ("ap", "ece")
    }
