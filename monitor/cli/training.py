"""The verb that makes heads: the shipped ones anew, or those of a deployment from its decisions."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from monitor import parts
from monitor.app import App, refitted
from monitor.cli.shell import DEFAULT, AsJson, ConfigFile, app, opened, progress
from monitor.errors import ConfigError
from monitor.show import out, say_json
from monitor.verbs import learned, unlearned

LABELLED = Path("..") / "shared" / "data"


@app.command()
def train(
    source: Annotated[
        str, typer.Option("--from", help="decisions: refit to what analysts decided here.")
    ] = "",
    undo: Annotated[
        bool, typer.Option("--undo", help="Use the heads again that were there before.")
    ] = False,
    data: Annotated[Path, typer.Option(help="The folder of labelled sets.")] = LABELLED,
    to: Annotated[
        Path | None, typer.Option(help="A folder for the heads; else they are the shipped ones.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="Fit to this encoder instead of the shipped one; needs --to.")
    ] = "",
    config: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Make the shipped heads again from labelled sets: the same bytes from the same data. With
    --from decisions refit them to the decisions of this deployment; each takes the place of the one
    in use where it is surely better on events that neither was fitted to."""
    if source not in ("", "decisions"):
        raise ConfigError(f"--from {source}: there is nothing of that name; say --from decisions")
    if source or undo:
        with opened(config) as deployment:
            _undo(deployment, as_json) if undo else _refit(deployment, as_json)
        return
    if model and to is None:
        raise ConfigError(
            "--model: the shipped heads are for the shipped encoder; name a folder --to"
        )
    with progress() as bar:
        task = bar.add_task("reading", total=None)
        figures: str = parts.tool("nlp.train.remake").remake(
            data,
            to,
            model,
            lambda what, done, of: bar.update(task, description=what, completed=done, total=of),
        )
    if as_json:
        say_json({"figures": figures})
    else:
        out.print(figures, markup=False, soft_wrap=True)


def _undo(deployment: App, as_json: bool) -> None:
    unlearned(deployment)
    left = refitted(deployment.config.data)
    now = str(left[-1]) if left else "the shipped ones"
    say_json({"heads": now}) if as_json else out.print(f"heads: {now}", markup=False)


def _refit(deployment: App, as_json: bool) -> None:
    with progress() as bar:
        bar.add_task("refitting", total=None)
        compared, folder = learned(deployment)
    if as_json:
        heads = [dataclasses.asdict(line) for line in compared]
        say_json({"heads": heads, "folder": str(folder) if folder else None})
        return
    if not compared:
        out.print(
            "too few decisions: a head needs five events of either kind, confirmed and not, that "
            "the one in use was not fitted to",
            soft_wrap=True,
        )
        return
    out.print(_table(compared))
    out.print(
        "AP is average precision; positive and negative events weigh as much as the shipped head "
        "finds of them in all that is kept here; replaced where the log loss is surely less",
        soft_wrap=True,
    )
    if folder is None:
        out.print("none is surely better: nothing was replaced")
        return
    out.print(f"heads: {folder}", markup=False, soft_wrap=True)
    out.print(
        "used from the next start on; `monitor rebuild --anew` lets them judge what is there, "
        "`monitor train --undo` takes them back",
        soft_wrap=True,
    )


def _table(compared: tuple[Any, ...]) -> Table:
    table = Table(title="on events that neither was fitted to: in use → refitted")
    table.add_column("head", no_wrap=True)
    for name in ("events", "posts", "positive", "log loss", "AP", "F1"):
        table.add_column(name)
    table.add_column(no_wrap=True)
    for line in compared:
        pairs = (f"{a:.3f} → {b:.3f}" for a, b in (line.loss, line.precision, line.f1))
        numbers = (f"{n:,}" for n in (line.events, line.posts, line.positive))
        table.add_row(line.head, *numbers, *pairs, "replaced" if line.better else "kept")
    return table
