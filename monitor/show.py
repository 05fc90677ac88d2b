"""Values as people see them at a terminal: tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from monitor.ledger import Unsent
from monitor.messages import Subscription
from monitor.model import UNDATED, Dropped, Enrichment, Event, Place, Post, Signal, text_of
from monitor.ports import Bucket
from monitor.query import Explained, Query, marks
from monitor.status import AlertStatus, IndexStatus, SourceStatus

if TYPE_CHECKING:
    from monitor.alerts.release import Plan

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

SHOWN = 5
"""Events of a message that a table names."""
SEVERITY_STYLE = {"Extreme": "bold red", "Severe": "red", "Moderate": "yellow", "Minor": "green"}


def say_json(value: object) -> None:
    """One JSON line on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def marked(query: Query, post: Post, enrichment: Enrichment) -> list[tuple[int, int]]:
    """Where a question's words stand in a post, in code points of `text_of(post)`."""
    return list(marks(query, text_of(post), enrichment.lang))


def local(moment: datetime) -> str:
    """A moment for a table, in UTC to the minute."""
    return "" if moment == UNDATED else f"{moment:%Y-%m-%d %H:%M}"


def place_text(place: Place | None) -> str:
    """A place in a few words: its name, or its coordinates, and how unsure it is."""
    if place is None:
        return "unknown"
    name = place.name or f"{place.lat:.4f}, {place.lon:.4f}"
    return f"{name} ±{place.radius_m / 1000:.1f} km"


def events_table(events: Iterable[Event], title: str) -> Table:
    """Events, a line each."""
    table = Table(title=title, caption="times in UTC", expand=True)
    for name in ("event", "when", "posts", "severity"):
        table.add_column(name, no_wrap=True, justify="right" if name == "posts" else "left")
    table.add_column("what and where", ratio=1)
    for event in events:
        state = event.phase if event.verdict == "none" else event.verdict
        what = Text(event.title[:120] or (event.merged_into and f"part of {event.merged_into}"))
        if event.size:
            facts = (place_text(event.place), *_finest(event.topics))
            what.append("\n" + " · ".join(facts), "dim")
        table.add_row(
            f"{event.id}\n{state}",
            f"{local(event.first)}\n{local(event.last)}",
            f"{event.size}\n{_sources(len(event.sources))}",
            Text(f"{event.severity}\n{event.certainty}", SEVERITY_STYLE.get(event.severity, "")),
            what,
        )
    return table


def _sources(number: int) -> str:
    return f"{number} source" if number == 1 else f"{number} sources"


def _finest(topics: Mapping[str, int]) -> list[str]:
    """The two most frequent topics that have none below them here."""
    finest = [name for name in topics if not any(t.startswith(f"{name}/") for t in topics)]
    return sorted(finest, key=lambda name: (-topics[name], name))[:2]


def posts_table(
    lines: Iterable[tuple[Post, Enrichment, str]], title: str, last: str, query: Query
) -> Table:
    """Posts, a line each, the question's words in bold; the last column is an event or a reason."""
    table = Table(title=title, caption="times in UTC", expand=True)
    for name in ("published", "severity"):
        table.add_column(name, no_wrap=True)
    table.add_column("what and where", ratio=1)
    table.add_column(last, no_wrap=True)
    for post, enrichment, note in lines:
        place = next((p for p in enrichment.places if p.role == "happened"), None)
        what = Text(text_of(post).replace("\n", " "))
        for start, end in marked(query, post, enrichment):
            what.stylize("bold", start, end)
        what.truncate(240)
        facts = (post.source, place_text(place), *_finest(dict.fromkeys(enrichment.labels, 1)))
        what.append("\n" + " · ".join(facts), "dim")
        table.add_row(
            local(post.published),
            Text(enrichment.severity, SEVERITY_STYLE.get(enrichment.severity, "")),
            what,
            note,
        )
    return table


def signals_table(signals: Iterable[Signal], title: str, query: Query) -> Table:
    """Signals, a line each."""
    lines = ((s.post, s.enrichment, s.event) for s in signals)
    return posts_table(lines, title, "event", query)


def dropped_table(dropped: Iterable[Dropped], title: str, query: Query) -> Table:
    """Dropped posts, a line each."""
    lines = ((d.post, d.enrichment, d.reason) for d in dropped)
    return posts_table(lines, title, "reason", query)


