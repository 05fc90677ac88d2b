"""Are posts about one happening in one event: the grouper on texts whose event is known.

Every text is kept, whatever relevance says of it, so that grouping alone is measured. Texts go by
in order of time, as they would in `monitor run`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluation import baseline, own, shipped
from evaluation.asked import Asked, EventsLine, Told, read
from evaluation.clusters import (
    Agreement,
    Labels,
    agreement,
    b_cubed,
    b_cubed_means,
    best,
    crossed,
    fragments,
    numbered,
)
from evaluation.labelled import DTYPE, cached
from evaluation.measure import SEED, Flags, Measure, Names, measured
from evaluation.report import Bars, Mistake, Report
from monitor.errors import ConfigError
from monitor.model import Enrichment, Post, Row
from monitor.ports import Table
from nlp import encode, group, models

ABOUT: Final = (
    "Nothing is fitted, but thresholds are chosen. Ours is the shipped one; the project kept no "
    "record of the texts that it was chosen on, so take it as if these were among them. Beside it "
    "stands the honest way, for our grouper and the baseline alike: half of the topics or events "
    "choose the threshold for the other half. `Chosen on the same texts` shows how much is "
    "flattery.",
    "ECB+: news, two confusable events of one kind in every topic; the texts have no dates, so "
    "all stand at one moment, in an order drawn once. CrisisLexT26: a hundred informative tweets "
    "of each of 20 disasters at the times of their ids; a disaster of weeks is many happenings to "
    "a grouper, so look at precision there, not at fragments.",
    "The baseline joins texts by average linkage over TF-IDF. Intervals hold 95 % of resamples of "
    "whole events (of texts within one); that of AMI is of a jackknife over at most 20 parts of "
    "the events. Where texts tell of fewer than three events there is none, [-].",
)
THRESHOLDS: Final = (0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6)
DISTANCES: Final = (0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98)
EACH: Final = 100
HEAD: Final = ("", "texts", "events", "groups", "B3 P", "B3 R", "B3 F1", "AMI", "fragments")
_TWITTER: Final = 1_288_834_974_657
"""Milliseconds from 1970 to the first id. Source: https://docs.x.com/resources/fundamentals/x-ids"""
_WORST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Asked):
    """The labelled sets, or a file of lines `{"text": …, "event": "fire 12"}`; `time` (ISO 8601),
    `id`, `lang` and `city` may be added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Texts in order of time; `halves` says which choose the threshold for which."""

    name: str
    lines: tuple[EventsLine, ...]
    gold: Labels
    halves: Labels
    langs: Names
    ours: tuple[Labels, ...]
    shipped: Labels
    plain: tuple[Labels, ...]


def evaluate(options: Options, told: Told) -> Report:
    """How well events agree with what texts tell of."""
    if options.on is None:
        given = {
            "ECB+": (news(options.data, options.quick), _topic),
            "CrisisLexT26": (tweets(options.data, options.quick), _event),
        }
    else:
        given = {"your file": (own_lines(options.on, options.quick), _event)}
    streams = []
    for name, (lines, half) in given.items():
        streams.append(_stream(name, lines, half, options, told))
    told("figures", 1, 1)
    systems = {stream.name: _systems(stream) for stream in streams}
    return Report(
        name="events",
        about=ABOUT if options.on is None else (ABOUT[0], ABOUT[2]),
        tables=tuple(
            table
            for stream in streams
            for table in (
                _table(stream.name, systems[stream.name]),
                _by(stream, "language", stream.langs),
                _by(stream, "city", np.array([line.city for line in stream.lines])),
                _by_event(stream),
            )
            if table.rows
        ),
        plots=tuple(
            Bars(title=f"{name}: B-cubed F1", bars=tuple((n, a.f1) for n, a in each.items()))
            for name, each in systems.items()
        ),
        mistakes=tuple(one for stream in streams for one in _worst(stream, options.on is None)),
        figures={
            f"events.{_short(name)}.{way}.{what}": getattr(found, what)
            for name, each in systems.items()
            for way, found in zip(("shipped", *WAYS), each.values(), strict=True)
            for what in ("precision", "recall", "f1", "ami", "fragments")
        },
    )


WAYS: Final = ("halves", "flattered", "tfidf", "tfidf_flattered")


