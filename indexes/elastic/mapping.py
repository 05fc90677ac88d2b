"""What our indices are like: mapping.json, read. Another version of it is another index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from indexes.elastic import Options

Of = Literal["signals", "events", "activity"]

MAKER: Final = "signal-monitor"
"""Who made an index, as its `_meta` says it."""


def version() -> int:
    """The version of our mapping."""
    return int(_plan()["version"])


def fields_of(of: Of) -> Mapping[str, Any]:
    """The fields of an index and how each is kept, but for how vectors are."""
    fields: Mapping[str, Any] = _plan()[of]
    return fields


def says() -> Mapping[str, str]:
    """What each field says, whichever index has it."""
    said: Mapping[str, str] = _plan()["says"]
    return said


def mappings(of: Of, meta: Mapping[str, Any], options: Options) -> Mapping[str, Any]:
    """The mappings of a new index of our version, which takes no other fields."""
    fields = dict(fields_of(of))
    if "vector" in fields:
        kept = {"type": options.vectors, "rescore_vector": {"oversample": 3.0}}
        fields["vector"] = {**fields["vector"], "index_options": kept}
    meta = {**meta, "mapping": version(), "made_by": MAKER}
    return {"dynamic": "strict", "_meta": meta, "properties": fields}


def settings(options: Options) -> Mapping[str, Any]:
    """The settings of a new index."""
    return {
        **_plan()["settings"],
        "index.number_of_shards": options.shards,
        "index.auto_expand_replicas": f"0-{options.replicas}",
    }


def differing(of: Of, live: Mapping[str, Any]) -> str:
    """The first of our fields that an index keeps otherwise, or an empty string."""
    fields = fields_of(of).items()
    return next((name for name, ours in fields if not _holds(live.get(name), ours)), "")


def _holds(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(_holds(whole.get(k), v) for k, v in part.items())
    return bool(whole == part)


@cache
def _plan() -> dict[str, Any]:
    plan: dict[str, Any] = json.loads((files(__package__) / "mapping.json").read_text("utf-8"))
    return plan
