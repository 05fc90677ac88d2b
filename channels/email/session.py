"""One connection to a mail server, and what its words mean to us.

What only the operator can mend (certificate, password, no TLS) leaves the message waiting, for it
is not the message's fault. The server's own words stay out of messages: they repeat addresses.
Source: https://www.rfc-editor.org/rfc/rfc5321 https://www.rfc-editor.org/rfc/rfc3463
https://www.rfc-editor.org/rfc/rfc3207 https://www.rfc-editor.org/rfc/rfc6531
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from channels.email import Options
from channels.email.address import Address
from monitor.errors import ConfigError, DeliveryRefused, DeliveryUnavailable

_REPLY_BYTES: Final = 65_536
"""What a server may say while it takes one message."""
_ENHANCED: Final = re.compile(rb"([245])\.(\d{1,3})\.(\d{1,3})\b")
_GONE: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_GONE_CODES: Final = frozenset({550, 551, 553})
"""What refuses a recipient for ever, where the server has no finer word for it."""
_CLOSING: Final = 421


def trusting(ca_file: str) -> ssl.SSLContext:
    """Verifies by the system's authorities, or by one of the operator's. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as fault:
        raise ConfigError(
            f"{ca_file}: cannot be read ({type(fault).__name__}); put the certificate of the mail "
            "server's authority there"
        ) from fault


class Session:
    """Hands over one message after another. For one thread."""

    def __init__(
        self, options: Options, password: str, tls: ssl.SSLContext | None, helo: str
    ) -> None:
        self._options = options
        self._password = password
        self._tls = tls
        self._helo = helo
        self._smtp: _Capped | None = None

    def hand_over(self, returns: str, to: Address, message: bytes) -> None:
        """One message to one recipient; returns when the server has said that it has it."""
        end = time.monotonic() + self._options.timeout_s
        with self._faults():
            smtp = self._begun(returns, to, len(message), end)
            self._answered(smtp, smtp.rcpt(str(to)), "the recipient", gone=True)
            self._answered(smtp, _data(smtp, message), "the message")

    def close(self) -> None:
        """Say goodbye, if there is a connection."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()

    def _begun(self, returns: str, to: Address, size: int, end: float) -> _Capped:
        """A connection that has taken the sender. One that was open may have been closed meanwhile,
        which costs nothing: then there is a new one."""
        if self._smtp is not None:
            self._smtp.allow(end)
            try:
                answer = self._mail(self._smtp, returns, to, size)
            except (smtplib.SMTPServerDisconnected, OSError):
                self._drop()
            else:
                if answer[0] != _CLOSING:
                    self._answered(self._smtp, answer, "the sender")
                    return self._smtp
                self._drop()
        smtp = self._smtp = self._connected(end)
        self._answered(smtp, self._mail(smtp, returns, to, size), "the sender")
        return smtp

    def _mail(self, smtp: _Capped, returns: str, to: Address, size: int) -> tuple[int, bytes]:
        options = [f"SIZE={size}"] if smtp.has_extn("size") else []
        if to.utf8:
            if not smtp.has_extn("smtputf8"):
                raise DeliveryRefused(
                    f"{self._options.host}: it takes no address beyond ASCII (SMTPUTF8); use "
                    "another address or server"
                )
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        return smtp.mail(returns, options)

    def _connected(self, end: float) -> _Capped:
        """A new connection, encrypted and logged in as configured."""
        options = self._options
        tls = self._tls if options.security == "tls" else None
        smtp = self._smtp = _Capped(options.host, options.at, self._helo, tls, end)
        if options.security == "starttls":
            smtp.starttls(context=self._tls)
        if options.user:
            smtp.login(options.user, self._password)
        smtp.ehlo_or_helo_if_needed()
        return smtp

    def _answered(
        self, smtp: _Capped, answer: tuple[int, bytes], what: str, *, gone: bool = False
    ) -> None:
        """Pass what was accepted, raise what was not, and be ready for the next message."""
        code, said = answer
        if 200 <= code < 300:
            return
        finer = _ENHANCED.match(said)
        status = finer.group().decode() if finer else ""
        words = f"{self._options.host}: it does not take {what} now ({code} {status}".rstrip() + ")"
        if code == _CLOSING or not _reset(smtp):
            self._drop()
        if 500 <= code < 600:
            raise DeliveryRefused(
                f"{words.replace(' now', '')}; it is not tried again",
                gone=gone and (status in _GONE if status else code in _GONE_CODES),
            )
        raise DeliveryUnavailable(f"{words}; tried again")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """What goes wrong with a connection as ours, and the connection is let go."""
        host = self._options.host
        try:
            yield
        except (DeliveryRefused, DeliveryUnavailable):
            raise
        except smtplib.SMTPAuthenticationError as fault:
            self._drop()
            raise DeliveryUnavailable(
                f"{host}: it does not know our name and password ({fault.smtp_code}); correct "
                "them, mail waits meanwhile"
            ) from fault
        except smtplib.SMTPNotSupportedError as fault:
            self._drop()
            raise DeliveryUnavailable(
                f"{host}: it offers no STARTTLS, or no way to log in; correct security and user, "
                "mail waits meanwhile"
            ) from fault
        except ssl.SSLCertVerificationError as fault:
            self._drop()
            raise DeliveryUnavailable(
                f"{host}: its certificate does not hold; correct host or ca_file, mail waits "
                "meanwhile"
            ) from fault
        except (smtplib.SMTPException, OSError, UnicodeError) as fault:
            self._drop()
            raise DeliveryUnavailable(
                f"{host}: no connection, or it broke ({type(fault).__name__}); tried again"
            ) from fault
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        """Let go of the connection without a word."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


