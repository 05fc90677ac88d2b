"""Values as programs see them: JSON objects.

What the ledger alone may hold is never shown: pseudonyms, and the address of what a person wrote.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.messages import Subscription
from monitor.model import UNDATED, Dropped, Enrichment, Event, Post, Signal
from monitor.status import IndexStatus, SourceStatus
from monitor.wanted import plain

if TYPE_CHECKING:
    from monitor.alerts.release import Plan


def post_json(post: Post) -> dict[str, Any]:
    """A post without what only the ledger may hold."""
    return {
        "id": post.id,
        "title": post.title,
        "text": post.text,
        "url": "" if post.author else post.url,
        "source": post.source,
        "voice": post.voice,
        "published": when(post.published),
        "collected": when(post.collected),
        "edited": when(post.edited) if post.edited else None,
        "dated": post.dated,
        "lang": post.lang,
        "point": dataclasses.asdict(post.point) if post.point else None,
        "repost_of": post.repost_of,
        "reply_to": post.reply_to,
        "media": list(post.media),
        "stated": dataclasses.asdict(post.stated) if post.stated else None,
    }


def enrichment_json(enrichment: Enrichment) -> dict[str, Any]:
    """The whole enrichment but for its vector."""
    return {
        "lang": enrichment.lang,
        "relevance": round(enrichment.relevance, 4),
        "relevant": enrichment.relevant,
        "topics": {name: round(p, 4) for name, p in enrichment.topics.items()},
        "labels": list(enrichment.labels),
        "severity": enrichment.severity,
        "places": [dataclasses.asdict(place) for place in enrichment.places],
        "models": dict(enrichment.models),
    }


def signal_json(signal: Signal) -> dict[str, Any]:
    """A signal with its event and its enrichment."""
    return {
        **post_json(signal.post),
        "event": signal.event,
        "sources": list(signal.sources),
        "seq": signal.seq,
        "hold": signal.hold,
        "enrichment": enrichment_json(signal.enrichment),
    }


def dropped_json(dropped: Dropped) -> dict[str, Any]:
    """A dropped post with the reason."""
    return {
        **post_json(dropped.post),
        "reason": dropped.reason,
        "enrichment": enrichment_json(dropped.enrichment),
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event."""
    value = dataclasses.asdict(event)
    value["first"], value["last"] = when(event.first), when(event.last)
    value["texts"] = list(event.texts)
    return value


def value_json(value: Signal | Event) -> dict[str, Any]:
    """A signal or an event."""
    return signal_json(value) if isinstance(value, Signal) else event_json(value)


def source_json(source: SourceStatus) -> dict[str, Any]:
    """How a source fares."""
    return {
        "state": source.state,
        "answered": when(source.health.answered),
        "posted": when(source.health.posted),
        "failures": source.health.failures,
        "message": source.health.message,
        "day": dataclasses.asdict(source.day),
    }


def index_json(index: IndexStatus) -> dict[str, Any]:
    """How the index fares; what cannot be known is left out."""
    said = {"kind": index.kind, "behind": index.behind, "words": list(index.words)}
    if index.condition is None:
        return said
    oldest = index.condition.oldest
    known = dataclasses.asdict(index.condition)
    return {**known, **said, "oldest": when(oldest) if oldest else None}


def when(moment: datetime) -> str | None:
    """A moment in ISO 8601, UTC; None where there is none."""
    return None if moment == UNDATED else moment.isoformat().replace("+00:00", "Z")


def subscription_json(one: Subscription) -> dict[str, Any]:
    """A subscription in plain words, as only its maker and the operator may see it."""
    return {
        "id": one.id,
        "state": one.state,
        "reason": one.reason,
        "by": one.by,
        "made": when(one.made),
        "changed": when(one.changed),
        **dataclasses.asdict(plain(one)),
    }


def plan_json(one: Plan) -> dict[str, Any]:
    """What would go to a subscription, and why."""
    return {
        "at": when(one.at),
        "subscription": one.subscription.id,
        "to": one.subscription.to,
        "messages": [
            [{"event": item.news.event.id, "why": item.news.why} for item in letter]
            for letter in one.letters
        ],
    }
