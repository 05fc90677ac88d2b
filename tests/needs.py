"""What a test needs that is not always there: it is skipped with one line, or required."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def required(thing: str) -> bool:
    """Whether MONITOR_REQUIRE (names, parted by commas) says that the thing must be there."""
    return thing in os.environ.get("MONITOR_REQUIRE", "").split(",")


def lacking(thing: str, what: str) -> None:
    """Skip, or fail where the thing is required."""
    if required(thing):
        pytest.fail(f"{thing} is required, but {what} is not there")
    pytest.skip(f"needs {what}")


def shared(*parts: str) -> Path:
    """A file or folder of the shared material beside the project."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        lacking("shared", f"shared/{'/'.join(parts)}")
    return path
