"""An empty index of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.ports import Index
from tests.contracts.indexing import KINDS, opened


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def index(kind: str, tmp_path: Path) -> Iterator[Index]:
    with opened(kind, tmp_path) as made:
        made.prepare("ledger-1")
        yield made
