"""What every channel promises, asked of all that the folder holds, each with its own server."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import parts
from monitor.errors import DeliveryRefused, DeliveryUnavailable
from monitor.messages import Message, Picture
from monitor.ports import Channel
from tests.servers import Reply, Site, serving
from tests.smtp import mail_server

KINDS = parts.kinds("channels")
MESSAGE = Message(
    id="2f6a1c0d9e8b7a65",
    subscription="s1",
    to="",
    subject="Fire in the old harbour",
    text="A warehouse burns.\n",
    html="<p>A warehouse burns. <img src='cid:map' alt='a map'></p>",
    at=datetime(2026, 3, 14, 12, tzinfo=UTC),
    pictures=(Picture(cid="map", alt="a map", png=b"\x89PNG\r\n\x1a\n" + bytes(200)),),
    unsubscribe="https://monitor.example.org/u/token",
)


@dataclass(frozen=True)
class Setting:
    """A channel's options, a recipient that exists, one that is none, and what has come."""

    options: Mapping[str, Any]
    to: str
    nobody: str
    taken: Callable[[], int]


def secret(folder: Path, text: str) -> str:
    path = folder / "secret"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


@contextmanager
def email(folder: Path) -> Iterator[Setting]:
    with mail_server() as server:
        options = {
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": "alerts@example.org",
        }
        yield Setting(options, "ada@example.org", "ada@", lambda: len(server.taken))


@contextmanager
def webhook(folder: Path) -> Iterator[Setting]:
    site = Site(pages={"/alerts": Reply(status=204)})
    with serving(site) as url:
        key = secret(folder, f"whsec_{base64.b64encode(bytes(32)).decode()}")
        options = {"secret_file": key, "allow": ("127.0.0.1",)}
        yield Setting(options, f"{url}/alerts", "http://example.org/", lambda: len(site.posted))


@contextmanager
def apprise(folder: Path) -> Iterator[Setting]:
    site = Site(pages={"/alerts": Reply()})
    with serving(site) as url:
        file = secret(folder, f'desk = "{url.replace("http", "json")}/alerts"\n')
        yield Setting({"targets_file": file}, "desk", "elsewhere", lambda: len(site.posted))


SETTINGS: Mapping[str, Callable[[Path], AbstractContextManager[Setting]]] = {
    "email": email,
    "webhook": webhook,
    "apprise": apprise,
}


def opened(kind: str, setting: Setting) -> Channel:
    part = parts.load("channels", kind)
    made: Channel = part.open(part.Options(**setting.options))
    return made


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def setting(kind: str, tmp_path: Path) -> Iterator[Setting]:
    with SETTINGS[kind](tmp_path) as made:
        yield made


@pytest.fixture
def channel(kind: str, setting: Setting) -> Iterator[Channel]:
    made = opened(kind, setting)
    yield made
    made.close()


def test_every_channel_of_the_folder_is_asked() -> None:
    assert set(KINDS) == set(SETTINGS)


def test_the_same_message_gives_the_same_bytes(
    kind: str, setting: Setting, channel: Channel
) -> None:
    message = replace(MESSAGE, to=setting.to)
    assert channel.compose(message) == channel.compose(message)
    assert opened(kind, setting).compose(message) == channel.compose(message)


def test_what_was_composed_is_taken_at_every_attempt(setting: Setting, channel: Channel) -> None:
    payload = channel.compose(replace(MESSAGE, to=setting.to))
    channel.send(setting.to, payload)
    channel.send(setting.to, payload)
    assert setting.taken() == 2


def test_a_closed_channel_opens_again(setting: Setting, channel: Channel) -> None:
    payload = channel.compose(replace(MESSAGE, to=setting.to))
    channel.send(setting.to, payload)
    channel.close()
    channel.close()
    channel.send(setting.to, payload)
    assert setting.taken() == 2


@pytest.mark.parametrize("to", ["", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>", "javascript:alert(1)"])
def test_nothing_is_composed_for_a_recipient_that_is_none(channel: Channel, to: str) -> None:
    with pytest.raises(DeliveryRefused):
        channel.compose(replace(MESSAGE, to=to))


def test_no_reader_has_messages_sent_to_what_is_none(setting: Setting, channel: Channel) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        channel.accepts(setting.nobody)
    assert setting.nobody not in str(refused.value)


def test_a_refusal_repeats_no_address(setting: Setting, channel: Channel) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        channel.compose(replace(MESSAGE, to=setting.nobody))
    assert setting.nobody not in str(refused.value)


def test_a_server_that_is_away_is_asked_again(kind: str, tmp_path: Path) -> None:
    with SETTINGS[kind](tmp_path) as setting:
        channel = opened(kind, setting)
        payload = channel.compose(replace(MESSAGE, to=setting.to))
    with pytest.raises(DeliveryUnavailable) as away:
        channel.send(setting.to, payload)
    assert "/alerts" not in str(away.value)
    assert "ada" not in str(away.value)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(subject=st.text(max_size=300), text=st.text(max_size=300), link=st.text(max_size=50))
def test_any_text_at_all_can_be_composed(
    kind: str,
    tmp_path_factory: pytest.TempPathFactory,
    subject: str,
    text: str,
    link: str,
) -> None:
    channel, to = kept(kind, tmp_path_factory)
    message = replace(
        MESSAGE, to=to, subject=subject, text=text, html=text, unsubscribe=f"https://{link}"
    )
    assert channel.compose(message)


_kept: dict[str, tuple[Channel, str]] = {}


def kept(kind: str, folders: pytest.TempPathFactory) -> tuple[Channel, str]:
    """One channel for all examples: none of them is sent."""
    if kind not in _kept:
        with SETTINGS[kind](folders.mktemp(kind)) as setting:
            _kept[kind] = opened(kind, setting), setting.to
    return _kept[kind]
