"""Is everything there that a run needs? Looks, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from monitor.admit import read_keys
from monitor.app import App, foreign, steps_of
from monitor.config import Config, read_config
from monitor.errors import MonitorError
from monitor.judge import Judge
from monitor.model import Post


def check(path: Path) -> Mapping[str, str]:
    """What was looked at, and what is wrong with it: empty where nothing is."""
    try:
        config = read_config(path)
    except MonitorError as error:
        return {"configuration": str(error)}
    found = {"configuration": "" if config.sources else "no [[source]]; add one to collect from"}
    app = App(config)
    looks: dict[str, Callable[[], object]] = {
        "key": lambda: read_keys(app.key_path) if app.key_path.exists() else None,
        "ledger": lambda: app.ledger if _ledger_exists(config) else None,
        "index": lambda: _check_index(app),
        "models": lambda: Judge({}, None, lambda: steps_of(config)).whole(
            Post(id="a", text="a sentence")
        ),
    }
    for name, look in looks.items():
        try:
            look()
            found[name] = ""
        except MonitorError as error:
            found[name] = str(error)
    app.close()
    return found


def _ledger_exists(config: Config) -> bool:
    return (config.data / "ledger.db").exists()


def _check_index(app: App) -> None:
    """Raises IndexRefused where the index follows another ledger than ours, or one while there is
    none."""
    ours = app.ledger.feed.ledger_id() if _ledger_exists(app.config) else None
    with closing(app.open_index()) as index:
        if index.follows() not in {None, ours}:
            raise foreign(app.config.index_kind)
