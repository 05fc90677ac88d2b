"""A mail server at fault, at every stage: what waits, what is refused, and what costs nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels import email as part
from monitor.errors import ConfigError, DeliveryRefused, DeliveryUnavailable
from tests.smtp import MESSAGE, Fault, certificate, mail_server, opened, send

LOGIN = ("monitor", "correct horse")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_logs_in_over_tls(security: Any, pair: tuple[Path, Path], tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(f"{LOGIN[1]}\n", encoding="utf-8")
    password.chmod(0o600)
    with mail_server(security=security, pair=pair, login=LOGIN) as server:
        send(
            opened(
                server,
                security=security,
                user=LOGIN[0],
                password_file=str(password),
                ca_file=server.ca_file,
            )
        )
    assert [(taken.tls, taken.user) for taken in server.taken] == [(True, LOGIN[0])]


def test_the_password_may_come_from_the_environment(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_SMTP_PASSWORD", LOGIN[1])
    with mail_server(security="starttls", pair=pair, login=LOGIN) as server:
        send(opened(server, security="starttls", user=LOGIN[0], ca_file=server.ca_file))
    assert len(server.taken) == 1


def test_a_wrong_password_leaves_mail_waiting(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_SMTP_PASSWORD", "guessed")
    with mail_server(security="starttls", pair=pair, login=LOGIN) as server:
        channel = opened(server, security="starttls", user=LOGIN[0], ca_file=server.ca_file)
        with pytest.raises(DeliveryUnavailable, match="password"):
            send(channel)
    assert server.taken == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    security: Any, pair: tuple[Path, Path]
) -> None:
    with (
        mail_server(security=security, pair=pair) as server,
        pytest.raises(DeliveryUnavailable, match="certificate"),
    ):
        send(opened(server, security=security))
    assert server.taken == []


def test_a_certificate_of_another_name_is_not_believed(tmp_path: Path) -> None:
    other = certificate(tmp_path, "DNS:mail.example.com")
    with (
        mail_server(security="starttls", pair=other) as server,
        pytest.raises(DeliveryUnavailable, match="certificate"),
    ):
        send(opened(server, security="starttls", ca_file=server.ca_file))
    assert server.taken == []


def test_nothing_goes_where_starttls_was_stripped() -> None:
    with mail_server() as server, pytest.raises(DeliveryUnavailable, match="STARTTLS"):
        send(opened(server, security="starttls"))
    assert server.taken == []


@pytest.mark.parametrize("stage", ["greet", "ehlo", "mail", "rcpt", "data", "accept"])
def test_a_dropped_connection_is_tried_again(stage: Any) -> None:
    with mail_server(faults=[Fault(stage)]) as server:
        channel = opened(server)
        payload = channel.compose(MESSAGE)
        with pytest.raises(DeliveryUnavailable):
            channel.send(MESSAGE.to, payload)
        channel.send(MESSAGE.to, payload)
        channel.close()
    assert all(b"<2f6a1c0d9e8b7a65@example.org>" in taken.data for taken in server.taken)
    assert len({taken.data for taken in server.taken}) == 1


@pytest.mark.parametrize("stage", ["starttls", "auth"])
def test_a_connection_dropped_before_the_login_is_tried_again(
    stage: Any, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_SMTP_PASSWORD", LOGIN[1])
    secured = {"security": "starttls", "user": LOGIN[0], "ca_file": str(pair[0])}
    with mail_server(security="starttls", pair=pair, login=LOGIN, faults=[Fault(stage)]) as server:
        channel = opened(server, **secured)
        with pytest.raises(DeliveryUnavailable):
            send(channel)
        send(channel)
    assert len(server.taken) == 1


@pytest.mark.parametrize("stage", ["greet", "mail", "rcpt", "data", "accept"])
def test_a_server_that_is_busy_is_tried_again(stage: Any) -> None:
    with (
        mail_server(faults=[Fault(stage, "451 4.7.1 come back later")]) as server,
        pytest.raises(DeliveryUnavailable),
    ):
        send(opened(server))


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "accept"])
def test_what_is_refused_for_ever_is_not_tried_again(stage: Any) -> None:
    with (
        mail_server(faults=[Fault(stage, "554 5.7.1 not here, <ada@example.org>")]) as server,
        pytest.raises(DeliveryRefused) as refused,
    ):
        send(opened(server))
    assert not refused.value.gone
    assert "ada" not in str(refused.value)


@pytest.mark.parametrize(
    ("reply", "gone"),
    [
        ("550 5.1.1 no such user", True),
        ("550 no such user", True),
        ("551 user not local", True),
        ("553 5.1.3 bad address", True),
        ("550 5.2.1 disabled", True),
        ("552 5.2.2 mailbox full", False),
        ("550 5.7.1 blocked", False),
        ("554 no", False),
    ],
)
def test_a_recipient_that_does_not_exist_is_gone(reply: str, gone: bool) -> None:
    with (
        mail_server(faults=[Fault("rcpt", reply)]) as server,
        pytest.raises(DeliveryRefused) as refused,
    ):
        send(opened(server))
    assert refused.value.gone is gone


def test_one_refusal_costs_the_next_message_nothing() -> None:
    with mail_server(faults=[Fault("rcpt", "550 5.1.1 no such user")]) as server:
        channel = opened(server)
        payload = channel.compose(MESSAGE)
        with pytest.raises(DeliveryRefused):
            channel.send(MESSAGE.to, payload)
        channel.send(MESSAGE.to, payload)
        channel.close()
    assert (len(server.taken), server.connections) == (1, 1)


def test_one_connection_takes_many_messages() -> None:
    with mail_server() as server:
        channel = opened(server)
        for number in range(5):
            message = replace(MESSAGE, id=f"message-{number}")
            channel.send(message.to, channel.compose(message))
        channel.close()
    assert (len(server.taken), server.connections) == (5, 1)


@pytest.mark.parametrize(
    "fault", [Fault("mail"), Fault("mail", "421 4.7.0 enough for now", closes=True)]
)
def test_a_connection_that_the_server_ends_between_messages_costs_nothing(fault: Fault) -> None:
    with mail_server() as server:
        channel = opened(server)
        payload = channel.compose(MESSAGE)
        channel.send(MESSAGE.to, payload)
        server.faults.append(fault)
        channel.send(MESSAGE.to, payload)
        channel.close()
    assert (len(server.taken), server.connections) == (2, 2)


def test_a_server_that_talks_without_end_is_left() -> None:
    endless = "\r\n".join(["250-more"] * 20_000)
    with mail_server(faults=[Fault("ehlo", endless)]) as server, pytest.raises(DeliveryUnavailable):
        send(opened(server))


def test_a_payload_that_is_not_ours_is_refused() -> None:
    channel = part.open(part.Options(host="127.0.0.1", sender="alerts@example.org"))
    with pytest.raises(DeliveryRefused):
        channel.send("ada@example.org", b"Subject: x\r\n\r\nx")


@pytest.mark.parametrize(
    "options",
    [
        {"host": ""},
        {"user": "monitor", "security": "none"},
        {"port": 70_000},
        {"list_id": "not a name"},
        {"dkim_selector": "s2026"},
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        part.Options(**{"host": "mail.example.org", "sender": "alerts@example.org", **options})


@pytest.mark.parametrize(
    "options",
    [
        {"sender": "alerts"},
        {"bounces": "a-very-long-mailbox@example.org"},
        {"reply_to": "x"},
        {"user": "monitor"},
        {"ca_file": "nowhere.pem"},
        {"dkim_key_file": "nowhere.pem", "dkim_selector": "s"},
        {"user": "monitor", "password_file": "nowhere"},
    ],
)
def test_what_cannot_be_used_is_said_at_start(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MONITOR_SMTP_PASSWORD", raising=False)
    said = {"host": "mail.example.org", "sender": "alerts@example.org", **options}
    with pytest.raises(ConfigError):
        part.open(part.Options(**said))


def test_a_password_that_others_may_read_is_not_taken(tmp_path: Path) -> None:
    loose = tmp_path / "password"
    loose.write_text("secret", encoding="utf-8")
    loose.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        part.open(
            part.Options(
                host="mail.example.org",
                sender="alerts@example.org",
                user="monitor",
                password_file=str(loose),
            )
        )
