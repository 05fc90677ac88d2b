"""Memory that models have freed and the C library keeps: given back to the system."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_ARENA_MAX: Final = -8
"""Source: https://man7.org/linux/man-pages/man3/mallopt.3.html"""


def share() -> None:
    """Let threads that begin from now on take memory where the first one does: what lies free at
    the end of an arena of their own is never given back. Does nothing without glibc."""
    _glibc("mallopt", _ARENA_MAX, 1)


def trim() -> None:
    """Give back what is free. Does nothing without glibc.

    Source: https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    """
    _glibc("malloc_trim", 0)


def _glibc(name: str, *numbers: int) -> None:
    call = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if call is not None:
        call(*numbers)
