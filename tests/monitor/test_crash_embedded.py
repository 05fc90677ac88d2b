"""The process is ended at every boundary around the embedded index."""

from __future__ import annotations

from pathlib import Path

from tests.crash import end_at_every_boundary


def test_ended_at_every_boundary(tmp_path: Path) -> None:
    end_at_every_boundary("embedded", tmp_path)
