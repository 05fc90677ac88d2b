"""What lies in the cluster under our names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from elasticsearch import Elasticsearch

from indexes.elastic.mapping import MAKER, Of

ALL: Final[tuple[Of, ...]] = ("signals", "events", "activity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An index that our names lead to. `of` is None where we did not make it, `uuid` the cluster's
    own name for it."""

    name: str
    uuid: str
    of: Of | None
    aliases: frozenset[str]
    fields: Mapping[str, Any]
    meta: Mapping[str, Any]

    @property
    def version(self) -> int:
        """The version of its mapping."""
        return int(self.meta.get("mapping", 0))

    @property
    def ledger(self) -> str:
        """The ledger that it follows."""
        return str(self.meta.get("ledger", ""))

    @property
    def copied(self) -> bool:
        """Whether it came out of a snapshot, or is a copy of ours by another way."""
        return bool(self.meta.get("uuid", self.uuid) != self.uuid)


def kept_in(client: Elasticsearch, prefix: str) -> Sequence[Kept]:
    """All indices whose names or aliases begin as ours."""
    found = client.indices.get(
        index=[f"{prefix}-{of}*" for of in ALL],
        expand_wildcards="all",
        filter_path="*.aliases,*.mappings,*.settings.index.uuid",
    )
    ours = re.compile(rf"{re.escape(prefix)}-(\w+)-v\d+-[0-9a-f]{{8}}")
    kept: list[Kept] = []
    for name, about in found.items():
        meta = about.get("mappings", {}).get("_meta", {})
        named = ours.fullmatch(name) if meta.get("made_by") == MAKER else None
        kept.append(
            Kept(
                name=name,
                uuid=about["settings"]["index"]["uuid"],
                of=next((of for of in ALL if named and named[1] == of), None),
                aliases=frozenset(
                    alias
                    for alias, how in about.get("aliases", {}).items()
                    if how.get("is_write_index", True)
                ),
                fields=about.get("mappings", {}).get("properties", {}),
                meta=meta,
            )
        )
    return kept
