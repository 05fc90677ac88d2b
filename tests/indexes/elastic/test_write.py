"""Changes come into a real cluster: durable, each once, the newest wins; what cannot come in is
said, and what is only late is tried again."""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from indexes.elastic import Options
from indexes.elastic.cluster import Cluster
from indexes.elastic.kept import ALL, Kept
from indexes.elastic.mapping import Of
from indexes.elastic.store import Store
from indexes.elastic.write import MAX_BYTES, Writer
from monitor.errors import IndexRefused, IndexUnavailable
from monitor.model import ACTIVITY_DAYS, Activity, Change, Enrichment, Event, Post, Signal

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def a_signal(name: str = "s:1", text: str = "a fire", *, seq: int = 1, **known: Any) -> Signal:
    return Signal(
        post=Post(id=name, text=text, source="bbc", published=NOON),
        enrichment=Enrichment(lang="en", **known),
        event="1",
        sources=("bbc",),
        arrived=1,
        seq=seq,
    )


def names(store: Store, of: Of = "signals") -> list[str]:
    return [kept.name for kept in store.ours(of)]


def held(cluster: Cluster, name: str) -> dict[str, str]:
    """The first text of every document of an index, by its `_id`."""
    cluster.client.indices.refresh(index=name)
    found = cluster.client.search(index=name, size=1_000, source=["words"])
    return {hit["_id"]: "".join(hit["_source"]["words"][:1]) for hit in found["hits"]["hits"]}


def blocked(cluster: Cluster, store: Store, block: str, value: bool | None) -> None:
    cluster.client.indices.put_settings(
        index=names(store), settings={f"index.blocks.{block}": value}
    )


# What is written


def test_a_change_is_written_and_again_without_harm(cluster: Cluster, live: Store, writer: Writer):
    change = Change(last=2, signals=(a_signal(),), events=(Event(id="1", seq=1, texts=("fire",)),))
    for _ in range(2):
        assert writer.write(change) == []
    assert held(cluster, live.reads("signals")) == {"s:1": "a fire"}
    assert held(cluster, live.reads("events")) == {"1": "fire"}


def test_an_older_row_never_overwrites_a_newer_one(cluster: Cluster, live: Store, writer: Writer):
    assert writer.write(Change(last=5, signals=(a_signal(text="new", seq=5),))) == []
    assert writer.write(Change(last=3, signals=(a_signal(text="old", seq=3),))) == []
    assert held(cluster, live.reads("signals")) == {"s:1": "new"}


def test_what_is_gone_stays_gone_for_whoever_comes_late(
    cluster: Cluster, live: Store, writer: Writer
):
    writer.write(Change(last=1, signals=(a_signal(seq=1), a_signal("s:2", seq=1))))
    for _ in range(2):
        assert writer.write(Change(last=4, gone=("s:1", "s:unheard"))) == []
    late = (a_signal(seq=1), a_signal("s:unheard", seq=3))
    assert writer.write(Change(last=3, signals=late)) == []
    assert held(cluster, live.reads("signals")) == {"s:2": "a fire"}
    assert writer.write(Change(last=6, signals=(a_signal(text="again", seq=6),))) == []
    assert held(cluster, live.reads("signals"))["s:1"] == "again"


def test_a_removal_that_comes_late_takes_nothing_newer(
    cluster: Cluster, live: Store, writer: Writer
):
    writer.write(Change(last=6, signals=(a_signal(seq=6),)))
    assert writer.write(Change(last=4, gone=("s:1",))) == []
    assert held(cluster, live.reads("signals")) == {"s:1": "a fire"}


def test_more_than_one_request_takes_comes_in_whole(cluster: Cluster, live: Store, writer: Writer):
    text = "word " * 2_000
    many = tuple(a_signal(f"s:{n}", text) for n in range(150))
    assert 150 * len(text) > MAX_BYTES
    assert writer.write(Change(last=1, signals=many)) == []
    assert len(held(cluster, live.reads("signals"))) == 150


def test_a_long_id_is_kept_whole(cluster: Cluster, live: Store, writer: Writer):
    name = "rss:" + "ü" * 600
    writer.write(Change(last=1, signals=(a_signal(name),)))
    cluster.client.indices.refresh(index=live.reads("signals"))
    found = cluster.client.search(index=live.reads("signals"), query={"term": {"id": name}})
    assert [hit["_source"]["value"]["post"]["id"] for hit in found["hits"]["hits"]] == [name]
    writer.write(Change(last=2, gone=(name,)))
    assert held(cluster, live.reads("signals")) == {}


def test_an_event_of_very_long_texts_is_written(cluster: Cluster, live: Store, writer: Writer):
    texts = tuple(f"fire {n} " + "word " * 10_000 for n in range(20))
    assert writer.write(Change(last=1, events=(Event(id="1", seq=1, texts=texts),))) == []
    assert len(held(cluster, live.reads("events"))["1"].split()) == 5_000


