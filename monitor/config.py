"""The configuration: one TOML file, read once, every fault named at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

from monitor import parts
from monitor.area import Area, Corners, box_corners
from monitor.errors import ConfigError
from monitor.model import Voice
from monitor.ports import Policy

STEPS: Final = ("language", "encode", "relevance", "places")
"""The steps of enrichment in their order, each a module of `nlp/`."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTable:
    """`[area]`: the city that this deployment is for; without it the whole world is home.

    name: what the area is called
    box: south, west, north, east in degrees
    polygon: corners as [latitude, longitude], instead of a box
    margin_km: what lies this close still counts as home
    """

    name: str
    box: tuple[float, float, float, float] | None = None
    polygon: Corners | None = None
    margin_km: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchTable:
    """`[fetch]`: how servers are asked.

    contact: an address or page that the User-Agent names, so that servers can reach the operator
    allow: hosts that may have private addresses
    timeout_s: seconds that one answer may take in all
    max_mb: megabytes that one answer may have, decoded
    per_host_s: seconds between two requests to one host
    """

    contact: str = ""
    allow: tuple[str, ...] = ()
    timeout_s: float = 60.0
    max_mb: float = 20.0
    per_host_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTable:
    """`[index]`: which index is followed and asked; the options of each stand in `[index.<kind>]`.

    kind: a module of `indexes/`
    """

    kind: str = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """`[[source]]`: where posts come from; the other keys are those of its kind.

    name: what the source is called, for ever
    kind: a module of `collectors/`
    every: how often it is asked, as in 30s, 10m, 6h, 1d
    voice: what the source is: official, media, citizen or unknown
    keep: all, or relevant only; official sources keep all where nothing is said
    expect: it is called silent after this long without a post, as in 6h; never where empty
    backfill: true for an archive that lets live posts pass
    """

    name: str
    kind: str
    every: str = "10m"
    voice: Voice = "unknown"
    keep: Literal["all", "relevant", ""] = ""
    expect: str = ""
    backfill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MainTable:
    """The top of the file.

    data: the folder of ledger, key and index, relative to this file
    languages: codes of the languages that questions are asked in
    keep_days: days that a signal is kept
    inbox_max_mb: polls wait while more than this waits to be consumed
    """

    data: str = "data"
    languages: tuple[str, ...] = ("en",)
    keep_days: int = 365
    inbox_max_mb: float = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTable:
    """`[web]`: where the page is served, and to whom.

    host: the address to listen at; one beyond this machine needs a token_file or a user_header
    port: the port to listen at
    names: other names that the page is reached by, as in ["monitor.example.org"]
    token_file: a file of lines `name token`, mode 0600: whoever has a token comes in by that name
    user_header: the header in which a trusted proxy names the user
    proxies: addresses of proxies whose user_header is believed
    https: true where a proxy speaks TLS for the page: cookies are then sent by TLS only
    title: what the page is called
    tiles: address of map tiles with {z}, {x} and {y}; the coarse map that is shipped where empty
    attribution: whom the tiles' terms want named
    """

    host: str = "127.0.0.1"
    port: int = 8000
    names: tuple[str, ...] = ()
    token_file: str = ""
    user_header: str = ""
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    https: bool = False
    title: str = "Signal Monitor"
    tiles: str = ""
    attribution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source, ready to be asked."""

    name: str
    kind: str
    every: timedelta
    options: object
    policy: Policy
    voice: Voice = "unknown"
    keep: Literal["all", "relevant"] = "relevant"
    expect: timedelta | None = None
    backfill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration, checked. `indexes` holds the options of those that it speaks of."""

    path: Path
    data: Path
    main: MainTable
    area: Area | None
    fetch: FetchTable
    web: WebTable
    index_kind: str
    indexes: Mapping[str, object]
    steps: Mapping[str, object]
    group: object
    sources: tuple[Source, ...] = field(default=())

    def index(self, kind: str) -> object:
        """The options of an index of that kind, configured or not. Raises ConfigError."""
        if kind in self.indexes:
            return self.indexes[kind]
        return parts.options(parts.load("indexes", kind), {}, f"[index.{kind}]")

    def source(self, name: str) -> Source:
        """The source of that name. Raises ConfigError."""
        for source in self.sources:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.sources) or "none"
        raise ConfigError(f"source {name}: not in {self.path.name}; there are: {known}")


