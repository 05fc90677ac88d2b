"""Email by SMTP: RFC 5322 messages that people keep subscribed to, over TLS, signed where a key is.

A message carries the head of its thread (RFC 5322), its list (RFC 2919), one click to unsubscribe
(RFC 8058) and that a machine wrote it (RFC 3834); its return address names it (VERP), so that a
bounce says by itself which message came back. The payload is the whole message with its
Return-Path in the first line, which stays here.
Source: https://www.rfc-editor.org/rfc/rfc5321 https://www.rfc-editor.org/rfc/rfc5322
https://www.rfc-editor.org/rfc/rfc2919 https://www.rfc-editor.org/rfc/rfc3834
https://www.rfc-editor.org/rfc/rfc8058 https://www.rfc-editor.org/rfc/rfc6376
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from monitor.ports import Channel

Security = Literal["starttls", "tls", "none"]

PASSWORD: Final = "MONITOR_SMTP_PASSWORD"
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_LIST: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which server takes our mail, and what the mail says of us. A password is never written here:
    it comes from a file or from the environment, and never crosses the network in the clear.

    host: the server that takes our mail
    sender: the address that mail comes from, as in alerts@example.org
    port: where the server listens; 587 for starttls, 465 for tls and 25 for none where it is 0
    security: starttls and tls verify the server's certificate; none is for a server on this machine
    user: the name to log in with, none where the server knows us otherwise
    password_file: a file of mode 0600; without it the environment's MONITOR_SMTP_PASSWORD is taken
    ca_file: the certificate of the authority that signed the server's, where it is your own
    name: who mail comes from, in words
    bounces: the return address, as in bounces@example.org; each message has its own, as in
        bounces+id@example.org, so that one that comes back suspends its subscription; the sender's
        where it is empty
    reply_to: where answers go; to the sender where it is empty
    list_id: the name of the list, as in alerts.example.org; made of the sender's where it is empty
    timeout_s: seconds that the server may take for one message
    dkim_key_file: a private RSA key of mode 0600, PEM (`openssl genrsa 2048`), to sign
        with; the server, or nobody, signs where it is empty
    dkim_selector: the selector of that key in the DNS
    dkim_domain: the domain that signs; the sender's where it is empty
    """

    host: str
    sender: str
    port: int = 0
    security: Security = "starttls"
    user: str = ""
    password_file: str = ""
    ca_file: str = ""
    name: str = "Signal Monitor"
    bounces: str = ""
    reply_to: str = ""
    list_id: str = ""
    timeout_s: float = 30.0
    dkim_key_file: str = ""
    dkim_selector: str = ""
    dkim_domain: str = ""

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("host is empty")
        if self.user and self.security == "none":
            raise ValueError("user needs security: a password is not sent in the clear")
        if self.timeout_s <= 0 or not 0 <= self.port < 65_536:
            raise ValueError("timeout_s or port is out of range")
        if self.list_id and not _LIST.fullmatch(self.list_id):
            raise ValueError("list_id is no name as in alerts.example.org")
        if bool(self.dkim_key_file) != bool(self.dkim_selector):
            raise ValueError("dkim_key_file and dkim_selector go together")

    @property
    def at(self) -> int:
        """The port, chosen or usual."""
        return self.port or _PORTS[self.security]


def open(options: Options) -> Channel:
    """The channel; the server is reached when the first message goes. Raises ConfigError."""
    from channels.email.channel import Email

    return Email(options)
