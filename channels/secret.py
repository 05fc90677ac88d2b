"""Secrets out of files that nobody else may read."""

from __future__ import annotations

from pathlib import Path

from monitor.errors import ConfigError


def read_secret(path: str, what: str) -> str:
    """The text of a file of mode 0600, without blanks at its ends. Raises ConfigError, which says
    what the file should hold and never what it holds."""
    try:
        loose = Path(path).stat().st_mode & 0o077
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(
            f"{path}: cannot be read ({type(fault).__name__}); put {what} there"
        ) from fault
    if loose:
        raise ConfigError(f"{path}: others may read it; chmod 600 {path}")
    if not secret:
        raise ConfigError(f"{path}: is empty; put {what} there")
    return secret
