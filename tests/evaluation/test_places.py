"""Spans and distances, counted by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.asked import PlacesLine, Span
from evaluation.places import Text, lines, position_measures, span_measures, spans_of
from monitor.model import Place


def place(start: int, end: int, lat: float = 0.0, lon: float = 0.0) -> Place:
    return Place(
        name="x", start=start, end=end, role="happened", kind="city", lat=lat, lon=lon, radius_m=1.0
    )


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


def test_a_set_is_read_with_ids_and_each_span_once(tmp_path: Path) -> None:
    spans = [{"start": 4, "end": 9, "lat": 1.0, "lon": 2.0}, {"start": 4, "end": 9}]
    row = {"id": "7", "event": "flood", "text": "the Thames", "locations": spans}
    with gzip.open(tmp_path / "idrisi_geocoding.jsonl.gz", "wt") as file:
        file.write(json.dumps(row) + "\n")
    (line,) = lines(tmp_path, "idrisi_geocoding", quick=False)
    assert (line.id, line.event, len(line.places)) == ("idrisi_geocoding:7", "flood", 1)
