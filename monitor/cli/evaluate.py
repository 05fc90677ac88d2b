"""How good the models are, measured: evaluate. Its questions are the modules of `evaluation/`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Drawn
from rich.text import Text

from monitor import parts
from monitor.cli.shell import AsJson, app, progress
from monitor.errors import ConfigError
from monitor.ports import Report, Table
from monitor.show import out, say_json


@app.command()
def evaluate(
    what: Annotated[str, typer.Argument(help="relevance, topics, places or events.")],
    on: Annotated[Path | None, typer.Option(help="A file of your own: JSON lines.")] = None,
    data: Annotated[Path, typer.Option(help="The folder of the labelled sets.")] = Path(
        "../shared/data"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Only a sample.")] = False,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option(help="Write a page of HTML with plots.")] = None,
) -> None:
    """Measure a model beside plain baselines, on held-out events and cities or on your own file.

    A file of your own has one JSON object a line. Each has a `text` and may have `id`, `lang`,
    `event` and `city`; what is true of it stands beside:

    - relevance: `{"text": "Smoke over the harbour", "relevant": true}`
    - topics: `{"text": "Smoke over the harbour", "topics": ["Fire"]}`
    - places: `{"text": "Smoke in Paris", "places": [{"start": 9, "end": 14, "lat": 48.86, "lon":
      2.35}]}`, spans in code points; `lat` and `lon` may be left out
    - events: `{"text": "Smoke over the harbour", "event": "a fire", "time":
      "2026-03-14T09:30:00Z"}`; `time` may be left out

    Needs scikit-learn, the extra `train`. Nothing is stored, nothing is sent anywhere.
    """
    part = parts.load("evaluation", what)
    with progress() as bar:
        task = bar.add_task(what, total=None)

        def told(now: str, done: int, total: int) -> None:
            bar.update(task, description=now, completed=done, total=total)

        found: Report = part.evaluate(part.Options(on=on, data=data, quick=quick), told)
    if report is not None:
        _write(report, found.page())
    if as_json:
        say_json(found.plain())
        return
    for sentence in found.about:
        out.print(sentence, markup=False)
    for table in (*found.tables, found.worst()):
        if table.rows:
            out.print(_drawn(table))
    if report is not None:
        out.print(f"more errors, and plots: {report}", markup=False)


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as fault:
        raise ConfigError(f"{path}: cannot be written ({fault.strerror}); name another") from fault


def _drawn(table: Table) -> Drawn:
    drawn = Drawn(title=Text(table.title), caption=Text(table.note) if table.note else None)
    for number, name in enumerate(table.head):
        words = number == 0 or name in ("what", "text")
        drawn.add_column(Text(name), justify="left" if words else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(_harmless, row))
    return drawn


def _harmless(cell: str) -> Text:
    """Names and texts of a file on one line, where they can do nothing but be read."""
    return Text("".join(c if c.isprintable() else " " for c in cell))
