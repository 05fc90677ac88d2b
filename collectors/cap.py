"""Official alerts in the Common Alerting Protocol 1.0 to 1.2: one file, EDXL-DE around alerts, an
Atom or RSS index whose entries hold alerts, CAP elements or links to alerts, and the JSON of
MeteoAlarm and SaskAlert.

An update keeps the id of the first message of its chain, a cancellation takes it back; of a chain
that one answer lists twice the newest message counts. Tests, exercises, drafts, and what is not for
the public are passed over. Signatures are not verified: trust is in the address and its TLS.

Source: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html
    https://docs.oasis-open.org/emergency/edxl-de/v1.0/EDXL-DE_Spec_v1.0.html
Cursor: the validators of the last whole answer; `chain:<id>`, for 30 days, the first message of the
    chain of an update or cancellation, when that was sent, and when this one was; `read:<hash>`,
    the links of the index that need not be followed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from lxml import etree

from monitor.cap import Alert, Element, alert_of, digits, is_alert, name_of, text, texts
from monitor.errors import SourceError, SourceUnavailable
from monitor.markup import web
from monitor.model import Cursor, Dead, Page, Post, clean
from monitor.payload import changed, pages
from monitor.ports import Fetch, Policy

POLICY: Final = Policy(
    terms="alerts for the public may be passed on whole, with their source and without delay",
    deletions="a Cancel message takes an alert back",
)

_ACCEPT: Final = "application/cap+xml, application/atom+xml, application/xml, application/json"
_CAP: Final = "urn:oasis:names:tc:emergency:cap:1.2"
_INLINE: Final = ("severity", "category", "event")
_BROKEN: Final = (
    etree.XMLSyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)
_CHAIN_AGE: Final = timedelta(days=30)
_CHAINS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A source of alerts.

    `url`: an alert or an index of alerts, http or https.
    `lang`: the language to read where an alert speaks several; English where it is empty.
    `test`: take tests, exercises and system messages for alerts too.
    `follow`: how many links of an index are followed in one poll; the rest wait for the next.
    """

    url: str
    lang: str = "en"
    test: bool = False
    follow: int = 50


@dataclass(frozen=True, slots=True)
class _Link:
    """What the first message of a chain was, when it was sent, and when the message at hand was."""

    root: str
    published: datetime
    sent: datetime


def collect(options: Options, fetch: Fetch, cursor: Cursor) -> Iterator[Page]:
    """All alerts that stand in the source, oldest first, if it has changed since `cursor`."""
    answer = fetch.get(options.url, cursor=cursor, accept=_ACCEPT)
    if not answer.changed:
        return
    chains = _chains(cursor)
    reading = _Reading(options, fetch, cursor, chains)
    alerts = reading.alerts(answer.body)
    posts, gone = _followed(alerts, chains, options.test)
    marks = {**reading.read, **_chain_marks(chains)}
    kept = Cursor(marks={**marks, **(fetch.marks(answer) if reading.whole else {})})
    yield from pages(posts, gone=gone, dead=reading.dead, since=cursor, until=kept)


# Chains


def _followed(
    alerts: Iterable[Alert], chains: dict[str, _Link], test: bool
) -> tuple[list[Post], tuple[str, ...]]:
    """One post a chain, by its newest message, and what was cancelled; writes into `chains`."""
    newest: dict[str, datetime] = {}
    for link in chains.values():
        newest[link.root] = max(link.sent, newest.get(link.root, link.sent))
    posts: dict[str, Post] = {}
    gone: dict[str, None] = {}
    for alert in sorted(alerts, key=lambda alert: alert.post.published):
        sent = alert.post.published
        first = _first(alert, chains)
        if not _wanted(alert, test) or sent < newest.get(first.root, sent):
            continue
        newest[first.root] = sent
        if alert.references:
            chains[alert.id] = first
        posts.pop(first.root, None)
        if alert.kind == "cancel":
            gone[first.root] = None
        else:
            edited = sent if first.root != alert.id else None
            posts[first.root] = replace(
                alert.post, id=first.root, published=first.published, edited=edited
            )
    return list(posts.values()), tuple(root for root in gone if root not in posts)


