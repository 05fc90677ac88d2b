"""Indices are made, found again, migrated and put in each other's place on a real server; nothing
that is not ours is touched."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from indexes.elastic import Options
from indexes.elastic.cluster import Cluster
from indexes.elastic.kept import ALL
from indexes.elastic.mapping import Of
from indexes.elastic.store import Store
from indexes.elastic.write import Writer
from monitor.errors import IndexRefused, IndexUnavailable
from monitor.model import Activity, Change, Enrichment, Event, Post, Signal

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
MAPPING = json.loads((files("indexes.elastic") / "mapping.json").read_text("utf-8"))


def a_signal(name: str = "s:1", *, seq: int = 1, **known: Any) -> Signal:
    return Signal(
        post=Post(id=name, text="a fire", source="bbc", published=NOON),
        enrichment=Enrichment(lang="en", **known),
        event="1",
        sources=("bbc",),
        arrived=1,
        seq=seq,
    )


def wrote(cluster: Cluster, store: Store, *signals: Signal, events: tuple[Event, ...] = ()) -> None:
    writer = Writer(cluster, store)
    assert writer.write(Change(last=9, signals=signals, events=events)) == []
    writer.close()
    store.refresh()


def names(store: Store, of: Of = "signals") -> list[str]:
    return [kept.name for kept in store.ours(of)]


def held(cluster: Cluster, name: str) -> list[str]:
    cluster.client.indices.refresh(index=name)
    found = cluster.client.search(index=name, size=100, source=False)
    return sorted(hit["_id"] for hit in found["hits"]["hits"])


def behind(cluster: Cluster, alias: str) -> list[str]:
    return sorted(cluster.client.indices.get_alias(name=alias).body)


def made_before(cluster: Cluster, prefix: str, version: int, of: str = "signals") -> str:
    """An index as another version of ours made it: fields are keywords, and one is gone."""
    name = f"{prefix}-{of}-v{version}-0123abcd"
    cluster.client.indices.create(
        index=name,
        aliases={f"{prefix}-{of}": {}, f"{prefix}-{of}-write": {"is_write_index": True}},
        mappings={
            "_meta": {"mapping": version, "ledger": "mine", "made_by": "signal-monitor"},
            "properties": {name: {"type": "keyword"} for name in ("id", "former", "time_us")},
        },
    )
    return name


# Making and finding again


def test_an_index_is_new_until_something_is_written(
    cluster: Cluster, options: Options, live: Store
):
    assert Store(cluster, options, beside=False).prepare("mine")
    wrote(cluster, live, a_signal())
    assert not Store(cluster, options, beside=False).prepare("mine")


def test_an_index_says_which_ledger_it_follows_and_asking_changes_nothing(
    cluster: Cluster, options: Options
):
    store = Store(cluster, options, beside=False)
    assert store.follows() is None
    assert names(store) == []
    store.prepare("mine")
    assert store.follows() == "mine"


def test_another_ledger_is_refused(cluster: Cluster, options: Options, live: Store):
    with pytest.raises(IndexRefused):
        Store(cluster, options, beside=False).prepare("another")


def test_of_two_who_make_it_at_once_both_find_the_same(cluster: Cluster, options: Options):
    start = threading.Barrier(4)

    def make(number: int) -> Store:
        store = Store(cluster, options, beside=False)
        start.wait()
        assert store.prepare("mine")
        return store

    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(make, range(4)))
    for of in ALL:
        assert len({tuple(names(store, of)) for store in stores}) == 1
        assert len(behind(cluster, f"{options.prefix}-{of}-write")) == 1


def test_an_index_that_was_lost_is_made_anew_and_followed_from_the_beginning(
    cluster: Cluster, options: Options, live: Store
):
    wrote(cluster, live, a_signal())
    cluster.client.indices.delete(index=names(live, "events"))
    assert Store(cluster, options, beside=False).prepare("mine")
    assert len(live.ours("events")) == 1
    assert held(cluster, live.reads("signals")) == ["s:1"]


@pytest.mark.parametrize("of", ALL)
def test_what_lacks_a_part_follows_nobody_so_that_it_is_told_from_the_beginning(
    of: Of, cluster: Cluster, live: Store
):
    """Even where whoever makes that part dies before it has said so."""
    wrote(cluster, live, a_signal())
    cluster.client.indices.delete(index=names(live, of))
    assert live.follows() is None


@pytest.mark.parametrize("of", ALL)
@pytest.mark.parametrize("suffix", ["", "-write"])
def test_a_lost_alias_is_mended(
    suffix: str, of: Of, cluster: Cluster, options: Options, live: Store
):
    wrote(cluster, live, a_signal())
    (name,) = names(live, of)
    alias = f"{options.prefix}-{of}{suffix}"
    cluster.client.indices.delete_alias(index=name, name=alias)
    assert live.follows() == "mine"
    assert not Store(cluster, options, beside=False).prepare("mine")
    assert behind(cluster, alias) == [name]
    assert names(live, of) == [name]


def test_the_vectors_are_kept_as_the_options_say(cluster: Cluster, options: Options, live: Store):
    found = cluster.client.indices.get_mapping(index=live.reads("signals")).body
    (about,) = found.values()
    assert about["mappings"]["properties"]["vector"]["index_options"]["type"] == options.vectors
    assert about["mappings"]["dynamic"] == "strict"


# What is not ours


def test_a_mapping_from_the_future_is_refused(cluster: Cluster, options: Options):
    made_before(cluster, options.prefix, MAPPING["version"] + 1)
    store = Store(cluster, options, beside=False)
    with pytest.raises(IndexRefused):
        store.follows()
    with pytest.raises(IndexRefused):
        store.prepare("mine")


def test_an_alias_of_anothers_index_is_refused_and_left_alone(cluster: Cluster, options: Options):
    theirs = f"{options.prefix}-theirs"
    cluster.client.indices.create(index=theirs, aliases={f"{options.prefix}-signals": {}})
    for beside in (False, True):
        with pytest.raises(IndexRefused):
            Store(cluster, options, beside=beside).prepare("mine")
    assert behind(cluster, f"{options.prefix}-signals") == [theirs]


def test_an_index_that_has_our_aliass_name_is_refused_and_left_alone(
    cluster: Cluster, options: Options
):
    theirs = f"{options.prefix}-events"
    cluster.client.indices.create(index=theirs)
    with pytest.raises(IndexRefused):
        Store(cluster, options, beside=False).prepare("mine")
    assert cluster.client.indices.exists(index=theirs)


def test_a_field_that_somebody_made_otherwise_is_refused(cluster: Cluster, options: Options):
    name = made_before(cluster, options.prefix, MAPPING["version"])
    store = Store(cluster, options, beside=False)
    with pytest.raises(IndexRefused):
        store.prepare("mine")
    assert names(store) == [name]


# Beside


def test_an_index_beside_takes_the_live_ones_place_in_one_step(
    cluster: Cluster, options: Options, live: Store
):
    wrote(cluster, live, a_signal("s:old"))
    beside = Store(cluster, options, beside=True)
    assert beside.prepare("mine")
    wrote(cluster, beside, a_signal("s:new"))
    assert held(cluster, live.reads("signals")) == ["s:old"]
    beside.promote()
    assert held(cluster, live.reads("signals")) == ["s:new"]
    assert beside.reads("signals") == live.reads("signals")
    assert behind(cluster, live.reads("signals")) == behind(cluster, live.writes("signals"))
    assert not cluster.client.indices.exists_alias(name=f"{options.prefix}-signals-next")
    wrote(cluster, live, a_signal("s:newer"))
    assert held(cluster, live.reads("signals")) == ["s:new", "s:newer"]


def test_an_index_beside_can_be_the_first(cluster: Cluster, options: Options):
    beside = Store(cluster, options, beside=True)
    assert beside.prepare("mine")
    wrote(cluster, beside, a_signal())
    beside.promote()
    live = Store(cluster, options, beside=False)
    assert not live.prepare("mine")
    assert held(cluster, live.reads("signals")) == ["s:1"]


def test_an_index_beside_goes_on_where_it_was_begun(cluster: Cluster, options: Options):
    wrote_beside = Store(cluster, options, beside=True)
    wrote_beside.prepare("mine")
    wrote(cluster, wrote_beside, a_signal())
    again = Store(cluster, options, beside=True)
    assert not again.prepare("mine")
    assert held(cluster, again.reads("signals")) == ["s:1"]


def test_an_index_beside_for_another_ledger_is_begun_anew(
    cluster: Cluster, options: Options, live: Store
):
    begun = Store(cluster, options, beside=True)
    begun.prepare("mine")
    wrote(cluster, begun, a_signal())
    again = Store(cluster, options, beside=True)
    assert again.prepare("another")
    assert held(cluster, again.reads("signals")) == []
    assert len(again.ours("signals")) == 2
    again.promote()
    assert live.follows() == "another"


def test_activities_are_made_anew_too(cluster: Cluster, options: Options, live: Store):
    page = Activity(number=1, at=NOON, what="page")
    beside = Store(cluster, options, beside=True)
    beside.prepare("mine")
    for store, told in ((live, [page, replace(page, number=2)]), (beside, [page])):
        writer = Writer(cluster, store)
        writer.note(told)
        writer.close()
    beside.promote()
    assert held(cluster, live.reads("activity")) == ["1"]


def test_nothing_is_promoted_where_nothing_is_beside(cluster: Cluster, options: Options):
    with pytest.raises(IndexUnavailable):
        Store(cluster, options, beside=True).promote()


def test_only_what_is_ours_and_no_alias_leads_to_is_tidied(
    cluster: Cluster, options: Options, live: Store
):
    (old,) = names(live)
    theirs = f"{options.prefix}-signals-v1-theirs00"
    cluster.client.indices.create(index=theirs)
    beside = Store(cluster, options, beside=True)
    beside.prepare("mine")
    assert list(live.tidy()) == []
    beside.promote()
    assert old in live.tidy()
    assert old not in names(live)
    assert cluster.client.indices.exists(index=theirs)
    assert len(live.ours("signals")) == 1


# What it says of itself


def test_the_models_whose_words_it_holds_are_kept_with_it(
    cluster: Cluster, options: Options, live: Store
):
    live.met([{"encode": "first"}])
    Store(cluster, options, beside=False).met([{"encode": "second"}, {"topics": "heads"}])
    found = cluster.client.indices.get_mapping(index=live.reads("signals")).body
    (about,) = found.values()
    assert about["mappings"]["_meta"]["models"] == {
        "encode": ["first", "second"],
        "topics": ["heads"],
    }
    assert live.follows() == "mine"


def test_its_condition_tells_sizes_and_the_oldest_signal(
    cluster: Cluster, options: Options, live: Store
):
    wrote(cluster, live, a_signal("s:1"), a_signal("s:2"), events=(Event(id="1", seq=1),))
    condition = live.condition()
    assert (condition.signals, condition.events, condition.oldest) == (2, 1, NOON)
    assert condition.bytes > 0
    assert condition.heap is not None
    assert 0 < condition.heap < 1
    assert condition.disk is not None
    assert 0 < condition.disk < 1


def test_its_condition_says_that_there_is_none_yet(cluster: Cluster, options: Options):
    condition = Store(cluster, options, beside=False).condition()
    assert condition.signals == 0
    assert any("no index" in words for words in condition.words)


def test_its_condition_says_what_is_yellow_or_read_only(
    cluster: Cluster, options: Options, live: Store
):
    def said(setting: str, value: object) -> str:
        cluster.client.indices.put_settings(index=names(live, "events"), settings={setting: value})
        return " ".join(live.condition().words)

    assert "yellow" not in said("index.refresh_interval", "5s")
    assert "read-only" in said("index.blocks.write", True)
    assert "disk" in said("index.blocks.read_only_allow_delete", True)
    cluster.client.indices.put_settings(
        index=names(live, "events"),
        settings={
            "index.blocks.write": None,
            "index.blocks.read_only_allow_delete": None,
            "index.auto_expand_replicas": False,
        },
    )
    assert "yellow" in said("index.number_of_replicas", 1)
