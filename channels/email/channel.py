"""The channel: composes, and hands over to one server in one connection after another."""

from __future__ import annotations

import os
from pathlib import Path

from channels.email import PASSWORD, Options
from channels.email.address import address
from channels.email.compose import Composer, parted, recipient
from channels.email.session import Session, trusting
from monitor.errors import ConfigError
from monitor.messages import Message
from monitor.secret import read_secret


class Email:
    """Mail through one server. One thread sends; any thread may compose."""

    def __init__(self, options: Options) -> None:
        self._composer = Composer(options)
        password = _password(options) if options.user else ""
        tls = trusting(options.ca_file) if options.security != "none" else None
        self._session = Session(options, password, tls, address(options.sender).domain)

    def accepts(self, to: str) -> None:
        """Every address of mail."""
        recipient(to)

    def compose(self, message: Message) -> bytes:
        """The message as RFC 5322 has it, its return address in the first line."""
        return self._composer.compose(message)

    def send(self, to: str, payload: bytes) -> None:
        """Hand it to the server; a connection that is open is used again."""
        returns, message = parted(payload)
        self._session.hand_over(returns, recipient(to), message)

    def close(self) -> None:
        """Let go of the connection; the next message opens another."""
        self._session.close()


def _password(options: Options) -> str:
    password = (
        read_secret(Path(options.password_file), "the password of the mail server").strip()
        if options.password_file
        else os.environ.get(PASSWORD, "")
    )
    if not password or not password.isascii() or not options.user.isascii():
        raise ConfigError(
            f"[channel.email] user: needs a password, both in ASCII; put it into a password_file "
            f"or into {PASSWORD}"
        )
    return password
