"""The sample day with recorded enrichments: the whole sequence without a model in sight."""

from __future__ import annotations

import json
import math
import random
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from monitor import parts, sample
from monitor.admit import Keys
from monitor.area import Area, box_corners
from monitor.config import Source
from monitor.ledger import Ledger
from monitor.lines import parse_line
from monitor.model import Cursor, Decision, Enrichment, Gone, Page, Place, Post, Tick, text_of
from monitor.pipeline import Pipeline, Rules
from monitor.ports import Index, Policy
from monitor.query import parse

TRUTH: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "sample" / "truth.json").read_text(encoding="utf-8")
)
LONDON = Area(name="London", corners=box_corners(51.28, -0.52, 51.70, 0.34))
KEYS = Keys(keys=(b"k" * 32,))
START = datetime(2026, 3, 14, tzinfo=UTC)
TOPICS = ("Fire", "Transport/collision", "Infra/water", "Security/violence", "Infra/power")


class Recorded:
    """Enrichments that depend on a post's words and on nothing else: posts of one true event have
    nearly one vector and one place, the others are irrelevant or far away."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset(
        {"lang", "vector", "relevance", "relevant", "topics", "labels", "severity", "places"}
    )

    def __init__(self) -> None:
        self._event = {post: name for name, posts in TRUTH["events"].items() for post in posts}

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        return [self._one(post) for post in posts]

    def _one(self, post: Post) -> Enrichment:
        name = self._event.get(post.id, "")
        outside = post.id in TRUTH["outside"]
        number = sorted(TRUTH["events"]).index(name) if name else 0
        topic = TOPICS[number % len(TOPICS)]
        relevant = (bool(name) or outside) and "irrelevant now" not in post.text
        return Enrichment(
            lang=post.lang or "en",
            relevance=0.9 if relevant else 0.1,
            relevant=relevant,
            topics={topic: 0.8},
            labels=(topic, topic.split("/")[0]) if "/" in topic else (topic,),
            severity="Moderate",
            places=(_place(number, outside),),
            vector=_vector(name or post.id, text_of(post)),
            models={"recorded": "1"},
        )


def _vector(name: str, text: str) -> bytes:
    core = np.random.default_rng(random.Random(name).getrandbits(32)).normal(size=32)
    noise = np.random.default_rng(random.Random(text).getrandbits(32)).normal(size=32)
    whole = core + 0.2 * noise
    return (whole / np.linalg.norm(whole)).astype("<f4").tobytes()


def _place(number: int, outside: bool) -> Place:
    lat = -33.4 if outside else 51.42 + 0.012 * number
    return Place(
        name=f"district {number}",
        start=0,
        end=0,
        role="happened",
        kind="district",
        lat=lat,
        lon=-0.1 + 0.01 * math.sin(number),
        radius_m=1_500.0,
        confidence=0.9,
    )


@dataclass
class Clock:
    """A clock that only a test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


def day() -> Iterator[Post | Gone]:
    """The lines of the day."""
    with sample.day().open("rb") as file:
        for number, line in enumerate(file, 1):
            if b'"replay"' not in line:
                yield parse_line(line, number)


def fill(ledger: Ledger, clock: Clock) -> None:
    """The whole day as rows of the inbox, with hours and with decisions of every verdict."""
    waiting: list[Post] = []
    rows: dict[str, int] = {}
    for said in day():
        if isinstance(said, Post):
            waiting.append(said)
        if isinstance(said, Gone) or len(waiting) == 20:
            _accept(ledger, clock, waiting, rows)
            waiting.clear()
        if isinstance(said, Gone):
            ledger.inbox.append(_pseudonymous(said))
    _accept(ledger, clock, waiting, rows)
    for decision in decisions(rows, ledger.inbox.rows(10_000)[-1].seq):
        ledger.inbox.append(decision)
    clock.now = START + timedelta(days=3)
    ledger.inbox.append(Tick(at=clock.now))


