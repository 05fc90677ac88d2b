"""Measure everything and write docs/how-good.md and docs/how-good.json: `python -m evaluation`.

Figures that README and the other pages name, marked, are renewed as well.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from evaluation import document, events, places, relevance, topics


def main() -> None:
    """Measure with what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="labelled sets")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder for both files")
    asked = parser.parse_args()
    by, reports = document.made(), []
    with Progress(console=Console(stderr=True)) as bar:
        for part in (relevance, topics, places, events):
            task = bar.add_task(part.__name__, total=None)

            def told(now: str, done: int, total: int, task: object = task) -> None:
                bar.update(task, description=now, completed=done, total=total)  # type: ignore[arg-type]

            reports.append(part.evaluate(part.Options(data=asked.data), told))
            bar.remove_task(task)
    held = document.figures(reports, by)
    text = json.dumps(held, ensure_ascii=False, indent=1)
    (asked.out / "how-good.json").write_text(text + "\n", encoding="utf-8")
    (asked.out / "how-good.md").write_text(document.page(held), encoding="utf-8")
    document.renew(Path("README.md"), asked.out, document.values(held))


if __name__ == "__main__":
    main()