def _wanted(alert: Alert, test: bool) -> bool:
    """Whether a message is an alert that is meant, and for everybody."""
    known = alert.public and alert.kind in ("alert", "update", "cancel")
    return known and (alert.status == "actual" or (test and alert.status != "draft"))


def _first(alert: Alert, chains: Mapping[str, _Link]) -> _Link:
    """The first message of an alert's chain: known from before, or the oldest that it names."""
    sent = alert.post.published
    if alert.id in chains:
        return chains[alert.id]
    for reference, _ in alert.references:
        if reference in chains:
            return replace(chains[reference], sent=sent)
    if alert.references:
        root, published = min(alert.references, key=lambda reference: reference[1])
        return _Link(root, min(published, sent), sent)
    return _Link(alert.id, sent, sent)


def _chains(cursor: Cursor) -> dict[str, _Link]:
    """The chains that the cursor remembers."""
    found = {}
    for key, value in cursor.marks.items():
        if key.startswith("chain:"):
            root, published, sent = value.split("\t")
            found[key.removeprefix("chain:")] = _Link(
                root, datetime.fromisoformat(published), datetime.fromisoformat(sent)
            )
    return found


def _chain_marks(chains: Mapping[str, _Link]) -> dict[str, str]:
    """The newest chains as marks."""
    if not chains:
        return {}
    limit = max(link.sent for link in chains.values())
    kept = [(name, link) for name, link in chains.items() if limit - link.sent <= _CHAIN_AGE]
    kept = sorted(kept, key=lambda pair: pair[1].sent)[-_CHAINS:]
    return {
        f"chain:{name}": f"{link.root}\t{link.published.isoformat()}\t{link.sent.isoformat()}"
        for name, link in kept
    }


# Documents


class _Reading:
    """One poll: the alerts of a document, its links followed."""

    def __init__(
        self, options: Options, fetch: Fetch, cursor: Cursor, chains: Mapping[str, _Link]
    ) -> None:
        self.read: dict[str, str] = {}
        self.dead: list[Dead] = []
        self.whole = True
        self._options = options
        self._fetch = fetch
        self._known = cursor.marks
        self._chains = chains
        self._away: set[str] = set()
        self._left = options.follow

    def alerts(self, body: bytes) -> list[Alert]:
        """The messages of a document; raises SourceChanged where it is none of the known forms."""
        found = []
        entries, elements = _parsed(body, self._options.url)
        for entry in entries:
            inner = next((part for part in entry.iter() if is_alert(part)), None)
            if inner is not None:
                elements.append(inner)
            elif any("cap" in str(part.tag) and name_of(part) in _INLINE for part in entry):
                elements.append(_of_entry(entry))
            else:
                found += self._behind(entry)
        found += [alert for element in elements for alert in self._alert(element)]
        return found

    def _alert(self, element: Element, also: tuple[tuple[str, datetime], ...] = ()) -> list[Alert]:
        """The message in an element, or none and a dead letter."""
        try:
            alert = alert_of(element, self._options.url, self._options.lang)
        except ValueError as error:
            name = text(element, "identifier") or text(element, "sent")
            self.dead.append(Dead(id=name[:200], reason=str(error)))
            return []
        return [replace(alert, references=(*alert.references, *also)) if also else alert]

    def _behind(self, entry: Element) -> list[Alert]:
        """The message that an entry links to; where it cannot be had, what the entry says itself.

        A message that is read after its entry stood in for it keeps the entry's id.
        """
        url = _link(entry, self._options.url)
        mark = f"read:{digits(url + text(entry, 'updated') + text(entry, 'pubDate'), 16)}"
        if mark in self._known:
            self.read[mark] = "yes"
            return []
        own = self._alert(_of_entry(entry))
        itself = tuple((alert.id, alert.post.published) for alert in own)
        own = [replace(alert, references=(*alert.references, *itself)) for alert in own]
        host = url.split("/")[2] if url else ""
        if not host:
            return own
        if host in self._away or self._left <= 0:
            self.whole = False
            return own
        self._left -= 1
        also = tuple(pair for pair in itself if pair[0] in self._chains)
        try:
            answer = self._fetch.get(url, accept=_ACCEPT)
            _, elements = _parsed(answer.body, url)
            self.read[mark] = "yes"
            found = [alert for element in elements for alert in self._alert(element, also)]
        except SourceUnavailable:
            self._away.add(host)
            self.whole = False
            found = []
        except SourceError:
            self.read[mark] = "yes"
            found = []
        return found or own


