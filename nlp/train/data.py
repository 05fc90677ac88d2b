"""The labelled texts that the heads are fitted to, read from the public sets and deduplicated.

A set is read as it lies in the data folder (`<name>.jsonl.gz`, one JSON object a line) and is never
copied into the project. `FITTED` may be fitted to and shipped; `JUDGED` only shows false alarms.
"""

from __future__ import annotations

import gzip
import json
import random
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nlp import features
from nlp.topic import Topic
from nlp.train import sets

SEED: Final = 20261122


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled text. `group` is what it is held out with: an event, a city, a set's slice.

    `facts` are its labels as `<set>:<field>=<value>`, to which topics refer; `relevant` is None
    where it is only looked at, never fitted to. `id` is the set and its id or line there.
    """

    text: str
    set: str
    group: str
    relevant: bool | None
    facts: frozenset[str] = frozenset()
    id: str = ""


FITTED: Final = tuple(each.name for each in sets.SETS if each.ship)
JUDGED: Final = tuple(each.name for each in sets.SETS if not each.ship)

_MOST: Final = {each.name: each.most for each in sets.SETS}
_LOOKED_AT: Final = 60
"""How many texts of one group are taken that are only looked at."""

_VIOLENT: Final = frozenset(
    {"kill", "killed", "dead", "death", "injured", "wounded", "stabbed", "shot", "shooting"}
    | {"fired", "clash", "clashes", "clashed", "riot", "riots", "rioters", "stone", "stones"}
    | {"stoned", "stoning", "burn", "burned", "burnt", "torched", "torching", "looted", "looting"}
    | {"violence", "violent", "teargas", "gas", "petrol", "bomb", "bombs", "attacked", "hacked"}
)
"""An assembly is a safety matter only where it endangers people: others are left out."""


def path(folder: Path, name: str) -> Path:
    """Where a set lies."""
    return folder / f"{name}.jsonl.gz"


def read(folder: Path, name: str) -> list[Example]:
    """The texts of one set, without repeats, capped by group and label, in a fixed order."""
    found = list(
        _unlike(
            replace(_whole(example), id=f"{name}:{row.get('id', number)}")
            for number, row in enumerate(_rows(path(folder, name)), 1)
            for example in _READERS[name](row)
        )
    )
    random.Random(SEED).shuffle(found)
    taken: dict[tuple[str, bool | None], int] = {}
    kept = []
    for example in found:
        key = (example.group, example.relevant)
        taken[key] = taken.get(key, 0) + 1
        if taken[key] <= (_MOST[name] if example.relevant is not None else _LOOKED_AT):
            kept.append(example)
    return kept


def read_all(folder: Path, names: tuple[str, ...]) -> list[Example]:
    """The texts of several sets; what stands in two is taken from the first."""
    return list(_unlike(example for name in names for example in read(folder, name)))


def _unlike(examples: Iterator[Example]) -> Iterator[Example]:
    seen: set[str] = set()
    for example in examples:
        key = " ".join(features.words(features.plain(example.text)))
        if key and key not in seen:
            seen.add(key)
            yield example


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _whole(example: Example) -> Example:
    """A text of a slice stands with the event that it names, for that is held out as a whole."""
    event = sets.named(example.text) if "/" in example.group else ""
    return replace(example, group=event) if event else example


def _slice(text: str) -> int:
    """A fifth of a set that has no events, by its words."""
    return sum(features.plain(text).encode()) % 5


def _city(row: dict[str, Any]) -> Iterator[Example]:
    name = "city_incident_tweets"
    yield Example(
        text=row["text"],
        set=name,
        group=row["city"],
        relevant=row["label"] != "no",
        facts=frozenset({f"{name}:label={row['label']}"}),
    )


def _labelled(name: str) -> Callable[[dict[str, Any]], Iterator[Example]]:
    """A set whose label is 1 or 0."""

    def read(row: dict[str, Any]) -> Iterator[Example]:
        yield Example(
            text=row["text"],
            set=name,
            group=f"{name}/{_slice(row['text'])}",
            relevant=row["label"] == 1,
            facts=frozenset({f"{name}:label={row['label']}"}),
        )

    return read


def _lext26(row: dict[str, Any]) -> Iterator[Example]:
    relevant = {"Related and informative": True, "Not related": False}.get(row["label"])
    yield Example(
        text=row["text"],
        set="crisislext26",
        group=row["event"],
        relevant=relevant,
        facts=frozenset({f"crisislext26:event={row['event']}"}),
    )


def _lext6(row: dict[str, Any]) -> Iterator[Example]:
    yield Example(
        text=row["text"],
        set="crisislext6",
        group=sets.SAME.get(row["event"], row["event"]),
        relevant=row["label"] == "on-topic",
        facts=frozenset({f"crisislext6:event={row['event']}"}),
    )


def _figurative(row: dict[str, Any]) -> Iterator[Example]:
    keyword = row["keyword"].replace("%20", " ")
    yield Example(
        text=row["text"],
        set="disaster_tweets",
        group=f"disaster_tweets/{sum(keyword.encode()) % 10}",
        relevant=row["label"] == "1",
        facts=frozenset({f"disaster_tweets:keyword={keyword}"}),
    )


def _response(row: dict[str, Any]) -> Iterator[Example]:
    name, labels = "disaster_response_messages", set(row["labels"])
    relevant = True if labels - {"related"} else None if labels else False
    facts = frozenset(f"{name}:labels={label}" for label in labels)
    group = sets.written(int(row["id"])) or f"{name}/{_slice(row['text'])}"
    for text in (row["text"], row["original"] or ""):
        if text and relevant is not None:
            yield Example(text=text, set=name, group=group, relevant=relevant, facts=facts)


def _protest(row: dict[str, Any]) -> Iterator[Example]:
    name = "protest_news_sentences"
    if _VIOLENT.intersection(features.words(row["text"])):
        yield Example(
            text=row["text"],
            set=name,
            group=f"{name}/{_slice(row['text'])}",
            relevant=True,
            facts=frozenset({f"{name}:violent=1"}),
        )


def _ordinary(row: dict[str, Any]) -> Iterator[Example]:
    yield Example(text=row["text"], set="ordinary_tweets", group="ordinary_tweets", relevant=False)


def _news(row: dict[str, Any]) -> Iterator[Example]:
    text = row["text"] if row["text"].startswith(row["title"]) else f"{row['title']}\n{row['text']}"
    yield Example(
        text=text[:600], set="news", group=f"news/{row['label'].casefold()}", relevant=False
    )


_READERS: Final = {
    "city_incident_tweets": _city,
    "accident_tweets_2018": _labelled("accident_tweets_2018"),
    "crisislext26": _lext26,
    "crisislext6": _lext6,
    "disaster_tweets": _figurative,
    "disaster_response_messages": _response,
    "crime_headlines": _labelled("crime_headlines"),
    "protest_news_sentences": _protest,
    "ordinary_tweets": _ordinary,
    "ag_news": _news,
    "bbc_news": _news,
}


def own(topics: Sequence[Topic]) -> list[Example]:
    """The sentences of our own: those of the topics, and the everyday ones that are no signal."""
    found = [
        Example(
            text=text,
            set="own",
            group=f"own/{number % 5}",
            relevant=True,
            facts=frozenset({f"own:topic={topic.name}"}),
            id=f"own:{topic.name}/{number}",
        )
        for topic in topics
        for number, text in enumerate(topic.examples)
    ]
    everyday = tomllib.loads(Path(__file__).with_name("everyday.toml").read_text(encoding="utf-8"))
    return found + [
        Example(
            text=text,
            set="own",
            group=f"own/{number % 5}",
            relevant=False,
            id=f"own:{name}/{number}",
        )
        for name, texts in everyday.items()
        for number, text in enumerate(texts)
    ]
