import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import cap
from monitor.errors import SourceChanged, SourceError
from monitor.fetch import Fetcher
from monitor.model import Cursor, Gone, Page, Point, Stated
from tests.servers import LAUGHS, Given, Reply, Site

V12 = "urn:oasis:names:tc:emergency:cap:1.2"
VERSIONS = [
    "http://www.incident.com/cap/1.0",
    "urn:oasis:names:tc:emergency:cap:1.0",
    "urn:oasis:names:tc:emergency:cap:1.1",
    V12,
]
INFO = (
    "<info><category>Met</category><category>Fire</category><category>Met</category>"
    "<event>Wind</event><severity>Severe</severity><certainty>Very Likely</certainty>"
    "<headline>Storm &amp;amp; fire</headline><description>Stay in.&lt;br/&gt;Close doors."
    "</description><instruction>Call 112</instruction><area><areaDesc>Harbour</areaDesc>"
    "<circle>48.2,16.37 2.5</circle></area></info>"
)


def alert(
    name: str = "A",
    *,
    sent: str = "2026-03-14T10:00:00+00:00",
    kind: str = "Alert",
    of: str = "",
    info: str = INFO,
    status: str = "Actual",
    scope: str = "Public",
    version: str = V12,
) -> str:
    references = f"<references>{of}</references>" if of else ""
    return (
        f'<alert xmlns="{version}"><identifier>{name}</identifier><sender>met@x.example</sender>'
        f"<sent>{sent}</sent><status>{status}</status><msgType>{kind}</msgType>"
        f"<scope>{scope}</scope>{references}{info}</alert>"
    )


FIRST = "met@x.example,A,2026-03-14T10:00:00+00:00"
SECOND = "met@x.example,B,2026-03-14T11:00:00+00:00"


def poll(site: Site, url: str, body: str, cursor: Cursor | None = None, **options: object) -> Page:
    site.pages["/cap"] = Reply(body=body.encode())
    fetch = Fetcher(allow=("127.0.0.1",), per_host_s=0, timeout_s=5)
    given = cap.Options(url=f"{url}/cap", **options)  # type: ignore[arg-type]
    [page] = cap.collect(given, fetch, cursor or Cursor())
    return page


def atom(*entries: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(entries)}</feed>'


@pytest.mark.parametrize("version", VERSIONS)
def test_an_alert_of_any_version_is_a_post(site: Site, url: str, version: str) -> None:
    [post] = poll(site, url, alert(version=version)).posts
    assert post.id.startswith("cap:")
    assert post.id.endswith(":A")
    assert "met@x.example" not in post.id
    assert post.title == "Storm & fire"
    assert post.text == "Stay in.\nClose doors.\nCall 112\nHarbour"
    assert post.voice == "official"
    assert post.published == datetime(2026, 3, 14, 10, tzinfo=UTC)
    assert post.stated == Stated(topics=("Met", "Fire"), severity="Severe", certainty="Likely")
    assert post.point == Point(lat=48.2, lon=16.37, radius_m=2500)


def test_a_polygon_is_its_centre_and_the_radius_that_covers_it(site: Site, url: str) -> None:
    area = "<area><areaDesc>x</areaDesc><polygon>48,16 48,16.2 48.2,16.2 48.2,16 48,16</polygon>"
    [post] = poll(site, url, alert(info=f"<info><event>e</event>{area}</area></info>")).posts
    assert post.point is not None
    assert (post.point.lat, post.point.lon) == pytest.approx((48.1, 16.1))
    assert post.point.radius_m == pytest.approx(13_400, rel=0.01)


def test_an_area_across_the_antimeridian_is_not_half_the_earth(site: Site, url: str) -> None:
    area = "<area><polygon>-17,179 -17,-179 -16,-179 -16,179 -17,179</polygon></area>"
    [post] = poll(site, url, alert(info=f"<info><event>e</event>{area}</info>")).posts
    assert post.point is not None
    assert abs(post.point.lon) == pytest.approx(180)
    assert post.point.radius_m < 130_000


def test_the_language_that_is_asked_for_is_read_else_english(site: Site, url: str) -> None:
    info = "".join(
        f"<info><language>{lang}</language><headline>{lang}</headline></info>"
        for lang in ("de-AT", "en-GB", "fr")
    )
    assert poll(site, url, alert(info=info)).posts[0].title == "en-GB"
    [post] = poll(site, url, alert(info=info), lang="fr").posts
    assert (post.title, post.lang) == ("fr", "fr")
    assert poll(site, url, alert(info=info), lang="it").posts[0].title == "en-GB"


