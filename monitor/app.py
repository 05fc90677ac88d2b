"""The parts put together: what a verb, a page or a schedule works with."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from monitor import parts
from monitor.admit import Keys, read_keys
from monitor.alerts.links import Links, secrets_of
from monitor.alerts.paper import Letterhead
from monitor.alerts.subscribe import Registrar
from monitor.config import STEPS, Config
from monitor.documents import Document, signal_document
from monitor.errors import ConfigError, IndexRefused
from monitor.ledger import Ledger, open_ledger, utc_now
from monitor.ledger.draft import discard
from monitor.model import Decision, Dropped, Enrichment, Gone, Post, Signal, Tick
from monitor.pipeline import Pipeline, Rules
from monitor.ports import Asked, Channel, Enricher, Found, Grouper, Index, Of
from monitor.query import Query, likes, matches, parse

if TYPE_CHECKING:
    from monitor.fetch import Fetcher
    from monitor.geocoder import Locator

LOCK_S: Final = 5.0
"""How long `run` waits for a verb that consumes a moment."""
HEADS: Final = "heads"
"""The folder in the data folder for what was refitted."""
WAIT_S: Final = 10.0
"""How long a decision waits for its outcome before it is called pending."""


class App:
    """One deployment: its configuration, its ledger and whatever is opened when first asked for."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._guard = threading.Lock()
        self._channels: dict[str, Channel] = {}

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, with the key that belongs to it. Raises ConfigError, LedgerError."""
        ledger = open_ledger(self.config.data / "ledger.db")
        known = ledger.truth.choice("key", self.keys.fingerprint)
        if known != self.keys.fingerprint:
            ledger.close()
            raise ConfigError(
                f"{self.key_path}: not the key of this ledger; restore the file that belongs to "
                f"{self.config.data / 'ledger.db'}"
            )
        return ledger

    @property
    def key_path(self) -> Path:
        """Where the key of the pseudonyms lies: apart from the data."""
        return self.config.path.parent / f"{self.config.path.stem}.key"

    @cached_property
    def keys(self) -> Keys:
        """The keys of the pseudonyms."""
        return read_keys(self.key_path)

    @cached_property
    def fetch(self) -> Fetcher:
        """The one HTTP client."""
        from monitor.fetch import Fetcher, agent

        table = self.config.fetch
        return Fetcher(
            allow=table.allow,
            user_agent=agent(table.contact),
            max_bytes=int(table.max_mb * 1e6),
            timeout_s=table.timeout_s,
            per_host_s=table.per_host_s,
        )

    @cached_property
    def rules(self) -> Rules:
        """What is kept."""
        return Rules(
            sources={source.name: source for source in self.config.sources},
            area=self.config.area,
            keep_days=self.config.main.keep_days,
        )

    @cached_property
    def pipeline(self) -> Pipeline:
        """The three loops."""
        return Pipeline(
            self.ledger, self.rules, self.keys, self.fetch, self.open_steps, self.open_grouper
        )

    @cached_property
    def encoder(self) -> Enricher:
        """The step that says what words mean, alone. Raises ModelError."""
        return _step(self.config, "encode", self.ledger.truth.choice("dtype"))

    @cached_property
    def index(self) -> Index:
        """The index, to be asked. Raises IndexUnavailable, IndexRefused where it is not ours."""
        with ExitStack() as opened:
            index = opened.enter_context(closing(self.open_index()))
            if index.follows() not in {None, self.ledger.feed.ledger_id()}:
                raise foreign(self.config.index_kind)
            opened.pop_all()
        return index

    @cached_property
    def following(self) -> Index:
        """The index, ready to follow. Raises IndexUnavailable, IndexRefused."""
        self.prepare(self.index, self.config.index_kind)
        return self.index

    @cached_property
    def locate(self) -> Locator:
        """What says where a typed name or address may lie. Raises ModelError, ConfigError."""
        from monitor.fetch import agent
        from monitor.geocoder import Addresses, Locator

        names = parts.tool("nlp.lookup").open(_options(self.config, "places"))
        table = self.config.geocoder
        addresses = Addresses(table, agent(self.config.fetch.contact)) if table.url else None
        return Locator(names, addresses, self.config.area)

    @cached_property
    def links(self) -> Links:
        """What signs the addresses in messages."""
        return Links(secrets_of(self.keys), self.config.alerts.page)

    @cached_property
    def letterhead(self) -> Letterhead:
        """Whose letters messages are."""
        table = self.config.alerts
        return Letterhead(
            title=self.config.web.title,
            page=table.page,
            area=self.config.area,
            sign=self.links if table.page else None,
            operator=table.operator,
        )

    @cached_property
    def registrar(self) -> Registrar:
        """What takes, changes and ends subscriptions."""
        return Registrar(self.ledger, self.config, self.links, self.letterhead, self.channel)

    def settle(self) -> None:
        """Make the subscriptions of the configuration what it says. Raises ConfigError."""
        self.registrar.settle(utc_now())

    def channel(self, kind: str) -> Channel:
        """The channel of that kind, opened when it is first wanted. Raises ConfigError."""
        with self._guard:
            if kind not in self._channels:
                if kind not in self.config.channels:
                    raise ConfigError(f"[channel.{kind}]: is missing; add that table")
                part = parts.load("channels", kind)
                self._channels[kind] = part.open(self.config.channels[kind])
            return self._channels[kind]

    @property
    def follower(self) -> str:
        """The index's name among those that follow rows."""
        return f"index:{self.config.index_kind}"

    def options(self, kind: str) -> Any:
        """The options of an index of that kind, its path in the data folder."""
        options: Any = self.config.index(kind)
        if hasattr(options, "path"):
            options = replace(options, path=str(self.config.data / options.path))
        return options

    def open_index(self, kind: str = "", *, beside: bool = False) -> Index:
        """The index of that kind, the configured one where none is said; or another beside it."""
        kind = kind or self.config.index_kind
        opened: Index = parts.load("indexes", kind).open(self.options(kind), beside=beside)
        return opened

    def prepare(self, index: Index, name: str) -> None:
        """Make an index ready to follow under that name, from the beginning where it is new."""
        new = index.follows() is None
        if new:
            self._send_back(name)
        if index.prepare(self.ledger.feed.ledger_id()) and not new:
            self._send_back(name)

    def _send_back(self, name: str) -> None:
        for follower in followers(name):
            self.ledger.feed.advance(follower, 0)

    def follow(self, index: Index, name: str) -> Iterator[int]:
        """Tell an index what it has not seen: changes, then activity; its position in rows after
        each step."""
        rows, activity = followers(name)
        yield from self.pipeline.follow(rows, index.write)
        for _ in self.pipeline.note(activity, index.note):
            yield self.ledger.feed.position(rows)

    def open_steps(self) -> Sequence[Enricher]:
        """The steps of enrichment, with the encoder's number type that this ledger chose once."""
        steps = steps_of(self.config, self.ledger.truth.choice("dtype"))
        for step in steps:
            if isinstance(chosen := getattr(step, "dtype", None), str):
                self.ledger.truth.choice("dtype", chosen)
        return steps

    def open_grouper(self) -> Grouper:
        """The grouper."""
        opened: Grouper = parts.load("nlp", "group").open(self.config.group)
        return opened

    @contextmanager
    def consuming(self, wait_s: float = 0.0) -> Iterator[bool]:
        """Hold the lock of whoever consumes; False where another process holds it all the while.
        The draft of an interrupted rebuild goes."""
        self.config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(self.config.data / "ledger.lock")
        try:
            lock.acquire(timeout=wait_s)
        except Timeout:
            yield False
            return
        try:
            discard(self.config.data)
            yield True
        finally:
            lock.release()

    def consume(self) -> int:
        """Consume until nothing waits; rows done. Only under the lock."""
        done = 0
        while number := self.pipeline.consume():
            done += number
        return done

    def catch_up(self) -> int:
        """Consume and follow until nothing waits, so that who asks next finds it; rows done. Only
        under the lock. Raises IndexUnavailable and IndexRefused when all is consumed."""
        done = self.consume()
        for _ in self.follow(self.following, self.config.index_kind):
            pass
        self.following.refresh()
        return done

    def question(self, text: str) -> Query:
        """A question in the languages of this deployment. Raises QueryError."""
        return parse(text, self.config.main.languages)

    def ask(self, query: Query, of: Of, asked: Asked) -> Found:
        """Signals or events, with what `like:` means worked out."""
        if wanted := likes(query):
            words = Post(id="question", text=" ".join(wanted))
            (meant,) = self.encoder([words], [Enrichment()])
            asked = replace(asked, vector=meant.vector)
        return (
            self.index.signals(query, asked) if of == "signals" else self.index.events(query, asked)
        )

    def dropped(self, query: Query, limit: int) -> Iterator[Dropped]:
        """Posts that were not kept and that match, newest first."""
        found = (
            drop for drop in self.ledger.desk.dropped() if matches(query, dropped_document(drop))
        )
        return islice(found, limit)

    def tell(self, what: Decision | Gone | Tick) -> int:
        """One more row of the inbox; its number."""
        return self.ledger.inbox.append(what)

    def close_index(self) -> None:
        """Let go of the index; it is opened anew when it is next wanted."""
        vars(self).pop("following", None)
        if index := vars(self).pop("index", None):
            index.close()

    def close(self) -> None:
        """Close what was opened."""
        self.close_index()
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        if "ledger" in vars(self):
            self.ledger.close()


