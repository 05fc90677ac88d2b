"""The API explained: its operations as OpenAPI tells them, and examples that a test runs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What an operation may be told."""

    name: str
    where: str
    type: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that the API does."""

    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """How to ask, in a shell and in Python."""

    title: str
    curl: str
    python: str


def operations(schema: Mapping[str, Any]) -> tuple[Operation, ...]:
    """The operations of an OpenAPI document, in its order."""
    return tuple(_operations(schema))


@cache
def examples() -> tuple[Example, ...]:
    """The examples of the page."""
    text = (files("monitor.web") / "texts" / "examples.toml").read_text(encoding="utf-8")
    return tuple(Example(**one) for one in tomllib.loads(text)["example"])


def _operations(schema: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            yield Operation(
                method=method.upper(),
                path=path,
                summary=said.get("summary", ""),
                about=said.get("description", ""),
                parameters=tuple(map(_parameter, said.get("parameters", ()))),
            )


def _parameter(said: Mapping[str, Any]) -> Parameter:
    shape = said.get("schema", {})
    type_ = str(shape.get("type", "string"))
    if "enum" in shape:
        type_ = " | ".join(map(str, shape["enum"]))
    return Parameter(
        name=said["name"], where=said["in"], type=type_, about=said.get("description", "")
    )
