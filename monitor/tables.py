"""The tables of the configuration: every key with its type, its default and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.area import Corners
from monitor.messages import Every
from monitor.model import Certainty, Severity, Voice

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


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
class AlertsTable:
    """`[alerts]`: what all subscriptions share; alerts go by the channels that have a table.

    page: the address that links in messages lead to, as in https://monitor.example.org
    operator: a mail address that readers may write to, named in every message; it is told when a
        source falls silent or keeps failing
    confirm_per_address: confirmation mails that one address gets in a day
    confirm_per_client: confirmation mails that one reader may ask for in a day
    most_an_hour: messages an hour that go to a subscription by themselves; the rest is one summary
    """

    page: str = ""
    operator: str = ""
    confirm_per_address: int = 3
    confirm_per_client: int = 20
    most_an_hour: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class GeocoderTable:
    """`[geocoder]`: a service that knows street addresses; without it only names in the gazetteer
    are known.

    url: its search, with {address} in the query; it answers as Photon or Nominatim do
    timeout_s: seconds that one answer may take in all
    attribution: whom the service's terms want named
    """

    url: str = ""
    timeout_s: float = 5.0
    attribution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionTable:
    """`[[subscription]]`: who is told of what, in plain words; one that stands in the file needs no
    confirmation, for the operator vouches.

    name: what it is called
    to: the address that is told, as its channel writes it
    channel: how messages go, a kind that has a table [channel.<kind>]
    query: a question about events, as the page asks it
    near: a circle, as in "51.54,-0.06,3km"
    polygon: corners as [latitude, longitude], instead of a circle
    topics: topics, any of them, the finer ones below included
    severity: at least this severe
    certainty: at least this certain
    every: now, or a digest every hour, day or week
    at: the local time of a digest of a day or a week
    weekday: the day of a digest of a week
    quiet: local hours in which all waits, as in "22:00-06:00"
    zone: the time zone, as in Europe/London
    lang: the language of the messages
    most: messages an hour that go by themselves; 0 for what [alerts] says
    """

    name: str
    to: str
    channel: str = "email"
    query: str = ""
    near: str = ""
    polygon: Corners = ()
    topics: tuple[str, ...] = ()
    severity: Severity = "Unknown"
    certainty: Certainty = "Unknown"
    every: Every = "now"
    at: str = "08:00"
    weekday: Weekday = "monday"
    quiet: str = ""
    zone: str = "UTC"
    lang: str = "en"
    most: int = 0
