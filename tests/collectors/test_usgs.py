import base64
import contextlib
import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import usgs
from monitor.errors import SourceChanged, SourceError
from monitor.fetch import Fetcher
from monitor.model import Cursor, Gone, Page, Point, Stated, clean
from tests.needs import shared
from tests.servers import Given, Reply, Site

NOON = 1_773_489_600_000
"""2026-03-14 12:00 UTC."""


def quake(
    name: str = "us7000abcd",
    *,
    lon: float = -117.6,
    lat: float = 35.7,
    depth: float | None = 8.04,
    **said: object,
) -> dict[str, object]:
    """An event as the documentation of the feeds describes it."""
    properties = {
        "mag": 5.1,
        "place": "10 km SW of Ridgecrest, CA",
        "time": NOON,
        "updated": NOON + 60_000,
        "url": f"https://earthquake.usgs.gov/earthquakes/eventpage/{name}",
        "felt": None,
        "alert": None,
        "status": "reviewed",
        "tsunami": 0,
        "ids": f",{name},",
        "type": "earthquake",
        "title": "M 5.1 - 10 km SW of Ridgecrest, CA",
        **said,
    }
    geometry = {"type": "Point", "coordinates": [lon, lat, depth]}
    return {"type": "Feature", "properties": properties, "geometry": geometry, "id": name}


