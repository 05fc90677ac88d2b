"""The configuration: one TOML file, read once, every fault named at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

from monitor import parts
from monitor.area import Area, box_corners
from monitor.errors import ConfigError, QueryError
from monitor.messages import Subscription
from monitor.model import Voice
from monitor.ports import Policy
from monitor.tables import (
    AlertsTable,
    AreaTable,
    FetchTable,
    GeocoderTable,
    IndexTable,
    MainTable,
    SourceTable,
    SubscriptionTable,
    WebTable,
)
from monitor.wanted import address, subscription_of

STEPS: Final = ("language", "encode", "relevance", "places")
"""The steps of enrichment in their order, each a module of `nlp/`."""

VOUCHED: Final = "file-"
"""What the ids of subscriptions of the configuration begin with."""

_GEOCODER: Final = r"https?://[A-Za-z0-9.\-\[\]:]+/[^\s{}?#]*\?[^\s{}#]*\{address\}[^\s{}#]*"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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
    """The whole configuration, checked. `indexes` and `channels` hold the options of the kinds that
    it speaks of; `subscriptions` are those of the file, active."""

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
    alerts: AlertsTable = field(default_factory=AlertsTable)
    channels: Mapping[str, object] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()
    geocoder: GeocoderTable = field(default_factory=GeocoderTable)

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

    own = {"alerts", "area", "channel", "fetch", "geocoder", "index", "nlp", "source"}
    own |= {"subscription", "web"}
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
    alerts = _alerts(table.get("alerts", {}), checked, faults)
    channels = _channels(table.get("channel", {}), path.parent, faults)
    subscriptions = _subscriptions(table.get("subscription", []), channels, main, checked, faults)
    geocoder = _geocoder(table.get("geocoder", {}), checked, faults)
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
        alerts=alerts,
        channels=channels,
        subscriptions=subscriptions,
        geocoder=geocoder,
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


def _alerts(table: Any, checked: Any, faults: list[str]) -> Any:
    found: AlertsTable | None = checked(AlertsTable, table, "[alerts]")
    if found is None:
        return None
    page = found.page.rstrip("/")
    if page and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[\w./~-]*)?", page):
        faults.append("[alerts] page: is no address; write it as in https://monitor.example.org")
    try:
        operator = found.operator and address(found.operator)
    except QueryError:
        faults.append("[alerts] operator: is no mail address; write one as in ada@example.org")
        return None
    return replace(found, page=page, operator=operator)


def _channels(tables: Any, folder: Path, faults: list[str]) -> Mapping[str, object]:
    """The options of every kind of channel that messages may go by."""
    if not isinstance(tables, Mapping) or not all(isinstance(t, Mapping) for t in tables.values()):
        faults.append("[channel]: write [channel.<kind>], as in [channel.email]")
        return {}
    return {
        kind: _part("channels", kind, _beside(folder, options), f"[channel.{kind}]", faults)
        for kind, options in tables.items()
    }


def _subscriptions(
    tables: Any,
    channels: Mapping[str, object],
    main: MainTable | None,
    checked: Any,
    faults: list[str],
) -> tuple[Subscription, ...]:
    """Those that the operator vouches for, each with an id that its name gives it."""
    if not isinstance(tables, list):
        faults.append("[subscription]: write [[subscription]], once for each")
        return ()
    found: list[Subscription] = []
    names: set[str] = set()
    for number, table in enumerate(tables, 1):
        name = table.get("name", number) if isinstance(table, Mapping) else number
        where = f"[[subscription]] {name}"
        said = checked(SubscriptionTable, table, where)
        if said is None:
            continue
        if said.channel not in channels:
            faults.append(f"{where}: there is no [channel.{said.channel}]; add that table")
        if said.name in names:
            faults.append(f"{where}: two subscriptions have this name; rename one")
        names.add(said.name)
        identity = VOUCHED + hashlib.sha256(said.name.encode()).hexdigest()[:16]
        try:
            made = subscription_of(said, identity, main.languages if main else ())
        except QueryError as fault:
            faults += [f"{where}: {line}" for line in str(fault).splitlines()]
        else:
            found.append(replace(made, state="active"))
    return tuple(found)


def _geocoder(table: Any, checked: Any, faults: list[str]) -> Any:
    """The service for addresses. What is typed may stand in the query alone, which is not shown."""
    found: GeocoderTable | None = checked(GeocoderTable, table, "[geocoder]")
    if found and found.url and not re.fullmatch(_GEOCODER, found.url):
        faults.append(
            "[geocoder] url: is no search; write {address} behind the question mark, as in "
            "https://photon.example.org/api?limit=8&q={address}"
        )
    if found and found.timeout_s <= 0:
        faults.append("[geocoder] timeout_s: is no time; name seconds")
    return found


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
