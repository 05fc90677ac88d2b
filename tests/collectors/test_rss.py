import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import rss
from monitor.errors import SourceChanged, SourceError
from monitor.fetch import Fetcher
from monitor.model import UNDATED, Cursor, Page, Point, Post
from tests.servers import Given, Reply, Site

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:georss="http://www.georss.org/georss"
     xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:gdacs="http://www.gdacs.org"
     xmlns:gml="http://www.opengis.net/gml"><channel><language>de-AT</language>{}</channel></rss>"""
ARTICLE = (
    "<html><head><title>T</title></head><body><article><h1>Bridge closed</h1>"
    + "<p>The old bridge over the river was closed on Friday after a lorry hit its rail.</p>" * 3
    + "<p>Engineers will look at it in the morning, the city says, and open one lane.</p>"
    + "</article></body></html>"
).encode()


def poll(url: str, cursor: Cursor | None = None, full_text: bool = False) -> list[Page]:
    fetch = Fetcher(allow=("127.0.0.1",), per_host_s=0, timeout_s=5)
    options = rss.Options(url=url, full_text=full_text)
    return list(rss.collect(options, fetch, cursor or Cursor()))


def posts_of(site: Site, url: str, *items: str) -> list[Post]:
    site.pages["/feed"] = Reply(
        body=RSS.format("".join(f"<item>{item}</item>" for item in items)).encode()
    )
    return [post for page in poll(f"{url}/feed") for post in page.posts]


def test_an_item_is_a_post_without_markup(site: Site, url: str) -> None:
    [post] = posts_of(
        site,
        url,
        "<title>Fire &amp;amp; smoke</title><link>/a</link><guid isPermaLink='false'>n:7</guid>"
        "<description>&lt;p&gt;Two &lt;b&gt;injured&lt;/b&gt;&lt;/p&gt;&lt;script&gt;x()&lt;/script"
        "&gt;&lt;p&gt;Road closed&lt;/p&gt;</description><author>desk@paper.example</author>"
        "<pubDate>Sat, 14 Mar 2026 23:00:00 +0100</pubDate>"
        "<enclosure url='http://paper.example/a.jpg' type='image/jpeg' length='1'/>",
    )
    assert post == Post(
        id=f"rss:{url}/feed:n:7",
        title="Fire & smoke",
        text="Two injured\nRoad closed",
        url=f"{url}/a",
        published=datetime(2026, 3, 14, 22, tzinfo=UTC),
        author="desk@paper.example",
        lang="de",
        media=("http://paper.example/a.jpg",),
    )


def test_posts_come_oldest_first_and_undated_ones_before(site: Site, url: str) -> None:
    dated = "<guid>{}</guid><title>t</title><pubDate>{} Mar 2026 10:00:00 GMT</pubDate>"
    posts = posts_of(
        site, url, dated.format("b", 15), dated.format("a", 14), "<guid>u</guid><title>t</title>"
    )
    assert [post.id[-1] for post in posts] == ["u", "a", "b"]
    assert posts[0].published == UNDATED


@pytest.mark.parametrize(
    ("position", "point"),
    [
        ("<georss:point>48.2 16.37</georss:point>", Point(lat=48.2, lon=16.37)),
        ("<geo:lat>48.2</geo:lat><geo:long>16.37</geo:long>", Point(lat=48.2, lon=16.37)),
        (
            "<georss:where><gml:Point><gml:pos>48.2 16.37</gml:pos></gml:Point></georss:where>",
            Point(lat=48.2, lon=16.37),
        ),
        ("<georss:point>95 16</georss:point>", None),
        ("<georss:point>nan 16</georss:point>", None),
        ("<georss:point>here</georss:point>", None),
    ],
)
def test_a_stated_position_is_the_point(
    site: Site, url: str, position: str, point: Point | None
) -> None:
    [post] = posts_of(site, url, f"<title>t</title>{position}")
    assert post.point == point


@pytest.mark.parametrize(
    "area",
    [
        "<georss:box>48.0 16.0 48.2 16.2</georss:box>",
        "<georss:polygon>48 16 48 16.2 48.2 16.2 48.2 16 48 16</georss:polygon>",
        "<gdacs:bbox>16.0 16.2 48.0 48.2</gdacs:bbox>",
    ],
)
def test_an_area_is_its_centre_and_the_radius_that_covers_it(
    site: Site, url: str, area: str
) -> None:
    [post] = posts_of(site, url, f"<title>t</title>{area}")
    assert post.point is not None
    assert (post.point.lat, post.point.lon) == pytest.approx((48.1, 16.1))
    assert post.point.radius_m == pytest.approx(13_400, rel=0.01)


def test_gdacs_states_hazard_and_level(site: Site, url: str) -> None:
    [post] = posts_of(
        site,
        url,
        "<title>t</title><gdacs:eventtype>EQ</gdacs:eventtype>"
        "<gdacs:alertlevel>Orange</gdacs:alertlevel>",
    )
    assert post.stated is not None
    assert (post.stated.topics, post.stated.severity) == (("Geo",), "Severe")


def test_a_repeated_guid_gives_each_post_an_id_of_its_own_for_ever(site: Site, url: str) -> None:
    same = "<guid isPermaLink='false'>1</guid>"
    items = (f"{same}<title>a</title>", f"{same}<title>b</title>", f"{same}<title>b</title>")
    assert len({post.id for post in posts_of(site, url, *items)}) == 3
    [page] = poll(f"{url}/feed")
    [first] = posts_of(site, url, f"{same}<title>a</title>")
    assert first.id == f"rss:{url}/feed:1"
    [later] = poll(f"{url}/feed", page.cursor)
    assert later.posts[0].id in {post.id for post in page.posts}
    assert later.cursor.marks["repeats"]


def test_a_feed_that_has_not_changed_yields_nothing(site: Site, url: str) -> None:
    body = RSS.format("<item><title>a</title></item>").encode()
    site.pages["/feed"] = Reply(body=body, headers={"ETag": '"1"'})
    [page] = poll(f"{url}/feed")
    assert poll(f"{url}/feed", page.cursor) == []


def test_only_the_last_page_of_a_poll_holds_the_validators(site: Site, url: str) -> None:
    items = "".join(f"<item><guid>{n}</guid><title>t{n}</title></item>" for n in range(1_100))
    site.pages["/feed"] = Reply(body=RSS.format(items).encode(), headers={"ETag": '"1"'})
    pages = poll(f"{url}/feed")
    assert [len(page.posts) for page in pages] == [500, 500, 100]
    assert [bool(page.cursor.marks) for page in pages] == [False, False, True]


def test_an_atom_entry_says_when_it_was_edited(site: Site, url: str) -> None:
    site.pages["/feed"] = Reply(
        body=b'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><entry><id>urn:x:1</id>'
        b"<title type='html'>Une &amp;eacute;cole</title>"
        b"<published>2026-03-14T10:00:00Z</published>"
        b"<updated>2026-03-14T11:00:00Z</updated><content type='xhtml'>"
        b"<div xmlns='http://www.w3.org/1999/xhtml'>ferm<b>&#233;e</b></div></content></entry></feed>"
    )
    [page] = poll(f"{url}/feed")
    [post] = page.posts
    assert (post.title, post.text, post.lang) == ("Une école", "fermée", "fr")
    assert post.edited == datetime(2026, 3, 14, 11, tzinfo=UTC)


def test_a_json_feed_is_read_and_its_broken_item_is_dead(site: Site, url: str) -> None:
    items = [
        {"id": 1, "content_html": "<p>One</p>", "date_published": "2026-03-14T10:00:00+01:00"},
        "no item",
        {"id": "2", "content_text": "Two < three", "attachments": [{"url": "http://x.example/a"}]},
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": items}
    site.pages["/feed"] = Reply(body=json.dumps(feed).encode())
    [page] = poll(f"{url}/feed")
    assert [post.text for post in page.posts] == ["Two < three", "One"]
    assert page.posts[0].media == ("http://x.example/a",)
    assert [dead.id for dead in page.dead] == ["2"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Please log in</body></html>",
        b"<rss version='2.0'></rss",
        b'{"error": "no"}',
        b"{",
        b"\x89PNG\r\n",
    ],
)
def test_what_is_no_feed_is_changed_and_named(site: Site, url: str, body: bytes) -> None:
    site.pages["/feed"] = Reply(body=body)
    with pytest.raises(SourceChanged, match="/feed: ") as caught:
        poll(f"{url}/feed")
    assert caught.value.payload == body


def test_a_feed_without_posts_is_fine(site: Site, url: str) -> None:
    site.pages["/feed"] = Reply(body=RSS.format("").encode())
    [page] = poll(f"{url}/feed")
    assert page.posts == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_an_entity_bomb_is_refused_in_any_encoding(site: Site, url: str, encoding: str) -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + RSS[39:].format("<item/>")
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{bomb}'
    site.pages["/feed"] = Reply(body=declared.encode(encoding))
    with pytest.raises(SourceChanged, match="DOCTYPE"):
        poll(f"{url}/feed")


def test_the_door_of_a_billion_laughs_is_refused(url: str) -> None:
    with pytest.raises(SourceChanged, match="DOCTYPE"):
        poll(f"{url}/fault/billion-laughs")


def test_full_text_takes_the_article_once_and_else_the_words_of_the_feed(
    site: Site, url: str
) -> None:
    item = (
        "<item><guid>{0}</guid><title>t</title><link>/{0}</link><description>f</description></item>"
    )
    feed = RSS.format(item.format("there") + item.format("gone")).encode()
    site.pages["/feed"] = Reply(body=feed)
    site.pages["/there"] = Reply(body=ARTICLE, headers={"Content-Type": "text/html"})
    [page] = poll(f"{url}/feed", full_text=True)
    texts = {post.id[-4:]: post.text for post in page.posts}
    assert "Engineers will look at it" in texts["here"]
    assert texts["gone"] == "f"
    [again] = poll(f"{url}/feed", page.cursor, full_text=True)
    assert again.posts == ()
    assert site.paths().count("/there") == 1


def test_an_article_that_robots_forbid_is_left(site: Site, url: str) -> None:
    site.pages["/robots.txt"] = Reply(body=b"User-agent: *\nDisallow: /there\n")
    site.pages["/there"] = Reply(body=ARTICLE, headers={"Content-Type": "text/html"})
    site.pages["/feed"] = Reply(
        body=RSS.format("<item><link>/there</link><description>f</description></item>").encode()
    )
    [page] = poll(f"{url}/feed", full_text=True)
    assert [post.text for post in page.posts] == ["f"]
    assert "/there" not in site.paths()


PIECES = st.sampled_from(
    [
        *"<>&;[]{}\"'/ \0",
        "<rss version='2.0'>",
        "<channel>",
        "<item>",
        "</item>",
        "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<entry>",
        "<title>",
        "<pubDate>99999-99-99",
        "<gml:pos xmlns:gml='http://www.opengis.net/gml'>1 2</gml:pos>",
        "<georss:where xmlns:georss='http://www.georss.org/georss'>",
        "<?xml version='1.0' encoding='utf-16'?>",
        "<!DOCTYPE a [",
        "<!ENTITY a '&b;'>",
        "<![CDATA[",
        "&#x0;",
        "&a;",
        '{"version": "https://jsonfeed.org/version/1", "items": [',
        '{"id": [], "content_html": 5, "authors": "x"},',
        "]}",
        "é\ud83d",
    ]
)


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=20).map("".join)))
def test_whatever_a_server_sends_only_source_errors_are_raised(sent: bytes | str) -> None:
    body = sent if isinstance(sent, bytes) else sent.encode("utf-8", "surrogatepass")
    with contextlib.suppress(SourceError):
        list(rss.collect(rss.Options(url="http://x.example/"), Given(body), Cursor()))
