"""Everything that lies in an index, of whichever kind, so that two of them can be compared."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from indexes import elastic, embedded

Stored = dict[str, dict[str, Any]]
_WHOLE = {"query": {"match_all": {}}, "version": True, "_source": {"exclude_vectors": False}}


def stored(options: embedded.Options | elastic.Options) -> Stored:
    """By id the version, the value and the vector (float32) of all signals and events, in a cluster
    also of all activities; but not how long sources took."""
    if isinstance(options, embedded.Options):
        return _in_file(Path(options.path))
    return _in_cluster(options.urls[0], options.prefix)


def _in_file(path: Path) -> Stored:
    with closing(sqlite3.connect(path)) as db:
        vectors = dict(db.execute("SELECT id, vector FROM signals JOIN exact USING (n)"))
        return {
            of: {
                id: (seq, msgspec.json.decode(value), vectors.get(id, b""))
                for id, seq, value in db.execute(
                    f"SELECT id, seq, value FROM {of} JOIN {of}_value USING (n)"
                )
            }
            for of in ("signals", "events")
        }


def _in_cluster(url: str, prefix: str) -> Stored:
    """The documents as they lie there, by `_id`."""
    found: Stored = {}
    with Elasticsearch(url) as client:
        for of in ("signals", "events", "activity"):
            client.indices.refresh(index=f"{prefix}-{of}")
            found[of] = {}
            for hit in scan(client, index=f"{prefix}-{of}", query=_WHOLE, size=500):
                vector = np.asarray(hit["_source"].pop("vector", ()), "<f4")
                found[of][hit["_id"]] = (hit["_version"], hit["_source"], vector.tobytes())
        for _, value, _ in found["activity"].values():
            value.pop("ms", None)
    return found
