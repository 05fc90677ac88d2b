"""Addresses that a message leads to: signed, so that whoever got the message needs no password.

Each is good for one purpose. Those that confirm or manage expire; the one that ends a subscription
never does.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from monitor.admit import Keys
from monitor.errors import QueryError

Purpose = Literal["confirm", "manage", "unsubscribe"]
DAY_S: Final = 86_400
LIFE_S: Final[Mapping[Purpose, int | None]] = {
    "confirm": 3 * DAY_S,
    "manage": 30 * DAY_S,
    "unsubscribe": None,
}
_LONGEST: Final = 400


class Links:
    """Signs with the newest of the secrets and reads what any of them signed; `page` is the address
    of the page, without a slash at its end."""

    def __init__(self, secrets: Sequence[bytes], page: str) -> None:
        self._secrets = list(reversed(secrets))
        self._page = page

    def confirm(self, id: str) -> str:
        """Where a subscription is confirmed."""
        return self._address("confirm", id)

    def manage(self, id: str) -> str:
        """Where it is changed, paused or removed."""
        return self._address("manage", id)

    def unsubscribe(self, id: str) -> str:
        """Where it ends, with one click."""
        return self._address("unsubscribe", id)

    def read(self, purpose: Purpose, token: str) -> str:
        """The id of the subscription that a token is about. Raises QueryError."""
        try:
            if len(token) > _LONGEST:
                raise BadData("long")
            found = self._signer(purpose).loads(token, max_age=LIFE_S[purpose])
        except SignatureExpired as error:
            raise QueryError(
                "link: has expired; ask for the subscription again, or use a newer message's link"
            ) from error
        except (BadData, UnicodeError) as error:
            raise QueryError("link: is not whole; copy all of it from the message") from error
        return str(found)

    def _address(self, purpose: Purpose, name: str) -> str:
        return f"{self._page}/alerts/{purpose}/{self._signer(purpose).dumps(name)}"

    def _signer(self, purpose: Purpose) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secrets, salt=f"alerts.{purpose}")


def secrets_of(keys: Keys) -> tuple[bytes, ...]:
    """What links are signed with, newest first: made of the keys, which it does not tell."""
    return tuple(hmac.new(key, b"alerts", hashlib.sha256).digest() for key in keys.keys)
