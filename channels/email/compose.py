"""A message as the bytes of RFC 5322: the same message gives the same bytes.

Every header is made of checked atoms or of encoded words, so that nothing that is said can become
another, and written by hand: the standard library takes many times as long for the same.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from email.header import Header
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from channels.email import Options
from channels.email.address import Address, address
from monitor.errors import ConfigError, DeliveryRefused
from monitor.messages import Message, Picture
from monitor.model import clean

if TYPE_CHECKING:
    from channels.email.sign import Signer

_ID: Final = re.compile(r"[A-Za-z0-9=_-]{1,48}")
"""What fits into a Message-ID and, behind the local part of the return address, into 64 octets."""
_LONGEST_RETURN: Final = 15
_LINK: Final = re.compile(r"https://[^\s<>\"\x00-\x20\x7f-\U0010ffff]{1,900}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CID: Final = re.compile(r"[A-Za-z0-9._@-]{1,100}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9 ]{1,60}")
_FROM: Final = re.compile(rb"^From ", re.MULTILINE)
_LONGEST: Final = 250
_LINE: Final = 57
"""Bytes that become a line of 76 characters."""
RETURN_PATH: Final = b"Return-Path: <"


class Composer:
    """Gives messages the form that this sender's mail has. Raises ConfigError for an address or a
    key that is none."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._sender = _own("sender", options.sender)
        self._bounces = _own("bounces", options.bounces or options.sender)
        if options.bounces and len(self._bounces.local) > _LONGEST_RETURN:
            raise ConfigError(
                f"[channel.email] bounces: the id of a message must fit behind it; take a name of "
                f"{_LONGEST_RETURN} letters at most"
            )
        self._reply_to = _own("reply_to", options.reply_to) if options.reply_to else None
        self._verp = bool(options.bounces)
        self._list = options.list_id or f"alerts.{self._sender.domain}"
        self._signer = _signer(options, self._sender) if options.dkim_key_file else None

    def compose(self, message: Message) -> bytes:
        """The whole message, its Return-Path first. Raises DeliveryRefused where it is addressed to
        nobody."""
        for name in (message.id, message.thread or message.id):
            if not _ID.fullmatch(name):
                raise DeliveryRefused("message: its id cannot stand in a header; use letters")
        to = recipient(message.to)
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers(message, to))
        whole = head.encode() + _body(message)
        if self._signer is not None:
            whole = self._signer.signed(whole, message.at)
        return RETURN_PATH + f"{self._returns(message.id)}>\r\n".encode() + whole

    def _returns(self, message: str) -> str:
        return self._bounces.tagged(message) if self._verp else str(self._bounces)

    def _headers(self, message: Message, to: Address) -> Iterator[tuple[str, str]]:
        domain = self._sender.domain
        yield "From", _named(self._options.name, self._sender)
        yield "To", str(to)
        yield "Subject", _subject(message.subject)
        yield "Date", format_datetime(message.at)
        yield "Message-ID", f"<{message.id}@{domain}>"
        if message.thread:
            yield "In-Reply-To", f"<{message.thread}@{domain}>"
            yield "References", f"<{message.thread}@{domain}>"
        if self._reply_to is not None:
            yield "Reply-To", str(self._reply_to)
        yield "List-Id", f"<{self._list}>"
        if _LINK.fullmatch(message.unsubscribe):
            yield "List-Unsubscribe", f"<{message.unsubscribe}>"
            yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
        yield "Auto-Submitted", "auto-generated"
        yield "X-Auto-Response-Suppress", "All"
        if _LANGUAGE.fullmatch(message.lang):
            yield "Content-Language", message.lang
        yield "MIME-Version", "1.0"


def parted(payload: bytes) -> tuple[str, bytes]:
    """The return address and the message. Raises DeliveryRefused for bytes that are not ours."""
    head, mark, message = payload.partition(b">\r\n")
    if not head.startswith(RETURN_PATH) or not mark or b"\n" in head:
        raise DeliveryRefused("payload: it was not composed by this channel; it cannot be sent")
    return head.removeprefix(RETURN_PATH).decode("utf-8", "replace"), message


def _own(key: str, text: str) -> Address:
    try:
        found = address(text)
    except ValueError as fault:
        raise ConfigError(f"[channel.email] {key}: {fault}; correct it") from fault
    if found.utf8:
        raise ConfigError(f"[channel.email] {key}: has letters beyond ASCII; take another")
    return found


def _signer(options: Options, sender: Address) -> Signer:
    from channels.email.sign import Signer

    return Signer(options, sender.domain)


def recipient(text: str) -> Address:
    """The address of a recipient. Raises DeliveryRefused where it is none."""
    try:
        return address(text)
    except ValueError as fault:
        raise DeliveryRefused(f"recipient: {fault}; correct it", gone=True) from fault


def _named(name: str, of: Address) -> str:
    """An address and whose it is, in words."""
    line = _line(name)
    if not line:
        return str(of)
    plain = _PLAIN.fullmatch(line) is not None
    return f"{line if plain else _encoded('From', line)} <{of}>"


def _subject(text: str) -> str:
    line = _line(text)
    if line.isascii() and "=?" not in line:
        return Header(line, header_name="Subject").encode(linesep="\r\n")
    return _encoded("Subject", line)


def _encoded(header: str, line: str) -> str:
    """Encoded words of RFC 2047."""
    return Header(line, "utf-8", header_name=header).encode(linesep="\r\n")


def _line(text: str) -> str:
    """One line without control characters."""
    return " ".join(clean(text).split())[:_LONGEST]


def _body(message: Message) -> bytes:
    """Text, and HTML with its pictures; what parts them follows from the id."""
    html = _text("html", message.html)
    if message.pictures:
        pictures = (_picture(picture) for picture in message.pictures)
        html = _parted('related; type="text/html"', _mark(message, 1), [html, *pictures])
    return _parted("alternative", _mark(message, 0), [_text("plain", message.text), html])


def _parted(kind: str, mark: str, parts: Sequence[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind};\r\n boundary="{mark}"\r\n'
    opened = f"\r\n--{mark}\r\n".encode()
    return b"".join((head.encode(), *(opened + part for part in parts), opened[:-2], b"--\r\n"))


def _mark(message: Message, number: int) -> str:
    """What parts the parts: `=_` stands in no body that is encoded."""
    return f"=_{hashlib.sha256(f'{message.id} {number}'.encode()).hexdigest()[:24]}"


def _text(kind: str, text: str) -> bytes:
    """A part of text, quoted-printable. A line that begins with From is changed by old servers."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    quoted = _FROM.sub(b"=46rom ", binascii.b2a_qp(lines, istext=True)).replace(b"\n", b"\r\n")
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + quoted


def _picture(picture: Picture) -> bytes:
    """A part that the HTML names. Raises DeliveryRefused where its name is none."""
    if not _CID.fullmatch(picture.cid):
        raise DeliveryRefused("picture: its name cannot stand in a header; use letters")
    head = (
        "Content-Type: image/png\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: inline; filename="map.png"\r\n'
        f"Content-ID: <{picture.cid}>\r\n\r\n"
    )
    lines = (
        binascii.b2a_base64(picture.png[at : at + _LINE], newline=False)
        for at in range(0, len(picture.png), _LINE)
    )
    return head.encode() + b"\r\n".join(lines)
