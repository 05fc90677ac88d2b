"""Posts of a feed: RSS 0.9x, 1.0, 2.0, Atom 0.3, 1.0, CDF, JSON Feed 1.x; positions in GeoRSS, W3C
Geo, GML and GDACS's own.

A feed is yielded whole each time that it has changed; what was seen before the ledger knows.

Source: https://www.rssboard.org/rss-specification https://www.rfc-editor.org/rfc/rfc4287
    https://www.jsonfeed.org/version/1.1/ https://www.ogc.org/standards/georss/
Cursor: the validators of the last whole answer; `repeats`, once the feed has given one guid to two
    posts; `full`, short hashes of posts whose articles were read, so that none is fetched twice.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from calendar import timegm
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax import SAXException

import feedparser
from feedparser.encodings import convert_to_utf8

from monitor.errors import SourceChanged, SourceError, SourceUnavailable
from monitor.fetch import canonical
from monitor.guard import refuse_bombs
from monitor.markup import language, moment, plain, web, webs
from monitor.model import (
    UNDATED,
    Cursor,
    Dead,
    Page,
    Point,
    Post,
    Severity,
    Stated,
    clean,
    digest_of,
)
from monitor.payload import changed, pages
from monitor.ports import Answer, Fetch, Policy
from monitor.shape import Ring, covering

POLICY: Final = Policy(
    terms="what a publisher puts into a public feed may be read; robots.txt is asked for articles",
    deletions="feeds do not tell of deletions; text expires with its source",
)

_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "application/json;q=0.8, text/xml;q=0.8, */*;q=0.5"
)
_FULL_PAGE: Final = 20
_ARTICLE_BYTES: Final = 3_000_000
_BROKEN: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    SAXException,
)
_JSON_FEED: Final = re.compile(r"jsonfeed\.org/version/|^1(?:\.[01])?$")
_GDACS_TOPICS: Final[Mapping[str, str]] = {
    "EQ": "Geo",
    "VO": "Geo",
    "TS": "Geo",
    "TC": "Met",
    "FL": "Met",
    "DR": "Met",
    "WF": "Fire",
}
_GDACS_SEVERITIES: Final[Mapping[str, Severity]] = {
    "red": "Extreme",
    "orange": "Severe",
    "green": "Minor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A feed.

    `url`: the feed's address, http or https.
    `full_text`: fetch each new article and keep its text in place of the feed's (robots.txt is
    obeyed; where the article cannot be had, the feed's text stays).
    """

    url: str
    full_text: bool = False


@dataclass(frozen=True, slots=True)
class _Draft:
    """A post that has no id yet, and what the feed calls it."""

    guid: str
    post: Post


