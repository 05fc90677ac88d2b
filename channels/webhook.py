"""Webhooks: each message as JSON in a signed POST, as Standard Webhooks has it.

The body is `{"type": "alert", "timestamp": …, "data": {…}}`; `data` has `id`, `thread` (id of the
first message on this event, empty in the first), `subscription`, `subject`, `text`, `lang`,
`events` (ids), `unsubscribe` and `manage`. The headers are `webhook-id` (the message's id, the same
at every attempt), `webhook-timestamp` (seconds since 1970, of the attempt) and
`webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. Answers of 200 to
299 are a yes; 408, 425, 429 and 500 and more are tried again; 410 ends the subscription.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from monitor.errors import (
    ConfigError,
    DeliveryRefused,
    DeliveryUnavailable,
    SourceError,
    SourceRefused,
)
from monitor.messages import Message
from monitor.secret import read_secret

if TYPE_CHECKING:
    from monitor.ports import Channel

_AGAIN: Final = frozenset({408, 425, 429})
_GONE: Final = 410
_PREFIX: Final = "whsec_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How messages are posted to addresses that subscribers name.

    secret_file: a file of mode 0600 with the secret that requests are signed with: `whsec_` and the
        base64 of 24 to 64 bytes
    allow: hosts that may have private addresses, and may be asked by http
    timeout_s: seconds that a server may take for one message
    """

    secret_file: str
    allow: tuple[str, ...] = ()
    timeout_s: float = 15.0

    def __post_init__(self) -> None:
        if self.timeout_s <= 0:
            raise ValueError("timeout_s is too small")


def open(options: Options) -> Channel:
    """The channel. Raises ConfigError where the secret cannot be used."""
    return Webhook(options)


class Webhook:
    """Posts through the one polite HTTP client: public addresses only, no redirects, capped."""

    def __init__(self, options: Options) -> None:
        from monitor.fetch import Fetcher

        self._key = _key(options.secret_file)
        self._allow = frozenset(host.lower() for host in options.allow)
        self._fetch = Fetcher(
            allow=options.allow, timeout_s=options.timeout_s, per_host_s=0.0, redirects=0
        )

    def accepts(self, to: str) -> None:
        """Public addresses of https: hosts that the operator allowed are the operator's to choose.
        What a name stands for is looked at when it is connected to."""
        if (host := self._host(to)) in self._allow:
            raise DeliveryRefused(
                f"{host}: only the operator chooses it, by `monitor alert add --vouch`"
            )

    def compose(self, message: Message) -> bytes:
        """The body, the same at every attempt. Raises DeliveryRefused for an address that is none
        of https."""
        self._host(message.to)
        data = {
            "id": message.id,
            "thread": message.thread,
            "subscription": message.subscription,
            "subject": message.subject,
            "text": message.text,
            "lang": message.lang,
            "events": message.events,
            "unsubscribe": message.unsubscribe,
            "manage": message.manage,
        }
        body = {"type": "alert", "timestamp": message.at, "data": data}
        return msgspec.json.encode(body, order="deterministic")

    def send(self, to: str, payload: bytes) -> None:
        """Post it. The address may hold a secret, so messages name the host alone."""
        host = self._host(to)
        try:
            status = self._fetch.post(to, payload, self._headers(payload))
        except SourceRefused as fault:
            raise DeliveryRefused(
                f"{host}: it may not be asked, or its certificate does not hold; correct the "
                "address, or name the host in [channel.webhook] allow"
            ) from fault
        except SourceError as fault:
            raise DeliveryUnavailable(f"{host}: it does not answer; tried again") from fault
        if 200 <= status < 300:
            return
        if status in _AGAIN or status >= 500:
            raise DeliveryUnavailable(f"{host}: it answered {status}; tried again")
        raise DeliveryRefused(
            f"{host}: it answered {status}; correct the address, or what listens there",
            gone=status == _GONE,
        )

    def close(self) -> None:
        """Nothing: every message has a connection of its own."""

    def _headers(self, payload: bytes) -> dict[str, str]:
        name = msgspec.json.decode(payload, type=_Body).data.id
        moment = str(int(time.time()))
        signed = f"{name}.{moment}.".encode() + payload
        signature = base64.b64encode(hmac.digest(self._key, signed, hashlib.sha256)).decode()
        return {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{signature}",
        }

    def _host(self, url: str) -> str:
        """The host of an address. Raises DeliveryRefused where we post to none such."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            host = ""
        secure = host and (parts.scheme == "https" or host in self._allow)
        if not secure or not url.isascii() or not url.isprintable() or " " in url:
            raise DeliveryRefused(
                "webhook: the recipient is no address as in https://example.org/alerts; correct it",
                gone=True,
            )
        return host


class _Identity(msgspec.Struct):
    id: str


class _Body(msgspec.Struct):
    data: _Identity


def _key(path: str) -> bytes:
    text = read_secret(Path(path), "the secret of webhooks").strip()
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise ConfigError(
            f"{path}: no secret of webhooks; put {_PREFIX} and the base64 of 24 to 64 bytes there, "
            f'as from `echo "{_PREFIX}$(openssl rand -base64 32)"`'
        )
    return key
