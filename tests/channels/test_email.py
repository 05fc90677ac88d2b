"""Mail as it arrives at real servers: its form, its thread, its signature, and every fault."""

from __future__ import annotations

import base64
import email
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import email as part
from monitor.errors import DeliveryRefused
from tests.running import waited
from tests.smtp import MESSAGE, PNG, Server, Taken, mail_server, opened, postfix, send


def read(taken: Taken) -> EmailMessage:
    """What arrived, parsed strictly."""
    mail = email.message_from_bytes(taken.data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert [defect for each in mail.walk() for defect in each.defects] == []
    return mail


@pytest.fixture
def arrived() -> EmailMessage:
    with mail_server() as server:
        send(opened(server))
    return read(server.taken[0])


def test_both_bodies_arrive(arrived: EmailMessage) -> None:
    text, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert html.get_content().strip() == MESSAGE.html


def test_the_map_arrives_beside_the_html_that_names_it(arrived: EmailMessage) -> None:
    (related,) = (each for each in arrived.walk() if each.get_content_type() == "multipart/related")
    html, picture = related.iter_parts()  # type: ignore[attr-defined]
    assert html.get_content_type() == "text/html"
    assert picture.get_content_type() == "image/png"
    assert picture["Content-ID"] == "<map>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == PNG


def test_the_headers_say_what_they_should(arrived: EmailMessage) -> None:
    assert arrived["From"] == "Signal Monitor <alerts@example.org>"
    assert arrived["To"] == "ada@example.org"
    assert arrived["Subject"] == MESSAGE.subject
    assert arrived["Message-ID"] == "<2f6a1c0d9e8b7a65@example.org>"
    assert arrived["Date"].datetime == MESSAGE.at
    assert arrived["List-Id"] == "<alerts.example.org>"
    assert arrived["List-Unsubscribe"] == "<https://monitor.example.org/u/token>"
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["In-Reply-To"] is None
    assert arrived["Return-Path"] is None


def test_the_return_address_names_the_message() -> None:
    with mail_server() as server:
        send(opened(server))
    assert server.taken[0].sender == "bounces+2f6a1c0d9e8b7a65@example.org"


def test_an_update_is_in_the_thread_of_the_first() -> None:
    with mail_server() as server:
        send(opened(server), replace(MESSAGE, id="0a1b2c3d4e5f6071", thread=MESSAGE.id))
    mail = read(server.taken[0])
    assert mail["In-Reply-To"] == mail["References"] == "<2f6a1c0d9e8b7a65@example.org>"


def test_no_unsubscribe_header_where_there_is_no_page() -> None:
    with mail_server() as server:
        for address in ("", "http://monitor.example.org/u", "https://a.example/>\r\nX: y"):
            send(opened(server), replace(MESSAGE, unsubscribe=address))
    assert [read(taken)["List-Unsubscribe"] for taken in server.taken] == [None] * 3


INJECTED = st.text(st.sampled_from('ab \r\n:<>,;"\\@=?\x00\x0b\x85\u2028\ud800é漢'), max_size=80)


@settings(max_examples=40)
@given(subject=INJECTED, name=INJECTED, link=INJECTED)
def test_nothing_that_is_said_becomes_a_header(subject: str, name: str, link: str) -> None:
    options = part.Options(
        host="127.0.0.1", sender="alerts@example.org", name=name, security="none"
    )
    message = replace(MESSAGE, subject=f"{subject}\r\nBcc: x@example.org", unsubscribe=link)
    payload = part.open(options).compose(message).partition(b"\r\n")[2]
    mail = email.message_from_bytes(payload, policy=policy.default)
    assert set(mail.keys()) - {"List-Unsubscribe", "List-Unsubscribe-Post"} == {
        *("To", "From", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted"),
        *("X-Auto-Response-Suppress", "Content-Language", "MIME-Version", "Content-Type"),
    }
    assert [address.addr_spec for address in mail["To"].addresses] == ["ada@example.org"]
    assert [address.addr_spec for address in mail["From"].addresses] == ["alerts@example.org"]


@settings(max_examples=60)
@given(text=st.text(st.sampled_from("ab .=\t\r\n-_é漢\x00") | st.characters(), max_size=300))
def test_any_text_arrives_as_it_was(text: str) -> None:
    channel = opened(Server(port=25))
    payload = channel.compose(replace(MESSAGE, text=text, pictures=()))
    assert max(map(len, payload.split(b"\r\n"))) < 998
    assert b"\n" not in payload.replace(b"\r\n", b"")
    mail = email.message_from_bytes(payload, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    found = mail.get_body(("plain",))
    assert found is not None
    got = found.get_payload(decode=True)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    assert isinstance(got, bytes)
    assert got.replace(b"\r\n", b"\n") == lines


@pytest.mark.parametrize("thread", ["x>\r\nBcc: y@example.org", "a b", "a" * 60])
def test_an_id_that_is_none_is_refused(thread: str) -> None:
    channel = part.open(part.Options(host="127.0.0.1", sender="alerts@example.org"))
    with pytest.raises(DeliveryRefused):
        channel.compose(replace(MESSAGE, thread=thread))


def test_an_address_beyond_ascii_goes_by_smtputf8() -> None:
    message = replace(MESSAGE, to="zoë@bücher.example")
    with mail_server() as server:
        send(opened(server), message)
    assert server.taken[0].to == "zoë@xn--bcher-kva.example"
    assert read(server.taken[0])["To"] == "zoë@xn--bcher-kva.example"


def test_an_address_beyond_ascii_is_refused_where_the_server_knows_none() -> None:
    with mail_server(utf8=False) as server, pytest.raises(DeliveryRefused, match="SMTPUTF8"):
        send(opened(server), replace(MESSAGE, to="zoë@example.org"))


def test_the_signature_holds(tmp_path: Path) -> None:
    key = tmp_path / "dkim.pem"
    command = ["openssl", "genrsa", "-out", key, "2048"]
    subprocess.run(command, check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"],
        check=True,
        capture_output=True,
    ).stdout
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    key.chmod(0o600)
    with mail_server() as server:
        channel = opened(server, dkim_key_file=str(key), dkim_selector="s2026")
        assert channel.compose(MESSAGE) == channel.compose(MESSAGE)
        send(channel, replace(MESSAGE, at=datetime.now(UTC) - timedelta(minutes=1)))
    data = server.taken[0].data
    asked: list[bytes] = []

    def resolver(name: bytes, timeout: float = 5) -> bytes:
        asked.append(name)
        return record

    assert dkim.verify(data, dnsfunc=resolver)
    assert asked == [b"s2026._domainkey.example.org."]
    assert not dkim.verify(data.replace(b"burns", b"burnt"), dnsfunc=resolver)
    assert not dkim.verify(data.replace(b"/u/token", b"/u/other"), dnsfunc=resolver)
    assert not dkim.verify(b"From: mallory@example.org\r\n" + data, dnsfunc=resolver)


def test_postfix_takes_it_over_tls_and_refuses_whom_it_does_not_know() -> None:
    with postfix() as server:
        channel = opened(Server(port=server.port), security="starttls", ca_file=server.ca_file)
        send(channel)
        waited(lambda: server.inbox, server.folder / "log")
        with pytest.raises(DeliveryRefused) as refused:
            send(channel, replace(MESSAGE, to="nobody@example.org"))
        delivered = server.inbox[0].read_bytes()
    assert refused.value.gone
    mail = email.message_from_bytes(delivered, policy=policy.default)
    assert mail["Return-Path"] == "<bounces+2f6a1c0d9e8b7a65@example.org>"
    assert "ESMTPS" in mail["Received"]
    assert re.findall(r"^(?:Subject|Message-ID)", delivered.decode("latin-1"), re.M) == [
        "Subject",
        "Message-ID",
    ]
    picture = next(each for each in mail.walk() if each.get_content_type() == "image/png")
    assert picture.get_payload(decode=True) == PNG