def feed(*quakes: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": quakes}).encode()


def fetcher() -> Fetcher:
    return Fetcher(allow=("127.0.0.1",), per_host_s=0, timeout_s=5)


def poll(body: bytes, cursor: Cursor | None = None, **options: float) -> Page:
    given = usgs.Options(**options)  # type: ignore[arg-type]
    [page] = usgs.collect(given, Given(body), cursor or Cursor())
    return page


def severity(**said: object) -> str:
    [post] = poll(feed(quake(**said))).posts  # type: ignore[arg-type]
    assert post.stated is not None
    return post.stated.severity


def test_an_earthquake_is_a_post_in_words() -> None:
    [post] = poll(feed(quake(felt=1_234, tsunami=1, alert="yellow"))).posts
    assert post.id == "usgs:us7000abcd"
    assert post.title == "M 5.1 earthquake, 10 km SW of Ridgecrest, CA"
    assert post.text == (
        "M 5.1 earthquake, 10 km SW of Ridgecrest, CA, depth 8 km; deaths or damage are possible; "
        "felt, 1,000+ reports; see tsunami.gov for tsunami warnings; reviewed by a seismologist"
    )
    assert post.url == "https://earthquake.usgs.gov/earthquakes/eventpage/us7000abcd"
    assert post.published == datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert post.edited == datetime(2026, 3, 14, 12, 1, tzinfo=UTC)
    assert post.point == Point(lat=35.7, lon=-117.6)
    assert (post.voice, post.lang, post.author) == ("official", "en", "")
    assert post.stated == Stated(
        topics=("Geo/earthquake",), severity="Moderate", certainty="Observed"
    )


def test_what_no_person_has_reviewed_is_only_likely() -> None:
    [post] = poll(feed(quake(status="automatic"))).posts
    assert post.stated is not None
    assert post.stated.certainty == "Likely"
    assert post.text.endswith("; located automatically, not yet reviewed")


@pytest.mark.parametrize(
    ("alert", "expected"),
    [("red", "Extreme"), ("orange", "Severe"), ("yellow", "Moderate"), ("green", "Minor")],
)
def test_pager_says_how_severe_it_is_whatever_the_magnitude(alert: str, expected: str) -> None:
    assert severity(alert=alert, mag=4.0) == severity(alert=alert, mag=9.0) == expected


@pytest.mark.parametrize(
    ("magnitude", "expected"),
    [
        (9.1, "Extreme"),
        (8.0, "Extreme"),
        (7.9, "Severe"),
        (6.1, "Severe"),
        (6.0, "Moderate"),
        (5.5, "Moderate"),
        (5.4, "Minor"),
        (-0.6, "Minor"),
        (None, "Unknown"),
    ],
)
def test_without_pager_the_magnitude_does(magnitude: float | None, expected: str) -> None:
    assert severity(mag=magnitude) == expected


def test_a_blast_is_called_one_and_is_no_earthquake() -> None:
    [post] = poll(feed(quake(type="quarry blast", mag=1.25))).posts
    assert post.title == "M 1.2 quarry blast, 10 km SW of Ridgecrest, CA"
    assert post.stated is not None
    assert post.stated.topics == ("Geo",)


def test_a_depth_or_position_that_is_not_known_is_left_out() -> None:
    nowhere = {**quake("b2"), "geometry": None}
    posts = poll(feed(quake("a1", depth=None), nowhere)).posts
    assert all("depth" not in post.text for post in posts)
    assert [post.point is None for post in posts] == [False, True]


def test_weaker_ones_are_passed_over() -> None:
    body = feed(quake("a1", mag=4.4), quake("b2", mag=4.5), quake("c3", mag=None))
    assert [post.id for post in poll(body, min_magnitude=4.5).posts] == ["usgs:b2"]
    assert len(poll(body).posts) == 3


def test_one_of_ours_that_is_found_to_be_weaker_is_an_edit() -> None:
    first = poll(feed(quake(mag=4.6)), min_magnitude=4.5)
    second = poll(feed(quake(mag=4.4)), first.cursor, min_magnitude=4.5)
    assert [post.id for post in second.posts] == [first.posts[0].id]
    assert second.posts[0].title.startswith("M 4.4 ")


def test_an_event_keeps_its_id_when_another_network_is_preferred() -> None:
    first = poll(feed(quake("us1", ids=",us1,")))
    second = poll(feed(quake("ci2", ids=",us1,ci2,")), first.cursor)
    third = poll(feed(quake("ci2", ids=",ci2,nc3,us1,")), second.cursor)
    assert first.posts[0].id == second.posts[0].id == third.posts[0].id == "usgs:us1"


def test_one_event_that_turns_out_to_be_two_is_two() -> None:
    first = poll(feed(quake("us1")))
    body = feed(quake("us1", ids=",us1,ci2,"), quake("ci2", ids=",us1,ci2,"))
    posts = poll(body, first.cursor).posts
    assert [post.id for post in posts] == ["usgs:us1", "usgs:ci2"]


def test_a_deleted_event_is_taken_back_once() -> None:
    first = poll(feed(quake("us1"), quake("us2")))
    deleted = feed(quake("us1", status="deleted"), quake("us2"), quake("us9", status="deleted"))
    second = poll(deleted, first.cursor)
    assert second.gone == (Gone(ids=("usgs:us1",)),)
    assert [post.id for post in second.posts] == ["usgs:us2"]
    assert poll(deleted, second.cursor).gone == ()


def test_each_further_report_is_no_edit() -> None:
    texts = [poll(feed(quake(felt=felt))).posts[0].text for felt in (1_000, 9_999, 10_000)]
    assert texts[0] == texts[1] != texts[2]


def test_the_oldest_comes_first_and_a_large_feed_comes_in_pages() -> None:
    body = feed(*(quake(f"us{number}", time=NOON - number) for number in range(1_200)))
    pages = list(usgs.collect(usgs.Options(), Given(body), Cursor()))
    posts = [post for page in pages for post in page.posts]
    assert [len(page.posts) for page in pages] == [500, 500, 200]
    assert [post.published for post in posts] == sorted(post.published for post in posts)
    assert [bool(page.cursor.marks) for page in pages] == [False, False, True]


def test_a_feed_that_has_not_changed_says_nothing(site: Site, url: str) -> None:
    site.pages["/all_day.geojson"] = Reply(body=feed(quake()), headers={"ETag": '"1"'})
    options = usgs.Options(url=f"{url}/all_day.geojson")
    [page] = usgs.collect(options, fetcher(), Cursor())
    assert list(usgs.collect(options, fetcher(), page.cursor)) == []


@pytest.mark.parametrize(
    "broken",
    [
        quake(mag="5.1"),
        quake(mag=1e300),
        quake(mag=True),
        quake(time=None),
        quake(time=10**30),
        quake(time="now"),
        quake(felt=-1),
        quake(place={"name": "here"}),
        quake(lat=91.0),
        quake(lon=1e308),
        quake(depth=1e9),
        quake("a b"),
        quake(""),
        quake("a1\n"),
        {**quake(), "geometry": {"type": "Point", "coordinates": [1]}},
        {**quake(), "properties": []},
        {"id": "us7000abcd"},
        None,
        7,
        [[[[]]]],
    ],
)
def test_a_broken_event_is_dead_and_the_rest_are_read(broken: object) -> None:
    page = poll(feed(quake("a1"), broken, quake("b2")))
    assert [post.id for post in page.posts] == ["usgs:a1", "usgs:b2"]
    [dead] = page.dead
    assert dead.reason.startswith("it cannot be read: ")


def test_a_dead_event_is_called_by_its_id() -> None:
    [dead] = poll(feed(quake("us1", mag="much"))).dead
    assert dead.id == "us1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b'{"type": "Feature"}',
        b'{"type": "FeatureCollection"}',
        b'{"type": "FeatureCollection", "features": {}}',
        b'{"type": "FeatureCollection", "features": [' + b"[" * 100_000 + b"]}",
        b'{"type": "FeatureCollection", "features": [NaN]}',
        feed(quake())[:-2],
    ],
)
def test_what_is_no_feed_is_changed_and_named(site: Site, url: str, body: bytes) -> None:
    site.pages["/feed"] = Reply(body=body)
    with pytest.raises(SourceChanged, match="/feed: ") as caught:
        list(usgs.collect(usgs.Options(url=f"{url}/feed"), fetcher(), Cursor()))
    assert caught.value.payload == body


