"""Spans and distances, counted by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.asked import PlacesLine, Span
from evaluation.misplaced import confidences, worst
from evaluation.places import POSITIONS, _position_row, _tables, lines, pooled
from evaluation.spans import Text, position_measures, span_measures, spans_of
from monitor.model import Place


def place(
    start: int, end: int, lat: float = 0.0, lon: float = 0.0, confidence: float = 0.5
) -> Place:
    return Place(
        name="x", start=start, end=end, role="happened", kind="city", lat=lat, lon=lon,
        radius_m=1.0, confidence=confidence,
    )  # fmt: skip


def text(golds: tuple[Span, ...], found: tuple[Place, ...]) -> Text:
    return Text(line=PlacesLine(text="x" * 40, places=golds), set="a", lang="en", found=found)


def test_spans_are_counted_strictly_and_leniently() -> None:
    golds = (Span(start=0, end=5), Span(start=10, end=20), Span(start=30, end=35))
    found = (place(0, 5), place(12, 18), place(22, 25), place(0, 0))
    assert spans_of(text(golds, found)) == (1, 2, 2, 3, 3)


def test_strict_and_lenient_scores_follow_from_the_counts() -> None:
    golds = (Span(start=0, end=5), Span(start=10, end=20))
    both = [text(golds, (place(0, 5), place(12, 18))), text(golds, ())]
    values = [measure.value for measure in span_measures(both)]
    assert values == pytest.approx([1 / 2, 1 / 4, 1 / 3, 1, 1 / 2, 2 / 3])


def test_accuracy_counts_what_was_not_found_and_coverage_tells_it_apart() -> None:
    numbers = [(2, 1, 1, 1, 0, 0), (2, 2, 2, 1, 1, 0)]
    values = [m.value for m in position_measures(numbers, np.array(["a", "b"]))]
    assert values[:5] == [0.75, 0.75, 0.5, 0.25, 0]
    assert values[5:] == pytest.approx([1, 2 / 3, 1 / 3, 0])


def test_a_set_is_read_with_ids_and_each_text_and_span_once(tmp_path: Path) -> None:
    spans = [{"start": 4, "end": 9, "lat": 1.0, "lon": 2.0}, {"start": 4, "end": 9}]
    row = {"id": "7", "event": "flood", "text": "the Thames", "locations": spans}
    with gzip.open(tmp_path / "idrisi_geocoding.jsonl.gz", "wt") as file:
        file.write(2 * (json.dumps(row) + "\n"))
    (line,) = lines(tmp_path, "idrisi_geocoding", quick=False)
    assert (line.id, line.event, len(line.places)) == ("idrisi_geocoding:7", "flood", 1)


def labelled(name: str, number: int, *golds: Span) -> Text:
    line = PlacesLine(text="x" * 40, id=f"{name}:{number}", places=golds)
    return Text(line=line, set=name, lang="en", found=())


def test_a_tweet_of_both_sets_is_counted_once() -> None:
    both = [labelled("idrisi_recognition", 1), labelled("idrisi_geocoding", 1)]
    others = [labelled("idrisi_geocoding", 2), labelled("geovirus", 1), labelled("geowebnews", 1)]
    assert pooled([*both, *others]) == [both[0], *others]
    own = [labelled("your file", 1)] * 2
    assert pooled(own) == own


def test_positions_are_of_texts_that_have_any() -> None:
    here = labelled("a", 1, Span(start=0, end=5, lat=1.0, lon=2.0), Span(start=6, end=9))
    bare = labelled("a", 2, Span(start=0, end=5))
    by = {"language": {"en": [here, bare], "fr": [bare]}}
    (table,) = _tables("Positions", by, _position_row, POSITIONS)
    assert [row[:3] for row in table.rows] == [("en", "1", "1")]


def test_confidence_is_judged_by_whether_the_place_is_right() -> None:
    """Right, too far off, labelled without a position, not labelled; in a text without any."""
    golds = (Span(start=0, end=5, lat=0, lon=0), Span(start=6, end=9, lat=0, lon=0),
             Span(start=10, end=15))  # fmt: skip
    found = (
        place(0, 5, 1, 1, 0.9),
        place(6, 9, 2, 2, 0.7),
        place(10, 15),
        place(20, 25, 0, 0, 0.2),
    )
    texts = [text(golds, found), text((Span(start=0, end=5),), (place(0, 5),))]
    judged = confidences(texts)
    assert judged is not None
    assert judged.found.tolist() == [0.9, 0.7, 0.2]
    assert judged.yes.tolist() == [True, False, False]
    named = confidences(texts, spurious=False)
    assert named is not None
    assert named.found.tolist() == [0.9, 0.7]
    assert confidences(texts[1:]) is None


def test_names_put_far_off_missed_and_false_are_listed() -> None:
    whole = "Fire in Ghent and in Gent and in Ghent, says Reuters"
    golds = (Span(start=8, end=13, lat=51, lon=4), Span(start=21, end=25), Span(start=33, end=38))
    found = (place(8, 13, 0, 4), place(45, 52, confidence=0.9))
    line = PlacesLine(text=whole, id="a:1", places=golds)
    one = Text(line=line, set="a", lang="en", found=found)
    listed = worst([one], [one], private=True)
    assert [(m.kind, m.id, m.what) for m in listed] == [
        ("position", "a:1 8-13", "5,671 km away"),
        ("missed", "a:1 21-25", "missed: 1 of 1"),
        ("missed", "a:1 33-38", "missed: 1 of 2"),
        ("false", "a:1 45-52", "no name is labelled there; confidence 0.90"),
    ]
    assert listed[0].text == "Fire in »Ghent« and in Gent and in Ghent, says Reuters"
    assert all(m.private for m in listed)