def test_an_update_keeps_the_id_of_the_first_message(site: Site, url: str) -> None:
    first = poll(site, url, alert())
    second = poll(
        site,
        url,
        alert("B", sent="2026-03-14T11:00:00+00:00", kind="Update", of=FIRST),
        first.cursor,
    )
    third = poll(
        site,
        url,
        alert("C", sent="2026-03-14T12:00:00+00:00", kind="Update", of=SECOND),
        second.cursor,
    )
    assert first.posts[0].id == second.posts[0].id == third.posts[0].id
    assert third.posts[0].published == first.posts[0].published
    assert third.posts[0].edited == datetime(2026, 3, 14, 12, tzinfo=UTC)


def test_a_cancellation_takes_the_first_message_back(site: Site, url: str) -> None:
    first = poll(site, url, alert())
    sent = "2026-03-14T12:00:00+00:00"
    update = poll(site, url, alert("B", sent="2026-03-14T11:00:00+00:00", kind="Update", of=FIRST))
    cancel = poll(site, url, alert("C", sent=sent, kind="Cancel", of=SECOND), update.cursor)
    assert cancel.posts == ()
    assert cancel.gone == (Gone(ids=(first.posts[0].id,)),)


def test_what_was_updated_or_cancelled_does_not_come_back(site: Site, url: str) -> None:
    cancel = alert("C", sent="2026-03-14T12:00:00+00:00", kind="Cancel", of=FIRST)
    page = poll(site, url, cancel)
    assert poll(site, url, alert(), page.cursor).posts == ()


def test_of_a_chain_in_one_index_the_newest_message_counts(site: Site, url: str) -> None:
    update = alert("B", sent="2026-03-14T11:00:00+00:00", kind="Update", of=FIRST)
    body = atom(*(f"<entry><content>{one}</content></entry>" for one in (update, alert())))
    [post] = poll(site, url, body).posts
    assert post.id.endswith(":A")
    assert post.edited is not None


@pytest.mark.parametrize(
    "message",
    [
        alert(status="Test"),
        alert(status="Exercise"),
        alert(status="Draft"),
        alert(scope="Private"),
        alert(scope="Restricted"),
        alert(kind="Ack", of=FIRST),
        alert(kind="Error", of=FIRST),
    ],
)
def test_what_is_not_meant_for_all_is_passed_over(site: Site, url: str, message: str) -> None:
    page = poll(site, url, message)
    assert (page.posts, page.gone, page.dead) == ((), (), ())


def test_exercises_are_read_where_the_option_says_so(site: Site, url: str) -> None:
    assert len(poll(site, url, alert(status="Exercise"), test=True).posts) == 1
    assert poll(site, url, alert(status="Draft"), test=True).posts == ()


def test_the_links_of_an_index_are_followed_once(site: Site, url: str) -> None:
    site.pages["/a.xml"] = Reply(body=alert().encode())
    body = atom(
        '<entry><id>urn:a</id><title>t</title><link href="/page"/>'
        '<link rel="enclosure" type="application/cap+xml" href="/a.xml"/></entry>'
    )
    page = poll(site, url, body)
    assert [post.title for post in page.posts] == ["Storm & fire"]
    assert poll(site, url, body, page.cursor).posts == ()
    assert site.paths().count("/a.xml") == 1


def test_an_rss_index_is_followed(site: Site, url: str) -> None:
    site.pages["/a.xml"] = Reply(body=alert().encode())
    item = "<item><category>Met</category><title>t</title><link>/a.xml</link></item>"
    page = poll(site, url, f'<rss version="2.0"><channel>{item}</channel></rss>')
    assert [post.title for post in page.posts] == ["Storm & fire"]


def test_an_entry_stands_in_for_an_alert_that_is_away_and_keeps_its_id(
    site: Site, url: str
) -> None:
    site.pages["/a.xml"] = Reply(status=503)
    body = atom(
        "<entry><id>urn:a</id><title>Storm</title><link href='/a.xml'/>"
        "<updated>2026-03-14T10:00:00Z</updated></entry>"
    )
    first = poll(site, url, body)
    assert [post.title for post in first.posts] == ["Storm"]
    site.pages["/a.xml"] = Reply(body=alert(sent="2026-03-14T10:00:01+00:00").encode())
    [later] = poll(site, url, body, first.cursor).posts
    assert (later.id, later.title) == (first.posts[0].id, "Storm & fire")


