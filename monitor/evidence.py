"""Payloads that were not what their documentation says, kept a while for the developer."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

KEPT: Final = timedelta(days=7)
MOST_BYTES: Final = 100_000_000


def keep_payload(folder: Path, source: str, payload: bytes, now: datetime) -> Path:
    """Write a payload for the operator's eyes only; beyond 7 days or 100 MB the oldest go."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = re.sub(r"[^\w-]+", "-", source)[:60]
    path = folder / f"{name}-{now:%Y%m%dT%H%M%S%f}.payload"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(payload)
    held = 0
    for old in sorted(folder.glob("*.payload"), key=lambda p: p.stat().st_mtime, reverse=True):
        held += old.stat().st_size
        too_old = old.stat().st_mtime < (now - KEPT).timestamp()
        if old != path and (too_old or held > MOST_BYTES):
            old.unlink(missing_ok=True)
    return path