def read_config(path: Path) -> Config:
    """The configuration in that file. Raises ConfigError that names every fault."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); copy monitor.example.toml to it, or name "
            "another with --config"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML ({error}); mend that line") from error
    return build_config(table, path)


def build_config(table: Mapping[str, Any], path: Path) -> Config:
    """The configuration in a table that was read from `path`. Raises ConfigError."""
    faults: list[str] = []

    def checked(cls: type[Any], part: Any, where: str) -> Any:
        try:
            return parts.convert(cls, part, where)
        except ConfigError as error:
            faults.append(str(error))
            return None

    own = {"area", "fetch", "index", "nlp", "source", "web"}
    main = checked(MainTable, {k: v for k, v in table.items() if k not in own}, path.name)
    area = _area(table.get("area"), checked, faults)
    fetch = checked(FetchTable, table.get("fetch", {}), "[fetch]")
    web = checked(WebTable, table.get("web", {}), "[web]")
    index_kind, indexes = _indexes(table.get("index", {}), path.parent, checked, faults)
    nlp = dict(table.get("nlp", {}))
    steps = {step: _part("nlp", step, nlp.pop(step, {}), f"[nlp.{step}]", faults) for step in STEPS}
    group = _part("nlp", "group", nlp.pop("group", {}), "[nlp.group]", faults)
    faults += [f"[nlp.{name}]: no such step; there are: {', '.join(STEPS)}, group" for name in nlp]
    sources = _sources(table.get("source", []), path.parent, checked, faults)
    if faults:
        raise ConfigError("\n".join(faults))
    return Config(
        path=path,
        data=(path.parent / main.data).resolve(),
        main=main,
        area=area,
        fetch=fetch,
        web=replace(web, token_file=web.token_file and str(path.parent / web.token_file)),
        index_kind=index_kind,
        indexes=indexes,
        steps=steps,
        group=group,
        sources=sources,
    )


def _area(table: Any, checked: Any, faults: list[str]) -> Area | None:
    if table is None or (found := checked(AreaTable, table, "[area]")) is None:
        return None
    if (found.box is None) == (found.polygon is None):
        faults.append("[area]: needs a box or a polygon; give one of them")
        return None
    corners = box_corners(*found.box) if found.box else tuple(found.polygon)
    if len(corners) < 3 or any(abs(lat) > 90 or abs(lon) > 180 for lat, lon in corners):
        faults.append("[area]: corners are [latitude, longitude], at least three; mend them")
        return None
    return Area(name=found.name, corners=corners, margin_m=found.margin_km * 1000)


def _indexes(
    table: Any, folder: Path, checked: Any, faults: list[str]
) -> tuple[str, Mapping[str, object]]:
    """The kind that is followed, and the options of every kind that is spoken of."""
    if not isinstance(table, Mapping):
        faults.append("[index]: is not a table; give it a kind")
        return "", {}
    tables = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    own = {name: value for name, value in table.items() if name not in tables}
    chosen = (checked(IndexTable, own, "[index]") or IndexTable()).kind
    tables.setdefault(chosen, {})
    return chosen, {
        kind: _part("indexes", kind, _beside(folder, options), f"[index.{kind}]", faults)
        for kind, options in tables.items()
    }


def _beside(folder: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table, with the files that it names found from where the configuration lies."""
    named = {k: v for k, v in table.items() if k.endswith("_file") and isinstance(v, str) and v}
    return {**table, **{key: str(folder / value) for key, value in named.items()}}


def _part(folder: str, kind: str, table: Any, where: str, faults: list[str]) -> Any:
    try:
        return parts.options(parts.load(folder, kind), table, where)
    except ConfigError as error:
        faults.append(str(error))
        return None


def _sources(tables: Any, folder: Path, checked: Any, faults: list[str]) -> tuple[Source, ...]:
    if not isinstance(tables, list):
        faults.append("[source]: write [[source]], once for each source")
        return ()
    found: list[Source] = []
    own = set(SourceTable.__dataclass_fields__)
    for number, table in enumerate(tables, 1):
        where = f"[[source]] {table.get('name', number)}"
        before = len(faults)
        said = checked(SourceTable, {k: v for k, v in table.items() if k in own}, where)
        if said is None:
            continue
        rest = {k: v for k, v in table.items() if k not in own}
        if isinstance(rest.get("path"), str):
            rest["path"] = str(folder / rest["path"])
        options = _part("collectors", said.kind, rest, where, faults)
        every = _checked_duration(said.every, where, "every", faults)
        expect = _checked_duration(said.expect, where, "expect", faults) if said.expect else None
        if any(said.name == other.name for other in found):
            faults.append(f"{where}: two sources have this name; rename one")
        if len(faults) > before or every is None:
            continue
        found.append(
            Source(
                name=said.name,
                kind=said.kind,
                every=every,
                options=options,
                policy=parts.load("collectors", said.kind).POLICY,
                voice=said.voice,
                keep=said.keep or ("all" if said.voice == "official" else "relevant"),
                expect=expect,
                backfill=said.backfill,
            )
        )
    return tuple(found)


def _checked_duration(text: str, where: str, key: str, faults: list[str]) -> timedelta | None:
    try:
        return duration(text)
    except ConfigError as error:
        faults.append(f"{where}: {key}: {error}")
        return None


def duration(text: str) -> timedelta:
    """`90s`, `10m`, `6h` or `1d` as a time span. Raises ConfigError."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if match is None or int(match[1]) == 0:
        raise ConfigError(f"{text!r}: not a time span; write it as in 90s, 10m, 6h or 1d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