def _short(name: str) -> str:
    return {"ECB+": "ecb", "CrisisLexT26": "crisislext26"}.get(name, "own")


def own_lines(path: Path, quick: bool) -> list[EventsLine]:
    """A file's lines in order of time; raises ConfigError where one names no event."""
    found = read(path, EventsLine, quick)
    if bare := [line.id for line in found if not line.event]:
        raise ConfigError(f"{path}: {bare[0]}: names no event; give it one, or leave the line out")
    return sorted((replace(line, time=_moment(line.time)) for line in found), key=_time)


def _moment(time: datetime | None) -> datetime:
    if time is None:
        return datetime(2000, 1, 1, tzinfo=UTC)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _time(line: EventsLine) -> datetime:
    return _moment(line.time)


def news(folder: Path, quick: bool) -> list[EventsLine]:
    """The texts of ECB+. The first line of the newer half is an address that tells the event."""
    found = []
    for row in _rows(folder / "ecbplus_docs.jsonl.gz"):
        behind = row["text"].partition("\n")[2]
        text = behind if row["doc"].endswith("plus") and behind else row["text"]
        found.append(EventsLine(text=text, id=row["doc"], event=row["subtopic"]))
    shuffled = [found[i] for i in np.random.default_rng(SEED).permutation(len(found))]
    topics = {line.event.removesuffix("plus").removesuffix("ecb") for line in shuffled}
    some = sorted(topics)[:8] if quick else topics
    return [
        line for line in shuffled if line.event.removesuffix("plus").removesuffix("ecb") in some
    ]


def tweets(folder: Path, quick: bool) -> list[EventsLine]:
    """Informative tweets, as many of each disaster, in order of time."""
    taken: dict[str, list[EventsLine]] = {}
    for row in _rows(folder / "crisislext26.jsonl.gz"):
        if row["label"] == "Related and informative":
            time = datetime.fromtimestamp(((int(row["id"]) >> 22) + _TWITTER) / 1000, UTC)
            name = f"crisislext26:{row['id']}"
            line = EventsLine(text=row["text"], id=name, event=row["event"], time=time)
            taken.setdefault(row["event"], []).append(line)
    most = EACH // 4 if quick else EACH
    draw = np.random.default_rng(SEED)
    drawn = [many[i] for many in taken.values() for i in draw.permutation(len(many))[:most]]
    return sorted(drawn, key=_time)


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _topic(line: EventsLine) -> str:
    """Both events of a topic of ECB+ stand in one half, so that they can be confused."""
    return line.event.removesuffix("plus").removesuffix("ecb")


def _event(line: EventsLine) -> str:
    return line.event


def _stream(
    name: str,
    lines: Sequence[EventsLine],
    half: Callable[[EventsLine], str],
    options: Options,
    told: Told,
) -> Stream:
    told(f"{name}: vectors, heads, places", 0, 3)
    posts = [
        Post(
            id=str(n), text=line.text, lang=line.lang, published=_time(line), collected=_time(line)
        )
        for n, line in enumerate(lines)
    ]
    known = _enriched(posts, options)
    told(f"{name}: groups", 1, 3)
    usual = group.Options()
    tried = sorted({*THRESHOLDS, usual.threshold})
    ours = {t: grouped(posts, known, replace(usual, threshold=t)) for t in tried}
    told(f"{name}: TF-IDF", 2, 3)
    plain = baseline.clusters([line.text for line in lines], DISTANCES)
    return Stream(
        name=name,
        lines=tuple(lines),
        gold=numbered([line.event for line in lines]),
        halves=numbered([half(line) for line in lines]) % 2,
        langs=np.array([one.lang or "?" for one in known]),
        ours=tuple(ours.values()),
        shipped=ours[usual.threshold],
        plain=tuple(plain),
    )


def _enriched(posts: Sequence[Post], options: Options) -> Sequence[Enrichment]:
    known: Sequence[Enrichment] = [Enrichment()] * len(posts)
    known = shipped.identifier()(posts, known)
    if options.on is None:
        version = f"{models.find(encode.Options().model).version} {DTYPE}"
        vectors = cached([post.text for post in posts], options.cache)
        known = [
            replace(e, vector=vector.tobytes(), models={**e.models, "encode": version})
            for e, vector in zip(known, vectors, strict=True)
        ]
    else:
        known = shipped.encoder(own.DTYPE)(posts, known)
    known = shipped.heads()(posts, known)
    return shipped.finder()(posts, known)


