"""The many services that Apprise knows (chats, pagers, push, SMS), by the operator's own addresses.

A subscription's `to` is the name of a target; its address, which holds secrets, stands only in the
operator's file, so that nobody who subscribes chooses what is connected to. Only subject and text
go out, nothing is attached and nothing is fetched for it.
Source: https://appriseit.com/ https://github.com/caronc/apprise/wiki
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.errors import ConfigError, DeliveryRefused, DeliveryUnavailable
from monitor.messages import Message
from monitor.secret import read_secret

if TYPE_CHECKING:
    from monitor.ports import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which services messages may go to.

    targets_file: a TOML file of mode 0600, one line `name = "address"` for each target, addresses
        as Apprise has them; a subscription goes to a name
    timeout_s: seconds that a service may take for one message
    """

    targets_file: str
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if self.timeout_s <= 0:
            raise ValueError("timeout_s is too small")


def open(options: Options) -> Channel:
    """The channel. Raises ConfigError where the file names a service that Apprise does not know."""
    return Services(options)


class Services:
    """One target for each name. Apprise says no more than yes or no, so a no is tried again."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._targets = _targets(options.targets_file)

    def accepts(self, to: str) -> None:
        """The names that have a target."""
        if to not in self._targets:
            raise DeliveryRefused(
                "apprise: there is no such target; name one of those in targets_file"
            )

    def compose(self, message: Message) -> bytes:
        """Subject and text. Raises DeliveryRefused for a name that no target has."""
        self.accepts(message.to)
        return msgspec.json.encode(_Words(subject=message.subject, text=message.text))

    def send(self, to: str, payload: bytes) -> None:
        """Hand it to the service."""
        if to not in self._targets:
            raise DeliveryUnavailable(f"{to}: its target is gone; put it back into targets_file")
        words = msgspec.json.decode(payload, type=_Words)
        told = self._targets[to].notify(
            body=words.text,
            title=words.subject,
            body_format="text",
            interpret_escapes=False,
            timeout=self._options.timeout_s,
        )
        if not told:
            raise DeliveryUnavailable(f"{to}: the service did not take it; tried again")

    def close(self) -> None:
        """Nothing: every message has a connection of its own."""


class _Words(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    text: str


def _targets(path: str) -> Mapping[str, Any]:
    """What each name leads to. Apprise keeps nothing on the disk, loads no code that is not its
    own and follows no redirects."""
    import apprise

    asset = apprise.AppriseAsset(
        plugin_paths=None,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        app_id="Signal Monitor",
        async_mode=False,
        secure_logging=True,
        http_redirects=False,
        interpret_escapes=False,
    )
    try:
        table = tomllib.loads(read_secret(Path(path), 'lines `name = "address"`'))
    except tomllib.TOMLDecodeError as fault:
        raise ConfigError(f'{path}: not TOML; write name = "address", one a line') from fault
    targets: dict[str, Any] = {}
    for name, url in table.items():
        target = apprise.Apprise(asset=asset)
        if not isinstance(url, str) or not target.add(url):
            raise ConfigError(f"{path}: {name}: no address that Apprise knows; correct it")
        targets[name] = target
    return targets
