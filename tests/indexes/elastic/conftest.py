from collections.abc import Iterator

import pytest

from indexes.elastic import Options
from indexes.elastic.cluster import Cluster
from indexes.elastic.store import Store
from indexes.elastic.write import Writer
from tests.needs import elastic_url


@pytest.fixture
def options(prefix: str) -> Options:
    return Options(url=elastic_url(), prefix=prefix, timeout_s=10.0)


@pytest.fixture
def cluster(options: Options) -> Iterator[Cluster]:
    opened = Cluster(options)
    yield opened
    opened.close()


@pytest.fixture
def live(cluster: Cluster, options: Options) -> Store:
    """The live index, prepared for the ledger `mine`."""
    store = Store(cluster, options, beside=False)
    assert store.prepare("mine")
    return store


@pytest.fixture
def writer(cluster: Cluster, live: Store) -> Iterator[Writer]:
    opened = Writer(cluster, live)
    yield opened
    opened.close()
