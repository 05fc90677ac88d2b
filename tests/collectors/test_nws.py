import contextlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import nws
from monitor import parts
from monitor.errors import ConfigError, SourceChanged, SourceError
from monitor.fetch import Fetcher
from monitor.model import Cursor, Page, Post, Stated, clean
from tests.needs import shared
from tests.servers import Given, Reply, Site

SQUARE = [[[-97.0, 35.0], [-96.8, 35.0], [-96.8, 35.2], [-97.0, 35.2], [-97.0, 35.0]]]


def at(hour: int) -> str:
    return f"2026-03-14T{hour:02}:00:00-05:00"


def alert(
    name: str = "urn:oid:A",
    *,
    hour: int = 9,
    kind: str = "Alert",
    geometry: object = None,
    **said: object,
) -> dict[str, object]:
    """A message as the API's own description has it."""
    properties = {
        "id": name,
        "areaDesc": "Cleveland, OK",
        "geocode": {"SAME": ["040027"], "UGC": ["OKC027"]},
        "references": [],
        "sent": at(hour),
        "status": "Actual",
        "messageType": kind,
        "category": "Met",
        "severity": "Severe",
        "certainty": "Likely",
        "event": "Flood Warning",
        "sender": "w-nws.webmaster@noaa.gov",
        "senderName": "NWS Norman OK",
        "headline": "Flood Warning issued March 14 by NWS Norman OK",
        "description": "* WHAT...Flooding caused by\nheavy rain.\n\n* WHERE...Norman.",
        "instruction": "Turn around, don't\ndrown.",
        "scope": "Public",
        "language": "en-US",
        **said,
    }
    address = f"https://api.weather.gov/alerts/{name}"
    return {"id": address, "type": "Feature", "geometry": geometry, "properties": properties}


