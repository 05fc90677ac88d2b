"""Is everything there that a run needs? Looks, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.admit import read_keys
from monitor.app import App, steps_of
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
        "index": lambda: _index(app) if _ledger_exists(config) else None,
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


def _models(config: Config) -> None:
    judge = Judge({}, None, lambda: steps_of(config))
    judge.whole(Post(id="sentence", text="A fire in the old town"))


def _index(app: App) -> None:
    index = app.open_index()
    index.prepare(app.ledger.feed.ledger_id())
    index.close()
