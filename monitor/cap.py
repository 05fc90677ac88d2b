"""One message of the Common Alerting Protocol 1.0, 1.1 or 1.2 as a post.

Source: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias

from lxml import etree

from monitor.markup import language, moment, plain, web, webs
from monitor.model import (
    CATEGORIES,
    CERTAINTIES,
    SEVERITIES,
    UNDATED,
    Point,
    Post,
    Stated,
    clean,
)
from monitor.shape import Circle, Ring, covering

Element: TypeAlias = Any
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Alert:
    """One message. `references` are earlier ones of its chain, with the moments they were sent."""

    id: str
    kind: str
    status: str
    public: bool
    references: tuple[tuple[str, datetime], ...]
    post: Post


def alert_of(element: Element, base: str, lang: str) -> Alert:
    """Read an `alert` element, its addresses relative to `base`, in `lang` where it speaks several
    languages, else in English; raises ValueError with the reason where it says nothing."""
    identifier = text(element, "identifier")
    if not identifier:
        raise ValueError("it has no identifier")
    sender = text(element, "sender")
    infos = [part for part in element if name_of(part) == "info"]
    info = _chosen(infos, lang)
    title = plain(text(info, "headline") or text(info, "event") or text(element, "note"))
    areas = [part for part in info if name_of(part) == "area"]
    areas = areas or [part for other in infos for part in other if name_of(part) == "area"]
    described = "; ".join(dict.fromkeys(text(area, "areaDesc") for area in areas))
    said = (text(info, "description"), text(info, "instruction"), described)
    if not title and not any(said):
        raise ValueError("it says nothing")
    uris = [text(part, "uri") for part in info if name_of(part) == "resource"]
    post = Post(
        id="",
        title=title,
        text="\n".join(filter(None, map(plain, said))),
        url=web(base, text(info, "web")),
        published=_when(text(element, "sent")),
        author=sender,
        lang=language(text(info, "language") or "en"),
        point=_point(areas),
        media=webs(base, uris),
        voice="official",
        stated=_stated(info, infos),
    )
    return Alert(
        id=_identity(sender, identifier),
        kind=text(element, "msgType").lower() or "alert",
        status=text(element, "status").lower() or "actual",
        public=text(element, "scope").lower() in ("public", ""),
        references=_references(text(element, "references")),
        post=post,
    )


def _chosen(infos: Sequence[Element], lang: str) -> Element:
    """The block in the language asked for, else English, else the first."""
    spoken = [language(text(info, "language") or "en") for info in infos]
    for wanted in (language(lang), "en"):
        if wanted in spoken:
            return infos[spoken.index(wanted)]
    return infos[0] if infos else etree.Element("info")


def _stated(info: Element, infos: Sequence[Element]) -> Stated | None:
    """Categories, severity and certainty, if any; CAP 1.0's Very Likely is Likely."""
    said = {code.lower(): code for code in CATEGORIES}
    codes = (code for part in infos for code in texts(part, "category"))
    topics = dict.fromkeys(said[code.lower()] for code in codes if code.lower() in said)
    certainty = text(info, "certainty").title().replace("Very Likely", "Likely")
    severity = text(info, "severity").title()
    stated = Stated(
        topics=tuple(topics),
        severity=next((known for known in SEVERITIES if known == severity), "Unknown"),
        certainty=next((known for known in CERTAINTIES if known == certainty), "Unknown"),
    )
    return stated if stated != Stated() else None


def _point(areas: Sequence[Element]) -> Point | None:
    """The centre of all areas and the radius that covers them; circles come in kilometres."""
    rings: list[Ring] = []
    circles: list[Circle] = []
    for area in areas:
        for shape in texts(area, "polygon"):
            numbers = [float(number) for number in _NUMBER.findall(shape)]
            rings.append(list(zip(numbers[::2], numbers[1::2], strict=False)))
        for shape in texts(area, "circle"):
            numbers = [float(number) for number in _NUMBER.findall(shape)]
            if len(numbers) >= 3:
                circles.append((numbers[0], numbers[1], numbers[2] * 1000))
    return covering(rings, circles)


def _references(words: str) -> tuple[tuple[str, datetime], ...]:
    """Earlier messages: `sender,identifier,sent`, parted by blanks."""
    triples = (reference.split(",") for reference in words.split())
    return tuple((_identity(t[0], t[1]), _when(t[2])) for t in triples if len(t) == 3 and t[1])


def _identity(sender: str, identifier: str) -> str:
    """A message's id; identifiers are unique to a sender, who is an account and stands hashed."""
    name = "_".join(clean(identifier).split())
    return f"cap:{digits(sender.strip(), 8)}:{name if len(name) <= 200 else digits(name, 32)}"


def digits(words: str, count: int) -> str:
    """The first hexadecimal digits of SHA-256."""
    return hashlib.sha256(words.encode()).hexdigest()[:count]


def _when(words: str) -> datetime:
    """A moment as CAP and Atom or as RSS write it; UNDATED where it is none."""
    try:
        return moment(words) or parsedate_to_datetime(words).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return UNDATED


def name_of(element: Element) -> str:
    """The local name; namespaces differ by version. Comments have none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def is_alert(element: Element) -> bool:
    """Whether an element is a message of any version."""
    return name_of(element) == "alert" and "cap" in str(element.tag).rpartition("}")[0].lower()


def texts(element: Element, name: str) -> list[str]:
    """The words of all children of a name, with what is below them, blank ones left out."""
    found = ("".join(map(str, part.itertext())) for part in element if name_of(part) == name)
    return [words for words in map(clean, found) if words]


def text(element: Element, *names: str) -> str:
    """The first words under any of the names."""
    return next((text for name in names for text in texts(element, name)), "")