def followers(name: str) -> tuple[str, str]:
    """Under which names an index follows rows and activity."""
    return f"index:{name}", f"activity:{name}"


def foreign(kind: str) -> IndexRefused:
    """What is said of an index that follows another ledger."""
    return IndexRefused(
        f"index {kind}: follows another ledger; name another place for it in [index.{kind}], or "
        "make it anew with `monitor rebuild`"
    )


def steps_of(config: Config, dtype: str | None = None) -> Sequence[Enricher]:
    """The steps of enrichment as configured, at home in the area, with the number type."""
    return [_step(config, name, dtype) for name in STEPS]


def _options(config: Config, name: str) -> Any:
    """The options of a step, at home in the area and with its list of places found."""
    options: Any = config.steps[name]
    if config.area and getattr(options, "home", ()) is None:
        options = replace(options, home=config.area.box)
    if getattr(options, "gazetteer", ""):
        options = replace(options, gazetteer=str(config.path.parent / options.gazetteer))
    return options


def _step(config: Config, name: str, dtype: str | None) -> Enricher:
    options = _options(config, name)
    if getattr(options, "heads", None) == "" and (found := refitted(config.data)):
        options = replace(options, heads=str(found[-1]))
    if dtype and hasattr(options, "dtype"):
        options = replace(options, dtype=dtype)
    step: Enricher = parts.load("nlp", name).open(options)
    return step


def refitted(data: Path) -> list[Path]:
    """The folders of heads that were refitted to decisions, the newest last: it is used."""
    found = (path for path in (data / HEADS).glob("*") if path.name.isdecimal())
    return sorted(found, key=lambda path: int(path.name))


def dropped_document(dropped: Dropped) -> Document:
    """What a query sees of a dropped post."""
    return signal_document(
        Signal(
            post=dropped.post,
            enrichment=dropped.enrichment,
            event="",
            sources=(dropped.post.source,),
            arrived=dropped.seq,
            seq=dropped.seq,
        )
    )
