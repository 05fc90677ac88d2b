"""Texts of strangers and moments as a page shows them: marked, escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from monitor.alerts.words import read_words
from monitor.model import CATEGORIES, UNDATED
from monitor.web.texts import LANGUAGE


def marked(text: str, stretches: Iterable[tuple[int, int]]) -> Markup:
    """A text, escaped, with its stretches in `<mark>`."""
    parts: list[Markup] = []
    done = 0
    for start, end in stretches:
        parts += [escape(text[done:start]), Markup("<mark>{}</mark>").format(text[start:end])]
        done = end
    return Markup("").join([*parts, escape(text[done:])])


def topics() -> Mapping[str, Mapping[str, str]]:
    """What an event can be about: topics and their names, below the name of their category."""
    names: Mapping[str, str] = read_words(LANGUAGE)["topic"]
    return {
        names[category]: {
            topic: names[topic] for topic in sorted(names) if topic.partition("/")[0] == category
        }
        for category in CATEGORIES
    }


def moment(at: datetime) -> Markup:
    """A moment as `<time>` that scripts turn to the reader's zone; empty where there is none."""
    if at == UNDATED:
        return Markup("")
    exact = at.isoformat().replace("+00:00", "Z")
    return Markup('<time datetime="{}" data-moment>{}</time>').format(exact, moment_text(at))


def moment_text(at: datetime) -> str:
    """A moment in words, UTC."""
    return "" if at == UNDATED else f"{at:%Y-%m-%d %H:%M} UTC"


def iso(at: datetime) -> str:
    """A moment for a program."""
    return "" if at == UNDATED else at.isoformat().replace("+00:00", "Z")


def finest(topics: Iterable[str]) -> tuple[str, ...]:
    """Topics without those that a finer one of them stands for."""
    every = tuple(topics)
    return tuple(
        topic for topic in every if not any(other.startswith(f"{topic}/") for other in every)
    )


def kilometres(metres: float) -> str:
    """A distance in few digits."""
    km = metres / 1000
    return f"{km:,.0f} km" if km >= 10 else f"{km:.1f} km"


def lasting(span: timedelta) -> str:
    """A time span in its largest unit."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"