def catalogue(path: Path) -> Iterator[bytes]:
    """The collections in GeoJSON that the catalogue sent, from a cassette."""
    bodies = re.findall(r"string: !!binary \|\n((?: {8}\S+\n)+)", path.read_text())
    for body in map(gzip.decompress, map(base64.b64decode, bodies)):
        if body.startswith(b'{"type":"FeatureCollection"'):
            yield body


def test_what_the_catalogue_sent_is_read() -> None:
    folder = shared("recordings", "usgs", "usgs+libcomcat")
    pages = [poll(body) for body in catalogue(folder / "classes_summary.yaml")]
    assert [post.text for page in pages for post in page.posts] == [
        "M 6.7 earthquake, 1km NNW of Reseda, CA, depth 18 km; felt, 10,000+ reports; "
        "reviewed by a seismologist",
        "M 9.1 earthquake, 2011 Great Tohoku Earthquake, Japan, depth 29 km; "
        "felt, 1,000+ reports; reviewed by a seismologist",
    ]


def test_a_feed_with_unknown_words_is_read() -> None:
    fixtures = "exxamalte+python-aio-geojson-usgs-earthquakes/tests/fixtures"
    folder = shared("recordings", "usgs", *fixtures.split("/"))
    page = poll((folder / "earthquakes-1.json").read_bytes())
    assert [post.title for post in page.posts] == [
        "M 3.0 Type 1, Place 1",
        "M 1.2 Type 2, Place 2",
        "Type 3, Place 3",
    ]
    assert page.dead == ()
    assert poll((folder / "earthquakes-2.json").read_bytes()).posts == ()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["deleted", "red", ",us1,us2,", "us1", "\ud83d", "<b>", NOON, 10**400]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "mag", "coordinates"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS: Any = quake()["properties"]
SAID: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(sorted(KEYS)), JSON, max_size=4
)


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(JSON | SAID.map(lambda said: quake(**said)), max_size=4).map(lambda q: feed(*q)),
    )
)
def test_whatever_a_server_sends_only_source_errors_are_raised(body: bytes) -> None:
    with contextlib.suppress(SourceError):
        for page in usgs.collect(usgs.Options(), Given(body), Cursor(marks={"known": "us1 us2"})):
            for post in page.posts:
                assert post.text == clean(post.text)