def active(*alerts: object, **more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": alerts, **more}).encode()


@pytest.fixture
def url(url: str) -> str:
    return f"{url}/active"


def fetcher() -> Fetcher:
    return Fetcher(allow=("127.0.0.1",), per_host_s=0, timeout_s=5)


def poll(*alerts: object, cursor: Cursor | None = None) -> Page:
    [page] = nws.collect(nws.Options(), Given(active(*alerts)), cursor or Cursor())
    return page


def names(page: Page) -> list[str]:
    return [post.id.removeprefix("nws:urn:oid:") for post in page.posts]


A = alert()


def test_an_alert_is_a_post() -> None:
    [post] = poll(alert(geometry={"type": "Polygon", "coordinates": SQUARE})).posts
    assert post.id == "nws:urn:oid:A"
    assert post.title == "Flood Warning issued March 14 by NWS Norman OK"
    assert post.text == (
        "* WHAT...Flooding caused by heavy rain.\n* WHERE...Norman.\n"
        "Turn around, don't drown.\nCleveland, OK"
    )
    assert post.url == "https://api.weather.gov/alerts/urn:oid:A"
    assert post.published == datetime(2026, 3, 14, 14, tzinfo=UTC)
    assert (post.edited, post.voice, post.lang) == (None, "official", "en")
    assert post.stated == Stated(topics=("Met",), severity="Severe", certainty="Likely")
    assert post.point is not None
    assert (post.point.lat, post.point.lon) == pytest.approx((35.1, -96.9))
    assert post.point.radius_m == pytest.approx(14_370, rel=0.01)


def test_several_polygons_are_one_circle() -> None:
    east = [[lon + 1, lat] for lon, lat in SQUARE[0]]
    hole = [[-95.9, 35.1], [-95.9, 35.11], [-95.89, 35.11], [-95.9, 35.1]]
    geometry = {"type": "MultiPolygon", "coordinates": [SQUARE, [east, hole]]}
    [post] = poll(alert(geometry=geometry)).posts
    assert post.point is not None
    assert (post.point.lat, post.point.lon) == pytest.approx((35.1, -96.4))
    assert post.point.radius_m > 50_000


@pytest.mark.parametrize("geometry", [None, {"type": "GeometryCollection", "geometries": []}])
def test_an_alert_for_zones_has_its_areas_in_the_text(geometry: object) -> None:
    [post] = poll(alert(geometry=geometry)).posts
    assert post.point is None
    assert post.text.endswith("\nCleveland, OK")


def test_words_that_the_protocol_does_not_have_are_unknown() -> None:
    [post] = poll(alert(category="Wx", severity="Awful", certainty="Very Likely")).posts
    assert post.stated == Stated()


@pytest.mark.parametrize(
    "message",
    [
        alert(status="Test"),
        alert(status="Exercise"),
        alert(status="System"),
        alert(status="Draft"),
        alert(scope="Private"),
        alert(kind="Ack"),
        alert(kind="Error"),
    ],
)
def test_what_is_not_meant_for_all_is_passed_over(message: object) -> None:
    page = poll(message)
    assert (page.posts, page.gone, page.dead) == ((), (), ())


@pytest.mark.parametrize(
    ("table", "query"),
    [
        ({}, ""),
        ({"area": ["CA", "NV"]}, "?area=CA,NV"),
        ({"zone": ["CAZ006"]}, "?zone=CAZ006"),
        ({"point": [39.1, -94.58]}, "?point=39.1000,-94.5800"),
        ({"point": [0.0, 0.0]}, "?point=0.0000,0.0000"),
        ({"area": ["C&A"]}, "?area=C%26A"),
    ],
)
def test_an_area_a_zone_or_a_point_is_asked_for(
    site: Site, url: str, table: dict[str, object], query: str
) -> None:
    site.pages["/active"] = Reply(body=active())
    options = parts.options(nws, {"url": url, **table}, "nws")
    list(nws.collect(options, fetcher(), Cursor()))
    assert site.paths() == [f"/active{query}"]
    assert site.asked[0][1]["user-agent"].startswith("signal-monitor/")
    assert site.asked[0][1]["accept"] == "application/geo+json"


def test_two_filters_at_once_are_refused() -> None:
    with pytest.raises(ConfigError, match="only one of area, zone and point"):
        parts.options(nws, {"area": ["CA"], "point": [39.1, -94.5]}, "nws")


def test_an_answer_that_has_not_changed_says_nothing(site: Site, url: str) -> None:
    site.pages["/active"] = Reply(body=active(A), headers={"ETag": '"1"'})
    options = nws.Options(url=url)
    [page] = nws.collect(options, fetcher(), Cursor())
    assert list(nws.collect(options, fetcher(), page.cursor)) == []


def test_further_pages_are_read_and_asked_for_anew(site: Site, url: str) -> None:
    following = {"next": url.replace("/active", "/more?cursor=x")}
    headers = {"ETag": '"1"'}
    site.pages["/active"] = Reply(body=active(A, pagination=following), headers=headers)
    site.pages["/more"] = Reply(body=active(alert("urn:oid:D", hour=8)), headers=headers)
    options = nws.Options(url=url)
    [page] = nws.collect(options, fetcher(), Cursor())
    assert names(page) == ["D", "A"]
    [page] = nws.collect(options, fetcher(), page.cursor)
    assert names(page) == ["D", "A"]


def test_pages_without_an_end_are_left_and_named(site: Site, url: str) -> None:
    site.pages["/active"] = Reply(body=active(A, pagination={"next": url}))
    pages = nws.collect(nws.Options(url=url), fetcher(), Cursor())
    assert names(next(pages)) == ["A"]
    with pytest.raises(SourceChanged, match="/active: it has more than 20 pages"):
        next(pages)
    assert len(site.asked) == 20


def test_many_alerts_come_in_pages_oldest_first() -> None:
    body = active(*(alert(f"urn:oid:{number}", hour=number % 10) for number in range(1_200)))
    pages = list(nws.collect(nws.Options(), Given(body), Cursor()))
    assert [len(page.posts) for page in pages] == [500, 500, 200]
    assert sound([post for page in pages for post in page.posts])


@pytest.mark.parametrize(
    "broken",
    [
        alert("a b"),
        alert(""),
        alert("A\n"),
        alert("A" * 300),
        alert(references=[{"identifier": "A\tB", "sent": at(9)}]),
        alert(headline=5),
        alert(headline=None, event=None, description=None, instruction="", areaDesc=" "),
        alert(references={"identifier": "A"}),
        alert(sent=10**30),
        alert(description=["words"]),
        alert(geometry={"type": "Polygon", "coordinates": [[[1]]]}),
        alert(geometry={"type": "Polygon", "coordinates": "everywhere"}),
        alert(geometry=[1, 2]),
        {**alert(), "properties": None},
        {"id": "urn:oid:A"},
        None,
        [[[]]],
    ],
)
def test_a_broken_alert_is_dead_and_the_rest_are_read(broken: object) -> None:
    page = poll(alert("urn:oid:1"), broken, alert("urn:oid:2"))
    assert names(page) == ["1", "2"]
    [dead] = page.dead
    assert dead.reason.startswith("it cannot be read: ")


def test_a_dead_alert_is_called_by_its_address() -> None:
    [dead] = poll(alert(headline=5)).dead
    assert dead.id == "https://api.weather.gov/alerts/urn:oid:A"


@pytest.mark.parametrize("sent", ["", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_an_alert_without_a_moment_is_read(sent: str) -> None:
    assert names(poll(alert(sent=sent))) == ["A"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b'{"type": "https://api.weather.gov/problems/NotFound", "status": 404}',
        b'{"type": "FeatureCollection"}',
        b'{"type": "FeatureCollection", "features": {}}',
        b'{"type": "FeatureCollection", "features": [], "pagination": "next"}',
        b'{"type": "FeatureCollection", "features": [' + b"[" * 100_000 + b"]}",
        active(A)[:-2],
    ],
)
def test_what_holds_no_alerts_is_changed_and_named(site: Site, url: str, body: bytes) -> None:
    site.pages["/active"] = Reply(body=body)
    with pytest.raises(SourceChanged, match="/active: ") as caught:
        list(nws.collect(nws.Options(url=url), fetcher(), Cursor()))
    assert caught.value.payload == body


def recorded(*parts: str) -> bytes:
    """A recording, the moments that it gives relative to now resolved."""
    now = datetime(2026, 7, 15, 20, tzinfo=UTC)

    def resolved(found: re.Match[str]) -> str:
        return (now + timedelta(seconds=int(found[1]))).isoformat()

    text = shared("recordings", "nws", *parts).read_text(encoding="utf-8")
    return re.sub(r"date:now ([+-]\d+) seconds", resolved, text).encode()


def sound(posts: list[Post]) -> bool:
    """Ids once, oldest first, texts clean."""
    return (
        len({post.id for post in posts}) == len(posts)
        and [post.published for post in posts] == sorted(post.published for post in posts)
        and all(post.title and post.text == clean(post.text) for post in posts)
    )


def test_all_active_alerts_that_were_recorded_are_read() -> None:
    """393 different ones in 396 entries; 71 have a polygon."""
    name = "air-quality-alerts/alerts/active__status=actual.json"
    body = recorded("weather-gov+weather.gov", *name.split("/"))
    [page] = nws.collect(nws.Options(), Given(body), Cursor())
    assert page.dead == ()
    assert len(page.posts) == 393
    assert sound(list(page.posts))
    assert sum(post.point is not None for post in page.posts) == 71
    assert sum(post.edited is not None for post in page.posts) > 100
    [again] = nws.collect(nws.Options(), Given(body), page.cursor)
    assert again.posts == page.posts


def test_an_update_of_2019_that_was_recorded_is_read() -> None:
    body = recorded("MatthewFlamm+pynws", "tests", "fixtures", "alerts_active_zone.json")
    [page] = nws.collect(nws.Options(), Given(body), Cursor())
    [post] = page.posts
    assert post.id == "nws:NWS-IDP-PROD-3963421-3367361"
    assert post.published == datetime(2019, 12, 18, 20, 29, tzinfo=UTC)
    assert post.edited == datetime(2019, 12, 20, 21, 34, tzinfo=UTC)
    assert post.stated == Stated(topics=("Met",), severity="Severe", certainty="Possible")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["Cancel", "Update", "urn:oid:A", "\ud83d", "<b>", at(9), 10**400, SQUARE]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "identifier", "type", "coordinates"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
KEYS: Any = alert()["properties"]
SAID: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(sorted(KEYS)), JSON, max_size=4
)


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(JSON | SAID.map(lambda said: alert(**said)), max_size=4).map(
            lambda alerts: active(*alerts)
        ),
    )
)
def test_whatever_a_server_sends_only_source_errors_are_raised(body: bytes) -> None:
    with contextlib.suppress(SourceError):
        for page in nws.collect(nws.Options(), Given(body), Cursor()):
            for post in page.posts:
                assert post.text == clean(post.text)
            list(nws.collect(nws.Options(), Given(body), page.cursor))