def test_activities_are_kept_each_number_once(cluster: Cluster, live: Store, writer: Writer):
    page = Activity(number=1, at=NOON, what="page", source="bbc", posts=3)
    said = Activity(number=2, at=NOON, what="decision", event="7", verdict="confirm")
    for _ in range(2):
        writer.note([page, said])
    cluster.client.indices.refresh(index=live.reads("activity"))
    assert cluster.client.count(index=live.reads("activity"))["count"] == 2


# Removals


def test_a_removal_leaves_every_index_of_ours(cluster: Cluster, options: Options, live: Store):
    written = Change(
        last=1,
        signals=(a_signal(), a_signal("s:2")),
        events=(Event(id="1", seq=1, texts=("a fire",)), Event(id="2", seq=1, texts=("rain",))),
    )
    for beside in (False, True, True):
        store = Store(cluster, options, beside=beside)
        store.prepare("mine")
        writer = Writer(cluster, store)
        writer.write(written)
        if len(live.ours("signals")) == 2:
            store.promote()
        writer.close()
    assert len(live.ours("signals")) == 3
    writer = Writer(cluster, live)
    event = Event(id="1", seq=3, texts=("what remains",))
    writer.write(Change(last=3, gone=("s:1",), events=(event,)))
    writer.close()
    for name in names(live):
        assert held(cluster, name) == {"s:2": "a fire"}
    assert held(cluster, live.reads("events")) == {"1": "what remains", "2": "rain"}
    for kept in live.others("events"):
        assert held(cluster, kept.name) == {"2": "rain"}


def test_a_rebuild_takes_no_event_from_the_live_index(
    cluster: Cluster, options: Options, live: Store, writer: Writer
):
    change = Change(last=3, gone=("s:1",), events=(Event(id="1", seq=3, texts=("what remains",)),))
    writer.write(change)
    store = Store(cluster, options, beside=True)
    store.prepare("mine")
    beside = Writer(cluster, store)
    beside.write(change)
    beside.close()
    assert held(cluster, live.reads("events")) == {"1": "what remains"}


def test_what_an_event_was_leaves_the_old_index_with_a_later_change_too(
    cluster: Cluster, options: Options, live: Store
):
    """A step of the feed may end between a removal and the last row of its event."""
    first = Change(last=1, signals=(a_signal(),), events=(Event(id="1", seq=1, texts=("fire",)),))
    for beside in (False, True):
        store = Store(cluster, options, beside=beside)
        store.prepare("mine")
        writer = Writer(cluster, store)
        writer.write(first)
        store.promote()
        writer.close()
    (old,) = live.others("events")
    assert held(cluster, old.name) == {"1": "fire"}
    writer = Writer(cluster, live)
    writer.write(Change(last=10, gone=("s:1",)))
    writer.write(Change(last=20, events=(Event(id="1", seq=20, texts=("what remains",)),)))
    writer.close()
    assert held(cluster, old.name) == {}
    assert held(cluster, live.reads("events")) == {"1": "what remains"}


def test_a_live_index_that_was_behind_takes_nothing_from_the_one_beside(
    cluster: Cluster, options: Options, live: Store, writer: Writer
):
    first = Change(last=1, signals=(a_signal(),), events=(Event(id="1", seq=1, texts=("fire",)),))
    then = Change(last=3, gone=("s:1",), events=(Event(id="1", seq=3, texts=("what remains",)),))
    store = Store(cluster, options, beside=True)
    store.prepare("mine")
    beside = Writer(cluster, store)
    for change in (first, then):
        beside.write(change)
    beside.close()
    for change in (first, then):
        writer.write(change)
    store.promote()
    assert held(cluster, live.reads("events")) == {"1": "what remains"}


def test_a_removal_makes_no_index_that_was_deleted_meanwhile(
    cluster: Cluster, options: Options, live: Store, monkeypatch: pytest.MonkeyPatch
):
    beside = Store(cluster, options, beside=True)
    beside.prepare("mine")
    beside.promote()
    looked = live.ours

    def then_tidied(of: Of) -> Sequence[Kept]:
        found = looked(of)
        assert live.tidy()
        return found

    writer = Writer(cluster, live)
    writer.write(Change(last=1, signals=(a_signal(),)))
    with monkeypatch.context() as patch:
        patch.setattr(live, "ours", then_tidied)
        writer.write(Change(last=3, gone=("s:1",)))
    writer.close()
    assert len(names(live)) == 1
    assert held(cluster, live.reads("signals")) == {}


