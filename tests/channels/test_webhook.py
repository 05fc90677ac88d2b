"""Webhooks as their receivers see them: signed, to public addresses, never led elsewhere."""

from __future__ import annotations

import base64
import hmac
import json
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels import webhook as part
from monitor.errors import ConfigError, DeliveryError, DeliveryRefused, DeliveryUnavailable
from monitor.messages import Message
from monitor.ports import Channel
from tests.servers import Reply, Site, serving
from tests.smtp import certificate

KEY = bytes(range(32))
MESSAGE = Message(
    id="2f6a1c0d9e8b7a65",
    subscription="s1",
    to="https://desk.example.org/alerts",
    subject="Fire",
    text="A warehouse burns.",
    html="<p>A warehouse burns.</p>",
    at=datetime(2026, 3, 14, 12, tzinfo=UTC),
    thread="0a1b2c3d4e5f6071",
    events=("17",),
)


def opened(folder: Path, *allow: str) -> Channel:
    file = folder / "secret"
    file.write_text(f"whsec_{base64.b64encode(KEY).decode()}\n", encoding="utf-8")
    file.chmod(0o600)
    return part.open(part.Options(secret_file=str(file), allow=allow))


def posted(folder: Path, reply: Reply) -> Site:
    """A site to which one message was posted."""
    site = Site(pages={"/alerts": reply, "/elsewhere": Reply()})
    with serving(site) as url:
        channel = opened(folder, "127.0.0.1")
        message = replace(MESSAGE, to=f"{url}/alerts")
        channel.send(message.to, channel.compose(message))
    return site


def test_the_body_has_the_documented_shape(tmp_path: Path) -> None:
    site = posted(tmp_path, Reply(status=202))
    assert json.loads(site.posted[0]) == {
        "type": "alert",
        "timestamp": "2026-03-14T12:00:00Z",
        "data": {
            "id": "2f6a1c0d9e8b7a65",
            "thread": "0a1b2c3d4e5f6071",
            "subscription": "s1",
            "subject": "Fire",
            "text": "A warehouse burns.",
            "lang": "en",
            "events": ["17"],
            "unsubscribe": "",
            "manage": "",
        },
    }


def test_the_signature_is_that_of_standard_webhooks(tmp_path: Path) -> None:
    site = posted(tmp_path, Reply())
    ((_, headers),) = site.asked
    assert headers["webhook-id"] == MESSAGE.id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300
    signed = f"{MESSAGE.id}.{headers['webhook-timestamp']}.".encode() + site.posted[0]
    expected = base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_receiver_that_is_busy_is_asked_again(tmp_path: Path, status: int) -> None:
    with pytest.raises(DeliveryUnavailable):
        posted(tmp_path, Reply(status=status))


@pytest.mark.parametrize(
    ("status", "gone"), [(400, False), (401, False), (404, False), (410, True)]
)
def test_a_receiver_that_says_no_is_not(tmp_path: Path, status: int, gone: bool) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        posted(tmp_path, Reply(status=status))
    assert refused.value.gone is gone
    assert "/alerts" not in str(refused.value)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    site = Site(pages={"/alerts": Reply(status=307, headers={"Location": "/elsewhere"})})
    with serving(site) as url:
        channel = opened(tmp_path, "127.0.0.1")
        message = replace(MESSAGE, to=f"{url}/alerts")
        with pytest.raises(DeliveryRefused):
            channel.send(message.to, channel.compose(message))
    assert site.paths() == ["/alerts"]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "localhost"])
def test_nothing_is_posted_into_our_own_network(tmp_path: Path, host: str) -> None:
    channel = opened(tmp_path)
    message = replace(MESSAGE, to=f"https://{host}/alerts")
    with pytest.raises(DeliveryRefused):
        channel.send(message.to, channel.compose(message))


@pytest.mark.parametrize(
    "to",
    [
        "http://desk.example.org/alerts",
        "ftp://desk.example.org/",
        "https:///alerts",
        "https://desk.example.org/a b",
        "https://desk.example.org/\r\nHost: x",
        "https://[::1/",
    ],
)
def test_only_addresses_of_https_are_taken(tmp_path: Path, to: str) -> None:
    with pytest.raises(DeliveryRefused):
        opened(tmp_path).compose(replace(MESSAGE, to=to))


def test_an_address_with_a_password_is_refused_without_repeating_it(tmp_path: Path) -> None:
    channel = opened(tmp_path)
    to = "https://me:hunter2@desk.example.org/alerts"
    with pytest.raises(DeliveryError) as refused:
        channel.send(to, channel.compose(replace(MESSAGE, to=to)))
    assert "hunter2" not in str(refused.value)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate(tmp_path))
    site = Site(pages={"/alerts": Reply()})
    with serving(site, tls) as url:
        channel = opened(tmp_path, "127.0.0.1")
        message = replace(MESSAGE, to=f"{url}/alerts")
        with pytest.raises(DeliveryRefused):
            channel.send(message.to, channel.compose(message))
    assert site.posted == []


@pytest.mark.parametrize("text", ["whsec_short", "c2VjcmV0", "", "whsec_%%%"])
def test_a_secret_that_is_none_is_said_at_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(ConfigError) as refused:
        part.open(part.Options(secret_file=str(file)))
    assert not text or text not in str(refused.value)
