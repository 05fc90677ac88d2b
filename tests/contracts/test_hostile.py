"""Whatever is asked of an index is answered rightly or refused with its place, and soon."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import QueryError
from monitor.model import Event, Place, Point, Signal, clean
from monitor.ports import Asked, Index
from monitor.query import Document, Query, check, document, likes, matches, parse
from tests.contracts.hostile import MARKS, NAMES, QUESTIONS
from tests.contracts.indexing import EVERYTHING, a_signal, an_event, opened, unit, wrote
from tests.house import ROOT

KILLED_S = 300
ASKING = "import sys; from tests.contracts.test_hostile import ask_all; ask_all(*sys.argv[1:])"
HACKNEY = Place(
    name="Hackney", start=0, end=0, role="happened", kind="city", lat=51.5, lon=-0.12,
    radius_m=9.0, ref="geonames:1 OR 2",
)  # fmt: skip
IDS = ('1" OR "1', "../../etc/passwd", "_all", "sha256:00", "x" * 3_900, "\\\\", "s:\u202e1")


def kept() -> list[Signal | Event]:
    """Documents that say what the questions ask, and some whose ids and names are no better."""
    said = [a_signal(n, clean(text[:5_000])) for n, text in enumerate(QUESTIONS)]
    odd = [a_signal(n, "fire smoke", labels=("Fire",), severity="Severe") for n in range(len(IDS))]
    odd = [replace(s, post=replace(s.post, id=id)) for s, id in zip(odd, IDS, strict=True)]
    placed = a_signal(900, "fire", places=(HACKNEY,), relevance=0.5)
    at_pole = a_signal(901, "a fire", relevance=1.0)
    at_pole = replace(at_pole, post=replace(at_pole.post, point=Point(lat=-90.0, lon=180.0)))
    events = [
        an_event("1", "fire and smoke", place=HACKNEY, topics={"Fire": 2}),
        an_event('1" OR "1', "=all _ @hackney ~fire", sources={'bbc"}}]}}': 1}),
        Event(id="_all", seq=1, size=2**53),
    ]
    return [*said, *odd, placed, at_pole, *events]


def ask_all(kind: str, folder: str) -> None:
    """Ask it all, saying each question before it is asked."""
    documents = [document(value) for value in kept()]
    with opened(kind, Path(folder)) as index:
        for text in QUESTIONS:
            sys.stdout.write(f"{text[:60]!a}\n")
            sys.stdout.flush()
            for of in ("signals", "events"):
                among = [one for one in documents if one.kind == of]
                if (query := asked_of(among, text)) is not None:
                    answers_rightly(index, query, among)


def asked_of(documents: list[Document], text: str) -> Query | None:
    """The question, or None where it is refused with its place."""
    try:
        query = parse(text)
        check(query, documents[0].kind)
    except QueryError as said:
        if said.position is None or not 0 <= said.position <= len(text):
            raise
        return None
    return query


def answers_rightly(index: Index, query: Query, documents: list[Document]) -> None:
    ask = index.signals if documents[0].kind == "signals" else index.events
    expected = sorted(one.id for one in documents if matches(query, one))
    found = ask(query, replace(EVERYTHING, vector=unit(1, 0) if likes(query) else None))
    assert sorted(document(hit.value).id for hit in found.hits) == expected
    assert found.total == len(expected)


def test_a_hostile_question_is_answered_rightly_or_refused_with_its_place(
    kind: str, tmp_path: Path
):
    with opened(kind, tmp_path) as index:
        index.prepare("ledger-1")
        wrote(index, *kept())
    command = [sys.executable, "-c", ASKING, kind, str(tmp_path)]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=KILLED_S)
    assert asked.returncode == 0, asked.stdout[-200:] + asked.stderr


def test_a_question_of_the_other_kind_is_refused_with_its_place(index: Index):
    for ask, text, position in (
        (index.signals, "fire OR size:3", 13),
        (index.events, "fire -voice:media", 12),
        (index.events, "relevance:[0 TO 1]", 10),
    ):
        with pytest.raises(QueryError) as said:
            ask(parse(text), Asked())
        assert said.value.position == position


def test_a_mark_that_nobody_was_given_finds_nothing_that_does_not_match(index: Index):
    wrote(index, a_signal(1), a_signal(2), a_signal(3, "a flood"))
    for mark in MARKS:
        for sort in ("", "-time", "id"):
            for collapse in (False, True):
                asked = Asked(sort=sort, after=mark, collapse=collapse)
                try:
                    found = index.signals(parse("fire"), asked)
                except QueryError:
                    continue
                assert {hit.value.post.id for hit in found.hits} <= {"s:1", "s:2"}
                assert found.total == 2


def test_what_is_no_field_sorts_and_counts_nothing(index: Index):
    wrote(index, a_signal(1), an_event("1"))
    for name in NAMES:
        for ask in (
            lambda name=name: index.signals(parse(""), Asked(sort=name)),
            lambda name=name: index.events(parse("fire"), Asked(sort=f"-{name}")),
            lambda name=name: index.count(parse(""), name, "signals"),
        ):
            try:
                found = ask()
            except QueryError:
                continue
            assert name == ""
            assert found.total == 1
