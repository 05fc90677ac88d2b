"""What all verbs share: the program, its options, and how a deployment is opened."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from monitor import log
from monitor.app import App
from monitor.config import read_config
from monitor.errors import IndexRefused, IndexUnavailable
from monitor.show import err

app = typer.Typer(
    name="monitor",
    help="Monitor public signals for city safety: collect posts and news, classify, place and "
    "group them into events, and search them. It watches places and happenings, never persons.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="MONITOR_CONFIG", help="The configuration file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]
DEFAULT: Final = Path("monitor.toml")


@app.callback()
def root(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every page.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
) -> None:
    """Set up the log."""
    log.configure(json=log_json, level="info" if verbose or "run" in sys.argv else "warning")


@contextmanager
def opened(config: Path) -> Iterator[App]:
    """The deployment of that configuration, closed at the end."""
    found = App(read_config(config))
    try:
        yield found
    finally:
        found.close()


@contextmanager
def lagging() -> Iterator[None]:
    """What follows the index here comes last in its verb: where the index cannot be followed, the
    sentence says that nothing is lost."""
    try:
        yield
    except (IndexUnavailable, IndexRefused) as fault:
        raise type(fault)(f"the index is behind, the ledger has everything: {fault}") from fault


def progress() -> Progress:
    """A progress bar on standard error, only where somebody looks."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
