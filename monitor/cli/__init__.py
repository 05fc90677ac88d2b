"""The verbs. Exit 0: done; 1: something failed this round; 2: the operator must act."""

from __future__ import annotations

import sys
from typing import Final

from monitor.cli import alerts, evaluate, flow, questions, training, upkeep
from monitor.cli.shell import app
from monitor.errors import (
    ConfigError,
    IndexRefused,
    LedgerError,
    ModelError,
    MonitorError,
    QueryError,
)
from monitor.show import err

__all__ = ["alerts", "app", "evaluate", "flow", "main", "questions", "training", "upkeep"]

OPERATOR: Final = (ConfigError, LedgerError, IndexRefused, ModelError, QueryError)


def main() -> None:
    """Run a verb; a fault that we know by name becomes one sentence and an exit code."""
    try:
        app()
    except MonitorError as error:
        err.print(str(error), style="red", markup=False)
        sys.exit(2 if isinstance(error, OPERATOR) else 1)
