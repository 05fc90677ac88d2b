"""Who may come in: whoever is at this machine, whoever has a token, and whom a proxy names.

A session is a cookie that holds the reader's name and a mark of the token, signed with a key made
of the ledger's: it ends when the token or the key is changed.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

from monitor.admit import Keys
from monitor.errors import ConfigError
from monitor.secret import read_secret
from monitor.tables import WebTable

SESSION_S: Final = 14 * 86_400
SHORTEST: Final = 24
"""Characters of the shortest token."""
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who asks. `nonce` is that of the session; a program has none but `shows` its token each time,
    which no other page can make it do."""

    name: str
    nonce: str = ""
    shows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Tokens by reader, the header that names a reader and the proxies that may set it.

    Where there is neither, whoever reaches the page is the user that it runs as.
    """

    secret: bytes = field(repr=False)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    header: str = ""
    proxies: frozenset[str] = frozenset()

    @property
    def session(self) -> str:
        """The name of the session's cookie. All ports of a machine share their cookies, so it is
        another one for each ledger."""
        return f"session-{self._keyed('cookie')[:8]}"

    @property
    def visit(self) -> str:
        """The name of the cookie that knows the last visit."""
        return f"visit-{self._keyed('cookie')[:8]}"

    @property
    def asks(self) -> bool:
        """Whether a reader has to show a token."""
        return bool(self.tokens)

    def bearer(self, token: str) -> Reader | None:
        """The reader of that token."""
        given = token.encode("utf-8", "surrogatepass")
        found = [
            name
            for name, known in self.tokens.items()
            if hmac.compare_digest(known.encode(), given)
        ]
        return Reader(name=found[0], shows=True) if found else None

    def forwarded(self, peer: str, name: str) -> str:
        """The reader that a proxy at `peer` names, nothing where it may not or does not."""
        shown = name.isprintable() and 0 < len(name) <= _LONGEST_NAME
        return name if shown and peer in self.proxies else ""

    def open(self, cookie: str) -> Reader | None:
        """The reader of a session; one without a name has not shown a token yet."""
        try:
            name, nonce, mark = self._signer.loads(cookie, max_age=SESSION_S)
        except (BadData, TypeError, ValueError):
            return None
        fits = hmac.compare_digest(str(mark), self._mark(str(name)))
        return Reader(name=str(name), nonce=str(nonce)) if fits else None

    def begin(self, name: str = "") -> tuple[Reader, str]:
        """A new session, and its cookie."""
        reader = Reader(name=name, nonce=secrets.token_urlsafe(16))
        return reader, str(self._signer.dumps([name, reader.nonce, self._mark(name)]))

    def csrf(self, reader: Reader | None) -> str:
        """What every change of a session has to show."""
        return self._keyed(f"csrf:{reader.nonce if reader else ''}")

    def allowed(self, reader: Reader, shown: str) -> bool:
        """Whether what was shown is the session's."""
        given = shown.encode("utf-8", "surrogatepass")
        return bool(reader.nonce) and hmac.compare_digest(self.csrf(reader).encode(), given)

    @property
    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="session")

    def _mark(self, name: str) -> str:
        """What a session holds of its reader's token, which ends with it."""
        return self._keyed(f"token:{self.tokens.get(name, '')}")

    def _keyed(self, text: str) -> str:
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


def read_access(options: WebTable, keys: Keys) -> Access:
    """Who may come in, by the options. Raises ConfigError."""
    local = options.host in LOOPBACK
    if not local and not options.token_file and not options.user_header:
        raise ConfigError(
            f"[web] host {options.host}: others could read and judge; set token_file or "
            "user_header, or leave the host at 127.0.0.1"
        )
    try:
        proxies = frozenset(str(ipaddress.ip_address(proxy)) for proxy in options.proxies)
    except ValueError as error:
        raise ConfigError(f"[web] proxies: {error}; write addresses, as in 127.0.0.1") from error
    return Access(
        secret=hmac.new(keys.keys[0], b"web", hashlib.sha256).digest(),
        tokens=_read_tokens(Path(options.token_file)) if options.token_file else {},
        header=options.user_header,
        proxies=proxies,
    )


def user() -> str:
    """Who sits at this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def _read_tokens(path: Path) -> Mapping[str, str]:
    """Tokens by name. Raises ConfigError."""
    lines = read_secret(path, "a line `name token` for each reader").splitlines()
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, token = line.strip().rpartition(" ")
        name = name.strip()
        if not name or len(token) < SHORTEST or len(name) > _LONGEST_NAME:
            raise ConfigError(
                f"{path}: line {number} is no name and token of {SHORTEST} characters at least; "
                "make one with `openssl rand -hex 32`"
            )
        if name in found or token in found.values():
            raise ConfigError(f"{path}: line {number} names a reader or a token twice; mend it")
        found[name] = token
    if not found:
        raise ConfigError(f"{path}: holds no token; write a line `name token` for each reader")
    return found