def test_more_links_than_may_be_followed_wait_for_the_next_poll(site: Site, url: str) -> None:
    for name in "abc":
        site.pages[f"/{name}.xml"] = Reply(body=alert(name).encode())
    entries = (f"<entry><id>{n}</id><title>t</title><link href='/{n}.xml'/></entry>" for n in "abc")
    body = atom(*entries)
    page = poll(site, url, body, follow=2)
    assert sorted(post.title for post in page.posts) == ["Storm & fire", "Storm & fire", "t"]
    page = poll(site, url, body, page.cursor, follow=2)
    assert [post.title for post in page.posts] == ["Storm & fire"]


def test_cap_elements_of_an_entry_are_read_without_following(site: Site, url: str) -> None:
    body = atom(
        f'<entry xmlns:cap="{V12}"><id>http://x.example/1</id><title>Flood</title>'
        "<updated>2026-03-14T10:00:00Z</updated><link href='/a.xml'/><summary>Rain</summary>"
        "<cap:event>Flood</cap:event><cap:severity>Minor</cap:severity>"
        "<cap:areaDesc>Harbour</cap:areaDesc><cap:polygon>1,1 1,2 2,2 1,1</cap:polygon></entry>"
    )
    [post] = poll(site, url, body).posts
    assert (post.title, post.text) == ("Flood", "Rain\nHarbour")
    assert post.stated == Stated(severity="Minor")
    assert post.point is not None
    assert "/a.xml" not in site.paths()


def test_alerts_in_an_edxl_envelope_are_read(site: Site, url: str) -> None:
    body = (
        '<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0"><contentObject>'
        f"<xmlContent><embeddedXMLContent>{alert('A')}</embeddedXMLContent></xmlContent>"
        f"</contentObject><contentObject>{alert('B')}</contentObject></EDXLDistribution>"
    )
    assert len(poll(site, url, body).posts) == 2


def test_warnings_in_json_are_read(site: Site, url: str) -> None:
    info = {"event": "Wind", "category": ["Met"], "area": [{"polygon": "1,1 1,2 2,2 1,1"}]}
    warning = {"identifier": "A", "sender": "s", "sent": "2026-03-14T10:00:00Z", "info": [info]}
    [post] = poll(site, url, json.dumps({"warnings": [{"alert": warning}]})).posts
    assert (post.title, post.stated) == ("Wind", Stated(topics=("Met",)))
    assert post.point is not None


def test_a_broken_alert_is_dead_and_the_rest_are_read(site: Site, url: str) -> None:
    nameless = alert("")
    silent = alert("C", info="")
    body = f"<all>{nameless}{alert('B')}{silent}</all>"
    page = poll(site, url, body)
    assert [post.id[-2:] for post in page.posts] == [":B"]
    assert [dead.reason for dead in page.dead] == ["it has no identifier", "it says nothing"]


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS.decode(),
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + alert(info="&x;"),
        "<!DOCTYPE alert>" + alert(),
        alert()[:-9],
        "<html><body/></html>",
        '{"warnings": 5}',
        '{"warnings": [{}]}',
        '{"regions": []}',
        "",
    ],
)
def test_what_holds_no_alert_is_changed_and_named(site: Site, url: str, body: str) -> None:
    with pytest.raises(SourceChanged, match="/cap: ") as caught:
        poll(site, url, body)
    assert "root:" not in str(caught.value)
    assert caught.value.payload == body.encode()


PIECES = st.sampled_from(
    [
        f'<alert xmlns="{V12}">',
        "</alert>",
        "<info>",
        "</info>",
        "<identifier>a</identifier>",
        "<sent>9999-12-31T23:59:59-14:00</sent>",
        "<references>a,b,c</references>",
        "<area><polygon>1 2 3</polygon><circle>nan,9 9e999</circle></area>",
        "<feed>",
        "<entry>",
        "</entry>",
        "</feed>",
        "<link href='http://[x'/>",
        "<event>&#x85;</event>",
        '{"warnings": [{"alert": ',
        '{"identifier": ["a"], "info": 5, "\\u0000": {}, "sent": null}',
        "}]}",
        '{"entries": [1]}',
        '{"alert": {"identifier": "\\ud83d", "a b": 1}}',
    ]
)


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=12).map("".join)))
def test_whatever_a_server_sends_only_source_errors_are_raised(sent: bytes | str) -> None:
    body = sent if isinstance(sent, bytes) else sent.encode()
    with contextlib.suppress(SourceError):
        list(cap.collect(cap.Options(url="http://x.example/"), Given(body), Cursor()))
