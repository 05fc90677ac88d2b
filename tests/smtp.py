"""Real mail servers on loopback: aiosmtpd, which fails as it is told, and Debian's Postfix.

with mail_server(faults=[Fault("rcpt", "451 4.7.1 come back later")]) as server: ...
with postfix() as server: ...
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from channels import email
from monitor.messages import Message, Picture
from monitor.ports import Channel
from tests.needs import lacking, smtp
from tests.running import waited

Stage = Literal["greet", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "accept"]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
MESSAGE = Message(
    id="2f6a1c0d9e8b7a65",
    subscription="s1",
    to="ada@example.org",
    subject="Fire in the old harbour: façade in danger",
    text="A warehouse burns.\n.\nFrom the fire service.\n",
    html='<p>A warehouse burns. Çok büyük.</p><img src="cid:map" alt="a map">',
    at=datetime(2026, 3, 14, 12, tzinfo=UTC),
    pictures=(Picture(cid="map", alt="a map", png=PNG),),
    unsubscribe="https://monitor.example.org/u/token",
)
TOML = """
[channel.email]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "alerts@example.org"
"""
"""What a deployment's configuration says of such a server; `port` is to be filled in."""


@dataclass
class Fault:
    """What goes wrong: at that stage the server says `reply`, or hangs up where it is empty, so
    many times. At `accept` it has the message, and does not say so."""

    stage: Stage
    reply: str = ""
    times: int = 1
    closes: bool = False


@dataclass(frozen=True)
class Taken:
    """A message that the server has, and how it came."""

    sender: str
    to: str
    data: bytes
    tls: bool
    user: str


@dataclass
class Server:
    """A server that runs: where, whose certificate it shows, what it has and what it was asked."""

    port: int = 0
    ca_file: str = ""
    faults: list[Fault] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0


def opened(server: Server, **more: Any) -> Channel:
    """The channel that mails to that server."""
    said: dict[str, Any] = {"security": "none", "bounces": "bounces@example.org", **more}
    return email.open(
        email.Options(host="127.0.0.1", port=server.port, sender="alerts@example.org", **said)
    )


def send(channel: Channel, message: Message = MESSAGE) -> None:
    """One message, then no more."""
    try:
        channel.send(message.to, channel.compose(message))
    finally:
        channel.close()


