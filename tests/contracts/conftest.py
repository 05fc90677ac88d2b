"""An empty index of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.ports import Index
from tests.contracts.indexing import KINDS, forget, opened


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """A kind of index; what it makes outside of the test's own folder goes with the test."""
    yield str(request.param)
    forget()


@pytest.fixture
def index(kind: str, tmp_path: Path) -> Iterator[Index]:
    with opened(kind, tmp_path) as made:
        made.prepare("ledger-1")
        yield made
