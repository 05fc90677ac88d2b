"""What the longer verbs do, apart from how they are called."""

from __future__ import annotations

import html
import os
import secrets
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from monitor import parts
from monitor.admit import Keys, admit
from monitor.app import HEADS, WAIT_S, App, followers, foreign, refitted
from monitor.config import Source, duration
from monitor.errors import ConfigError, IndexUnavailable, QueryError
from monitor.ledger import utc_now
from monitor.ledger.anew import Anew
from monitor.messages import Message
from monitor.model import Cursor, Page, Signal, Tick
from monitor.query import Query, likes
from monitor.wanted import address

_SAMPLE: Final = 2_000
"""Signals that stand for all, where it matters what a deployment keeps."""


def tried(kind: str, options: Sequence[str], allow: Sequence[str]) -> Page:
    """The first page of a source that is not configured, as it would be stored. Raises SourceError
    and ConfigError."""
    from monitor.fetch import Fetcher, agent

    part = parts.load("collectors", kind)
    source = Source(
        name="try",
        kind=kind,
        every=duration("1d"),
        options=parts.options(part, dict(map(_pair, options)), f"try {kind}"),
        policy=part.POLICY,
    )
    pages = part.collect(source.options, Fetcher(allow=allow, user_agent=agent()), Cursor())
    return admit(next(pages, Page()), source, Keys(keys=(secrets.token_bytes(32),)))


def _pair(option: str) -> tuple[str, Any]:
    key, mark, value = option.partition("=")
    if not mark or not key.isidentifier():
        raise ConfigError(f"{option!r}: not key=value; write it as in url=https://example.org/feed")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def replayed(app: App) -> Iterator[int]:
    """Collect all sources once, consume page by page and follow; how many rows were done so far."""
    done = 0
    with app.consuming():
        for source in app.config.sources:
            for _ in app.pipeline.collect(source):
                while number := app.pipeline.consume():
                    done += number
                    yield done
        app.tell(Tick(at=utc_now()))
        yield done + app.catch_up()


def settled(app: App, seq: int) -> bool:
    """Consume the row here if nobody else consumes, else wait ten seconds; False where it is still
    pending. The index is not followed yet."""
    with app.consuming() as mine:
        if mine:
            app.consume()
    return _waited(lambda: app.ledger.feed.consumed() >= seq)


def caught_up(app: App) -> None:
    """Bring the index here to where the ledger is, unless another process consumes, which does."""
    with app.consuming() as mine:
        if mine:
            app.catch_up()


def _waited(done: Callable[[], bool]) -> bool:
    """Whether it is done within ten seconds."""
    until = time.monotonic() + WAIT_S
    while not (so := done()) and time.monotonic() < until:
        time.sleep(0.1)
    return so


def forgotten(app: App, query: Query) -> tuple[list[str], int]:
    """The ids that a query means, dropped posts too, and how many of them are under a hold."""
    if likes(query):
        raise QueryError("like: likeness is no ground to forget; name words, fields or ids")
    _level(app)
    ids: list[str] = []
    held = 0
    for signal in app.index.scan(query, "signals"):
        if isinstance(signal, Signal) and signal.hold:
            held += 1
        elif isinstance(signal, Signal):
            ids.append(signal.post.id)
    ids += [drop.post.id for drop in app.dropped(query, limit=1 << 30)]
    return ids, held


def _level(app: App) -> None:
    """See to it that the index answers as the ledger would. Raises IndexUnavailable where it stays
    behind."""
    caught_up(app)
    feed = app.ledger.feed
    until = feed.consumed()
    if not _waited(lambda: feed.position(app.follower) >= until):
        rows = until - feed.position(app.follower)
        raise IndexUnavailable(
            f"index {app.config.index_kind}: is {rows} rows behind, so what is to be forgotten is "
            "not known; `monitor status` says why, try again when it has caught up"
        )
    app.index.refresh()


def rebuilt(app: App, kind: str) -> Iterator[int]:
    """Follow from the beginning into a new index of that kind, then put it in the place of the one
    that is there; the rows that it has seen. Interrupted, it goes on where it was."""
    with alone(app), closing(app.open_index(kind, beside=True)) as index:
        name = f"{kind}:next"
        app.prepare(index, name)
        yield from app.follow(index, name)
        index.refresh()
        index.promote()
        app.ledger.feed.inherit(dict(zip(followers(kind), followers(name), strict=True)))
    yield app.ledger.feed.position(f"index:{kind}")


