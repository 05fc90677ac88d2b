"""What alerts cost: matching by subscriptions and events, ten thousand subscriptions told of a
thousand events at once, and how long a post takes from its collection to the mail server's 250."""

from __future__ import annotations

import os
import random
import resource
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from channels import email
from monitor.alerts.matching import Matcher
from monitor.alerts.release import Alerts
from monitor.app import App
from monitor.config import build_config
from monitor.ledger import Ledger, open_ledger
from monitor.messages import Subscription
from monitor.model import Change, Enrichment, Event, Page, Place, Post, Row, Signal, Tick
from monitor.query import parse
from monitor.schedule import Schedule
from tests.letters import LETTERHEAD
from tests.smtp import Taken, mail_server
from tests.worlds import Clock, Recorded

SUBSCRIPTIONS = (100, 1_000, 10_000)
EVENTS = (100, 1_000)
POSTS = 200
"""Posts whose way is timed, each an event of its own."""
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
TOPICS = ("Fire", "Fire/wild", "Met/flood", "Transport/collision", "Security/violence",
          "Infra/power", "Health/medical", "CBRNE/hazmat")  # fmt: skip
SEVERITIES = ("Minor", "Moderate", "Severe", "Extreme")
WORDS = [f"{head}{tail}" for head in ("fire", "flood", "tram", "north", "mill", "ash", "river",
         "bell", "stone", "wood", "park", "king", "high", "low", "long", "gold", "green", "west")
         for tail in ("ton", "ham", "ford", "by", "ley", "wick", "field", "gate", "bridge", "burn",
                      "port", "hill", "mere", "side", "stead", "worth", "well", "ness", "cote",
                      "dale")]  # fmt: skip


def somewhere(dice: random.Random) -> tuple[float, float]:
    """A place in a city of about 45 by 55 km."""
    return dice.uniform(51.3, 51.7), dice.uniform(-0.5, 0.3)


def happenings(count: int) -> Iterator[tuple[Event, list[Signal]]]:
    """Events of three posts each, all different."""
    dice = random.Random(1)
    for row in range(1, count + 1):
        lat, lon = somewhere(dice)
        texts = [" ".join(dice.choices(WORDS, k=25)) for _ in range(3)]
        posts = [
            Post(
                id=f"feed:{row}-{n}", text=text, title=text[:60], source=f"gazette {n}",
                url=f"https://gazette{n}.example/{row}", voice="media",
                published=NOW - timedelta(minutes=n),
            )
            for n, text in enumerate(texts)
        ]  # fmt: skip
        name = f"{dice.choice(WORDS).title()} {dice.choice(WORDS)}"
        yield (
            Event(
                id=str(row), seq=row, title=posts[0].title, texts=tuple(texts),
                first=posts[-1].published, last=NOW, size=3,
                sources={post.source: 1 for post in posts}, topics={dice.choice(TOPICS): 3},
                langs={"en": 3}, severity=dice.choice(SEVERITIES), certainty="Likely",
                place=Place(name=name, start=0, end=0, role="happened", kind="district",
                            lat=lat, lon=lon, radius_m=500.0),
                phase="growing", live=True,
            ),
            [
                Signal(post=post, enrichment=Enrichment(lang="en"), event=str(row),
                       sources=(post.source,), arrived=row, seq=row)
                for post in posts
            ],
        )  # fmt: skip


def readers(count: int) -> Iterator[Subscription]:
    """Subscriptions of people near their homes, of desks for topics, and of those who search."""
    dice = random.Random(2)
    for number in range(count):
        home = somewhere(dice)
        asked: dict[str, Any] = (
            {"area": (home,), "radius_m": dice.uniform(500, 2_000)},
            {"area": (home,), "radius_m": dice.uniform(2_000, 6_000),
             "topics": (dice.choice(TOPICS),)},
            {"query": " AND ".join(dice.choices(WORDS, k=3)), "severity": "Severe"},
            {"area": (home, (home[0], home[1] + 0.05), (home[0] + 0.03, home[1] + 0.05)),
             "severity": dice.choice(SEVERITIES)},
            {"query": f'"{dice.choice(WORDS)} {dice.choice(WORDS)}"'},
        )[number % 5]  # fmt: skip
        yield Subscription(
            id=f"s{number:05}", to=f"reader{number}@example.org", name=f"Reader {number}",
            state="active", zone="Europe/London", made=NOW - timedelta(days=90), **asked,
        )  # fmt: skip


