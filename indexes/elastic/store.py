"""The indices of a deployment: made, found again, migrated, put in each other's place.

Readers and writers know aliases only: `<prefix>-signals` is read, `<prefix>-signals-write` is
written; of an index beside, `<prefix>-signals-next` is both, and `<prefix>-signals-copy` leads to
one that a migration fills. What an alias leads to has a name that no other index will ever have,
and says in its `_meta` that we made it, by which mapping and for which ledger. Nothing else is ever
changed or deleted.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from elasticsearch import ApiError

from indexes.elastic import Options
from indexes.elastic.cluster import Cluster, types_of
from indexes.elastic.condition import condition
from indexes.elastic.kept import ALL, Kept, kept_in
from indexes.elastic.mapping import Of, differing, fields_of, mappings, settings, version
from monitor import log
from monitor.errors import IndexRefused, IndexUnavailable
from monitor.ports import Condition

_ASKED: Final[tuple[Of, ...]] = ("signals", "events")
_RACED: Final = frozenset({"illegal_state_exception", "resource_already_exists_exception"})
_REBUILD: Final = "make it anew with `monitor rebuild`"
_OUTDATED: Final = (
    "it came out of a snapshot, and may lack what came since and hold what was deleted since; "
    f"{_REBUILD}"
)
_SHORTEST_S: Final = 0.1
_LONGEST_S: Final = 5.0

_log = log.get(__name__)


class Store:
    """Our indices behind their aliases. Raises IndexUnavailable, IndexRefused."""

    def __init__(self, cluster: Cluster, options: Options, *, beside: bool) -> None:
        self._cluster = cluster
        self._options = options
        self._beside = beside
        self._models: frozenset[tuple[str, str]] = frozenset()

    def reads(self, of: Of) -> str:
        """The alias that is asked."""
        return self._alias(of, "-next" if self._beside else "")

    def writes(self, of: Of) -> str:
        """The alias that is written to."""
        return self._alias(of, "-next" if self._beside else "-write")

    def follows(self) -> str | None:
        """The id of the ledger that the index follows, None where there is none or a part of it is
        missing: then it is to be followed from the beginning, even if whoever makes that part does
        not live to say so."""
        with self._cluster.faults():
            look = self._look()
        found = [self._found(of, look) for of in ALL]
        kept = [each for each in found if each is not None]
        for each in kept:
            self._refuse_newer(each)
        return kept[0].ledger if len(kept) == len(ALL) else None

    def prepare(self, ledger: str) -> bool:
        """Create, migrate or open; True where it must be followed from the beginning: where an
        index is new or was never written to."""
        with self._cluster.faults():
            if self._beside:
                self._make_way(ledger)
            made = [self._make(of, ledger) for of in ALL]
            if self._migrate([self._open(of, ledger) for of in ALL]):
                for of in ALL:
                    self._open(of, ledger)
            for of in ALL:
                self.compare(of)
            self._models = frozenset()
            names = [self.reads(of) for of in _ASKED]
            self._cluster.client.indices.refresh(index=names)
            return any(made) or self._cluster.client.count(index=names)["count"] == 0

    def promote(self) -> None:
        """Put the index beside in the place of the live one, in one step."""
        if not self._beside:
            return
        with self._cluster.faults():
            look = self._look()
            actions: list[dict[str, Any]] = []
            for of in ALL:
                fresh = self._behind(self.reads(of), look)
                if fresh is None:
                    raise IndexUnavailable(
                        f"{self._cluster.name}: there is none beside it; begin the rebuild again"
                    )
                live = (self._alias(of), self._alias(of, "-write"))
                for alias in live:
                    old = self._behind(alias, look)
                    actions += [_remove(old.name, alias)] if old else []
                actions += [*_add(fresh.name, *live), _remove(fresh.name, self.reads(of))]
            self._cluster.client.indices.update_aliases(actions=actions)
            self._beside = False

    def refresh(self) -> None:
        """What was written is found from now on."""
        with self._cluster.faults():
            names = [self.writes(of) for of in ALL]
            self._cluster.client.indices.refresh(index=names, ignore_unavailable=True)

    def condition(self) -> Condition:
        """How the index and its cluster fare."""
        found = condition(self._cluster, [self.reads(of) for of in ALL])
        with self._cluster.faults():
            look = self._look()
        copied = any(kept.copied for kept in (self._found(of, look) for of in ALL) if kept)
        return replace(found, words=(*found.words, _OUTDATED)) if copied else found

    def tidy(self) -> Sequence[str]:
        """Delete the indices of ours that no alias leads to; their names."""
        with self._cluster.faults():
            names = [kept.name for kept in self._look() if kept.of and not kept.aliases]
            if names:
                self._cluster.client.indices.delete(index=names)
            return names

    def ours(self, of: Of) -> Sequence[Kept]:
        """All indices that we made, kept old ones included."""
        with self._cluster.faults():
            return [kept for kept in self._look() if kept.of == of]

    def others(self, of: Of) -> Sequence[Kept]:
        """Those of ours that are not written: not the live one either, while one beside it is
        written."""
        with self._cluster.faults():
            look = self._look()
        mine = self._behind(self.writes(of), look)
        return [
            kept
            for kept in look
            if kept.of == of and kept != mine and not (self._beside and kept.aliases)
        ]

    def forget(self, before: datetime) -> None:
        """Delete the activities of before then."""
        with self._cluster.faults():
            self._cluster.client.delete_by_query(
                index=self.writes("activity"),
                query={"range": {"at": {"lt": before.isoformat()}}},
                conflicts="proceed",
            )

    def compare(self, of: Of) -> int | None:
        """How many numbers a vector has there, None before the first one came. Raises
        IndexRefused where the fields are no longer as we made them."""
        with self._cluster.faults():
            kept = self._behind(self.writes(of), self._look())
        if kept is None:
            raise IndexUnavailable(
                f"{self._cluster.name}: {self.writes(of)} is gone; `monitor once` makes it anew"
            )
        if field := differing(of, kept.fields):
            raise IndexRefused(
                f"{self._cluster.name}: the field {field} of {kept.name} is not as we made it; "
                f"{_REBUILD}"
            )
        dims = kept.fields.get("vector", {}).get("dims")
        return int(dims) if dims else None

    def met(self, every: Iterable[Mapping[str, str]]) -> None:
        """Write into `_meta`, next to what is known there, which models' words the index holds."""
        fresh = {pair for models in every for pair in models.items()} - self._models
        if not fresh:
            return
        with self._cluster.faults():
            kept = self._behind(self.writes("signals"), self._look())
            if kept is None:
                return
            known = {step: set(names) for step, names in kept.meta.get("models", {}).items()}
            for step, name in fresh:
                known.setdefault(step, set()).add(name)
            told = {step: sorted(known[step]) for step in sorted(known)}
            if told != kept.meta.get("models"):
                self._tell(kept, models=told)
        self._models |= fresh

    def _alias(self, of: Of, suffix: str = "") -> str:
        return f"{self._options.prefix}-{of}{suffix}"

    def _tell(self, kept: Kept, **more: Any) -> None:
        """Write more into an index's `_meta`."""
        self._cluster.client.indices.put_mapping(index=kept.name, meta={**kept.meta, **more})

    def _look(self) -> Sequence[Kept]:
        return kept_in(self._cluster.client, self._options.prefix)

    def _behind(self, alias: str, look: Iterable[Kept]) -> Kept | None:
        """The one index of ours that an alias leads to. Raises IndexRefused for any other."""
        behind = [kept for kept in look if alias in kept.aliases or alias == kept.name]
        if not behind:
            return None
        if len(behind) > 1 or behind[0].of is None:
            raise IndexRefused(
                f"{self._cluster.name}: {alias} names what we did not make; take it away, or "
                "name another prefix"
            )
        return behind[0]

    def _found(self, of: Of, look: Iterable[Kept]) -> Kept | None:
        """The index of ours that is asked; where that alias was lost, the one that is written."""
        return self._behind(self.reads(of), look) or self._behind(self.writes(of), look)

    def _refuse_newer(self, kept: Kept) -> None:
        if kept.version > version():
            raise IndexRefused(
                f"{self._cluster.name}: has mapping {kept.version}, we know {version()}; update "
                f"this program, or {_REBUILD}"
            )

    def _make_way(self, ledger: str) -> None:
        """Delete what was begun beside the live index, unless it can be gone on with."""
        look = self._look()
        for of in ALL:
            self._behind(self._alias(of), look)
        begun = {of: self._behind(self.reads(of), look) for of in ALL}
        if all(
            kept
            and (kept.ledger, kept.version) == (ledger, version())
            and not (kept.copied or differing(of, kept.fields))
            for of, kept in begun.items()
        ):
            return
        names = [kept.name for kept in begun.values() if kept and len(kept.aliases) == 1]
        if names:
            self._cluster.client.indices.delete(index=names)

    def _make(self, of: Of, ledger: str) -> bool:
        """Create an index where there is none; of two who do so at once one creates it."""
        if self._found(of, self._look()) is not None:
            return False
        aliases = {self.reads(of): {}, self.writes(of): {"is_write_index": True}}
        try:
            self._create(of, {"ledger": ledger}, aliases)
        except ApiError as fault:
            if not types_of(fault.body) & _RACED:
                raise
            self._await(of)
        return True

    def _await(self, of: Of) -> None:
        """Until what another process creates is to be seen, a few seconds at most."""
        wait_s = _SHORTEST_S
        while self._behind(self.reads(of), self._look()) is None and wait_s < _LONGEST_S:
            time.sleep(wait_s)
            wait_s *= 2

    def _create(self, of: Of, meta: Mapping[str, Any], aliases: Mapping[str, Any]) -> str:
        name = f"{self._alias(of)}-v{version()}-{secrets.token_hex(4)}"
        self._cluster.client.indices.create(
            index=name,
            aliases=aliases,
            mappings=mappings(of, meta, self._options),
            settings=settings(self._options),
        )
        return name

    def _open(self, of: Of, ledger: str) -> Kept:
        """The index as it is. Raises IndexRefused where it is of another ledger, newer, or may lack
        or hold what it should not."""
        look = self._look()
        kept = self._found(of, look)
        if kept is None:
            raise IndexUnavailable(
                f"{self._cluster.name}: another process changes it; it is tried again"
            )
        self._refuse_newer(kept)
        if kept.ledger != ledger:
            raise IndexRefused(
                f"{self._cluster.name}: follows another ledger; {_REBUILD}, or name another prefix"
            )
        if kept.copied:
            raise IndexRefused(f"{self._cluster.name}: {_OUTDATED}")
        lost = [
            alias
            for alias in (self.reads(of), self.writes(of))
            if self._behind(alias, look) != kept
        ]
        if lost:
            self._cluster.client.indices.update_aliases(actions=_add(kept.name, *lost))
        if "uuid" not in kept.meta:
            self._tell(kept, uuid=kept.uuid)
        return kept

    def _migrate(self, every: Iterable[Kept]) -> bool:
        """Copy what has an older mapping into new indices, then switch all aliases in one step;
        whether any had. The old ones are kept; where this is broken off it is begun anew, and what
        it left goes."""
        look = self._look()
        actions: list[dict[str, Any]] = []
        for kept in every:
            if kept.of is None or kept.version == version():
                continue
            copy = self._alias(kept.of, "-copy")
            if left := self._behind(copy, look):
                self._cluster.client.indices.delete(index=left.name)
            meta = {told: kept.meta[told] for told in kept.meta if told != "uuid"}
            name = self._create(kept.of, meta, {copy: {}})
            self._copy(kept.of, kept.name, copy)
            actions.append(_remove(name, copy))
            for alias in (self.reads(kept.of), self.writes(kept.of)):
                actions += [_remove(kept.name, alias), *_add(name, alias)]
        if actions:
            self._cluster.client.indices.update_aliases(actions=actions)
        return bool(actions)

    def _copy(self, of: Of, old: str, copy: str) -> None:
        """All of an index into what that alias leads to; nothing is made where it leads nowhere any
        more."""
        client = self._cluster.client
        client.indices.refresh(index=old)
        begun = client.reindex(
            source={"index": old, "_source": list(fields_of(of))},
            dest={"index": copy, "version_type": "external"},
            require_alias=True,
            wait_for_completion=False,
        )
        wait_s = _SHORTEST_S
        while True:
            task = client.perform_request(
                "GET", f"/_tasks/{begun['task']}", headers={"accept": "application/json"}
            ).body
            status = task["task"]["status"]
            _log.info("migration", of=of, done=status["created"], all=status["total"])
            if task["completed"]:
                break
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_S)
        if "error" in task or task["response"]["failures"]:
            raise IndexRefused(
                f"{self._cluster.name}: cannot be carried into mapping {version()}; {_REBUILD}"
            )
        client.indices.refresh(index=copy)


def _add(name: str, *aliases: str) -> list[dict[str, Any]]:
    """Actions that lead aliases to an index; those that are written to lead to one at most."""
    actions: list[dict[str, Any]] = []
    for alias in aliases:
        written = {"is_write_index": True} if alias.endswith("-write") else {}
        actions.append({"add": {"index": name, "alias": alias, **written}})
    return actions


def _remove(name: str, alias: str) -> dict[str, Any]:
    return {"remove": {"index": name, "alias": alias}}
