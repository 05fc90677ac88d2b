"""Why an event is called as severe and as certain as it is, in sentences made of its posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model import SEVERITIES, UNDATED, Event, Signal
from monitor.web.contradictions import denies, severity_of
from monitor.web.display import moment_text
from monitor.web.texts import read_texts


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence, and when that was said where it matters."""

    said: str
    at: datetime = UNDATED

    def __str__(self) -> str:
        return f"{self.said} ({moment_text(self.at)})" if self.at != UNDATED else self.said


def reasons_of_severity(signals: Sequence[Signal]) -> tuple[Reason, ...]:
    """What speaks for its severity; signals in order of time."""
    return tuple(_severity(signals))


def reasons_of_certainty(event: Event, signals: Sequence[Signal]) -> tuple[Reason, ...]:
    """What speaks for its certainty; signals in order of time."""
    return tuple(Reason(said) for said in _certainty(event, signals))


def _severity(signals: Sequence[Signal]) -> Iterator[Reason]:
    t = read_texts()
    stated = [
        (signal, signal.post.stated.severity)
        for signal in signals
        if signal.post.voice == "official"
        and signal.post.stated
        and signal.post.stated.severity != "Unknown"
    ]
    if stated:
        signal, grade = stated[-1]
        yield Reason(
            t("reason.stated", source=signal.post.source, grade=grade), signal.post.published
        )
    counts = Counter(severity_of(signal) for signal in signals)
    told = Counter(
        severity_of(signal) for signal in signals if signal.post.voice in ("official", "media")
    )
    for severity in reversed(SEVERITIES):
        if counts[severity]:
            key = "reason.counted_told" if told[severity] else "reason.counted"
            yield Reason(t(key, grade=severity, n=counts[severity], told=told[severity]))


def _certainty(event: Event, signals: Sequence[Signal]) -> Iterator[str]:
    t = read_texts()
    official = [signal for signal in signals if signal.post.voice == "official"]
    media = {signal.post.source for signal in signals if signal.post.voice == "media"}
    people = {
        signal.post.author or signal.post.source
        for signal in signals
        if signal.post.voice in ("citizen", "unknown") and not signal.post.repost_of
    }
    if event.verdict != "none":
        yield t(f"reason.{event.verdict}")
    if official:
        sources = ", ".join(sorted({signal.post.source for signal in official}))
        yield t("reason.official", n=len(official), sources=sources)
        if denials := [signal for signal in official if denies(signal)]:
            yield t("reason.denied", n=len(denials), source=denials[-1].post.source)
    else:
        yield t("reason.no_official")
    if media:
        yield t("reason.media", n=len(media), sources=", ".join(sorted(media)))
    if people:
        yield t("reason.people", n=len(people))