def explained_tree(name: str, explained: Explained) -> Tree:
    """What of a question holds of the document of that name, and what does not."""
    tree = Tree(Text(name))
    waiting = [(tree, explained)]
    while waiting:
        above, part = waiting.pop()
        mark, style = ("✓", "green") if part.holds else ("✗", "dim")
        branch = above.add(Text(f"{mark} {part.asked}", style))
        waiting += [(branch, each) for each in reversed(part.parts)]
    return tree


def buckets_table(buckets: Sequence[Bucket], title: str) -> Table:
    """Counts with bars."""
    table = Table(title=title)
    table.add_column("value")
    table.add_column("count", justify="right")
    table.add_column("")
    most = max((bucket.count for bucket in buckets), default=1) or 1
    for bucket in buckets:
        table.add_row(Text(bucket.key), str(bucket.count), "▇" * round(30 * bucket.count / most))
    return table


def facts_table(facts: Mapping[str, object], title: str) -> Table:
    """Names and values."""
    table = Table(title=title, show_header=False)
    table.add_column("name")
    table.add_column("value")
    for name, value in facts.items():
        table.add_row(name, Text(str(value)))
    return table


def alerts_table(alerts: AlertStatus) -> Table:
    """How alerts fare."""
    facts: dict[str, object] = {"stopped": "yes" if alerts.stopped else "no"}
    facts |= {f"subscriptions {state}": number for state, number in alerts.subscriptions.items()}
    facts["events due"] = alerts.due
    facts |= {f"messages {state}": number for state, number in alerts.outbox.items()}
    return facts_table(facts, "alerts")


def subscriptions_table(subscriptions: Sequence[Subscription]) -> Table:
    """Subscriptions, a line each."""
    table = Table(title=f"{len(subscriptions)} subscriptions", expand=True)
    for column in ("id", "name", "to", "channel", "query", "every", "state"):
        table.add_column(column)
    for one in subscriptions:
        state = f"{one.state}: {one.reason}" if one.reason else one.state
        words = (one.id, one.name, one.to, one.channel, one.query, one.every, state)
        table.add_row(*map(Text, words))
    return table


def plans_table(plans: Sequence[Plan]) -> Table:
    """What would go to whom, when and why, a line for each message."""
    table = Table(title="what would go out", caption="times in UTC", expand=True)
    for column in ("when", "to", "subscription", "events", "why"):
        table.add_column(column)
    for one in plans:
        for letter in one.letters:
            told = [f"{item.news.event.id} ({item.news.why})" for item in letter[:SHOWN]]
            more = f" and {len(letter) - SHOWN} more" if len(letter) > SHOWN else ""
            to, name = one.subscription.to, one.subscription.name
            row = (local(one.at), to, name, str(len(letter)), ", ".join(told) + more)
            table.add_row(*map(Text, row))
    return table


def outbox_table(unsent: Sequence[Unsent], counts: Mapping[str, int]) -> Table:
    """Messages that are not sent, a line each."""
    known = ", ".join(f"{number} {state}" for state, number in counts.items())
    table = Table(title=f"outbox: {known}", caption="times in UTC", expand=True)
    for column in ("made", "channel", "subscription", "state", "tries", "again", "says"):
        table.add_column(column)
    for one in unsent:
        again = local(one.again) if one.state == "waiting" else ""
        words = (one.channel, one.subscription, one.state, str(one.tries), again, one.said)
        table.add_row(local(one.made), *map(Text, words))
    return table


def index_table(index: IndexStatus) -> Table:
    """How the index fares."""
    facts: dict[str, object] = {"rows behind": index.behind}
    if condition := index.condition:
        facts |= {
            "signals": condition.signals,
            "events": condition.events,
            "bytes": condition.bytes,
            "oldest signal": local(condition.oldest) if condition.oldest else "none",
        }
        shares = {"heap in use": condition.heap, "disk in use": condition.disk}
        facts |= {name: f"{share:.0%}" for name, share in shares.items() if share is not None}
    return facts_table(facts, f"index {index.kind}")


def sources_table(sources: Mapping[str, SourceStatus]) -> Table:
    """Sources, a line each."""
    table = Table(title="sources, last 24 hours", expand=True)
    for column in ("source", "state", "last post", "accepted", "kept", "dropped", "dead", "says"):
        table.add_column(column)
    for name, source in sources.items():
        day = source.day
        table.add_row(
            Text(name),
            source.state,
            local(source.health.posted),
            *(str(number) for number in (day.accepted, day.kept, day.dropped, day.dead)),
            Text(source.health.message),
        )
    return table
