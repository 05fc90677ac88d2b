"""The API is what its OpenAPI document says, whatever it is asked."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.web.site import Site

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
"""All but one: that what fits the types is taken, for a question may be wrong in words."""


def test_every_answer_is_as_documented(day: Site) -> None:
    schema = schemathesis.openapi.from_url(f"{day.address}/api/v1/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 15
    for operation in operations:
        ask(day, operation, GenerationMode.POSITIVE)
        if list(operation.iter_parameters()) or operation.body:
            ask(day, operation, GenerationMode.NEGATIVE)


def ask(day: Site, operation: Any, mode: GenerationMode) -> None:
    headers = {"X-CSRF-Token": day.csrf()}
    cookies = dict(day.browser.cookies)

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=10,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def asked(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, cookies=cookies, checks=CHECKS)

    asked()