def certificate(folder: Path, name: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    if shutil.which("openssl") is None:
        lacking("openssl", "the program openssl")
    key, made = folder / "key.pem", folder / "cert.pem"
    command = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail -keyout {key} -out {made}"
    subprocess.run(
        ["openssl", *command.split(), "-addext", f"subjectAltName={name}"],
        check=True,
        capture_output=True,
    )
    return made, key


@contextmanager
def mail_server(
    *,
    security: Literal["starttls", "tls", "none"] = "none",
    pair: tuple[Path, Path] | None = None,
    login: tuple[str, str] | None = None,
    faults: Sequence[Fault] = (),
    utf8: bool = True,
    port: int = 0,
    on_taken: Callable[[Taken], None] | None = None,
) -> Iterator[Server]:
    """An aiosmtpd that runs meanwhile, in a thread of its own."""
    server = Server(faults=list(faults))
    tls = None
    if pair is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*pair)
        server.ca_file = str(pair[0])

    def protocol() -> SMTP:
        return _Scripted(
            _Mailbox(server, on_taken),
            server,
            hostname="mail.example.org",
            enable_SMTPUTF8=utf8,
            tls_context=tls if security == "starttls" else None,
            require_starttls=security == "starttls",
            auth_required=login is not None,
            auth_require_tls=security == "starttls",
            authenticator=lambda *asked: _judge(asked[4], login),
            loop=loop,
        )

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    implicit = tls if security == "tls" else None
    made = asyncio.run_coroutine_threadsafe(
        loop.create_server(protocol, "127.0.0.1", port, ssl=implicit), loop
    ).result()
    server.port = made.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_ended(made), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    """Close the server and whatever still talks to it."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _judge(data: object, login: tuple[str, str] | None) -> AuthResult:
    assert isinstance(data, LoginPassword)
    known = login is not None and (data.login, data.password) == tuple(w.encode() for w in login)
    return AuthResult(success=known, handled=False, auth_data=data.login.decode())


@dataclass
class _Mailbox:
    """Keeps what comes."""

    server: Server
    on_taken: Callable[[Taken], None] | None

    async def handle_DATA(self, protocol: SMTP, session: Session, envelope: Envelope) -> str:
        taken = Taken(
            sender=envelope.mail_from or "",
            to=envelope.rcpt_tos[0],
            data=bytes(envelope.content or b""),
            tls=session.ssl is not None
            or protocol.transport.get_extra_info("ssl_object") is not None,
            user=str(session.auth_data or ""),
        )
        self.server.taken.append(taken)
        if self.on_taken is not None:
            self.on_taken(taken)
        assert isinstance(protocol, _Scripted)
        if (fault := protocol.fault("accept")) is None:
            return "250 2.0.0 taken"
        if not fault.reply:
            protocol.transport.abort()
        return fault.reply


class _Scripted(SMTP):
    """aiosmtpd, but for the faults that it is told."""

    def __init__(self, handler: _Mailbox, server: Server, **more: Any) -> None:
        super().__init__(handler, **more)
        self.server = server

    def fault(self, stage: Stage) -> Fault | None:
        """The fault of that stage, one time less."""
        for fault in self.server.faults:
            if fault.stage == stage and fault.times:
                fault.times -= 1
                return fault
        return None

    def connection_made(self, transport: Any) -> None:
        """A client is here, or TLS begins: only the first is counted."""
        if self.transport is None:
            self.server.connections += 1
            if (fault := self.fault("greet")) is not None:
                if fault.reply:
                    transport.write(f"{fault.reply}\r\n".encode())
                transport.close()
                return
        super().connection_made(transport)

    async def _fails(self, stage: Stage) -> bool:
        if (fault := self.fault(stage)) is None:
            return False
        if fault.reply:
            await self.push(fault.reply)
        if not fault.reply or fault.closes:
            self.transport.close() if fault.reply else self.transport.abort()
        return True

    async def smtp_EHLO(self, arg: str) -> None:
        if not await self._fails("ehlo"):
            await super().smtp_EHLO(arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._fails("starttls"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._fails("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._fails("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._fails("rcpt"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._fails("data"):
            await super().smtp_DATA(arg)


@dataclass(frozen=True)
class Postfix:
    """A Postfix that runs: `inbox` and `returned` hold what came to `ada` and to `bounces`; mail to
    `nobody` is refused at once, mail to the domain example.net goes to the server beyond."""

    port: int
    ca_file: str
    folder: Path

    @property
    def inbox(self) -> list[Path]:
        return sorted(self.folder.glob("mail/ada/new/*"))

    @property
    def returned(self) -> list[Path]:
        return sorted(self.folder.glob("mail/bounces/new/*"))


MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mail.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ ada@example.org=ada/, bounces@example.org=bounces/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
recipient_delimiter = +
transport_maps = inline:{{ {{ example.net = smtp:[127.0.0.1]:{beyond} }} }}
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_security_level = encrypt
smtpd_relay_restrictions = permit_mynetworks, reject
minimal_backoff_time = 1s
queue_run_delay = 1s
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def postfix(beyond: int = 9) -> Iterator[Postfix]:
    """A Postfix of its own folders that runs meanwhile; `beyond` is the port of another server."""
    program = smtp()
    with tempfile.TemporaryDirectory(prefix="postfix-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        pair = certificate(folder)
        owner = pwd.getpwnam("nobody")
        for name in ("queue", "data", "mail"):
            (folder / name).mkdir()
        os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        port = _free_port()
        main = MAIN.format(folder=folder, beyond=beyond, uid=owner.pw_uid, gid=owner.pw_gid)
        (folder / "main.cf").write_text(main)
        (folder / "master.cf").write_text(MASTER.format(port=port))
        _postfix(program, folder, "start")
        try:
            waited(lambda: _answers(port), folder / "log")
            yield Postfix(port=port, ca_file=str(pair[0]), folder=folder)
        finally:
            _postfix(program, folder, "stop")


def _postfix(program: str, folder: Path, verb: str) -> None:
    said = subprocess.run([program, "-c", folder, verb], capture_output=True, text=True, timeout=60)
    if said.returncode:
        log = folder / "log"
        raise AssertionError(f"{said.stderr}\n{log.read_text() if log.exists() else ''}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as made:
            return made.recv(3) == b"220"
    except OSError:
        return False