def test_activities_go_when_the_ledger_has_let_them_go(
    cluster: Cluster, live: Store, writer: Writer
):
    for number, days in ((1, 0), (2, 50), (3, ACTIVITY_DAYS + 1)):
        writer.note([Activity(number=number, at=NOON + timedelta(days=days), what="page")])
        live.refresh()
    found = cluster.client.search(index=live.reads("activity"), sort="number")["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["2", "3"]


# What the cluster is too busy for


BUSY = {"type": "es_rejected_execution_exception"}


@pytest.mark.parametrize("status", [429, 503])
def test_what_was_refused_for_now_is_sent_again_and_only_that(
    status: int, cluster: Cluster, live: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    """A server that refuses every second document of a request, twice."""
    asked = cluster.client.perform_request
    sent: list[int] = []

    def busy(method: str, path: str, **request: Any) -> Any:
        lines = request["body"].splitlines(keepends=True)
        pairs = [b"".join(lines[at : at + 2]) for at in range(0, len(lines), 2)]
        sent.append(len(pairs))
        if len(sent) > 2:
            return asked(method, path, **request)
        taken = asked(method, path, **{**request, "body": b"".join(pairs[::2])})
        items = iter(taken.body["items"])
        refused = {"index": {"status": status, "error": BUSY}}
        whole = [refused if number % 2 else next(items) for number in range(len(pairs))]
        return SimpleNamespace(body={"items": whole})

    many = tuple(a_signal(f"s:{n}") for n in range(8))
    with monkeypatch.context() as patch:
        patch.setattr(cluster.client, "perform_request", busy)
        assert writer.write(Change(last=1, signals=many)) == []
    assert sent == [8, 4, 2]
    assert len(held(cluster, live.reads("signals"))) == 8


# What cannot come in


def test_a_document_that_is_refused_is_said_and_all_others_come_in(
    cluster: Cluster, live: Store, writer: Writer
):
    secret = "hush" * 10_000
    bad = Signal(
        post=Post(id="s:bad", text="a fire", source=secret, published=NOON),
        enrichment=Enrichment(),
        event="1",
        sources=(),
        arrived=1,
        seq=1,
    )
    dead = writer.write(Change(last=1, signals=(a_signal(), bad, a_signal("s:2"))))
    assert [letter.id for letter in dead] == ["s:bad"]
    assert "source" in dead[0].reason
    assert "hush" not in dead[0].reason
    assert set(held(cluster, live.reads("signals"))) == {"s:1", "s:2"}


def test_a_field_that_was_changed_blames_the_index_and_not_the_document(
    cluster: Cluster, options: Options
):
    meta = {"mapping": 1, "ledger": "mine", "made_by": "signal-monitor"}
    cluster.client.indices.create(
        index=f"{options.prefix}-signals-v1-0123abcd",
        aliases={f"{options.prefix}-signals-write": {}},
        mappings={"_meta": meta, "properties": {"words": {"type": "long"}}},
    )
    writer = Writer(cluster, Store(cluster, options, beside=False))
    with pytest.raises(IndexRefused):
        writer.write(Change(last=1, signals=(a_signal(),)))
    writer.close()


def test_vectors_of_another_model_blame_the_index(cluster: Cluster, live: Store, writer: Writer):
    writer.write(Change(last=1, signals=(a_signal(vector=struct.pack("<2f", 0.6, 0.8)),)))
    other = a_signal("s:2", vector=struct.pack("<3f", 0.6, 0.8, 0.0))
    with pytest.raises(IndexRefused):
        writer.write(Change(last=2, signals=(other,)))


def test_an_index_that_is_gone_is_waited_for_and_not_made_by_the_way(
    cluster: Cluster, options: Options, live: Store, writer: Writer
):
    for of in ALL:
        cluster.client.indices.delete(index=names(live, of))
    with pytest.raises(IndexUnavailable):
        writer.write(Change(last=1, signals=(a_signal(),)))
    with pytest.raises(IndexUnavailable):
        writer.note([Activity(number=1, at=NOON, what="page")])
    writer.write(Change(last=2, gone=("s:1",)))
    assert cluster.client.indices.get(index=f"{options.prefix}*").body == {}


def test_a_lost_alias_is_waited_for(cluster: Cluster, live: Store, writer: Writer):
    cluster.client.indices.delete_alias(
        index=live.ours("signals")[0].name, name=live.writes("signals")
    )
    with pytest.raises(IndexUnavailable):
        writer.write(Change(last=1, signals=(a_signal(),)))


def test_a_read_only_index_is_for_the_operator(cluster: Cluster, live: Store, writer: Writer):
    blocked(cluster, live, "write", True)
    with pytest.raises(IndexRefused):
        writer.write(Change(last=1, signals=(a_signal(),)))
    blocked(cluster, live, "write", None)
    assert writer.write(Change(last=1, signals=(a_signal(),))) == []


def test_a_full_disk_is_waited_for(cluster: Cluster, live: Store, writer: Writer):
    blocked(cluster, live, "read_only_allow_delete", True)
    with pytest.raises(IndexUnavailable):
        writer.write(Change(last=1, signals=(a_signal(),)))
    blocked(cluster, live, "read_only_allow_delete", None)
    assert writer.write(Change(last=1, signals=(a_signal(),))) == []


def test_a_closed_index_is_for_the_operator(cluster: Cluster, live: Store, writer: Writer):
    cluster.client.indices.close(index=names(live))
    with pytest.raises(IndexRefused):
        writer.write(Change(last=1, signals=(a_signal(),)))


def test_several_threads_write_at_once(cluster: Cluster, live: Store, writer: Writer):
    def write(first: int) -> None:
        many = tuple(a_signal(f"s:{n}") for n in range(first, first + 20))
        assert writer.write(Change(last=1, signals=many)) == []

    threads = [threading.Thread(target=write, args=(20 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held(cluster, live.reads("signals"))) == 80
