"""Posts as JSON lines: one object a line.

A post has `id` and `text` or `title`, and may have the other fields of `Post`: moments in ISO 8601,
epoch seconds or a snowflake id of X, `point` as `{"lat", "lon", "radius_m"}` or `[lat, lon]`,
`stated` as an object. A signal of an export holds it under `post`. `{"gone": [ids], "reason"}` and
`{"gone_authors": [accounts]}` take posts back. Other keys are passed over.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, get_args

from monitor.errors import SourceChanged
from monitor.markup import moment
from monitor.model import (
    CERTAINTIES,
    SEVERITIES,
    UNDATED,
    Gone,
    Point,
    Post,
    Reason,
    Stated,
    Voice,
    clean,
)

_SNOWFLAKE: Final = re.compile(r"[1-9]\d{16,18}")
_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
"""Source: https://github.com/twitter-archive/snowflake"""
_PREFIX: Final = re.compile(r"[a-z][a-z0-9_]*:(?!//)\S")
_VOICES: Final[tuple[Voice, ...]] = get_args(Voice)
_REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
_WORD = TypeVar("_WORD", bound=str)


def parse_line(line: bytes, number: int, fields: Mapping[str, str] | None = None) -> Post | Gone:
    """The post or deletion on a line; raises SourceChanged with its number and what is wrong.

    `fields` says under which key of the line a field of Post is found, where it is not its own.
    """
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("it is no object")
        if "gone" in record or "gone_authors" in record:
            return _gone(record)
        inner = record.get("post", record)
        if not isinstance(inner, dict):
            raise ValueError("post is no object")
        return _post({**inner, **{key: inner.get(held) for key, held in (fields or {}).items()}})
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = "it is no JSON" if isinstance(error, json.JSONDecodeError) else str(error)
        raise SourceChanged(f"line {number}: {reason[:200]}; correct it", payload=line) from error


def named(native: str) -> str:
    """A post's id in the file's kind, or as it is where it names a kind already."""
    native = " ".join(clean(native).split())
    if not native:
        raise ValueError("id is empty")
    return native if _PREFIX.match(native) else f"jsonl:{native}"


def _gone(record: Mapping[str, Any]) -> Gone:
    return Gone(
        ids=tuple(named(name) for name in _strings(record, "gone")),
        authors=_strings(record, "gone_authors"),
        reason=_word(record, "reason", _REASONS, "deleted"),
    )


def _post(record: Mapping[str, Any]) -> Post:
    title, text = _string(record, "title"), _string(record, "text")
    if not title and not text:
        raise ValueError("it has neither text nor title")
    given = record.get("id")
    if not isinstance(given, str | int) or isinstance(given, bool):
        raise ValueError("id is neither a string nor a whole number")
    parents = {key: _string(record, key) for key in ("repost_of", "reply_to")}
    return Post(
        id=named(str(given)),
        text=text,
        title=title,
        url=_string(record, "url"),
        source=_string(record, "source"),
        published=_moment(record, "published") or UNDATED,
        edited=_moment(record, "edited"),
        author=_string(record, "author"),
        lang=_string(record, "lang"),
        point=_point(record),
        repost_of=named(parents["repost_of"]) if parents["repost_of"] else "",
        reply_to=named(parents["reply_to"]) if parents["reply_to"] else "",
        media=_strings(record, "media"),
        voice=_word(record, "voice", _VOICES, "unknown"),
        stated=_stated(record),
    )


def _string(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{key} is no string")
    return clean(value)


def _strings(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = record.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key} is no list of strings")
    return tuple(values)


def _word(record: Mapping[str, Any], key: str, known: tuple[_WORD, ...], default: _WORD) -> _WORD:
    value = record.get(key)
    if value is None:
        return default
    for word in known:
        if word == value:
            return word
    raise ValueError(f"{key} is none of {', '.join(known)}")


def _moment(record: Mapping[str, Any], key: str) -> datetime | None:
    """ISO 8601, seconds since 1970, or a snowflake: an id of X that holds its moment."""
    value = record.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str | int) and _SNOWFLAKE.fullmatch(str(value)):
        return datetime.fromtimestamp(((int(value) >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e11:
        return datetime.fromtimestamp(value, UTC)
    found = moment(value)
    if found is None:
        raise ValueError(f"{key} is no moment in ISO 8601 or epoch seconds")
    return found


def _point(record: Mapping[str, Any]) -> Point | None:
    value = record.get("point")
    if value is None:
        return None
    if isinstance(value, dict):
        value = [value.get("lat"), value.get("lon"), value.get("radius_m", 0.0)]
    numbers = [float(number) for number in value] if isinstance(value, list) else []
    if not 2 <= len(numbers) <= 3 or not all(map(math.isfinite, numbers)):
        raise ValueError("point is neither {lat, lon, radius_m} nor [lat, lon]")
    lat, lon, radius_m = (*numbers, 0.0)[:3]
    if not (-90 <= lat <= 90 and -180 <= lon <= 180 and radius_m >= 0):
        raise ValueError("point is not on the earth")
    return Point(lat=lat, lon=lon, radius_m=radius_m)


def _stated(record: Mapping[str, Any]) -> Stated | None:
    value = record.get("stated")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("stated is no object")
    return Stated(
        topics=_strings(value, "topics"),
        severity=_word(value, "severity", SEVERITIES, "Unknown"),
        certainty=_word(value, "certainty", CERTAINTIES, "Unknown"),
    )