def grouped(posts: Sequence[Post], known: Sequence[Enrichment], options: group.Options) -> Labels:
    """The event of each post, by number."""
    grouper = group.open(options)
    rows = [Row(seq=n, at=post.collected, what=post) for n, post in enumerate(posts, 1)]
    event: dict[str, str] = {}
    for begin in range(0, len(rows), 64):
        change = grouper(rows[begin : begin + 64], known[begin : begin + 64])
        event |= {signal.post.id: signal.event for signal in change.signals}
    return numbered([event[post.id] for post in posts])


def _systems(stream: Stream) -> dict[str, Agreement]:
    gold, halves = stream.gold, stream.halves
    everything, same = np.ones(len(gold), bool), np.zeros(len(gold), np.int64)

    def flattered(many: Sequence[Labels]) -> Agreement:
        return agreement(many, gold, same + best(many, gold, everything))

    return {
        "grouper as shipped": agreement([stream.shipped], gold, same),
        "grouper, threshold by the other half": agreement(
            stream.ours, gold, crossed(stream.ours, gold, halves)
        ),
        "grouper, chosen on the same texts": flattered(stream.ours),
        "TF-IDF clusters, threshold by the other half": agreement(
            stream.plain, gold, crossed(stream.plain, gold, halves)
        ),
        "TF-IDF clusters, chosen on the same texts": flattered(stream.plain),
    }


def _table(name: str, systems: Mapping[str, Agreement]) -> Table:
    return Table(
        title=name, head=HEAD, rows=tuple((way, *_cells(one)) for way, one in systems.items())
    )


def _cells(one: Agreement) -> tuple[str, ...]:
    sizes = (f"{one.texts:,}", f"{one.events:,}", f"{one.groups:,}")
    measures = (one.precision, one.recall, one.f1, one.ami, one.fragments)
    return *sizes, *map(str, measures)


def _by(stream: Stream, by: str, names: Names) -> Table:
    """The shipped grouper on texts of one name, grouped together with all others."""
    rows = tuple(
        (str(name), f"{mine.sum():,}", *map(str, _measures(stream, mine)))
        for name in np.unique(names[names != ""])
        for mine in (names == name,)
    )
    head = ("", "texts", "B3 P", "B3 R", "B3 F1")
    return Table(title=f"{stream.name} by {by}, as shipped", head=head, rows=rows)


def _measures(stream: Stream, mine: Flags) -> list[Measure]:
    """B-cubed precision, recall and F1 of the shipped grouper on some of the texts."""
    p, r = (each[mine] for each in b_cubed(stream.shipped, stream.gold))
    return measured(lambda weights: b_cubed_means(p, r, weights), stream.gold[mine].astype(np.str_))


def _by_event(stream: Stream) -> Table:
    """Each event, the most scattered first."""
    spread = fragments(stream.shipped, stream.gold)
    names = np.array([line.event for line in stream.lines])
    rows = []
    for event in np.argsort(-spread, kind="stable"):
        mine = stream.gold == event
        row = (str(names[mine][0]), f"{mine.sum():,}", f"{spread[event]:,}")
        rows.append((*row, *map(str, _measures(stream, mine))))
    head = ("", "texts", "fragments", "B3 P", "B3 R", "B3 F1")
    return Table(title=f"{stream.name} by event, as shipped", head=head, rows=tuple(rows))


def _worst(stream: Stream, private: bool) -> tuple[Mistake, ...]:
    """Texts in groups that mostly tell of something else, and texts that stand nearly alone."""
    precision, recall = b_cubed(stream.shipped, stream.gold)
    order = np.argsort(precision + recall, kind="stable")[:_WORST]
    return tuple(
        Mistake(
            id=stream.lines[i].id,
            what=f"{stream.lines[i].event}: {precision[i]:.0%} of its group tell of its event, "
            f"{recall[i]:.0%} of its event are in its group",
            text=stream.lines[i].text,
            private=private,
            kind=stream.name,
        )
        for i in order
        if precision[i] + recall[i] < 1
    )