class _Capped(smtplib.SMTP):
    """A connection whose server may take so long, and say so much, for each message."""

    def __init__(
        self, host: str, port: int, helo: str, tls: ssl.SSLContext | None, end: float
    ) -> None:
        self._implicit = tls
        self.allow(end)
        super().__init__(host, port, local_hostname=helo, timeout=self.seconds())

    def allow(self, end: float) -> None:
        """Another message, until that moment of the monotonic clock."""
        self._end = end
        self.left = _REPLY_BYTES

    def seconds(self) -> float:
        """What is left of the time. Raises TimeoutError where nothing is."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def send(self, s: Any) -> None:
        """Send within the time."""
        if self.sock is not None:
            self.sock.settimeout(self.seconds())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """The server's answer within the time and the bytes."""
        if self.file is None and self.sock is not None:
            self.file = _Replies(self.sock, self)
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = socket.create_connection((host, port), timeout)
        return self._implicit.wrap_socket(made, server_hostname=host) if self._implicit else made


class _Replies:
    """What smtplib reads lines from."""

    def __init__(self, sock: socket.socket, of: _Capped) -> None:
        self._sock = sock
        self._of = of
        self._held = b""

    def readline(self, limit: int) -> bytes:
        """One line, cut at the limit; empty at the end. Raises OSError past the caps."""
        while b"\n" not in self._held and len(self._held) < limit:
            self._sock.settimeout(self._of.seconds())
            if not (piece := self._sock.recv(4096)):
                break
            self._of.left -= len(piece)
            if self._of.left < 0:
                raise OSError("the server says too much")
            self._held += piece
        cut = min(self._held.find(b"\n") + 1 or limit, limit)
        line, self._held = self._held[:cut], self._held[cut:]
        return line

    def close(self) -> None:
        """Nothing: the socket is closed by who opened it."""


def _data(smtp: smtplib.SMTP, message: bytes) -> tuple[int, bytes]:
    """The last answer to a message, wherever in its handing over it came."""
    try:
        return smtp.data(message)
    except smtplib.SMTPDataError as fault:
        said = fault.smtp_error
        return fault.smtp_code, said if isinstance(said, bytes) else said.encode()


def _reset(smtp: _Capped) -> bool:
    """Whether the connection is ready for another message."""
    try:
        code, _ = smtp.rset()
    except (smtplib.SMTPException, OSError):
        return False
    return code == 250
