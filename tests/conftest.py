"""What holds for every test: nothing is fetched behind our back, a failure can be repeated, and a
server of the run ends with it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import settings

from tests.elastic import RUN, Server, run
from tests.needs import elastic
from tests.servers import Site, serving

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a run holds its servers; workers find them through the environment."""
    if RUN not in os.environ:
        held = ExitStack()
        held.enter_context(run())
        config.add_cleanup(held.close)


FORKING = "test_crash_"
LONG = ("test_elastic_flow", "test_access", "test_run", "test_index_verbs", "test_morning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take the longest go first, so that no process is left with one at the end; before
    them what forks at every boundary, for a process without models forks quickest."""
    items.sort(
        key=lambda item: (
            not item.path.name.startswith(FORKING),
            not item.path.name.startswith(LONG),
        )
    )


@pytest.fixture
def site() -> Site:
    """What a server on loopback answers."""
    return Site()


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    """The address of that server."""
    with serving(site) as address:
        yield address


@pytest.fixture
def prefix() -> Iterator[str]:
    """A name for indices of this test alone on the Elasticsearch of `elastic_url()`."""
    name = f"test-{secrets.token_hex(4)}"
    yield name
    elastic().clear(name)


@pytest.fixture
def secured() -> Iterator[Server]:
    """The run's one secured Elasticsearch, for this test alone: it may break it."""
    server = elastic(secured=True)
    with server.alone():
        yield server
