"""The log: one line an event on standard error, the event a constant noun, facts as its keys.

What may hold a secret or the words of a person does not pass: the values of keys that sound like a
secret, credentials in addresses, values that are not plain, and the messages of exceptions that
are not ours. Lines are for reading on a terminal, JSON elsewhere.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from monitor.errors import MonitorError

_SECRETS: Final = frozenset(
    {"authorization", "cookie", "credential", "key", "password", "secret", "token"}
)
_WORDS: Final = frozenset({"body", "payload", "text", "texts", "title"})
_LONGEST: Final = 500
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]+@")
_PARAMETER: Final = re.compile(
    r"([?&][^=&\s]*(?:key|pass|secret|sig|token)[^=&\s]*=)[^&\s#]+", re.IGNORECASE
)


def configure(*, json: bool | None = None, level: str = "info") -> None:
    """Set up the log of this process; `json` None means: unless standard error is a terminal."""
    if json is None:
        json = not sys.stderr.isatty()
    lowest = logging.getLevelNamesMapping()[level.upper()]
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if json else _console()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            traced,
            guarded,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _Libraries) for handler in root.handlers):
        root.addHandler(_Libraries(logging.WARNING))


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """The log of a module, which says its name in every line."""
    if not structlog.is_configured():  # its own default writes to standard output, unguarded
        configure()
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return log


def guarded(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor: the event without secrets and without words of posts."""
    return {key: _plain(key, value) for key, value in event.items()}


def traced(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor: `exc_info` as `exception`, the places that it passed."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exception() if given else None
    if error is not None:
        event["exception"] = _Trace(_trace(error))
    return event


class _Trace(str):
    """Text of our own making, which may be long."""

    __slots__ = ()


class _Libraries(logging.Handler):
    """What libraries log: who and where, and their words before anything is filled in."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on; words without arguments may be filled in already and are left out."""
        facts: dict[str, object] = {"where": f"{record.filename}:{record.lineno}"}
        if record.args:
            facts["said"] = str(record.msg)
        if record.exc_info:
            facts["exc_info"] = record.exc_info[1]
        get(record.name).log(record.levelno, "library", **facts)


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _plain(key: str, value: object) -> object:
    names = set(re.split(r"[_\-]", key.lower()))
    if names & _SECRETS:
        return "[redacted]"
    if names & _WORDS:
        return "[withheld]"
    if value is None or isinstance(value, bool | int | float | _Trace):
        return value
    if isinstance(value, MonitorError | str | Path):
        shown = _PARAMETER.sub(r"\1[redacted]", _USERINFO.sub("", str(value)))
        return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(inner): _plain(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(key, each) for each in value]
    return type(value).__name__


def _trace(error: BaseException) -> str:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    first = _trace(before) + "\nthen\n" if before is not None else ""
    words = f": {error}" if isinstance(error, MonitorError) else ""
    passed = "".join(traceback.format_tb(error.__traceback__))
    return f"{first}{passed}{type(error).__name__}{words}"