def collect(options: Options, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
    """The whole feed, oldest first, where it has changed since `cursor`."""
    answer = fetch.get(options.url, cursor=cursor, accept=_ACCEPT)
    if not answer.changed:
        return
    drafts, dead = _read(answer, options.url)
    repeats = "repeats" in cursor.marks or _repeated(drafts)
    posts = sorted(_named(drafts, canonical(options.url), repeats), key=lambda p: p.published)
    marks = {"repeats": "yes"} if repeats else {}
    if options.full_text:
        yield from _with_articles(posts, dead, fetch, cursor, marks, fetch.marks(answer))
        return
    since = Cursor(marks={**cursor.marks, **marks})
    until = Cursor(marks={**marks, **fetch.marks(answer)})
    yield from pages(posts, dead=dead, since=since, until=until)


def _read(answer: Answer, url: str) -> tuple[list[_Draft], tuple[Dead, ...]]:
    """What the payload holds, in an order in which older posts tend to come first."""
    begin = answer.body.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    drafts: list[_Draft] = []
    dead: list[Dead] = []
    if begin == b"{":
        base, lang, entries = _json_entries(answer.body, url)
    else:
        base, lang, entries = _xml_entries(answer, url)
    draft = _json_draft if begin == b"{" else _xml_draft
    for number, entry in enumerate(entries, start=1):
        try:
            drafts.append(draft(entry, base, lang))
        except _BROKEN as error:
            dead.append(Dead(id=f"{number}", reason=f"it cannot be read: {type(error).__name__}"))
    drafts.reverse()
    return drafts, tuple(dead)


def _repeated(drafts: Sequence[_Draft]) -> bool:
    """Whether one guid stands for two posts."""
    return len({draft.guid for draft in drafts}) < len(drafts)


def _named(drafts: Sequence[_Draft], scope: str, repeats: bool) -> Iterator[Post]:
    """With ids: by guid, or by link and digest where guids cannot be trusted; copies numbered."""
    seen: Counter[str] = Counter()
    for draft in drafts:
        native = draft.guid
        if repeats:
            native = f"{draft.post.url}#{digest_of(draft.post)[:16]}"
        name = f"rss:{_short(scope)}:{_short(native)}"
        seen[name] += 1
        yield replace(draft.post, id=name if seen[name] == 1 else f"{name}~{seen[name]}")


def _short(name: str) -> str:
    """A name of at most 200 bytes and without blanks at its edges or line breaks."""
    name = " ".join(clean(name).split())
    if len(name.encode()) <= 200:
        return name
    return f"{name[:40]}~{hashlib.sha256(name.encode()).hexdigest()[:32]}"


# XML feeds


def _xml_entries(answer: Answer, url: str) -> tuple[str, str, Sequence[Any]]:
    """Base address, language and entries; raises SourceChanged where it is no feed.

    RFC 7303 lets the document's own encoding count where the server names none.
    """
    kind = answer.headers.get("content-type", "")
    base = web(url, answer.headers.get("content-location", "")) or url
    headers = {
        "content-type": kind if "charset" in kind.lower() else "application/xml",
        "content-location": base,
        "content-language": answer.headers.get("content-language", ""),
    }
    try:
        refuse_bombs(convert_to_utf8(headers, answer.body, {}))
        feed = feedparser.parse(
            io.BytesIO(answer.body),
            response_headers=headers,
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except _BROKEN as error:
        raise changed(url, "it cannot be read as a feed", answer.body) from error
    except SourceChanged as error:
        raise changed(url, str(error), answer.body) from error
    version = feed.get("version")
    if not feed.entries and (not version or _malformed(feed)):
        fault = "it is malformed and holds no post" if version else "it is no feed"
        raise changed(url, fault, answer.body)
    return base, dict.get(feed.feed, "language") or "", feed.entries


def _malformed(feed: Any) -> bool:
    """Whether the document is broken; a doubtful encoding or media type is no such thing."""
    harmless = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    return bool(feed.bozo) and not isinstance(feed.bozo_exception, harmless)


def _xml_draft(entry: Any, base: str, lang: str) -> _Draft:
    """One RSS item, Atom entry or CDF item."""
    published = _utc(entry, "published_parsed", "created_parsed", "updated_parsed")
    updated = _utc(entry, "updated_parsed")
    text, said = _xml_text(entry)
    post = Post(
        id="",
        title=plain(dict.get(entry, "title") or ""),
        text=plain(text),
        url=web(base, dict.get(entry, "link") or ""),
        published=published,
        edited=updated if updated > published else None,
        author=clean(dict.get(entry, "author") or ""),
        lang=language(said or (dict.get(entry, "title_detail") or {}).get("language") or lang),
        point=_xml_point(entry),
        media=_xml_media(entry, base),
        stated=_gdacs_stated(entry),
    )
    return _Draft(guid=dict.get(entry, "id") or post.url or digest_of(post)[:32], post=post)


def _utc(entry: Any, *keys: str) -> datetime:
    """A moment from the first of feedparser's UTC tuples; UNDATED where there is none."""
    parsed = next((dict.get(entry, key) for key in keys if dict.get(entry, key)), None)
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else UNDATED
    except (ValueError, TypeError, OverflowError, OSError):
        return UNDATED


def _xml_text(entry: Any) -> tuple[str, str]:
    """The longest form of its words that a feed gives first, and the language stated for it."""
    readable = ("text", "application/xhtml", "html", "xhtml")
    for content in (*entry.get("content", ()), entry.get("summary_detail") or {}):
        kind = content.get("type") or "text"
        if content.get("value") and kind.startswith(readable):
            return content["value"], content.get("language") or ""
    return dict.get(entry, "summary") or "", ""


def _xml_media(entry: Any, base: str) -> tuple[str, ...]:
    """Enclosures and Media RSS, each address once."""
    found = [link.get("href") for link in entry.get("links", ()) if link.get("rel") == "enclosure"]
    for key in ("media_content", "media_thumbnail"):
        found += [medium.get("url") for medium in entry.get(key, ())]
    return webs(base, found)


def _xml_point(entry: Any) -> Point | None:
    """The position that an entry states; coordinates come as longitude, latitude."""
    where = dict.get(entry, "where") or {}
    shape, coordinates = where.get("type"), where.get("coordinates")
    if not coordinates and dict.get(entry, "geo_lat") and dict.get(entry, "geo_long"):
        shape, coordinates = "Point", (entry["geo_long"], entry["geo_lat"])
    if not coordinates and dict.get(entry, "gdacs_bbox"):
        west, east, south, north = entry["gdacs_bbox"].split()
        shape, coordinates = "Box", ((west, south), (east, north))
    try:
        return covering([_ring(shape, coordinates)]) if coordinates else None
    except _BROKEN:
        return None


def _ring(shape: str | None, coordinates: Any) -> Ring:
    """Corners as latitude and longitude."""
    if shape == "Point":
        coordinates = [coordinates]
    elif shape == "Polygon":
        coordinates = coordinates[0]
    corners = [(float(corner[1]), float(corner[0])) for corner in coordinates]
    if shape == "Box":
        (south, west), (north, east) = corners[:2]
        corners = [(south, west), (south, east), (north, east), (north, west)]
    return corners


def _gdacs_stated(entry: Any) -> Stated | None:
    """Hazard and alert level, where the feed is GDACS's."""
    level = (dict.get(entry, "gdacs_alertlevel") or "").lower()
    topic = _GDACS_TOPICS.get(dict.get(entry, "gdacs_eventtype") or "")
    if level not in _GDACS_SEVERITIES and topic is None:
        return None
    return Stated(
        topics=(topic,) if topic else (),
        severity=_GDACS_SEVERITIES.get(level, "Unknown"),
        certainty="Observed",
    )


# JSON Feed


def _json_entries(body: bytes, url: str) -> tuple[str, str, Sequence[Any]]:
    """Base address, language and items; raises SourceChanged where it is no JSON Feed."""
    try:
        feed = json.loads(body.removeprefix(b"\xef\xbb\xbf"), strict=False)
    except (ValueError, RecursionError) as error:
        raise changed(url, "it is no JSON", body) from error
    items = feed.get("items")
    named = "feed_url" in feed or _JSON_FEED.search(str(feed.get("version")))
    if not named or not isinstance(items, list):
        raise changed(url, "it is JSON, but no JSON Feed", body)
    return url, str(feed.get("language") or ""), items


def _json_draft(item: Any, base: str, lang: str) -> _Draft:
    """One item of a JSON Feed."""
    authors = item.get("authors") or [item.get("author") or {}]
    published = moment(item.get("date_published")) or moment(item.get("date_modified")) or UNDATED
    modified = moment(item.get("date_modified"))
    markup = item.get("content_html")
    words = plain(markup) if markup else clean(item.get("content_text") or "")
    attachments = [attachment.get("url") for attachment in item.get("attachments") or ()]
    post = Post(
        id="",
        title=plain(item.get("title") or ""),
        text=words or plain(item.get("summary") or ""),
        url=web(base, item.get("url") or item.get("external_url") or ""),
        published=published,
        edited=modified if modified and modified > published else None,
        author=clean(authors[0].get("name") or authors[0].get("url") or ""),
        lang=language(item.get("language") or lang),
        media=webs(base, [item.get("image"), item.get("banner_image"), *attachments]),
    )
    given = item.get("id")
    guid = str(given) if isinstance(given, str | int | float) and str(given) else ""
    return _Draft(guid=guid or post.url or digest_of(post)[:32], post=post)


# Articles


def _with_articles(
    posts: Sequence[Post],
    dead: tuple[Dead, ...],
    fetch: Fetch,
    cursor: Cursor,
    marks: Mapping[str, str],
    validators: Mapping[str, str],
) -> Iterator[Page]:
    """Pages of new posts with their articles' text; stored often, for articles come slowly."""
    keys = {hashlib.sha256((p.id + digest_of(p)).encode()).hexdigest()[:12]: p for p in posts}
    known = set(cursor.marks.get("full", "").split())
    done = [key for key in keys if key in known]
    new = [key for key in keys if key not in known]
    away: set[str] = set()
    for start in range(0, max(len(new), 1), _FULL_PAGE):
        page = []
        for key in new[start : start + _FULL_PAGE]:
            text, final = _article(keys[key].url, fetch, away)
            page.append(replace(keys[key], text=text) if text else keys[key])
            done += [key] if final else []
        whole = start + _FULL_PAGE >= len(new)
        kept = {**(validators if whole and not away else cursor.marks), **marks}
        yield Page(
            posts=tuple(page),
            dead=() if start else dead,
            cursor=Cursor(marks={**kept, "full": " ".join(done)}),
        )


def _article(url: str, fetch: Fetch, away: set[str]) -> tuple[str, bool]:
    """An article's text, or nothing; and whether asking again would be in vain. Hosts that do not
    answer are put into `away` and not asked again in this poll."""
    host = url.split("/")[2] if url else ""
    if not host or host in away:
        return "", not host
    try:
        answer = fetch.get(url, accept="text/html, application/xhtml+xml", page=True)
    except SourceUnavailable:
        away.add(host)
        return "", False
    except SourceError:
        return "", True
    if "html" not in answer.headers.get("content-type", "") or len(answer.body) > _ARTICLE_BYTES:
        return "", True
    import trafilatura

    try:
        return clean(trafilatura.extract(answer.body, url=answer.url) or ""), True
    except _BROKEN:
        return "", True
