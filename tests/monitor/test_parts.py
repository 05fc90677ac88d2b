"""Parts by name, and configuration tables that become their options."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from monitor import parts
from monitor.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    width: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How it is done.

    url: where it is,
        and nowhere else
    mode: fast or slow

    Words of no key: these belong to nobody.
    """

    url: str
    mode: Literal["fast", "slow"] = "fast"
    names: tuple[str, ...] = ()
    path: Path = Path()
    seconds: float = 1.0
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise ValueError("seconds is not positive")


def fault(**table: object) -> str:
    with pytest.raises(ConfigError) as caught:
        parts.convert(Options, table, "[x]")
    return str(caught.value)


def test_a_table_becomes_options_with_toml_s_types() -> None:
    options = parts.convert(
        Options,
        {"url": "u", "names": ["a", "b"], "path": "p", "seconds": 2, "inners": [{"width": 3}]},
        "[x]",
    )
    assert options == Options(
        url="u", names=("a", "b"), path=Path("p"), seconds=2.0, inners=(Inner(width=3),)
    )


def test_an_unknown_key_is_named_with_those_that_exist() -> None:
    said = fault(url="u", ulr="u")
    assert said.startswith("[x] ulr: ")
    assert "url, mode, names" in said


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"inner": {"w": 1}}, "[x] inner w: "),
        ({"inners": [{"width": 1}, {"w": 1}]}, "[x] inners 1 w: "),
    ],
)
def test_an_unknown_key_is_found_in_a_table_of_the_table(
    table: dict[str, object], place: str
) -> None:
    assert fault(url="u", **table).startswith(place)


def test_all_faults_of_a_table_are_named_at_once() -> None:
    said = fault(mode="swift", names="a", nought=0)
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "[x] nought",
        "[x] url",
        "[x] mode",
        "[x] names",
    ]


def test_types_are_strict() -> None:
    assert fault(url=7).startswith("[x] url: ")
    assert fault(url="u", seconds="7").startswith("[x] seconds: ")


def test_what_the_options_themselves_refuse_is_a_fault_of_the_table() -> None:
    assert fault(url="u", seconds=0) == "[x]: seconds is not positive; correct it"


def test_what_is_no_table_is_said_so() -> None:
    with pytest.raises(ConfigError, match="is not a table"):
        parts.convert(Options, "u", "[x]")  # type: ignore[arg-type]


def test_keys_are_documented_by_the_docstring() -> None:
    assert parts.documented(Options) == {
        "url": "where it is, and nowhere else",
        "mode": "fast or slow",
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    home = tmp_path / "gatherers"
    home.mkdir()
    (home / "__init__.py").touch()
    (home / "web.py").write_text("class Options:\n    pass\n")
    (home / "aid.py").write_text("OPTIONS = 'class Options'\n")
    (home / "dear.py").write_text("class Options:\n    pass\nraise RuntimeError\n")
    monkeypatch.delitem(sys.modules, "gatherers", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return "gatherers"


def test_kinds_are_the_modules_with_options_and_none_is_imported(folder: str) -> None:
    assert parts.kinds(folder) == ("dear", "web")


def test_a_part_is_loaded_by_its_kind(folder: str) -> None:
    assert parts.load(folder, "web").__name__ == "gatherers.web"


@pytest.mark.parametrize("kind", ["", "aid", "no", "..web", "web.x", "os"])
def test_an_unknown_kind_is_refused_with_those_that_exist(folder: str, kind: str) -> None:
    with pytest.raises(ConfigError, match="kinds are dear, web"):
        parts.load(folder, kind)
