"""How bad it is, from the words of a text: a rule over small lists of cues in six languages.

Source: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html (severity)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from monitor.model import SEVERITIES, Severity
from nlp import features, topic

_EXTREME: Final = (
    "catastroph*", "mass casualt*", "massacre*", "dozens dead", "dozens killed", "hundreds dead",
    "hundreds killed", "many dead", "death toll", "catastrofe*", "decenas de muertos",
    "cientos de muertos", "katastroph*", "dutzende tote", "viele tote", "dizaines de morts",
    "centaines de morts", "decine di morti", "centinaia di morti", "strage", "dezenas de mortos",
    "centenas de mortos",
)  # fmt: skip
_SEVERE: Final = (
    "dead", "died", "dies", "killed", "kills", "fatal*", "deadly", "critical condition",
    "critically", "seriously injured", "evacuat*", "trapped", "collapse*", "explosion*",
    "exploded", "gunman", "active shooter", "shots fired", "hostage*", "stabbed", "shot",
    "unconscious", "drown*", "out of control", "state of emergency", "muert*", "fallecid*",
    "herido* grave*", "evacua*", "atrapad*", "derrumb*", "explosion*", "tot", "tote", "toten",
    "getotet", "schwer verletzt", "lebensgefahr*", "evakuier*", "explodiert", "eingesturzt",
    "mort", "morts", "ete tue", "ete tues", "ete tuee", "blesse* grave*", "effondr*", "morto",
    "morti", "uccis*", "ferit* grav*", "crollat*", "crollo", "esplosion*", "mortos", "morre",
    "morreu", "ferid* grave*", "desab*", "explosao",
)  # fmt: skip
_MODERATE: Final = (
    "injured", "injuries", "hurt", "wounded", "hospital*", "ambulance*", "rescue*", "burning",
    "blaze", "flames", "homes", "destroyed", "damaged", "heridos", "herida", "verletzt*",
    "blesse*", "ferit*", "ferid*", "hopital", "krankenhaus", "ospedale",
)  # fmt: skip
_MINOR: Final = (
    "minor", "no injuries", "no one hurt", "nobody hurt", "nobody was hurt", "no one was hurt",
    "no damage", "under control", "extinguished", "all clear", "false alarm", "unhurt",
    "reopened", "sin heridos", "leve", "controlado", "leicht*", "keine verletzten",
    "niemand verletzt", "unter kontrolle", "geloscht", "sans blesse*", "maitrise", "leger*",
    "nessun ferito", "lieve", "sotto controllo", "sem feridos", "controlad*",
)  # fmt: skip

_KILLED: Final = re.compile(
    r"\b(\d{1,6})\s+(?:\w+\s+){0,2}?(?:dead|killed|deaths|fatalities|muert\w+|fallecid\w+|tote|morts|morti|mortos)\b"
)
_MANY: Final = 10
"""From that many dead on it is Extreme."""

_rank: Final = topic.Cues([_MINOR, _MODERATE, _SEVERE, _EXTREME])


def severity_of(text: str, usual: Iterable[Severity]) -> Severity:
    """The severity of a plain text; `usual` are those of its topics, for when no word says it.

    Reassuring words count only where nothing worse than Moderate is said.
    """
    minor, moderate, severe, extreme = _rank(features.words(text))
    killed = _KILLED.findall(features.fold(text))
    if extreme or any(int(number) >= _MANY for number in killed):
        return "Extreme"
    if severe:
        return "Severe"
    if minor:
        return "Minor"
    floor: Severity = "Moderate" if moderate else "Unknown"
    return max((floor, *usual), key=SEVERITIES.index)
