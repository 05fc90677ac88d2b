"""What is stored of a signal, an event or an activity: a document's JSON, the fields of
mapping.json. It is made from what a question sees (`monitor.documents`), so every index agrees.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import fields as fields_of
from functools import lru_cache
from operator import attrgetter
from typing import Final

import msgspec
import numpy as np

from monitor.fields import micros
from monitor.geo import EARTH_RADIUS_M
from monitor.model import Activity, Enrichment, Event, Place, Point, Signal, text_of
from monitor.query import Document, document

MAX_ZOOM: Final = 22
"""The finest tiles that documents are counted by."""
MAX_ID_BYTES: Final = 512
"""Source: https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-id-field"""
MAX_CHARS: Final = 40_000
"""Of one text, for the language's analyser: about as much as a question sees words of."""
NOWHERE: Final = "nowhere"
"""The tag of a document without a position."""
LANGS: Final = ("de", "en", "es", "fr", "it", "pt")
"""Languages whose texts have a field of their own, `text_de` …; all others are in `text`."""

_OF_SIGNAL: Final = tuple(field.name for field in fields_of(Signal) if field.name != "enrichment")
_OF_ENRICHMENT: Final = tuple(
    field.name for field in fields_of(Enrichment) if field.name != "vector"
)
_of_signal: Final = attrgetter(*_OF_SIGNAL)
_of_enrichment: Final = attrgetter(*_OF_ENRICHMENT)
_encode: Final = msgspec.json.Encoder().encode


def key_of(id: str) -> str:
    """The `_id` of the document of that id."""
    encoded = id.encode()
    return id if len(encoded) <= MAX_ID_BYTES else f"sha256:{hashlib.sha256(encoded).hexdigest()}"


def tag(field: str, value: str) -> str:
    """What `tags` holds where a field has that value, in whatever case."""
    return f"{field}={value.casefold()}"


def signal_body(signal: Signal) -> bytes:
    """A signal's document."""
    of = document(signal)
    post, known = signal.post, signal.enrichment
    happened = (place for place in known.places if place.role == "happened")
    fields = _shared(of)
    fields.update(_spoken(known.lang, (text_of(post),)))
    fields.update(_located(of, post.point or next(happened, None)))
    fields["severity"] = known.severity
    fields["voice"] = post.voice
    fields["collected"] = micros(post.collected) // 1_000
    fields["relevance"] = known.relevance
    fields["url"] = post.url
    if packed := _packed(known.vector):
        fields["vector"] = packed
    bare: dict[str, object] = dict(zip(_OF_SIGNAL, _of_signal(signal), strict=True))
    bare["enrichment"] = dict(zip(_OF_ENRICHMENT, _of_enrichment(known), strict=True))
    return _with_value(fields, bare)


def event_body(event: Event) -> bytes:
    """An event's document; its texts count as of the language that most of its signals have."""
    of = document(event)
    lang = max(sorted(event.langs), key=lambda lang: event.langs[lang], default="")
    fields = _shared(of) | _spoken(lang, event.texts) | _located(of, event.place)
    fields["severity"] = event.severity
    fields["certainty"] = event.certainty
    fields["certainty_rank"] = of.numbers["certainty"]
    fields["phase"] = event.phase
    fields["verdict"] = event.verdict
    fields["title"] = event.title
    fields["size"] = event.size
    fields["first_us"] = of.numbers["first"]
    fields["first"] = int(of.numbers["first"]) // 1_000
    if event.merged_into:
        fields["merged_into"] = event.merged_into
    return _with_value(fields, event)


def activity_body(activity: Activity) -> bytes:
    """An activity's document."""
    fields: dict[str, object] = {
        "number": activity.number,
        "at": micros(activity.at) // 1_000,
        "what": activity.what,
    }
    for name in ("source", "event", "verdict", "outcome", "channel"):
        if value := getattr(activity, name):
            fields[name] = value
    if activity.what == "page":
        for name in ("posts", "rows", "refused", "dead", "ms"):
            fields[name] = getattr(activity, name)
    return _encode(fields)


def _shared(of: Document) -> dict[str, object]:
    time = int(of.numbers["time"])
    return {
        "id": of.id,
        "seq": of.seq,
        "event": of.event,
        "time": time // 1_000,
        "time_us": time,
        "topic": of.keywords["topic"],
        "severity_rank": of.numbers["severity"],
        "source": of.keywords["source"],
        "lang": of.keywords["lang"],
        "place": of.places,
        "tags": _tags(of),
        "terms": " ".join(sorted(of.terms)),
        "words": [" ".join(text) for text in of.texts],
        "names": [" ".join(name) for name in of.names],
    }


def _tags(of: Document) -> list[str]:
    found = [said for each in of.keywords.items() for said in _of_keyword(*each)]
    found += _of_keyword("ref", tuple(sorted(of.refs)))
    if of.point is None:
        found.append(NOWHERE)
    return found


@lru_cache(maxsize=5_000)
def _of_keyword(field: str, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([tag(field, value) for value in values])


def _spoken(lang: str, texts: tuple[str, ...]) -> dict[str, object]:
    """The texts as their language's analyser reads them, cut where no question sees them either."""
    read = [text[:MAX_CHARS] for text in texts]
    return {f"text_{lang}" if lang in LANGS else "text": read}


def _located(of: Document, place: Point | Place | None) -> dict[str, object]:
    """Where a document is, and how surely."""
    if of.point is None or place is None:
        return {}
    lat, lon = of.point
    near = {"radius_m": place.radius_m} if place.radius_m <= EARTH_RADIUS_M else {}
    return {"point": {"lat": lat, "lon": lon}, **near}


def _packed(vector: bytes) -> bytes:
    """A vector as the server reads it fastest, big-endian and in JSON as base64; empty for what has
    no direction. Source: https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/dense-vector
    """
    numbers = np.frombuffer(vector, dtype="<f4")
    length = float(numbers @ numbers)
    return numbers.byteswap().tobytes() if 0.0 < length < math.inf else b""


def _with_value(fields: dict[str, object], value: Event | Mapping[str, object]) -> bytes:
    """The document, and in it the value itself, which finds are made from."""
    fields["value"] = value
    return _encode(fields)