@dataclass(frozen=True)
class Matched:
    """What matching so many cost: to take the subscriptions in, and to ask for all events."""

    subscriptions: int
    events: int
    taken_s: float
    asked_s: float
    pairs: int


def matching() -> Iterator[Matched]:
    """By size."""
    told = [event for event, _ in happenings(max(EVENTS))]
    for size in SUBSCRIPTIONS:
        matcher = Matcher(parse)
        begun = time.perf_counter()
        matcher.take(readers(size))
        taken_s = time.perf_counter() - begun
        for events in EVENTS:
            begun = time.perf_counter()
            pairs = sum(len(matcher(event)) for event in told[:events])
            yield Matched(size, events, taken_s, time.perf_counter() - begun, pairs)


@dataclass(frozen=True)
class Storm:
    """What telling all of all cost: what went at once, and what was folded when the flood had
    ebbed; processor seconds of both. Memory is of the whole process, before and at its most."""

    subscriptions: int
    events: int
    waited: int
    messages: int
    at_once_s: float
    folded_s: float
    cpu_s: float
    before_mb: float
    peak_mb: float


def peak_mb() -> float:
    """The most that this process ever held in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def storm(bar: Progress) -> Storm:
    """Ten thousand subscriptions, a thousand new events: matched, rendered, composed as mail and
    put in the outbox."""
    clock = Clock(NOW)
    channel = email.open(email.Options(host="127.0.0.1", sender="alerts@example.org",
                                       security="none"))  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        ledger = open_ledger(Path(place) / "ledger.db", clock)
        subscriptions, events = SUBSCRIPTIONS[-1], EVENTS[-1]
        ledger.subscribers.put(*readers(subscriptions))
        config = build_config({}, Path(place) / "monitor.toml")
        alerts = Alerts(ledger, config, LETTERHEAD, lambda kind: channel)
        alerts()
        write(ledger, list(happenings(events)))
        before = peak_mb()
        task = bar.add_task("all are told of all", total=None)
        cpu, at_once_s = time.process_time(), seconds(alerts)
        with ledger.store.reading() as db:
            (waited,) = db.execute("SELECT count(*) FROM due").fetchone()
        clock.now += timedelta(minutes=2)
        folded_s = seconds(alerts)
        cpu_s = time.process_time() - cpu
        bar.update(task, total=1, completed=1)
        messages = ledger.outbox.counts()["waiting"]
        ledger.close()
    return Storm(
        subscriptions, events, waited, messages, at_once_s, folded_s, cpu_s, before, peak_mb()
    )  # fmt: skip


def seconds(alerts: Alerts) -> float:
    """How long it takes until there is nothing more to do."""
    begun = time.perf_counter()
    while alerts():
        pass
    return time.perf_counter() - begun


def write(ledger: Ledger, told: Sequence[tuple[Event, list[Signal]]]) -> None:
    """Events and their signals as the consumer leaves them."""
    last = told[-1][0].seq
    row = Row(seq=last, at=NOW, what=Tick(at=NOW))
    signals = tuple(signal for _, several in told for signal in several)
    events = tuple(event for event, _ in told)
    ledger.truth.commit([row], Change(last=last, signals=signals, events=events))


class Quick(App):
    """A deployment whose enrichments are recorded: every post is an event of its own."""

    def open_steps(self) -> Sequence[Any]:
        return [Alone()]


class Alone(Recorded):
    """Every post happens somewhere else."""

    def _one(self, post: Post) -> Enrichment:
        number = int(post.id.rpartition(":")[2])
        said = super()._one(replace(post, id=f"alone {number}"))
        lat, lon = 51.30 + 0.0195 * (number % 20), -0.45 + 0.03 * (number // 20)
        spot = replace(said.places[0], lat=lat, lon=lon, radius_m=100.0, name=f"corner {number}")
        return replace(said, relevant=True, places=(spot,))


@dataclass(frozen=True)
class Way:
    """Seconds from the end of a collection to the mail server's 250, over all posts."""

    posts: int
    mails: int
    median_s: float
    p95_s: float
    worst_s: float


