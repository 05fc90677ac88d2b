"""The model card: what people wrote in `card.md`, with what the training used and found."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Final

from nlp.linear import Meaning
from nlp.train import evaluate
from nlp.train.sets import SETS

CARD: Final = "MODEL_CARD.md"
FIGURES: Final = "FIGURES.md"

_OURS: Final = (
    "our own sentences",
    "this project",
    "`nlp/topics/*.toml`, `nlp/train/everyday.toml`: six languages",
    "fifths",
)


def written(meaning: Meaning, encoder: str, figures: str) -> str:
    """The card of heads that read the vectors of that encoder, and are as good as these figures,
    the text of `FIGURES.md`, say; Markdown."""
    template = Path(__file__).with_name("card.md").read_text(encoding="utf-8")
    fitted = [(each.name, each.licence, each.used, each.parts) for each in SETS if each.ship]
    judged = [(each.name, each.licence, each.used) for each in SETS if not each.ship]
    return Template(template).substitute(
        encoder=encoder,
        buckets=f"{meaning.buckets:,}",
        fitted=evaluate.table("set|licence|what is used|held out", [*fitted, _OURS]),
        judged=evaluate.table("set|licence|what is used", judged),
        threshold=_threshold(meaning.threshold),
        figures=_summary(figures),
        missed=_missed(figures),
    )


def _threshold(threshold: float) -> str:
    return (
        f"Relevance has the threshold {threshold:.2f}: the lowest at which no more than "
        f"{evaluate.FALSE_ALARMS * 100:.0f} % of the irrelevant texts of\n"
        f"`{evaluate.CHOOSES}` are kept, each judged by a head that saw nothing of its city."
    )


def _summary(figures: str) -> str:
    """The figures without those of single events, cities and topics, one level deeper."""
    whole = figures.partition("\n## Topics")[0].strip()
    kept = (line for line in whole.splitlines() if not line.startswith("| · "))
    return re.sub("^##", "###", "\n".join(kept), flags=re.M)


def _missed(figures: str) -> str:
    """The three events or cities with the lowest recall."""
    rows = [line.strip("| ").split(" | ") for line in figures.splitlines() if line[:4] == "| · "]
    fewest = sorted(rows, key=lambda row: float(row[4]))[:3]
    return ", ".join(f"{row[0].removeprefix('· ')} ({row[4]})" for row in fewest)