def let_go(app: App, kind: str) -> None:
    """Be rid of an index that is not followed: an empty one takes its place, and its followers are
    dismissed. Raises IndexRefused where it is another ledger's."""
    if kind == app.config.index_kind:
        raise ConfigError(f"index {kind}: is followed; name another kind in [index] first")
    with alone(app):
        with closing(app.open_index(kind)) as index:
            owner = index.follows()
        if owner not in {None, app.ledger.feed.ledger_id()}:
            raise foreign(kind)
        empty(app, kind)
        app.ledger.feed.dismiss(*followers(kind), *followers(f"{kind}:next"))


def empty(app: App, kind: str) -> None:
    """Put an empty index in the place of the one of that kind, and of one begun beside it."""
    new = False
    while not new:
        with closing(app.open_index(kind, beside=True)) as index:
            new = index.prepare(app.ledger.feed.ledger_id())
            index.promote()
    if hasattr(parts.load("indexes", kind), "tidy"):
        tidied(app, kind)


def tidied(app: App, kind: str) -> Sequence[str]:
    """Delete what earlier indexes of that kind left, and is asked by nobody; the names."""
    gone: Sequence[str] = parts.load("indexes", kind).tidy(app.options(kind))
    return gone


def views_of(app: App, kind: str) -> Iterator[str]:
    """The data views of an index of that kind, a line each."""
    views: Iterator[str] = parts.load("indexes", kind).views(app.options(kind))
    return views


def tested(app: App, kind: str, to: str) -> str:
    """Hand one test message over to that channel, now; its id. Raises DeliveryError, ConfigError,
    QueryError where the address is none."""
    to = address(to) if kind == "email" else to
    title = app.config.web.title
    said = f"This is a test of the alerts of {title}. There is nothing to be done."
    message = Message(
        id=secrets.token_hex(12),
        subscription="test",
        to=to,
        subject=f"{title}: test",
        text=f"{said}\n",
        html=f"<!doctype html><html lang=en><body><p>{html.escape(said)}</p></body></html>",
        at=utc_now(),
        name=title,
    )
    channel = app.channel(kind)
    channel.send(to, channel.compose(message))
    return message.id


def keys_made(app: App, kind: str, folder: Path | None) -> Mapping[str, tuple[str, Path | None]]:
    """Keys of least rights for an index of that kind by name, each with the file of mode 0600 in
    the folder that holds it. Raises ConfigError where it cannot be written."""
    part = parts.load("indexes", kind)
    try:
        if folder:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return {
            key.name: (key.secret, folder and _written(folder / f"{key.name}.key", key.secret))
            for key in part.keys(app.options(kind))
        }
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written ({error.strerror}); name another folder with --to"
        ) from error


def _written(path: Path, secret: str) -> Path:
    """The file, which holds the secret whole and is nobody else's to read."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secret}\n")
    return fresh.replace(path)


def learned(app: App) -> tuple[tuple[Any, ...], Path | None]:
    """How heads that are refitted to the decisions in the ledger do beside those in use, one line
    each, and the folder of the new ones; None where none is better. Raises ConfigError, ModelError.
    """
    if getattr(app.config.steps["relevance"], "heads", ""):
        raise ConfigError("[nlp.relevance] heads: names heads of your own; leave it empty first")
    truth, former = app.ledger.truth, refitted(app.config.data)
    names = sorted(Anew(app.ledger.store).decided())
    found = ((truth.event(name), truth.members(name), truth.decisions(name)) for name in names)
    judged = (each for each in found if each[0] is not None)
    number = int(former[-1].name) + 1 if former else 1
    folder = app.config.data / HEADS / str(number)
    fresh = folder.with_name(f"{number}.new")
    used = str(former[-1]) if former else ""
    kept = truth.sample(_SAMPLE)
    compared = parts.tool("nlp.train.refit").refit(judged, kept, used, fresh)
    better = any(line.better for line in compared)
    return compared, fresh.replace(folder) if better else None


def unlearned(app: App) -> None:
    """Be rid of the heads that were refitted last. Raises ConfigError where there are none."""
    found = refitted(app.config.data)
    if not found:
        raise ConfigError("train: no heads were refitted here; there is nothing to undo")
    shutil.rmtree(found[-1])


@contextmanager
def alone(app: App) -> Iterator[None]:
    """Nobody else consumes or follows meanwhile."""
    with app.consuming() as mine:
        if not mine:
            raise ConfigError(
                f"{app.config.data}: another process writes the index; stop `monitor run` first"
            )
        yield
