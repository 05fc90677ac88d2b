"""API keys of least rights: one that writes, one that asks, one for Kibana.

Source: https://www.elastic.co/docs/reference/elasticsearch/security-privileges
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from elasticsearch import ApiError, AuthorizationException

from indexes.elastic import Key, Options
from indexes.elastic.cluster import PASSWORD, USER, Cluster, types_of
from indexes.elastic.kept import ALL
from indexes.elastic.mapping import MAKER
from monitor.errors import ConfigError

_FARES: Final = (
    "cluster:monitor/allocation/stats",
    "cluster:monitor/health",
    "cluster:monitor/nodes/stats",
)
"""What `condition` asks of the cluster. The privilege `monitor` would tell of everybody's indices
and searches too."""
_KIBANA: Final = (
    "feature_dashboard_v2.all",
    "feature_discover_v2.all",
    "feature_indexPatterns.all",
    "feature_maps_v2.all",
    "feature_savedObjectsManagement.all",
    "feature_visualize_v2.all",
)
"""What puts dashboards with their maps, charts, searches and data views into Kibana 9.
Source: https://www.elastic.co/docs/deploy-manage/users-roles/cluster-or-deployment-auth/kibana-privileges"""


def make(options: Options) -> tuple[Key, ...]:
    """New keys `ingest`, `search` and `dashboards`; earlier ones stay valid. They are made by the
    user that the environment names: a key has no right to make others. Raises ConfigError,
    IndexUnavailable, IndexRefused."""
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if not (user and password):
        raise ConfigError(
            f"environment: keys are made by a user, not by a key; set {USER} and {PASSWORD} to "
            "those of an administrator for this one call"
        )
    cluster = Cluster(replace(options, api_key_file=""))
    try:
        return tuple(
            Key(name=name, secret=_made(cluster, f"{options.prefix}-{name}", rights))
            for name, rights in _rights(options.prefix).items()
        )
    finally:
        cluster.close()


def _made(cluster: Cluster, name: str, rights: Mapping[str, Any]) -> str:
    login = os.environ[USER], os.environ[PASSWORD]
    client = cluster.client.options(basic_auth=login)
    with cluster.faults():
        try:
            made = client.security.create_api_key(
                name=name, role_descriptors={name: rights}, metadata={"made_by": MAKER}
            )
        except AuthorizationException as fault:
            raise ConfigError(
                f"{USER}: that user may not make keys; name one with the cluster privilege "
                "manage_api_key"
            ) from fault
        except ApiError as fault:
            if fault.meta.status != 400 or types_of(fault.body):
                raise
            raise ConfigError(
                f"{cluster.name}: the cluster has security switched off and knows no keys; switch "
                "it on with xpack.security.enabled"
            ) from fault
    return str(made["encoded"])


def _rights(prefix: str) -> Mapping[str, Mapping[str, Any]]:
    """What each key may do, all of it with our indices only."""

    def with_ours(*privileges: str) -> list[dict[str, Any]]:
        names = [f"{prefix}-{of}*" for of in ALL]
        return [{"names": names, "privileges": privileges}]

    kibana = {
        "application": "kibana-.kibana",
        "privileges": _KIBANA,
        "resources": ["space:default"],
    }
    return {
        "ingest": {
            "cluster": [*_FARES, "cluster:monitor/task/get"],
            "indices": with_ours("manage", "read", "write"),
        },
        "search": {
            "cluster": _FARES,
            "indices": with_ours("monitor", "read", "view_index_metadata"),
        },
        "dashboards": {
            "indices": with_ours("read", "view_index_metadata"),
            "applications": [kibana],
        },
    }
