"""What sources write, as plain values: HTML as words, dates as moments, language tags, links."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin

import lxml.etree
import lxml.html

from monitor.model import clean

LONGEST: Final = 2_000
"""Code points of a text that a page shows; the rest is behind the link to the original."""
MOST_MARKS: Final = 3
"""Marks upon one letter; more would be drawn over the lines around it."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""Scripts and emoji need these two; all other characters of `_UNSEEN` are not shown."""

_SILENT: Final = frozenset(
    [
        "applet",
        "button",
        "head",
        "iframe",
        "input",
        "math",
        "noscript",
        "object",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
    ]
)
_BREAKS: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)


def plain(markup: str) -> str:
    """The text of an HTML fragment, NFC, a line a block, without scripts, styles and comments;
    nothing where tags are nested 2,048 deep. `huge_tree` only lifts that limit from 256.

    A text without tags keeps its lines. What a tag-like text says literally, as `&lt;b&gt;`, stays.
    """
    if "<" not in markup and "&" not in markup:
        return clean(markup)
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(clean(markup).encode(), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError):
        return ""
    lines = "<" not in markup
    words: list[str] = []
    silent: lxml.etree._Element | None = None
    for event, element in lxml.etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        name = element.tag if isinstance(element.tag, str) else ""
        if event == "start" and silent is None:
            if name in _SILENT:
                silent = element
                continue
            words += ["\n" if name in _BREAKS else "", _flowing(element.text, lines)]
        elif event != "start" and silent in (None, element):
            silent = None
            words += ["\n" if name in _BREAKS else "", _flowing(element.tail, lines)]
    return clean("".join(words))


def _flowing(text: str | None, lines: bool) -> str:
    """A text in which, as in a browser, a line's end is only a blank."""
    return (text or "") if lines else (text or "").replace("\n", " ")


def moment(text: Any) -> datetime | None:
    """An ISO 8601 or RFC 3339 date in UTC, for which it is taken without an offset; else None."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def language(tag: str) -> str:
    """The primary subtag of a language tag, lower-case; empty where it is none."""
    primary = re.match(r"\s*([A-Za-z]{2,3})(?![A-Za-z])", tag)
    return primary[1].lower() if primary else ""


def web(base: str, address: str) -> str:
    """An absolute http or https address; empty where it is none."""
    try:
        found = urljoin(base, clean(address))
    except ValueError:
        return ""
    return found if found.startswith(("http://", "https://")) else ""


def webs(base: str, addresses: Sequence[Any]) -> tuple[str, ...]:
    """The absolute addresses among what was given, each once."""
    found = (web(base, address) for address in addresses if isinstance(address, str) and address)
    return tuple(dict.fromkeys(address for address in found if address))


def tame(text: str, longest: int = LONGEST) -> str:
    """A text that stays within its lines: without what is not seen, with few marks upon a letter,
    cut at `longest` code points with an ellipsis."""
    kept: list[str] = []
    marks = 0
    for char in text[: 4 * longest]:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= MOST_MARKS and _seen(char):
            kept.append(char)
        if len(kept) > longest:
            break
    cut = len(kept) > longest or len(text) > 4 * longest
    return "".join(kept[:longest]).strip() + ("…" if cut else "")


def _seen(char: str) -> bool:
    return char in "\n\t" or char in _JOINERS or unicodedata.category(char) not in _UNSEEN
