"""DKIM: the sender's domain vouches for a message.

Source: https://www.rfc-editor.org/rfc/rfc6376
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import dkim  # type: ignore[import-untyped]
from dkim.crypto import UnparsableKeyError, parse_pem_private_key  # type: ignore[import-untyped]

from channels.email import Options
from monitor.errors import ConfigError
from monitor.secret import read_secret


class Signer:
    """Signs with one key. Raises ConfigError where the key cannot be used."""

    def __init__(self, options: Options, domain: str) -> None:
        where = options.dkim_key_file
        self._key = read_secret(Path(where), "a private RSA key in PEM").encode()
        self._selector = options.dkim_selector.encode()
        self._domain = (options.dkim_domain or domain).encode()
        try:
            parse_pem_private_key(self._key)
        except (UnparsableKeyError, ValueError) as fault:
            raise ConfigError(
                f"{where}: no RSA key that can be used; make one by `openssl genrsa 2048`"
            ) from fault

    def signed(self, message: bytes, at: datetime) -> bytes:
        """The message under its signature, which is dated as the message is. All headers are
        signed, From once more than it is there, so that none can be added."""
        made = _Dated(message, at)
        names = [name.lower() for name, _ in made.headers]
        header: bytes = made.sign(
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*names, b"from"],
        )
        return header + message


class _Dated(dkim.DKIM):  # type: ignore[misc]
    """A signature whose moment is given, so that it is the same twice."""

    def __init__(self, message: bytes, at: datetime) -> None:
        super().__init__(message)
        self._at = str(int(at.timestamp())).encode()

    def gen_header(self, fields: list[tuple[bytes, bytes]], *rest: Any, **more: Any) -> bytes:
        """The header of these fields, `t` replaced."""
        dated = [(name, self._at if name == b"t" else value) for name, value in fields]
        header: bytes = super().gen_header(dated, *rest, **more)
        return header
