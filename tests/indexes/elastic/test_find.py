"""What is found on a real server, where the contract of all indexes leaves off: marks, pages while
others write, vectors that are not there, circles' edges, answers that are not whole."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from indexes import elastic
from indexes.elastic import Options
from indexes.elastic.cluster import Cluster
from indexes.elastic.index import Elastic
from monitor.errors import IndexUnavailable, QueryError
from monitor.fields import MIN_RADIUS_M
from monitor.geo import distance_m, on_grid
from monitor.model import Event, Point, Signal
from monitor.ports import Asked
from monitor.query import Near, Or, matches, parse, signal_document
from tests.contracts.indexing import EVERYTHING, a_signal, an_event, ids, paged, unit, wrote


@pytest.fixture
def index(options: Options) -> Iterator[Elastic]:
    opened = Elastic(options)
    opened.prepare("mine")
    yield opened
    opened.close()


def at(n: int, lat: float, lon: float) -> Signal:
    signal = a_signal(n)
    return replace(signal, post=replace(signal.post, point=Point(lat=lat, lon=lon)))


def mark(*held: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


# Pages


def test_a_page_by_score_goes_on_while_signals_come_and_go(index: Elastic):
    kept = [a_signal(n, "fire" + " word" * (n % 7)) for n in range(40)]
    wrote(index, *kept)
    seen: list[str] = []
    asked = Asked(limit=7)
    for turn in range(20):
        found = index.signals(parse("fire"), asked)
        seen += [hit.value.post.id for hit in found.hits]
        if found.next is None:
            break
        asked = replace(asked, after=found.next)
        new = [a_signal(100 + 10 * turn + n, "fire", seq=turn + 2) for n in range(3)]
        wrote(index, *new, last=turn + 2, gone=(seen[-1],))
    assert len(seen) == len(set(seen))
    assert set(seen) >= {signal.post.id for signal in kept}


def test_pages_by_score_have_no_end_but_that_of_the_finds(index: Elastic):
    wrote(index, *(a_signal(n) for n in range(10_500)))
    assert len(set(paged(index, "fire", Asked(limit=1_000)))) == 10_500
    with pytest.raises(QueryError, match="10000"):
        paged(index, "fire", Asked(limit=1_000, collapse=True, after=mark(9_500, "", "")))


def test_a_mark_of_another_question_is_refused(index: Elastic):
    held: tuple[tuple[Any, ...], ...] = (
        (),
        (1,),
        ("time",),
        ("-time", "a", "s:1"),
        ("-time", 2**70, "s:1"),
        ("-id", 1, "s:1"),
        ("-time", 1, "s:1", 1),
        ("-time", None, "s:1"),
        (1.5, [["s:1", 1]]),
        (1e999, [["s:1", 1]]),
        (7, [["s:1", 1]]),
        (-1, "-time", ""),
        ({}, [], "s:1"),
    )
    for sort in ("-time", "-id"):
        for collapse in (True, False):
            for one in held:
                asked = Asked(sort=sort, after=mark(*one), collapse=collapse)
                with pytest.raises(QueryError):
                    index.signals(parse("fire"), asked)


def test_every_mark_is_a_page_or_refused(index: Elastic):
    wrote(index, a_signal(1), a_signal(2))
    numbers = (0, -1, 1.5, 2**63 - 1, -(2**63), 1e300, -1e300, 10**9, 5e-324)
    for sort in ("", "time", "-severity", "relevance"):
        for number in numbers:
            for held in ((sort, number, "s:1"), (number, [["s:1", number]]), (2, [["s:2", 1]])):
                for collapse in (True, False):
                    asked = Asked(sort=sort, after=mark(*held), collapse=collapse)
                    with suppress(QueryError):
                        assert index.signals(parse("fire"), asked).total == 2


# What is near in meaning


def test_where_no_vector_was_ever_written_nothing_is_near(index: Elastic):
    wrote(index, a_signal(1), an_event("1"))
    asked = Asked(vector=unit(1, 0))
    assert index.similar(unit(1, 0), parse(""), 5) == ()
    for sort in ("", "time"):
        found = index.signals(parse("like:x"), replace(asked, sort=sort))
        assert (found.total, found.hits) == (0, ())
        mixed = index.events(parse("like:x OR fire"), replace(asked, sort=sort))
        assert [(hit.value.id, hit.like) for hit in mixed.hits] == [("1", False)]


def test_the_vector_of_another_model_is_refused(index: Elastic):
    wrote(index, a_signal(1, vector=unit(1, 0)))
    for ask in (
        lambda: index.similar(unit(1, 0, 0), parse(""), 5),
        lambda: index.signals(parse("like:x"), Asked(vector=unit(1, 0, 0))),
        lambda: index.signals(parse("like:x"), Asked(vector=unit(1, 0, 0), sort="time")),
        lambda: index.events(parse("like:x"), Asked(vector=unit(1, 0, 0))),
    ):
        with pytest.raises(QueryError, match="another model"):
            ask()


def test_an_event_is_near_by_its_signals_and_narrowed_by_itself(index: Elastic):
    wrote(
        index,
        a_signal(1, vector=unit(1, 0), event="1"),
        a_signal(2, vector=unit(1, 0.1), event="2"),
        a_signal(3, vector=unit(0, 1), event="3"),
        *(Event(id=id, seq=1, texts=("nothing",), size=int(id)) for id in "123"),
    )
    for sort in ("", "-size"):
        asked = Asked(vector=unit(1, 0), sort=sort)
        assert ids(index, "like:x", asked, "events") == (["1", "2"] if not sort else ["2", "1"])
        assert ids(index, "like:x size:>1", asked, "events") == ["2"]
        assert ids(index, "size:3 OR (like:x size:1)", asked, "events") in (["1", "3"], ["3", "1"])


def test_pages_of_what_is_near_hold_everything_once(index: Elastic):
    wrote(
        index,
        *(a_signal(n, "a flood" if n % 2 else "a fire", vector=unit(1, n / 99)) for n in range(50)),
    )
    for sort in ("", "-time"):
        asked = Asked(limit=7, sort=sort, vector=unit(1, 0))
        seen = paged(index, "like:x OR flood", asked)
        assert len(seen) == len(set(seen)) == 50


# Circles


def test_the_edge_of_a_circle_is_the_same_to_a_millimetre(index: Elastic):
    places = [
        (51.5, -0.12),
        (51.5001, -0.12),
        (-51.5, 179.88),
        (-51.4999, 179.88),
        (90.0, 0.0),
        (-90.0, 0.0),
        (0.0, 180.0),
        (0.0, -180.0),
        (0.0, 1e-4),
    ]
    kept = [at(n, *place) for n, place in enumerate(places)]
    wrote(index, *kept)
    for centre in places:
        reaches = {distance_m(*on_grid(*centre), *on_grid(*place)) for place in places}
        for reach in sorted(reaches):
            for radius_m in (reach - 1e-3, reach + 1e-3):
                if MIN_RADIUS_M <= radius_m < 2e7:
                    query = Near(*centre, radius_m)
                    expected = [s.post.id for s in kept if matches(query, signal_document(s))]
                    found = index.signals(query, EVERYTHING).hits
                    assert [hit.value.post.id for hit in found] == expected


def test_many_circles_are_one_question(index: Elastic):
    wrote(index, at(1, 10.0, 20.0), at(2, -80.0, -20.0), a_signal(3))
    circles = tuple(Near(lat, lon, 5e5) for lat in range(0, 90, 9) for lon in range(0, 180, 9))
    assert [h.value.post.id for h in index.signals(Or(circles), EVERYTHING).hits] == ["s:1"]


# Texts and ids that the server might read its own way


@pytest.mark.parametrize(
    "id",
    ["rss:é" * 300, 'x:"a" OR *', "x:_id", "x:{}\\\n}", "x:\u2028 \u00a0x", "x:😀", "*"],
)
def test_an_id_is_asked_for_as_it_is(index: Elastic, id: str):
    odd = replace(a_signal(1), post=replace(a_signal(1).post, id=id), event=id)
    wrote(index, odd, a_signal(2))
    quoted = '"' + id.replace("\\", "\\\\").replace('"', '\\"') + '"'
    for field in ("id", "event"):
        assert [h.value for h in index.signals(parse(f"{field}:{quoted}"), Asked()).hits] == [odd]
    assert index.count(parse(""), "id", "signals")[0].count == 1
    wrote(index, last=2, gone=(id,))
    assert ids(index, "") == ["s:2"]


@pytest.mark.parametrize(
    "text",
    [
        "火災が発生",
        "ไฟไหม้บ้าน",
        "fire\u00a0house\u2003night",
        "😀 Чрезвычайная 𠀀𠀁",
        "a" * 300 + " b",
    ],
)
def test_a_text_is_found_by_its_own_words(index: Elastic, text: str):
    wrote(index, a_signal(1, text), a_signal(2, "nothing of it"))
    for words in (text, " ".join(text.split()[-1:])):
        assert ids(index, f'"{words}"') == ["s:1"]


# Scans


def test_a_scan_that_is_left_keeps_nothing_on_the_server(index: Elastic, cluster: Cluster):
    wrote(index, *(a_signal(n) for n in range(1_500)))

    def kept() -> int:
        stats = cluster.client.indices.stats(index="*", metric="search")
        return int(
            sum(
                about["total"]["search"]["open_contexts"]
                for name, about in stats["indices"].items()
                if name.startswith(cluster.options.prefix)
            )
        )

    scan = index.scan(parse("fire"), "signals")
    assert kept() == 0
    next(scan)
    assert kept() == 1
    scan.close()  # type: ignore[attr-defined]
    assert kept() == 0
    assert sum(1 for _ in index.scan(parse("fire"), "signals")) == 1_500
    assert kept() == 0


# Answers that are not whole


@contextmanager
def answering(body: dict[str, Any]) -> Iterator[Elastic]:
    """An index in a cluster that says one and the same to every search."""
    encoded = json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    index = elastic.open(Options(url=f"http://127.0.0.1:{server.server_port}", prefix="p"))
    try:
        yield index  # type: ignore[misc]
    finally:
        index.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_answer_that_took_too_long_is_none():
    late = {"timed_out": True, "hits": {"total": {"value": 1}, "hits": []}}
    with answering(late) as slow, pytest.raises(QueryError, match="too long"):
        slow.signals(parse("fire"), Asked())


def test_a_part_of_several_answers_that_failed_is_said():
    item = {"status": 404, "error": {"type": "index_not_found_exception"}}
    with answering({"responses": [item, item]}) as gone, pytest.raises(IndexUnavailable):
        gone.signals(parse("like:x"), Asked(vector=unit(1, 0)))
