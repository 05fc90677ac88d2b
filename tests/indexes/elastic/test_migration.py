"""An index of an older mapping is carried into today's; a copy of one is known for what it is."""

from __future__ import annotations

import pytest

from indexes.elastic import Options
from indexes.elastic.cluster import Cluster
from indexes.elastic.kept import ALL
from indexes.elastic.mapping import Of
from indexes.elastic.store import Store
from monitor.errors import IndexRefused
from tests.indexes.elastic.test_store import MAPPING, behind, held, made_before, names


def test_an_older_mapping_is_migrated_and_the_old_index_kept(cluster: Cluster, options: Options):
    old = made_before(cluster, options.prefix, 0)
    for number in range(3):
        cluster.client.index(
            index=old,
            id=f"s:{number}",
            document={"id": f"s:{number}", "former": "x"},
            version=7,
            version_type="external_gte",
        )
    store = Store(cluster, options, beside=False)
    assert store.prepare("mine")
    assert held(cluster, store.reads("signals")) == ["s:0", "s:1", "s:2"]
    found = cluster.client.search(index=store.reads("signals"), version=True)["hits"]["hits"]
    assert [(hit["_version"], sorted(hit["_source"])) for hit in found] == [(7, ["id"])] * 3
    assert old in names(store)
    assert behind(cluster, store.reads("signals")) == behind(cluster, store.writes("signals"))
    assert old not in behind(cluster, store.reads("signals"))


def test_a_migrated_index_keeps_its_vectors(cluster: Cluster, options: Options):
    name = f"{options.prefix}-signals-v0-0123abcd"
    cluster.client.indices.create(
        index=name,
        aliases={f"{options.prefix}-signals": {}},
        mappings={
            "_meta": {"mapping": 0, "ledger": "mine", "made_by": "signal-monitor"},
            "properties": {"vector": {"type": "dense_vector", "dims": 2, "similarity": "cosine"}},
        },
    )
    cluster.client.index(index=name, id="s:1", document={"vector": [0.6, 0.8]})
    store = Store(cluster, options, beside=False)
    store.prepare("mine")
    nearest = {"field": "vector", "query_vector": [0.6, 0.8], "k": 1, "num_candidates": 1}
    found = cluster.client.search(index=store.reads("signals"), knn=nearest)["hits"]["hits"]
    assert [(hit["_id"], hit["_score"]) for hit in found] == [("s:1", pytest.approx(1.0))]


def test_a_migration_that_was_broken_off_is_begun_anew(cluster: Cluster, options: Options):
    old = made_before(cluster, options.prefix, 0)
    cluster.client.index(index=old, id="s:1", document={"id": "s:1"})
    half = f"{options.prefix}-signals-v{MAPPING['version']}-00000000"
    meta = {"mapping": MAPPING["version"], "ledger": "mine", "made_by": "signal-monitor"}
    copy = f"{options.prefix}-signals-copy"
    cluster.client.indices.create(index=half, aliases={copy: {}}, mappings={"_meta": meta})
    store = Store(cluster, options, beside=False)
    store.prepare("mine")
    assert held(cluster, store.reads("signals")) == ["s:1"]
    assert not cluster.client.indices.exists(index=half)
    assert not cluster.client.indices.exists_alias(name=copy)
    assert store.tidy() == [old]


def test_a_migration_that_fails_again_and_again_leaves_no_more_each_time(
    cluster: Cluster, options: Options
):
    old = made_before(cluster, options.prefix, 0)
    cluster.client.index(index=old, id="s:1", document={"time_us": "no number"})
    for _ in range(3):
        store = Store(cluster, options, beside=False)
        with pytest.raises(IndexRefused, match="monitor rebuild"):
            store.prepare("mine")
    assert len(names(store)) == 2


# Copies


@pytest.mark.parametrize("of", ALL)
@pytest.mark.parametrize("migrated", [False, True])
def test_a_copy_of_any_part_is_refused_until_it_is_made_anew(
    migrated: bool, of: Of, cluster: Cluster, options: Options
):
    """As a snapshot gives it: the same name, aliases and `_meta`, but not the same index."""
    if migrated:
        for each in ALL:
            made_before(cluster, options.prefix, 0, each)
    store = Store(cluster, options, beside=False)
    store.prepare("mine")
    (live,) = [kept for kept in store.ours(of) if kept.aliases]
    about = cluster.client.indices.get(index=live.name)[live.name]
    cluster.client.indices.delete(index=live.name)
    analysis = about["settings"]["index"]["analysis"]
    cluster.client.indices.create(
        index=live.name,
        aliases=about["aliases"],
        mappings=about["mappings"],
        settings={"analysis": analysis},
    )
    again = Store(cluster, options, beside=False)
    assert any("snapshot" in words for words in again.condition().words)
    with pytest.raises(IndexRefused, match="snapshot"):
        again.prepare("mine")
    beside = Store(cluster, options, beside=True)
    assert beside.prepare("mine")
    beside.promote()
    assert not any("snapshot" in words for words in again.condition().words)
    again.prepare("mine")
