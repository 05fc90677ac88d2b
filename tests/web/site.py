"""The page of a sample day, served on loopback by the real server."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import numpy as np

from monitor import parts, sample
from monitor.app import App
from monitor.config import build_config, read_config
from monitor.ledger import utc_now
from monitor.model import Enrichment, Page, Post
from monitor.pipeline import Pipeline, Rules
from monitor.ports import Grouper
from monitor.tables import WebTable
from monitor.web.server import listening, server_of
from tests.worlds import KEYS, Clock, Recorded, fill, pipeline

PAGE = "https://monitor.example"
MAIL = {"email": {"host": "mail.example.org", "sender": "alerts@example.org"}}


@dataclass
class Site:
    """A page that is served, and a browser without scripts before it."""

    app: App
    address: str
    browser: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.browser = httpx2.Client(base_url=self.address, timeout=60.0)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.browser.get(path, headers=_named(headers))

    def json(self, path: str, **params: Any) -> Any:
        answer = self.browser.get(f"/api/v1{path}", params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def events(self, **params: Any) -> list[str]:
        """The ids of those that are listed."""
        return [event["id"] for event in self.json("/events", **params)["events"]]

    def csrf(self) -> str:
        return str(self.json("/session")["csrf"])

    def post(self, path: str, data: Any, **headers: str) -> httpx2.Response:
        named = {"X-CSRF-Token": self.csrf(), **_named(headers)}
        return self.browser.post(path, data=data, headers=named)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def served(app: App, options: WebTable | None = None) -> Iterator[Site]:
    """The page of a deployment, meanwhile."""
    options = options or WebTable(port=0)
    server = server_of(app, options)
    with listening(options) as listener:
        host, port = listener.getsockname()[:2]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the page ended before it was there"
            time.sleep(0.005)
        site = Site(app, f"http://{host}:{port}")
        try:
            yield site
        finally:
            site.browser.close()
            server.should_exit = True
            thread.join()


def sample_day(folder: Path, tables: str = "") -> App:
    """The sample day with recorded enrichments, consumed and followed; `tables` of the
    configuration come on top."""
    config = sample.lay_out(folder)
    with config.open("a", encoding="utf-8") as file:
        file.write(tables)
    app = App(read_config(config))
    clock = Clock()
    app.ledger.store.clock = clock
    fill(app.ledger, clock)
    vars(app)["pipeline"] = pipeline(app.ledger)
    app.catch_up()
    return app


def shown(page: str, pattern: str) -> list[str]:
    """What stands in a page."""
    return re.findall(pattern, page)


def collected_day(folder: Path) -> App:
    """The sample day as its collector and `admit` give it, today; enrichments are recorded."""
    app = App(read_config(sample.lay_out(folder)))
    pipe = Pipeline(
        app.ledger,
        app.rules,
        app.keys,
        fetch=None,  # type: ignore[arg-type]
        open_steps=lambda: [Recorded()],
        open_grouper=_grouper,
    )
    vars(app)["pipeline"] = pipe
    for _ in pipe.collect(app.config.source("sample-day")):
        app.consume()
    app.catch_up()
    return app


def _grouper() -> Grouper:
    part = parts.load("nlp", "group")
    opened: Grouper = part.open(part.Options())
    return opened


class Kept:
    """Enrichments that keep every post and make each an event of its own."""

    needs: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset(
        {"lang", "vector", "relevance", "relevant", "topics", "labels", "severity", "places"}
    )

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> Sequence[Enrichment]:
        return [
            Enrichment(
                lang="en",
                relevance=0.9,
                relevant=True,
                topics={"Fire": 0.8, "Met/flood": 0.1},
                labels=("Fire",),
                severity="Severe",
                vector=vector_of(post.id),
                models={"encode": "recorded"},
            )
            for post in posts
        ]


def vector_of(name: str) -> bytes:
    numbers = np.random.default_rng(random.Random(name).getrandbits(32)).normal(size=64)
    return bytes((numbers / np.linalg.norm(numbers)).astype("<f4").tobytes())


def smoke(number: int) -> Post:
    """A post of just now."""
    now = utc_now()
    return Post(
        id=f"x:{number}",
        text="smoke and fire at the mill",
        source="paper",
        voice="media",
        published=now,
        collected=now,
    )


def posted(folder: Path, *posts: Post) -> App:
    """A deployment that has kept these posts."""
    app = App(read_config(sample.lay_out(folder)))
    vars(app)["pipeline"] = Pipeline(
        app.ledger,
        Rules(sources={}),
        KEYS,
        fetch=None,  # type: ignore[arg-type]
        open_steps=lambda: [Kept()],
        open_grouper=_grouper,
    )
    app.ledger.inbox.accept("test", Page(posts=posts))
    app.catch_up()
    return app


def configured(app: App, **tables: Any) -> App:
    """The deployment with other alerts, channels and subscriptions: those of these tables."""
    known = build_config(tables, app.config.path)
    app.config = replace(
        app.config,
        alerts=known.alerts,
        channels=known.channels,
        subscriptions=known.subscriptions,
    )
    return app


def able(app: App) -> App:
    """The deployment with mail set up."""
    duty = {"name": "Duty", "to": "duty@example.org", "query": "flood"}
    alerts = {"page": PAGE, "confirm_per_client": 4}
    return configured(app, alerts=alerts, channel=MAIL, subscription=[duty])
