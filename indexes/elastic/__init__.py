"""Elasticsearch 9: the same answers as the embedded index, for many readers at once and for Kibana.
Only what the free Basic licence gives is used.

Source: https://www.elastic.co/docs/reference/elasticsearch/rest-apis
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from monitor.ports import Index

Vectors = Literal["int8_flat", "bbq_flat", "int8_hnsw", "bbq_hnsw"]

_PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_FINGERPRINT: Final = re.compile(r"(?:[0-9a-fA-F]{2}:?){32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where the cluster is, and what its indices are like. A key or password is never written here:
    it comes from the environment or from a file.

    url: the address of the cluster, or several of its nodes'; without a name or password in it
    prefix: what the names of all our indices begin with; one for each deployment
    api_key_file: a file of mode 0600 that holds an API key; without it the environment is asked
        for MONITOR_ELASTIC_API_KEY, then MONITOR_ELASTIC_USER with MONITOR_ELASTIC_PASSWORD
    ca_file: the certificate of the authority that signed the cluster's certificate
    fingerprint: instead of it, the SHA-256 of the cluster's own certificate, in hex
    timeout_s: seconds that the cluster may take for one answer
    shards: shards of each index; chosen when an index is made, one holds tens of millions
    replicas: copies of each shard, as far as there are nodes for them
    vectors: how vectors are kept; flat ones are quick to write, hnsw ones quick to ask by the
        million
    """

    url: str | tuple[str, ...] = "http://127.0.0.1:9200"
    prefix: str = "monitor"
    api_key_file: str = ""
    ca_file: str = ""
    fingerprint: str = ""
    timeout_s: float = 30.0
    shards: int = 1
    replicas: int = 1
    vectors: Vectors = "int8_flat"

    def __post_init__(self) -> None:
        if not self.urls:
            raise ValueError("url is empty")
        for url in self.urls:
            _check_address(url)
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError(
                f"prefix {self.prefix!r} cannot begin an index's name: small letters, digits, "
                "and . _ - after the first"
            )
        if self.fingerprint and not _FINGERPRINT.fullmatch(self.fingerprint):
            raise ValueError("fingerprint is no SHA-256: 64 hexadecimal digits, colons allowed")
        if self.fingerprint and self.ca_file:
            raise ValueError("ca_file and fingerprint are two ways to the same; give one")
        if self.timeout_s <= 0 or self.shards < 1 or self.replicas < 0:
            raise ValueError("timeout_s, shards or replicas is too small")

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses, one or several."""
        return (self.url,) if isinstance(self.url, str) else self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key: what it is for, and the line that `api_key_file` holds."""

    name: str
    secret: str = field(repr=False)


def open(options: Options, *, beside: bool = False) -> Index:
    """The index in the cluster; `beside`, another one that `promote` puts in its place."""
    from indexes.elastic.index import Elastic

    return Elastic(options, beside=beside)


def keys(options: Options) -> tuple[Key, ...]:
    """New API keys of least rights: `ingest`, `search` and `dashboards`."""
    from indexes.elastic.rights import make

    return make(options)


def tidy(options: Options) -> Sequence[str]:
    """Delete the indices of ours that no alias leads to; their names."""
    from indexes.elastic.cluster import Cluster
    from indexes.elastic.store import Store

    cluster = Cluster(options)
    try:
        return Store(cluster, options, beside=False).tidy()
    finally:
        cluster.close()


def views(options: Options) -> Iterator[str]:
    """Lines of NDJSON with Kibana's data views of our indices, for its import of saved objects."""
    from indexes.elastic.kibana import views as made

    return made(options.prefix)


def _check_address(url: str) -> None:
    """Raises ValueError, whose words hold no credentials."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname and parts.port)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("url is no address as in https://search.example:9200")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "url carries a name or password, which would be shown and logged; leave it out and set "
            "MONITOR_ELASTIC_API_KEY"
        )
