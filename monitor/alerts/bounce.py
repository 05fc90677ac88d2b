"""What comes back: reports that a message could not be delivered (DSN), or was complained of (ARF).

A report is believed where it names a message that we sent: by the address that it returned to
(`bounces+id@…`), or by the Message-ID of what it returns. Ids cannot be guessed, so only who had
the message can say so.
Source: https://www.rfc-editor.org/rfc/rfc3464 https://www.rfc-editor.org/rfc/rfc5965
https://www.rfc-editor.org/rfc/rfc3463
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Mail
from typing import Final, Literal

from monitor.alerts.deliver import suspend
from monitor.ledger import Ledger

Kind = Literal["hard", "soft", "complaint"]

LONGEST: Final = 65_536
"""Bytes that are read: a report says what it has to say before it returns the message."""
SOFT: Final = 5
"""So many that came back, of one subscription's in ninety days, are like one for ever."""

_PARTS: Final = 50
_NAMES: Final = 20
_VERP: Final = re.compile(r"\+([A-Za-z0-9=_-]{8,48})@")
_MESSAGE_ID: Final = re.compile(
    rb"^(?:message-id|original-message-id):\s{0,9}<?([A-Za-z0-9=_-]{8,48})@", re.I | re.M
)
_ADDRESSED: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "Original-Mail-From")
_STATUS: Final = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_PASSING: Final = re.compile(r"5\.(2\.[234]|3\.\d+|4\.[235-9]|6\.\d+|7\.\d+)")
"""Refusals for ever that say nothing of the address: a full mailbox, a size, a route, a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a report says: `message` is the id of ours, `status` an enhanced status code as in
    5.1.1, empty in a complaint."""

    kind: Kind
    message: str
    subscription: str
    status: str = ""


def bounced(ledger: Ledger, raw: bytes) -> Bounce | None:
    """Take a report in: a hard bounce, a complaint or one soft bounce too many suspends the
    subscription. None for what is no report, or on nothing that we sent."""
    raw = raw[:LONGEST]
    if raw.lower().count(b"content-type") > _PARTS:
        return None
    mail = email.message_from_bytes(raw)
    report = _said(mail)
    if report is None:
        return None
    kind, status = report
    for name in _named(mail, raw):
        if (entry := ledger.outbox.entry(name)) is None:
            continue
        number = ledger.outbox.bounced(entry.id, kind, f"{kind} {status}".strip())
        if not number:
            continue
        if kind != "soft" or number >= SOFT:
            suspend(ledger, entry.subscription, _REASONS[kind])
        return Bounce(kind=kind, message=entry.id, subscription=entry.subscription, status=status)
    return None


_REASONS: Final[dict[Kind, str]] = {
    "soft": "mail to the address came back too often",
    "hard": "the address does not take mail any more",
    "complaint": "the mail was reported as spam",
}


def _said(mail: Mail) -> tuple[Kind, str] | None:
    """The kind and status of a report; None where it is none, or one of success or delay."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/feedback-report":
            feedback = _fields(part)
            return None if feedback.get("feedback-type", "") == "not-spam" else ("complaint", "")
        if kind == "message/delivery-status":
            return _failure(part)
    return None


def _failure(part: Mail) -> tuple[Kind, str] | None:
    """What a delivery status says of its first recipient that failed."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, Mail) or _line(block, "Action") != "failed":
            continue
        found = _STATUS.match(_line(block, "Status"))
        status = found.group().strip() if found else ""
        hard = status.startswith("5.") and not _PASSING.fullmatch(status)
        return ("hard" if hard else "soft"), status
    return None


def _fields(part: Mail) -> dict[str, str]:
    """The fields of a feedback report, which some parsers take for a message and some for text."""
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if isinstance(inner, Mail):
        return {name.lower(): str(value).strip().lower() for name, value in inner.items()}
    text = payload if isinstance(payload, str) else ""
    lines = (line.partition(":") for line in text.splitlines()[:100])
    return {name.strip().lower(): value.strip().lower() for name, _, value in lines}


def _line(block: Mail, name: str) -> str:
    return str(block.get(name, "")).strip().lower()


def _named(mail: Mail, raw: bytes) -> Iterator[str]:
    """Ids that a report names, the likeliest first; any of them may be somebody else's."""
    told: list[str] = []
    for header in _ADDRESSED:
        for value in mail.get_all(header, [])[:_NAMES]:
            told += _VERP.findall(str(value)[:1_000])
    told += [name.decode("ascii") for name in _MESSAGE_ID.findall(raw)]
    told += _VERP.findall(raw.decode("latin-1"))
    yield from list(dict.fromkeys(told))[:_NAMES]
