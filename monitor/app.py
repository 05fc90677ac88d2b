"""The parts put together: what a verb, a page or a schedule works with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from monitor import parts
from monitor.admit import Keys, read_keys
from monitor.config import STEPS, Config
from monitor.documents import Document, signal_document
from monitor.errors import ConfigError
from monitor.fetch import Fetcher, agent
from monitor.ledger import Ledger, open_ledger
from monitor.model import Decision, Dropped, Enrichment, Gone, Post, Signal, Tick
from monitor.pipeline import Pipeline, Rules
from monitor.ports import Asked, Enricher, Found, Grouper, Index, Of
from monitor.query import Query, likes, matches, parse

LOCK_S: Final = 5.0
"""How long `run` waits for a verb that consumes a moment."""
WAIT_S: Final = 10.0
"""How long a decision waits for its outcome before it is called pending."""


class App:
    """One deployment: its configuration, its ledger and whatever is opened when first asked for."""

    def __init__(self, config: Config) -> None:
        self.config = config

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
        """The index, sent back to the beginning where it is new. Raises IndexRefused."""
        index = self.open_index()
        if index.prepare(self.ledger.feed.ledger_id()):
            self.ledger.feed.advance(self.follower, 0)
        return index

    @property
    def follower(self) -> str:
        """The index's name among the followers."""
        return f"index:{self.config.index_kind}"

    def open_index(self, *, beside: bool = False) -> Index:
        """The index of the configuration, or a new one beside it."""
        options: Any = self.config.index
        if hasattr(options, "path"):
            options = replace(options, path=str(self.config.data / options.path))
        opened: Index = parts.load("indexes", self.config.index_kind).open(options, beside=beside)
        return opened

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
        """Hold the lock of whoever consumes; False where another process holds it all the while."""
        self.config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(self.config.data / "ledger.lock")
        try:
            lock.acquire(timeout=wait_s)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def catch_up(self) -> int:
        """Consume and follow until nothing waits; rows done. Only under the lock."""
        done = 0
        while number := self.pipeline.consume():
            done += number
        for _ in self.pipeline.follow(self.follower, self.index.write):
            pass
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

    def every(self, query: Query, of: Of, batch: int = 500) -> Iterator[Any]:
        """All finds, page by page, oldest row first."""
        asked = Asked(sort="id", limit=batch)
        while True:
            found = self.ask(query, of, asked)
            yield from (hit.value for hit in found.hits)
            if found.next is None:
                return
            asked = replace(asked, after=found.next)

    def tell(self, what: Decision | Gone | Tick) -> int:
        """One more row of the inbox; its number."""
        return self.ledger.inbox.append(what)

    def close(self) -> None:
        """Close what was opened."""
        opened = vars(self)
        if "index" in opened:
            self.index.close()
        if "ledger" in opened:
            self.ledger.close()


def steps_of(config: Config, dtype: str | None = None) -> Sequence[Enricher]:
    """The steps of enrichment as configured, at home in the area, with the number type."""
    return [_step(config, name, dtype) for name in STEPS]


def _step(config: Config, name: str, dtype: str | None) -> Enricher:
    options: Any = config.steps[name]
    if config.area and getattr(options, "home", ()) is None:
        options = replace(options, home=config.area.box)
    if getattr(options, "gazetteer", ""):
        options = replace(options, gazetteer=str(config.path.parent / options.gazetteer))
    if dtype and hasattr(options, "dtype"):
        options = replace(options, dtype=dtype)
    step: Enricher = parts.load("nlp", name).open(options)
    return step


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
