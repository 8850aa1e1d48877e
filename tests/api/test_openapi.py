"""Schemathesis against the service's own document: no server error, no undocumented status, no route without the token.

The documented error codes are an enumeration for each status, so an undocumented code is found too.
"""

from __future__ import annotations

import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.app import bare_app
from tests.api.serving import WITH_TOKEN, Served

EXAMPLES = 60
"""Of each route, beside those that cover every bound of its schema."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    unsupported_method,
    negative_data_rejection,
]

_SAME_EVERY_TIME = ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(deterministic=True)))
schema = schemathesis.openapi.from_dict(
    bare_app().openapi(), config=SchemathesisConfig(seed=2026, projects=_SAME_EVERY_TIME)
)


@schema.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
def test_the_service_is_as_its_document_says(case: schemathesis.Case, service: Served) -> None:
    case.call_and_validate(base_url=service.address, headers=WITH_TOKEN, checks=CHECKS, timeout=30)


def test_the_document_is_what_the_service_serves(service: Served) -> None:
    with service.client() as client:
        assert client.get("/openapi.json").json() == bare_app().openapi()
