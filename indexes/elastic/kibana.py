"""Kibana's data views of our indices, made from mapping.json.

Source: https://www.elastic.co/docs/api/doc/kibana/group/endpoint-saved-objects
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from indexes.elastic.kept import ALL
from indexes.elastic.mapping import Of, fields_of, says

_TIME: Final[Mapping[Of, str]] = {"signals": "time", "events": "time", "activity": "at"}
_UNSHOWN: Final = ("value", "vector")
"""Fields for programs, which nobody reads in a table."""
_VERSIONS: Final = {"coreMigrationVersion": "8.8.0", "typeMigrationVersion": "8.0.0"}
"""As old as can be: Kibana carries older objects into its own version, and refuses newer ones."""


def views(prefix: str) -> Iterator[str]:
    """Lines of NDJSON for Kibana's import of saved objects: a data view for each of our indices,
    its fields described. Importing them again changes nothing; what refers to one names the alias
    that it shows."""
    for of in ALL:
        fields = fields_of(of)
        described = {name: {"customDescription": says()[name]} for name in fields}
        unshown = [{"value": name} for name in _UNSHOWN if name in fields]
        alias = f"{prefix}-{of}"
        attributes: dict[str, Any] = {
            "name": alias,
            "title": alias,
            "timeFieldName": _TIME[of],
            "fieldAttrs": json.dumps(described, ensure_ascii=False),
            "sourceFilters": json.dumps(unshown),
            "fieldFormatMap": "{}",
            "runtimeFieldMap": "{}",
            "fields": "[]",
            "allowHidden": False,
        }
        view = {
            "type": "index-pattern",
            "id": alias,
            "attributes": attributes,
            "references": [],
            "managed": False,
            **_VERSIONS,
        }
        yield json.dumps(view, ensure_ascii=False)