def _accept(ledger: Ledger, clock: Clock, posts: Sequence[Post], rows: dict[str, int]) -> None:
    if not posts:
        return
    before = {row.seq for row in ledger.inbox.rows(10_000)}
    dated = [post.published for post in posts if START < post.published < START.replace(day=16)]
    clock.now = max([clock.now, *dated])
    admitted = tuple(_admitted(post) for post in posts)
    ledger.inbox.accept("sample-day", Page(posts=admitted, cursor=Cursor()))
    for row in ledger.inbox.rows(10_000):
        if row.seq not in before and isinstance(row.what, Post):
            rows.setdefault(row.what.id, row.seq)
    if len(rows) % 3 == 0:
        ledger.inbox.append(Tick(at=clock.now))


def _admitted(post: Post) -> Post:
    return replace(post, author=KEYS.pseudonym(post.author) if post.author else "")


def _pseudonymous(gone: Gone) -> Gone:
    return replace(gone, authors=tuple(KEYS.pseudonym(author) for author in gone.authors))


def decisions(rows: Mapping[str, int], last: int) -> Sequence[Decision]:
    """What people say in the evening, on events known by the row of their first post, in the rows
    after the last."""
    first = {name: posts[0] for name, posts in TRUTH["events"].items()}
    event = {name: str(rows[post]) for name, post in first.items()}
    fire, crash = TRUTH["events"]["hackney-fire"], TRUTH["events"]["croydon-crash"]

    def said(name: str, verdict: Any, *value: str, anchors: Sequence[str] = ()) -> Decision:
        return Decision(
            target=event[name],
            verdict=verdict,
            anchors=tuple(anchors),
            value=value,
            by="analyst",
            at=START,
        )

    return (
        said("hackney-fire", "confirm", anchors=fire[:10]),
        said("croydon-crash", "merge", event["walthamstow-crash"], anchors=crash[:4]),
        said("hackney-fire", "split", *fire[-3:], anchors=fire[:10]),
        said("lewisham-water", "dismiss"),
        said("lewisham-water", "note", "only a puddle"),
        said("ealing-power", "place", "51.51", "-0.30", "Ealing Broadway"),
        said("camden-stabbing", "topic", "Security/violence"),
        said("stratford-gas", "hold"),
        said("croydon-crash", "undo", str(last + 2)),
        Decision(target=TRUTH["irrelevant"][0], verdict="promote", by="analyst", at=START),
    )


def pipeline(ledger: Ledger, batch: int = 64, sources: Iterable[Source] = ()) -> Pipeline:
    """The real pipeline and grouper over recorded enrichments."""
    group = parts.load("nlp", "group")
    rules = Rules(
        sources={source.name: source for source in sources},
        area=LONDON,
        keep_days=365,
        batch=batch,
    )
    return Pipeline(
        ledger,
        rules,
        KEYS,
        fetch=None,  # type: ignore[arg-type]
        open_steps=lambda: [Recorded()],
        open_grouper=lambda: group.open(group.Options()),
    )


def day_source(path: Path | None = None) -> Source:
    """The sample day as a source."""
    part = parts.load("collectors", "jsonl")
    return Source(
        name="sample-day",
        kind="jsonl",
        every=timedelta(minutes=1),
        options=part.Options(path=str(path or sample.day())),
        policy=Policy(terms="", deletions=""),
    )


def consumed(pipe: Pipeline) -> None:
    """Consume all that waits."""
    while pipe.consume():
        pass


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a ledger holds but for its name and how long sources took."""
    db = sqlite3.connect(path)
    tables = ("inbox", "signals", "events", "gone", "decided", "cursors", "seen", "tombstones")
    tables += ("dropped", "dead", "counts")
    found = {table: sorted(db.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}
    found["activity"] = [
        (number, at, re.sub(rb'"ms":\d+', b'"ms":0', value))
        for number, at, value in db.execute("SELECT * FROM activity ORDER BY number")
    ]
    found["meta"] = sorted(db.execute("SELECT * FROM meta WHERE key != 'id'"))
    db.close()
    return found


def indexed(index: Index) -> dict[str, list[Any]]:
    """Everything that an index holds, as it answers."""
    return {of: list(index.scan(parse(""), of)) for of in ("signals", "events")}
