"""The process is ended at every boundary around the index of Elasticsearch: in a file of its own,
so that it runs beside the other kind."""

from __future__ import annotations

from pathlib import Path

from tests.crash import end_at_every_boundary


def test_ended_at_every_boundary(tmp_path: Path) -> None:
    end_at_every_boundary("elastic", tmp_path)
