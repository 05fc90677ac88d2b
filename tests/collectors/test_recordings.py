"""What real servers sent: of every recording as many posts are read as it holds, counted here by
other means; what is malformed is named, and the rest go on."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from lxml import etree

from collectors import cap, rss
from monitor.errors import SourceChanged
from monitor.fetch import Fetcher
from monitor.model import Cursor, Page, Post, clean
from monitor.ports import Fetch
from tests.needs import shared
from tests.servers import Site, serving

POSTS = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s>/]", re.IGNORECASE)
ALERTS = re.compile(rb"<(?:[\w.-]+:)?alert\s")
NO_PAYLOAD = {".md", ".opml", ".spc"}
MALFORMED = {
    "malformed_rss_namespaced.xml": "an XML declaration inside another, attributes without quotes",
    "xee.atom": "a DOCTYPE with external entities",
}
Collecting = Callable[[str, Fetch], Iterator[Page]]


def feed(url: str, fetch: Fetch) -> Iterator[Page]:
    return rss.collect(rss.Options(url=url), fetch, Cursor())


def alerts(url: str, fetch: Fetch) -> Iterator[Page]:
    return cap.collect(cap.Options(url=url, follow=0), fetch, Cursor())


def payloads(folder: Path) -> list[Path]:
    """All recordings but the expectations that stand beside one."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.suffix not in NO_PAYLOAD
        and not path.name.endswith(("_expected.json", ".serde.json"))
        and not (path.suffix == ".json" and path.with_suffix(".xml").exists())
    ]


def held_by_feed(path: Path) -> int:
    body = path.read_bytes().replace(b"\0", b"")
    if path.suffix != ".json":
        return len(POSTS.findall(body))
    document = json.loads(body) if body.rstrip().endswith(b"}") else {}
    return len(document.get("items", ()))


def held_by_alerts(path: Path) -> int:
    body = path.read_bytes()
    if path.suffix == ".json":
        return body.count(b'"identifier"')
    return len(POSTS.findall(body)) or len(ALERTS.findall(body))


def is_whole_feed(path: Path) -> bool:
    """Whether a strict parser reads it, and it is a feed by its first element."""
    try:
        root = etree.fromstring(path.read_bytes())
    except etree.XMLSyntaxError:
        return False
    return etree.QName(root).localname in ("rss", "feed", "RDF")


def compared(folder: Path, collecting: Collecting, held: Callable[[Path], int]) -> int:
    """The posts read in all; fails with every recording of which not all was read."""
    faults: list[str] = []
    total = 0
    fetch = Fetcher(allow=("127.0.0.1",), per_host_s=0, timeout_s=20)
    with serving(Site(folder=folder)) as url:
        for path in payloads(folder):
            name, count = path.relative_to(folder).as_posix(), held(path)
            try:
                pages = list(collecting(f"{url}/{urllib.parse.quote(name)}", fetch))
            except SourceChanged as error:
                expected = path.name in MALFORMED or (count == 0 and not is_whole_feed(path))
                if not expected or path.name not in str(error):
                    faults.append(f"{name}: {count} held, but {error}")
                continue
            posts = [post for page in pages for post in page.posts]
            if len(posts) != count or any(page.dead for page in pages):
                faults.append(f"{name}: {count} held, {len(posts)} read")
            faults += [f"{name}: {fault}" for fault in unsound(posts)]
            total += len(posts)
    assert faults == []
    return total


def unsound(posts: list[Post]) -> list[str]:
    """What is wrong with a file's posts, whatever they say."""
    faults = []
    if len({post.id for post in posts}) != len(posts):
        faults.append("an id stands for two posts")
    if [post.published for post in posts] != sorted(post.published for post in posts):
        faults.append("newer posts come before older ones")
    if any(said != clean(said) for post in posts for said in (post.title, post.text)):
        faults.append("a text is not clean")
    return faults


def test_all_posts_of_all_feeds_are_read() -> None:
    assert compared(shared("recordings", "feeds"), feed, held_by_feed) > 1_800


def test_all_alerts_are_read() -> None:
    assert compared(shared("recordings", "cap"), alerts, held_by_alerts) == 248


def test_all_disasters_of_gdacs_are_read_with_their_places() -> None:
    assert compared(shared("recordings", "gdacs"), feed, held_by_feed) == 22


def test_a_gdacs_disaster_has_its_position() -> None:
    folder = shared("recordings", "gdacs")
    fetch = Fetcher(allow=("127.0.0.1",), per_host_s=0)
    with serving(Site(folder=folder)) as url:
        for path in payloads(folder):
            name = urllib.parse.quote(path.relative_to(folder).as_posix())
            for page in feed(f"{url}/{name}", fetch):
                assert all(post.point is not None for post in page.posts)
