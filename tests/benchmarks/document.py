"""The page of the documentation that says how fast it is, as a function of the file beside it.

`python -m tests.benchmarks.document` takes each part that build/bench.json holds into
docs/how-fast.json, writes docs/how-fast.md, and renews the figures that README and the other pages
name, marked: `<!-- figure: page.requests.all.p95_ms -->266`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from evaluation import document
from nlp.train.evaluate import table
from tests.benchmarks.compare import KEPT, ROOT, numbers

FILE: Final = ROOT / "docs" / "how-fast.json"
PAGE: Final = FILE.with_suffix(".md")
TITLES: Final = {
    "search": "Questions to the embedded index",
    "page": "The page",
    "flow": "Posts through the models",
    "plain": "Beside the plain stack",
    "remembered": "What is remembered",
    "memory": "Memory",
    "start": "Start-up",
    "alerts": "Alerts",
    "elastic": "Elasticsearch",
    "vectors": "Vectors in Elasticsearch",
}
_INTRODUCTION: Final = """# How fast is it

Each part names its command, and the processor, day and commit of the run. Machines are noisy:
ratios within one run say more than times of two. `make bench` runs the parts that need no server,
`make bench-compare` sets two runs beside each other."""


def held(path: Path) -> dict[str, Any]:
    """The parts of a file, none where it is not there."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def told(about: str | None, figures: Any, tables: Sequence[Table]) -> dict[str, Any]:
    """What is kept of a part, as JSON holds it."""
    plain = [
        {
            "title": str(one.title),
            "head": [str(column.header) for column in one.columns],
            "rows": [
                list(row) for row in zip(*(map(str, c.cells) for c in one.columns), strict=True)
            ],
        }
        for one in tables
    ]
    return {"about": " ".join((about or "").split()), "figures": figures, "tables": plain}


def values(parts: Mapping[str, Any]) -> dict[str, float]:
    """Each figure by the name that a mark gives it."""
    found: dict[str, float] = {}
    for part, kept in parts.items():
        for keys, value in numbers(kept["figures"]):
            found[".".join(re.sub(r"\W+", "_", key) for key in (part, *keys))] = value
    return found


def page(parts: Mapping[str, Any]) -> str:
    """The page in Markdown, from nothing but the file's content."""
    said = [_INTRODUCTION]
    for part, title in TITLES.items():
        if part not in parts:
            continue
        kept = parts[part]
        said += [
            f"## {title}",
            kept["about"],
            f"`{kept['command']}`, {kept['date']}, {kept['processor']}, {kept['cores']} cores, "
            f"commit {kept['commit']}, load {kept['load']:.1f} before it.",
        ]
        for one in kept["tables"]:
            said += [f"**{one['title']}**", table("|".join(one["head"]), one["rows"])]
    return "\n\n".join(said) + "\n"


def main() -> None:
    parts = held(FILE) | held(KEPT)
    FILE.write_text(json.dumps(parts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(parts), encoding="utf-8")
    document.renew(ROOT / "README.md", PAGE.parent, values(parts))


if __name__ == "__main__":
    main()
