"""Memory that models have freed and the C library keeps: given back to the system."""

from __future__ import annotations

import ctypes
import sys


def trim() -> None:
    """Give back what is free. Does nothing where the C library is not glibc.

    Source: https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    """
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if give_back is not None:
        give_back(0)
