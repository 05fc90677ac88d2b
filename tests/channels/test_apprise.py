"""Services behind Apprise, as a real server of JSON sees them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels import apprise as part
from monitor.errors import ConfigError, DeliveryRefused, DeliveryUnavailable
from monitor.messages import Message
from monitor.ports import Channel
from tests.servers import Reply, Site, serving

MESSAGE = Message(
    id="2f6a1c0d9e8b7a65",
    subscription="s1",
    to="desk",
    subject="Fire: <b>harbour</b>",
    text="A warehouse burns.\\n is not a line\nhttps://example.org/event/17",
    html="<p>A warehouse burns.</p>",
    at=datetime(2026, 3, 14, 12, tzinfo=UTC),
)


def opened(folder: Path, text: str) -> Channel:
    file = folder / "targets.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return part.open(part.Options(targets_file=str(file), timeout_s=5.0))


def posted(folder: Path, reply: Reply) -> Site:
    site = Site(pages={"/alerts": reply, "/elsewhere": Reply()})
    with serving(site) as url:
        channel = opened(folder, f'desk = "{url.replace("http", "json")}/alerts"')
        channel.send("desk", channel.compose(MESSAGE))
    return site


def test_subject_and_text_arrive_as_they_are(tmp_path: Path) -> None:
    (body,) = posted(tmp_path, Reply()).posted
    said = json.loads(body)
    assert said["title"] == MESSAGE.subject
    assert said["message"] == MESSAGE.text
    assert said["attachments"] == []


@pytest.mark.parametrize("status", [400, 404, 500])
def test_what_a_service_does_not_take_is_tried_again(tmp_path: Path, status: int) -> None:
    with pytest.raises(DeliveryUnavailable) as refused:
        posted(tmp_path, Reply(status=status))
    assert "127.0.0.1" not in str(refused.value)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    site = Site(pages={"/alerts": Reply(status=302, headers={"Location": "/elsewhere"})})
    with serving(site) as url:
        channel = opened(tmp_path, f'desk = "{url.replace("http", "json")}/alerts"')
        with pytest.raises(DeliveryUnavailable):
            channel.send("desk", channel.compose(MESSAGE))
    assert "/elsewhere" not in site.paths()


def test_an_address_is_not_a_target(tmp_path: Path) -> None:
    channel = opened(tmp_path, 'desk = "json://127.0.0.1:9/"')
    with pytest.raises(DeliveryRefused):
        channel.compose(replace(MESSAGE, to="json://127.0.0.1:9/"))


@pytest.mark.parametrize("text", ["desk", 'desk = "nonsense://x"', "desk = 3", "desk = ["])
def test_a_target_that_is_none_is_said_at_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        opened(tmp_path, text)


def test_a_target_that_has_gone_keeps_mail_waiting(tmp_path: Path) -> None:
    payload = opened(tmp_path, 'desk = "json://127.0.0.1:9/"').compose(MESSAGE)
    with pytest.raises(DeliveryUnavailable):
        opened(tmp_path, 'other = "json://127.0.0.1:9/"').send("desk", payload)
