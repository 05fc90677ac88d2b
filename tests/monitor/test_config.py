"""One file, read once; every fault is named at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.config import build_config, duration, read_config
from monitor.errors import ConfigError

HERE = Path("monitor.toml")


def test_the_example_is_a_configuration() -> None:
    config = read_config(Path("monitor.example.toml"))
    assert config.sources
    assert config.area is not None


def test_nothing_at_all_is_a_configuration_of_defaults(tmp_path: Path) -> None:
    config = build_config({}, tmp_path / "monitor.toml")
    assert config.data == tmp_path / "data"
    assert (config.area, config.sources, config.index_kind) == (None, (), "embedded")


def test_an_index_is_chosen_by_its_kind_and_each_kind_has_its_table(tmp_path: Path) -> None:
    tables = {"kind": "elastic", "elastic": {"prefix": "city", "ca_file": "ca.crt"}}
    config = build_config({"index": tables}, tmp_path / "monitor.toml")
    chosen: Any = config.index("elastic")
    assert (config.index_kind, chosen.prefix) == ("elastic", "city")
    assert chosen.ca_file == str(tmp_path / "ca.crt")
    other: Any = config.index("embedded")
    assert other.path == "index.db"


def test_the_tables_of_all_indexes_are_looked_at() -> None:
    tables = {"path": "x.db", "embedded": {"pth": "x"}, "elastic": {"shards": 0}, "oracle": {}}
    with pytest.raises(ConfigError) as caught:
        build_config({"index": tables}, HERE)
    said = str(caught.value)
    for fault in ("[index] path", "[index.embedded] pth", "[index.elastic]", "'oracle'"):
        assert fault in said


def test_every_fault_is_named_at_once() -> None:
    table = {
        "keep_dayz": 3,
        "area": {"name": "x"},
        "nlp": {"encode": {"batch": "many"}, "magic": {}},
        "source": [
            {"name": "a", "kind": "rss"},
            {"name": "b", "kind": "telepathy"},
            {"name": "c", "kind": "rss", "url": "https://c.example/feed", "every": "soon"},
        ],
    }
    with pytest.raises(ConfigError) as caught:
        build_config(table, HERE)
    said = str(caught.value)
    for fault in ("keep_dayz", "[area]", "batch", "magic", "url", "telepathy", "'soon'"):
        assert fault in said


def test_official_sources_keep_all_unless_told_otherwise() -> None:
    feed = {"kind": "rss", "url": "https://c.example/feed"}
    config = build_config(
        {
            "source": [
                {**feed, "name": "police", "voice": "official"},
                {**feed, "name": "paper", "voice": "media"},
                {**feed, "name": "noisy", "voice": "official", "keep": "relevant"},
            ]
        },
        HERE,
    )
    assert [source.keep for source in config.sources] == ["all", "relevant", "relevant"]


def test_two_sources_of_one_name_are_refused() -> None:
    feed = {"kind": "rss", "url": "https://c.example/feed", "name": "paper"}
    with pytest.raises(ConfigError, match="two sources"):
        build_config({"source": [feed, feed]}, HERE)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("6h", 21600), ("1d", 86400)]
)
def test_time_spans(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "0s", "10", "1w", "-1h", "1h30m"])
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not a time span"):
        duration(text)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"copy monitor\.example\.toml"):
        read_config(tmp_path / "monitor.toml")


MAIL = {"host": "mail.example.org", "sender": "alerts@example.org"}


def test_channels_have_a_table_each_and_their_files_lie_beside_the_configuration(
    tmp_path: Path,
) -> None:
    tables = {"email": {**MAIL, "user": "us", "password_file": "mail.password"}}
    config = build_config({"channel": tables}, tmp_path / "monitor.toml")
    email: Any = config.channels["email"]
    assert (email.host, email.password_file) == (MAIL["host"], str(tmp_path / "mail.password"))
    assert build_config({}, HERE).channels == {}


def test_subscriptions_of_the_file_are_active_and_keep_their_ids() -> None:
    duty = {"name": "Duty", "to": "Duty@EXAMPLE.org", "at": "07:30", "zone": "Europe/London"}
    table = {"channel": {"email": MAIL}, "subscription": [duty, {**duty, "name": "Other"}]}
    first, second = build_config(table, HERE).subscriptions
    assert (first.state, first.to, first.at) == ("active", "Duty@example.org", 450)
    assert first.id != second.id
    again = build_config({**table, "subscription": [{**duty, "query": "fire"}]}, HERE)
    assert again.subscriptions[0].id == first.id


def test_the_page_of_links_is_an_address_without_a_slash_at_its_end() -> None:
    table = {"alerts": {"page": "https://monitor.example.org/", "operator": "ada@EXAMPLE.org"}}
    alerts = build_config(table, HERE).alerts
    assert (alerts.page, alerts.operator) == ("https://monitor.example.org", "ada@example.org")


def test_every_fault_of_alerts_is_named_at_once() -> None:
    duty = {"name": "Duty", "to": "duty@example.org"}
    table = {
        "alerts": {"page": "monitor", "operator": "nobody", "confirm_per_adress": 1},
        "channel": {"email": {"host": "x"}, "pigeon": {}},
        "subscription": [
            {**duty, "at": "soon", "query": "fire AND (", "zone": "Moon"},
            duty,
            {**duty, "name": "Two", "channel": "webhook"},
            {"name": "Three"},
            "four",
        ],
    }
    with pytest.raises(ConfigError) as caught:
        build_config(table, HERE)
    said = str(caught.value)
    faults = ("confirm_per_adress", "sender", "pigeon", "'soon'", "Moon", "two subscriptions")
    for fault in (*faults, "[channel.webhook]", "Three to", "[[subscription]] 5"):
        assert fault in said, fault
    with pytest.raises(ConfigError) as caught:
        build_config({"alerts": {"page": "monitor", "operator": "nobody"}}, HERE)
    assert "page" in str(caught.value)
    assert "operator" in str(caught.value)
    with pytest.raises(ConfigError, match=r"\[channel.<kind>\]"):
        build_config({"channel": {"email": 5}}, HERE)
