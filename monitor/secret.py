"""Secrets out of files that nobody else may read."""

from __future__ import annotations

from pathlib import Path

from monitor.errors import ConfigError


def read_secret(path: Path, what: str) -> str:
    """The text of a file of mode 0600. Raises ConfigError, which says what the file should hold and
    never what it holds."""
    try:
        loose = path.stat().st_mode & 0o077
        secret = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as fault:
        raise ConfigError(
            f"{path}: cannot be read ({type(fault).__name__}); put {what} there"
        ) from fault
    if loose:
        raise ConfigError(f"{path}: others may read it; chmod 600 {path}")
    if not secret.strip():
        raise ConfigError(f"{path}: is empty; put {what} there")
    return secret
