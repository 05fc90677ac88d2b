"""What the labelled sets are: licence, what is taken of them, how they are split, and whether what
is made of them may be shipped. The model card is written from this.

Events that several sets tell of are named here too, so that they are held out from all at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_FIFTHS: Final = "fifths by words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A labelled set. `used` is what is taken of it, `parts` what is held out together, `most` how
    many texts of one such part and label are taken: no set and no event outweighs the others.

    Where `ship` is False, nothing that is shipped may come of it, weights or thresholds.
    """

    name: str
    licence: str
    used: str
    parts: str
    ship: bool
    most: int


SETS: Final = (
    Labelled(
        name="city_incident_tweets",
        licence="research set in a public repository under GPL-3.0",
        used="crash, fire, shooting, none; chooses the relevance threshold",
        parts="cities",
        ship=True,
        most=900,
    ),
    Labelled(
        name="accident_tweets_2018",
        licence="research set in a public repository under GPL-3.0",
        used="accident or not",
        parts=_FIFTHS,
        ship=True,
        most=900,
    ),
    Labelled(
        name="crisislext26",
        licence="MIT",
        used="related and informative, not related; six languages",
        parts="events",
        ship=True,
        most=480,
    ),
    Labelled(
        name="crisislext6",
        licence="MIT",
        used="on-topic, off-topic",
        parts="events",
        ship=True,
        most=900,
    ),
    Labelled(
        name="disaster_tweets",
        licence='Figure Eight, "Data for Everyone"',
        used="real against figurative",
        parts="tenths by keyword",
        ship=True,
        most=500,
    ),
    Labelled(
        name="disaster_response_messages",
        licence='Figure Eight, "Data for Everyone"',
        used="36 labels of messages",
        parts=_FIFTHS,
        ship=True,
        most=800,
    ),
    Labelled(
        name="crime_headlines",
        licence="CC BY 4.0",
        used="crime news or not",
        parts=_FIFTHS,
        ship=True,
        most=400,
    ),
    Labelled(
        name="protest_news_sentences",
        licence="CC0",
        used="only sentences that name violence",
        parts=_FIFTHS,
        ship=True,
        most=1200,
    ),
    Labelled(
        name="ordinary_tweets",
        licence="research",
        used="only shows false alarms",
        parts="",
        ship=False,
        most=3000,
    ),
    Labelled(
        name="ag_news",
        licence="non-commercial research",
        used="only shows false alarms",
        parts="",
        ship=False,
        most=1000,
    ),
    Labelled(
        name="bbc_news",
        licence="non-commercial research",
        used="only shows false alarms",
        parts="",
        ship=False,
        most=1000,
    ),
)

SAME: Final = {
    "2013_Alberta_Floods": "2013_Alberta_floods",
    "2013_Queensland_Floods": "2013_Queensland_floods",
    "2013_Boston_Bombings": "2013_Boston_bombings",
}
"""Events that two sets write differently."""

_SANDY: Final = "2012_Sandy_Hurricane"
_NAMES: Final = {
    _SANDY: r"Sandy(?! Hook)|SANDY|#\w*sandy|[Ff]rankenstorm",
    "2012_Typhoon_Pablo": r"Bopha|Typhoon Pablo",
    "2013_Boston_bombings": r"Tsarnaev|Boston Bomb|Boston Marathon|Marathon Bomb",
    "2013_Typhoon_Yolanda": r"Haiyan|YolandaPH|Typhoon Yolanda",
}
"""Words that no text has but one about that event; `sandy` in small letters is a kind of soil."""
_NAMED: Final = re.compile("|".join(f"({names})" for names in _NAMES.values()))

_WRITTEN: Final = {range(12_077, 13_105): _SANDY, range(14_680, 15_730): _SANDY}
"""disaster_response_messages lie in the order of their events: ids of those after Sandy, of which
only half name it."""


def named(text: str) -> str:
    """The event of another set that a text names; empty where it names none."""
    found = _NAMED.search(text)
    return list(_NAMES)[found.lastindex - 1] if found and found.lastindex else ""


def written(message: int) -> str:
    """The event of another set of which a disaster response message with that id is; else empty."""
    return next((event for ids, event in _WRITTEN.items() if message in ids), "")
