"""How an index and its cluster fare, in figures and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from elasticsearch import AuthorizationException

from indexes.elastic.cluster import Cluster
from monitor.fields import moment_of
from monitor.ports import Condition

_HEAP_SHARE: Final = 0.85
_FULL: Final = "index.blocks.read_only_allow_delete"
_NONE: Final = "there is no index yet; `monitor once` makes it"
_UNSEEN: Final = (
    "our key may not ask how the cluster fares; give it the cluster privilege `monitor`"
)


def condition(cluster: Cluster, names: Sequence[str]) -> Condition:
    """Of the indices behind these aliases, that of signals first, then that of events. What our key
    may not ask is left out, and said."""
    client, signals, events = cluster.client, *names[:2]
    words: list[str] = []
    held: Mapping[str, Any] = {}
    nodes: list[Mapping[str, Any]] = []
    with cluster.faults():
        settings = client.indices.get_settings(
            index=list(names),
            name="index.uuid,index.blocks.*",
            flat_settings=True,
            ignore_unavailable=True,
        ).body
        if not settings:
            return Condition(words=(_NONE,))
        ours = list(settings)
        try:
            health = client.options(ignore_status=408).cluster.health(index=ours, timeout="0s")
            words += _health(health.body)
            total = client.indices.stats(index=ours, metric="store")["_all"]["total"]
            held = total.get("store", {})
            nodes += client.nodes.stats(metric="jvm,fs,indexing_pressure")["nodes"].values()
        except AuthorizationException:
            words.append(_UNSEEN)
        words += _blocks(settings)
        counts = {name: _count(cluster, name) for name in (signals, events)}
        oldest = _oldest(cluster, signals)
    return Condition(
        words=(*words, *_strain(nodes)),
        signals=counts[signals],
        events=counts[events],
        bytes=held.get("size_in_bytes", 0),
        oldest=oldest,
        heap=_most(node["jvm"]["mem"]["heap_used_percent"] / 100 for node in nodes),
        disk=_most(1 - _free(disk) for node in nodes for disk in node["fs"]["data"]),
    )


def _count(cluster: Cluster, name: str) -> int:
    """Zero where no shard answers: then the cluster is red, which is said."""
    ready = cluster.client.options(ignore_status=503)
    return int(ready.count(index=name, ignore_unavailable=True).get("count", 0))


def _oldest(cluster: Cluster, name: str) -> datetime | None:
    found = cluster.client.options(ignore_status=503).search(
        index=name,
        size=1,
        sort=["time_us"],
        source=False,
        timeout=cluster.timeout,
        ignore_unavailable=True,
    )
    lines = found.get("hits", {}).get("hits", [])
    return moment_of(lines[0]["sort"][0]) if lines else None


def _blocks(settings: Mapping[str, Any]) -> Iterator[str]:
    """What says that an index takes nothing more."""
    blocks = {
        name
        for index in settings.values()
        for name, value in index["settings"].items()
        if value == "true"
    }
    if _FULL in blocks:
        yield (
            "a disk is too full and the index takes nothing more; make room, then the cluster "
            "lifts the block"
        )
    if blocks - {_FULL}:
        yield f"the index was made read-only; take {', '.join(sorted(blocks - {_FULL}))} away"


def _health(health: Mapping[str, Any]) -> Iterator[str]:
    """What the cluster calls yellow or red."""
    missing = health["unassigned_shards"]
    if health["status"] == "red":
        yield (
            f"the cluster is red: {missing} shards are on no node, answers are missing; bring the "
            "nodes back, or make the index anew with `monitor rebuild`"
        )
    elif health["status"] == "yellow":
        yield (
            f"the cluster is yellow: {missing} replicas are on no node; nothing is missing, and "
            "with a single node it is harmless: set replicas to 0 there"
        )


def _strain(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What says that nodes are too full or too busy."""
    for node in nodes:
        heap = node["jvm"]["mem"]["heap_used_percent"]
        if heap > _HEAP_SHARE * 100:
            yield f"node {node['name']} uses {heap} % of its heap; give it more"
        for disk in node["fs"]["data"]:
            if low := _watermark(disk):
                yield (
                    f"the disk of node {node['name']} is {1 - _free(disk):.0%} full, above the "
                    f"{low}; make room before the flood stage stops all writing"
                )
        refused = node["indexing_pressure"]["memory"]["total"]
        times = sum(count for name, count in refused.items() if name.endswith("_rejections"))
        if times:
            yield (
                f"node {node['name']} refused {times} requests since it was started, for want of "
                "memory; they are sent again, but give it more heap if that goes on"
            )


def _watermark(disk: Mapping[str, Any]) -> str:
    """The highest watermark that a disk is above, empty where it is above none."""
    for name in ("flood stage", "high watermark", "low watermark"):
        least = disk.get(f"{name.replace(' ', '_')}_free_space_in_bytes")
        if least is not None and disk["available_in_bytes"] < least:
            return name
    return ""


def _free(disk: Mapping[str, Any]) -> float:
    return float(disk["available_in_bytes"] / disk["total_in_bytes"])


def _most(shares: Iterable[float]) -> float | None:
    return max(shares, default=None)
