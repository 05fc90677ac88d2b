"""docs/elasticsearch.md tells of every field what mapping.json tells, and of every option."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from importlib.resources import files

from indexes import elastic
from indexes.elastic import Options
from monitor.model import CERTAINTIES, SEVERITIES
from tests.house import ROOT
from tests.needs import shared

PAGE = (ROOT / "docs" / "elasticsearch.md").read_text(encoding="utf-8")
MAPPING = json.loads((files("indexes.elastic") / "mapping.json").read_text("utf-8"))
INDICES = ("signals", "events", "activity")


def table() -> Iterator[str]:
    """The lines of the page's table of fields."""
    yield "| field | kept as | in | says |"
    yield "|---|---|---|---|"
    for field, says in MAPPING["says"].items():
        kept = {of: MAPPING[of][field] for of in INDICES if field in MAPPING[of]}
        (how,) = {kind(how) for how in kept.values()}
        yield f"| `{field}` | {how} | {', '.join(kept)} | {says} |"


def kind(how: dict[str, object]) -> str:
    analyser = f", {how['analyzer']}" if "analyzer" in how else ""
    of = f" of {how['path']}" if "path" in how else ""
    return f"{how['type']}{analyser}{of}"


def test_every_field_is_described_once() -> None:
    assert set(MAPPING["says"]) == {field for of in INDICES for field in MAPPING[of]}


def test_the_table_of_fields_is_that_of_the_mapping() -> None:
    lines = PAGE.splitlines()
    assert [line for line in table() if line not in lines] == []
    described = [line for line in lines if line.count("|") == 5 and line.startswith("| `")]
    assert [line for line in described if line not in list(table())] == []


def test_every_option_is_on_the_page() -> None:
    assert [one.name for one in dataclasses.fields(Options) if f"`{one.name}`" not in PAGE] == []


def test_ranks_are_those_of_the_model() -> None:
    for grades in (SEVERITIES, CERTAINTIES):
        ranks = ", ".join(f"{rank} {grade}" for rank, grade in enumerate(grades))
        assert ranks in PAGE


def test_the_data_views_are_those_of_the_mapping_as_kibana_exports_them() -> None:
    exported = shared("kibana", "elasticsearch-labs", "dashboard.ndjson").read_text("utf-8")
    real = next(
        one for one in map(json.loads, exported.splitlines()) if one.get("type") == "index-pattern"
    )
    first, again = (list(elastic.views(Options(prefix="city"))) for _ in range(2))
    assert first == again
    made = [json.loads(line) for line in first]
    assert [view["id"] for view in made] == ["city-signals", "city-events", "city-activity"]
    for of, view in zip(INDICES, made, strict=True):
        shown = view["attributes"]
        assert view.keys() <= real.keys()
        assert shown.keys() <= real["attributes"].keys()
        for name, value in shown.items():
            assert type(value) is type(real["attributes"][name]), name
        assert MAPPING[of][shown["timeFieldName"]] == {"type": "date"}
        described = json.loads(shown["fieldAttrs"])
        assert described == {
            field: {"customDescription": MAPPING["says"][field]} for field in MAPPING[of]
        }
        assert all(one["value"] in MAPPING[of] for one in json.loads(shown["sourceFilters"]))
