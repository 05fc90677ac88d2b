"""Parts by name: the folder is the registry. Kind `rss` of `collectors` is `collectors/rss.py`, and
a module of a folder is a part if it defines `Options`.

A configuration table becomes the part's `Options`, or one ConfigError that names every fault in it.
The keys are documented in the docstring of `Options`, one line `key: what it is` each, below the
first line; a line that names no key continues the one above.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec

from monitor.errors import ConfigError

T = TypeVar("T")

_OPTIONS: Final = re.compile(r"^class Options\b", re.MULTILINE)
_KEY: Final = re.compile(r"^`{0,2}(\w+)`{0,2}: +(.*)")


def kinds(folder: str) -> tuple[str, ...]:
    """The kinds of parts that a folder holds, sorted; no part is imported for it."""
    names = pkgutil.iter_modules(importlib.import_module(folder).__path__)
    return tuple(sorted(m.name for m in names if _OPTIONS.search(_source(f"{folder}.{m.name}"))))


def load(folder: str, kind: str) -> ModuleType:
    """The part of that kind. Raises ConfigError for a kind that the folder does not hold."""
    known = kinds(folder)
    if kind not in known:
        raise ConfigError(f"{folder}: there is no kind {kind!r}; kinds are {', '.join(known)}")
    return importlib.import_module(f"{folder}.{kind}")


def tool(name: str) -> ModuleType:
    """What parts are made with, by the full name of its module, as `nlp.train.refit`."""
    return importlib.import_module(name)


def options(part: ModuleType, table: Mapping[str, object], where: str) -> Any:
    """The part's `Options` from a configuration table; `where` names the table in messages."""
    return convert(part.Options, table, where)


def convert(shape: type[T], table: Mapping[str, object], where: str) -> T:
    """A dataclass from a table whose keys are its fields, nested tables likewise.

    Types are strict, but a list may stand for a tuple or a set and a string for a path. Raises
    ConfigError with one line for each fault.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: is not a table; give it keys")
    faults = list(_unknown(shape, table, where))
    values: dict[str, object] = {}
    hints = get_type_hints(shape, include_extras=True)
    for field in fields(shape):  # type: ignore[arg-type]
        at = f"{where} {field.name}"
        if field.name in table:
            try:
                value = msgspec.convert(table[field.name], hints[field.name], dec_hook=_decode)
            except msgspec.ValidationError as fault:
                faults.append(f"{at}: {fault}; correct it")
            else:
                values[field.name] = value
        elif field.default is MISSING and field.default_factory is MISSING:
            faults.append(f"{at}: is missing; give it a value")
    if faults:
        raise ConfigError("\n".join(faults))
    try:
        return shape(**values)
    except ValueError as fault:
        raise ConfigError(f"{where}: {fault}; correct it") from fault


def documented(shape: type) -> Mapping[str, str]:
    """What the docstring of an `Options` says of each key; a key it is silent about is absent."""
    keys = get_type_hints(shape)
    said: dict[str, str] = {}
    key = ""
    for line in (shape.__doc__ or "").splitlines()[1:]:
        found = _KEY.match(line.strip())
        if found and found[1] in keys:
            key = found[1]
            said[key] = found[2]
        elif key and line.strip():
            said[key] += " " + line.strip()
        else:
            key = ""
    return said


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or not isinstance(spec.loader, SourceFileLoader):
        return ""
    return spec.loader.get_source(module) or ""


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"a configuration key cannot be of type {kind}")


def _unknown(hint: Any, value: object, where: str) -> Iterator[str]:
    """Keys that no field answers to, at any depth: msgspec lets them pass in plain dataclasses."""
    if isinstance(value, Mapping) and is_dataclass(hint):
        hints = get_type_hints(hint)
        for key, inner in value.items():
            if key in hints:
                yield from _unknown(hints[key], inner, f"{where} {key}")
            else:
                yield f"{where} {key}: there is no such key; keys are {', '.join(hints) or 'none'}"
    elif isinstance(hint, UnionType):
        for shape in get_args(hint):
            yield from _unknown(shape, value, where)
    elif isinstance(value, Mapping | list):
        inners = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in inners:
            for shape in get_args(hint):
                yield from _unknown(shape, inner, f"{where} {key}")
