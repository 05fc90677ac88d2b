"""A sample day that is only read, and one for each test that changes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.site import Site, able, posted, sample_day, served, smoke


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page of the sample day; nobody may change it."""
    app = sample_day(tmp_path_factory.mktemp("web") / "day")
    with served(app) as site:
        yield site
    app.close()


@pytest.fixture
def own_day(tmp_path: Path) -> Iterator[Site]:
    """The page of a sample day of the test's own."""
    app = sample_day(tmp_path / "day")
    with served(app) as site:
        yield site
    app.close()


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Site]:
    """A page on this machine, where mail is set up and there was a fire just now."""
    app = able(posted(tmp_path / "day", smoke(1)))
    with served(app) as site:
        yield site
    app.close()
