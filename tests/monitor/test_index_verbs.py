"""What verbs say of the index, and of finds in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from indexes import embedded
from tests.elastic import Server
from tests.verbs import Verb, found


def test_status_says_how_the_index_fares(verb: Verb, config: Path) -> None:
    index = verb("status", "-c", config, "--json").json["index"]
    assert (index["kind"], index["behind"], index["words"]) == ("embedded", 0, [])
    assert index["signals"] == len(found(verb, config))
    assert index["bytes"] > 0
    assert index["oldest"].endswith("Z")


def test_check_makes_no_index(verb: Verb, config: Path) -> None:
    for path in config.parent.glob("data/index.db*"):
        path.unlink()
    assert verb("check", "-c", config, "--json").json["index"] == "ok"
    assert list(config.parent.glob("data/index.db*")) == []
    foreign_index(config)
    assert "another ledger" in verb("check", "-c", config, "--json").json["index"]


def foreign_index(config: Path) -> None:
    """An index that follows another ledger, in the place of ours."""
    path = config.parent / "data" / "index.db"
    path.unlink(missing_ok=True)
    with closing(embedded.open(embedded.Options(path=str(path)))) as index:
        index.prepare("another")


def no_room_for_an_index(config: Path) -> None:
    """A place for the index in which none can be."""
    (config.parent / "data" / "place").touch()
    with config.open("a", encoding="utf-8") as file:
        file.write('[index.embedded]\npath = "place/index.db"\n')


@pytest.mark.parametrize(
    ("befallen", "code"), [(foreign_index, 2), (no_room_for_an_index, 1)], ids=["foreign", "away"]
)
def test_what_comes_while_the_index_is_away_is_kept_and_said(
    befallen: Callable[[Path], None], code: int, verb: Verb, config: Path
) -> None:
    fire = verb("events", "-c", config, "topic:Fire", "--json").json["events"][0]
    befallen(config)
    said = verb("decide", "-c", config, fire["id"], "confirm", "--json")
    assert (said.code, said.json["outcome"]) == (code, "applied")
    assert said.err.startswith("the index is behind")
    came = verb("once", "-c", config, "--json")
    assert (came.code, came.json["sample-day"]["state"]) == (code, "ok")
    assert "the index is behind" in came.err
    assert verb("search", "-c", config, "fire").code == code
    status = verb("status", "-c", config, "--json")
    assert status.code == 0
    assert status.json["index"]["words"]
    assert status.json["ledger"]["waiting rows"] == 0
    (config.parent / "data" / "place").unlink(missing_ok=True)
    (config.parent / "data" / "index.db").unlink()
    assert verb("once", "-c", config).code == 0
    confirmed = verb("events", "-c", config, "verdict:confirmed", "--json").json["events"]
    assert [event["id"] for event in confirmed] == [fire["id"]]


def test_collapsed_finds_hold_one_signal_of_each_event(verb: Verb, config: Path) -> None:
    plain = verb("search", "-c", config, "", "--json", "-n", 1_000).json
    collapsed = verb("search", "-c", config, "", "--collapse", "--json", "-n", 1_000).json
    events = [signal["event"] for signal in collapsed["signals"]]
    assert len(events) == len(set(events))
    assert set(events) == {signal["event"] for signal in plain["signals"]}
    assert collapsed["total"] == plain["total"]


def test_finds_say_where_the_words_stand_and_why_they_are_there(verb: Verb, config: Path) -> None:
    question = "fire AND -topic:Infra"
    plain = verb("search", "-c", config, question, "--json").json["signals"]
    assert plain
    for signal in plain:
        title, text = signal["title"], signal["text"]
        whole = f"{title}\n{text}" if title and not text.startswith(title) else text
        stretches = [whole[start:end].casefold() for start, end in signal["marks"]]
        assert stretches
        assert all(stretch.startswith("fire") for stretch in stretches)
        assert "explain" not in signal
    why = verb("search", "-c", config, question, "--json", "--explain").json["signals"][0][
        "explain"
    ]
    assert (why["asked"], why["holds"]) == ("AND", True)
    assert [part["asked"] for part in why["parts"]] == ["fire", "NOT"]
    shown = verb("search", "-c", config, question, "--explain", "-n", 1)
    assert "✓ AND" in shown.out


def test_a_rebuild_names_the_line_to_change_only_for_another_kind(verb: Verb, config: Path) -> None:
    said = verb("rebuild", "-c", config, "--to", "embedded", "--json").json
    assert (said["index"], "next" in said) == ("embedded", False)
    assert verb("rebuild", "-c", config, "--to", "oracle").code == 2
    assert verb("rebuild", "-c", config, "--forget", "embedded").code == 2


def test_data_views_are_lines_for_kibana(verb: Verb, config: Path) -> None:
    said = verb("elastic", "views", "-c", config)
    kinds = [json.loads(line)["type"] for line in said.out.splitlines()]
    assert (said.code, kinds) == (0, ["index-pattern"] * 3)


def test_keys_that_nobody_would_know_are_not_made(verb: Verb, config: Path) -> None:
    said = verb("elastic", "keys", "-c", config)
    assert said.code == 2
    assert "--to" in said.err


def test_keys_go_into_files_and_are_shown_only_where_that_is_asked(
    verb: Verb, tmp_path: Path, secured: Server, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_ELASTIC_USER", secured.user)
    monkeypatch.setenv("MONITOR_ELASTIC_PASSWORD", secured.password)
    config = tmp_path / "monitor.toml"
    config.write_text(
        f'[index.elastic]\nurl = "{secured.url}"\nca_file = "{secured.ca}"\nprefix = "{prefix}"\n',
        encoding="utf-8",
    )
    said = verb("elastic", "keys", "-c", config, "--to", tmp_path / "keys", "--json")
    files = {name: Path(file) for name, file in said.json.items()}
    assert set(files) == {"ingest", "search", "dashboards"}
    for file in files.values():
        assert file.stat().st_mode & 0o777 == 0o600
        secret = file.read_text(encoding="ascii").strip()
        assert len(secret) > 20
        assert secret not in said.out + said.err
    shown = verb("elastic", "keys", "-c", config, "--show", "--json").json
    assert set(shown) == set(files)
    assert all(len(secret) > 20 for secret in shown.values())
