"""When: polls by the clock, a consumer and followers that never sleep long, one way to stop.

Threads only wait: for the network, for rows, for changes, for messages. One thread thinks.
"""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import FrameType
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor import heap, log
from monitor.alerts.deliver import deliver
from monitor.alerts.release import Alerts
from monitor.alerts.silence import CHANNEL, Silences
from monitor.app import App
from monitor.config import Source
from monitor.errors import (
    IndexRefused,
    IndexUnavailable,
    LedgerError,
    ModelError,
    MonitorError,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from monitor.evidence import keep_payload
from monitor.ledger import Health, State
from monitor.ledger.notices import FOLLOWER
from monitor.model import Tick

IDLE_S: Final = 0.5
LONGEST_BACK_OFF: Final = timedelta(hours=6)
LONGEST_WAIT_S: Final = 60.0
GRACE_S: Final = 300
THREADS: Final = 8

_log = log.get(__name__)


def poll(app: App, source: Source, stored: Callable[[], object]) -> Health:
    """Ask a source once and write down how it fares; `stored` is called after each page."""
    now = datetime.now(UTC)
    before = app.ledger.desk.health(source.name)
    posts = 0
    try:
        for accepted in app.pipeline.collect(source):
            posts += accepted.posts
            stored()
        health = Health(state="ok", answered=now, posted=now if posts else before.posted)
    except SourceError as error:
        health = _failed(app, source, before, error, now)
    except MonitorError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug costs one source
        _log.critical("source", source=source.name, fault=type(error).__name__, exc_info=True)
        words = f"{source.name}: {type(error).__name__}, a bug in its collector; see the log"
        health = _failed(app, source, before, SourceChanged(words), now)
    app.ledger.desk.report(source.name, health)
    return health


def _failed(app: App, source: Source, before: Health, error: SourceError, now: datetime) -> Health:
    failures = before.failures + 1
    wait = min(source.every * 2 ** min(failures - 1, 12), LONGEST_BACK_OFF)
    wait *= random.uniform(0.8, 1.2)
    if isinstance(error, SourceUnavailable) and error.retry_after_s:
        wait = max(wait, timedelta(seconds=error.retry_after_s))
    if isinstance(error, SourceChanged) and error.payload:
        keep_payload(app.config.data / "payloads", source.name, error.payload, now)
    state: State = "unavailable"
    if isinstance(error, SourceChanged):
        state = "broken"
    elif isinstance(error, SourceRefused):
        state = "refused"
    _log.warning("source", source=source.name, state=state, failures=failures, said=str(error))
    return replace(before, state=state, failures=failures, message=str(error), again=now + wait)


class Schedule:
    """Polls, consumes and follows until it is told to stop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stop = threading.Event()
        self._fault: MonitorError | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises LedgerError when the ledger cannot go on."""
        heap.share()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        scheduler = self._scheduler()
        bodies = {"consumer": self._consume, "follower": self._follow, **self._alerts()}
        loops = [
            threading.Thread(target=self._loop, args=(body,), name=name)
            for name, body in bodies.items()
        ]
        scheduler.start()
        for loop in loops:
            loop.start()
        _log.info("started", sources=len(self._app.config.sources))
        try:
            self._stop.wait()
        finally:
            self._stop.set()
            scheduler.shutdown(wait=True)
            for loop in loops:
                loop.join()
            _log.info("stopped")
        if self._fault is not None:
            raise self._fault

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Poll by the clock meanwhile, and consume nothing. Raises LedgerError at the end when the
        ledger could not be written."""
        scheduler = self._scheduler()
        scheduler.start()
        try:
            yield
        finally:
            self._stop.set()
            scheduler.shutdown(wait=True)
        if self._fault is not None:
            raise self._fault

    def notice(self) -> None:
        """Put everything that is news by now into the outbox."""
        alerts = self._alerts().get("alerts")
        while alerts and alerts():
            pass

    def _scheduler(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": GRACE_S,
            },
            timezone=UTC,
        )
        self._add_jobs(scheduler)
        return scheduler

    def _add_jobs(self, scheduler: BackgroundScheduler) -> None:
        now = datetime.now(UTC)
        for number, source in enumerate(self._app.config.sources):
            every_s = source.every.total_seconds()
            scheduler.add_job(
                self._poll,
                IntervalTrigger(seconds=int(every_s), jitter=max(1, int(every_s / 10))),
                args=(source,),
                id=source.name,
                next_run_time=now + timedelta(seconds=number % THREADS),
            )
        scheduler.add_job(self._tick, CronTrigger(minute=0), id="tick", next_run_time=now)

    def _alerts(self) -> Mapping[str, Callable[[], bool]]:
        """What tells subscribers, where there is a channel: one loop that follows and releases, one
        that tells the operator of sources, and one for each channel. Raises ConfigError."""
        app = self._app
        if not app.config.channels:
            app.ledger.feed.dismiss(FOLLOWER)
            return {}
        app.registrar.settle(datetime.now(UTC))
        app.ledger.notices.begin()
        for kind in app.config.channels:
            app.channel(kind)
        alerts = Alerts(app.ledger, app.config, app.letterhead, app.channel)
        delivering = {kind: partial(self._deliver, kind) for kind in app.config.channels}
        return {"alerts": alerts, **self._silences(), **delivering}

    def _silences(self) -> Mapping[str, Callable[[], bool]]:
        app, config = self._app, self._app.config
        if not config.alerts.operator or CHANNEL not in config.channels:
            return {}
        lang = config.main.languages[0] if config.main.languages else ""
        silences = Silences(app.ledger, config.sources, app.letterhead, lang, app.channel)
        return {"operator": silences}

    def _deliver(self, kind: str) -> bool:
        return deliver(self._app.ledger, kind, self._app.channel, self._stop) > 0

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _poll(self, source: Source) -> None:
        if self._app.ledger.desk.health(source.name).again > datetime.now(UTC):
            return
        try:
            self._wait_for_room(source)
            poll(self._app, source, lambda: self._wait_for_room(source))
        except _Stopped:
            return
        except LedgerError as error:
            self._give_up(error)

    def _wait_for_room(self, source: Source) -> None:
        """Until the inbox has room; an archive waits until its last batch is consumed."""
        inbox = self._app.ledger.inbox
        while (source.backfill and inbox.waiting("import")) or (
            inbox.size_mb() > self._app.config.main.inbox_max_mb
        ):
            if self._stop.wait(IDLE_S):
                raise _Stopped
        if self._stop.is_set():
            raise _Stopped

    def _tick(self) -> None:
        now = datetime.now(UTC)
        self._app.tell(Tick(at=now))
        self._app.ledger.notices.tidy(now)
        self._app.ledger.outbox.tidy(now)

    def _loop(self, body: Callable[[], bool]) -> None:
        """One loop: again at once while there is work, else after a moment; what keeps it from its
        work is said, and tried again ever later."""
        wait_s = IDLE_S
        while not self._stop.is_set():
            try:
                worked = body()
                wait_s = IDLE_S
            except (ModelError, IndexUnavailable, IndexRefused) as error:
                worked = False
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                _log.error("waiting", said=str(error), again_s=wait_s)
            except MonitorError as error:
                self._give_up(error)
                return
            except Exception as error:  # noqa: BLE001 - a bug costs a loop a while
                worked = False
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                fault = type(error).__name__
                _log.critical("waiting", fault=fault, again_s=wait_s, exc_info=True)
            if not worked:
                self._stop.wait(wait_s)

    def _consume(self) -> bool:
        return self._app.pipeline.consume() > 0

    def _follow(self) -> bool:
        """An index that fails is opened and prepared anew the next time."""
        worked = False
        try:
            for _ in self._app.follow(self._app.following, self._app.config.index_kind):
                worked = True
                if self._stop.is_set():
                    break
        except (IndexUnavailable, IndexRefused):
            self._app.close_index()
            raise
        return worked

    def _give_up(self, error: MonitorError) -> None:
        self._fault = error
        self._stop.set()


class _Stopped(Exception):
    """Told to stop while waiting for room."""