def latency(posts: int, bar: Progress) -> Way:
    """Four posts a second through a real schedule, index and mail server; each has one reader."""
    came: dict[str, float] = {}
    left: dict[str, float] = {}

    def taken(mail: Taken) -> None:
        left[mail.to] = time.monotonic()

    def feed(app: App) -> None:
        """What a collector does, then what an operator does; the first post is not timed."""
        task = bar.add_task("posts are on their way", total=posts)
        for number in range(posts + 1):
            text = f"number{number} burns, and the street is closed to all traffic"
            post = Post(id=f"feed:{number}", text=text, source="gazette", voice="media")
            came[f"reader{number}@example.org"] = time.monotonic()
            app.ledger.inbox.accept("gazette", Page(posts=(post,)))
            while not left:
                time.sleep(0.1)
            time.sleep(0.25)
            bar.update(task, completed=len(left) - 1)
        until = time.monotonic() + 60
        while len(left) <= posts and time.monotonic() < until:
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGTERM)

    with tempfile.TemporaryDirectory() as place, mail_server(on_taken=taken) as server:
        options = {"host": "127.0.0.1", "port": server.port, "security": "none",
                   "sender": "alerts@example.org"}  # fmt: skip
        app = Quick(build_config({"channel": {"email": options}}, Path(place) / "monitor.toml"))
        app.ledger.subscribers.put(
            *(
                Subscription(id=f"s{n}", to=f"reader{n}@example.org", state="active",
                             query=f"number{n}", made=NOW)
                for n in range(posts + 1)
            )
        )  # fmt: skip
        feeder = threading.Thread(target=feed, args=(app,))
        feeder.start()
        Schedule(app).run()
        feeder.join()
        app.close()
    took = sorted(left[to] - came[to] for to in left if not to.startswith("reader0@"))
    p95 = statistics.quantiles(took, n=20)[-1]
    return Way(posts, len(took), statistics.median(took), p95, took[-1])


def measure(bar: Progress) -> dict[str, Any]:
    """All three."""
    return {
        "matching": [asdict(one) for one in matching()],
        "storm": asdict(storm(bar)),
        "latency": asdict(latency(POSTS, bar)),
    }


def tables(found: dict[str, Any]) -> Iterator[Table]:
    """As they stand in the documents."""
    matched = Table("subscriptions", "events", "taken in s", "asked s", "µs a pair", "matches",
                    title="matching")  # fmt: skip
    for one in found["matching"]:
        each = one["asked_s"] / (one["subscriptions"] * one["events"]) * 1e6
        matched.add_row(
            f"{one['subscriptions']:,}", f"{one['events']:,}", f"{one['taken_s']:.2f}",
            f"{one['asked_s']:.2f}", f"{each:.3f}", f"{one['pairs']:,}",
        )  # fmt: skip
    yield matched
    told, way = found["storm"], found["latency"]
    storm = Table("what", "figure", title="all told of all")
    for name in ("subscriptions", "events", "waited", "messages"):
        storm.add_row(name, f"{told[name]:,}")
    for name in ("at_once_s", "folded_s", "cpu_s", "before_mb", "peak_mb"):
        storm.add_row(name, f"{told[name]:.1f}")
    yield storm
    timed = Table("posts", "mails", "median s", "95 % s", "worst s", title="collection to 250")
    cells = (f"{way[name]:.2f}" for name in ("median_s", "p95_s", "worst_s"))
    timed.add_row(f"{way['posts']:,}", f"{way['mails']:,}", *cells)
    yield timed