def _parsed(body: bytes, url: str) -> tuple[list[Element], list[Element]]:
    """Entries of an index, and alerts outside of one."""
    begin = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if begin == b"{":
            return _json(body)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
        )
        root = etree.fromstring(body, parser=parser)
    except _BROKEN as error:
        raise changed(url, f"it cannot be read: {str(error)[:200]}", body) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise changed(url, "it has a DOCTYPE, which no alert has", body)
    if name_of(root) in ("feed", "rss", "RDF"):
        return [part for part in root.iter() if name_of(part) in ("entry", "item")], []
    alerts = [part for part in root.iter() if is_alert(part)]
    if not alerts:
        raise changed(url, "it holds no alert of the Common Alerting Protocol", body)
    return [], alerts


def _json(body: bytes) -> tuple[list[Element], list[Element]]:
    """The same from SaskAlert's and MeteoAlarm's JSON."""
    document = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    if "entries" in document:
        return [_built("entry", _sask_entry(entry)) for entry in document["entries"]], []
    warnings = [document] if "alert" in document else document.get("warnings")
    if not isinstance(warnings, list):
        raise ValueError("JSON that is neither an alert nor a list of them")
    return [], [_built("alert", warning["alert"]) for warning in warnings]


def _sask_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": entry.get("identifier"),
        "identifier": entry.get("identifier"),
        "sender": entry.get("sender"),
        "sent": entry.get("sent"),
        "updated": entry.get("updated"),
        "title": entry.get("event_en"),
        "summary": entry.get("summary_en"),
        "point": entry.get("point"),
        "link": entry.get("cap_link"),
    }


def _built(name: str, value: Any) -> Element:
    """JSON as the elements it was made from: lists are elements that repeat."""
    element = etree.Element(f"{{{_CAP}}}{name}")
    if isinstance(value, Mapping):
        for key, part in value.items():
            for one in part if isinstance(part, list) else [part]:
                element.append(_built(key, one))
    elif value is not None:
        element.text = clean(str(value))
    return element


def _of_entry(entry: Element) -> Element:
    """What an entry of an index says of its alert, as an alert."""
    areas = {
        "areaDesc": text(entry, "areaDesc"),
        "polygon": texts(entry, "polygon"),
        "circle": [*texts(entry, "circle"), *(f"{p} 0" for p in texts(entry, "point"))],
    }
    info = {
        "category": texts(entry, "category"),
        "event": text(entry, "event"),
        "severity": text(entry, "severity"),
        "certainty": text(entry, "certainty"),
        "headline": text(entry, "title"),
        "description": text(entry, "summary", "description", "content"),
        "web": _link(entry, ""),
        "area": areas,
    }
    alert = {
        "identifier": text(entry, "identifier", "id", "guid") or _link(entry, ""),
        "sender": text(entry, "sender") or text(entry, "author"),
        "sent": text(entry, "sent", "published", "pubDate", "updated"),
        "status": text(entry, "status") or "Actual",
        "msgType": text(entry, "msgType") or "Alert",
        "scope": "Public",
        "references": text(entry, "references"),
        "info": info,
    }
    if not alert["identifier"]:
        alert["identifier"] = digits(f"{info['headline']}{alert['sent']}", 16)
    return _built("alert", alert)


def _link(entry: Element, base: str) -> str:
    """Where an entry's alert is: the link that says it is CAP, else the entry's own."""
    found: list[tuple[int, str]] = []
    for part in entry:
        if name_of(part) in ("link", "enclosure", "cap"):
            address = part.get("href") or part.get("url") or part.text or ""
            kind = f"{part.get('type', '')} {name_of(part)}".replace("enclosure", "")
            rank = 0 if "cap" in kind or "alerting" in kind else 1 + ("rel" in part.attrib)
            found.append((rank, web(base, address)))
    return min((pair for pair in found if pair[1]), default=(0, ""))[1]
