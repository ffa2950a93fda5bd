"""The API's description (OpenAPI 3.1), made from the table of operations and the structs they take and give."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from mrsambosk_protocol.requests import Problem

from ..problems import PROBLEM
from .operations import FORM, JSON, Operation

_REFERENCE: Final = "#/components/schemas/{name}"
_WITH_TOKEN: Final = (401, 403)
_ALWAYS: Final = (400, 404, 429, 500, 503, 507)
_PATH: Final = {
    "id": {"type": "string"},
    "room": {"type": "string"},
    "emoji": {"type": "string"},
}


def describe(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The document of ``GET /openapi.json``."""
    kinds: list[type[Any]] = [
        kind for operation in operations for kind in (operation.body, operation.answer, operation.query) if kind
    ]
    schemas, components = msgspec.json.schema_components([*kinds, Problem], ref_template=_REFERENCE)
    schema_of: dict[type[Any], Any] = dict(zip([*kinds, Problem], schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mrsambosk host",
            "version": version,
            "description": "The same rights and the same effects as the WebSocket at /ws.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(operation: Operation, schema_of: dict[type[Any], Any], components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{operation.method.lower()}{operation.path}").strip("_"),
        "summary": operation.summary,
        "parameters": _parameters(operation, schema_of, components),
        "responses": _responses(operation, schema_of),
    }
    if not operation.public:
        described["security"] = [{"token": []}]
    if operation.body is not None:
        content = {JSON: {"schema": schema_of[operation.body]}}
        if operation.form:
            content[FORM] = {"schema": _FORM_SCHEMA}
        described["requestBody"] = {"required": not operation.body_optional, "content": content}
    return described


_FORM_SCHEMA: Final = {
    "type": "object",
    "required": ["grant_type", "username", "password"],
    "properties": {
        "grant_type": {"const": "password"},
        "username": {"type": "string"},
        "password": {"type": "string"},
        "device": {"type": "string"},
    },
}


def _parameters(
    operation: Operation, schema_of: dict[type[Any], Any], components: dict[str, Any]
) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _PATH[name]}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    if operation.query is not None:
        schema = components[schema_of[operation.query]["$ref"].rpartition("/")[2]]
        required = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": _plain(value)}
            for name, value in schema["properties"].items()
        ]
    if operation.path.endswith("/messages") and operation.method == "POST":
        key = {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,40}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": key})
    return found


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: an absent parameter is simply absent."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return choices[0]  # type: ignore[no-any-return]
    return {key: value for key, value in schema.items() if key != "default" or value is not None}


def _responses(operation: Operation, schema_of: dict[type[Any], Any]) -> dict[str, Any]:
    content = {JSON: {"schema": schema_of[operation.answer]}} if operation.answer is not None else None
    responses: dict[str, Any] = {}
    for status in (operation.status, *operation.also):
        responses[str(status)] = {"description": operation.summary, **({"content": content} if content else {})}
    problem: dict[str, Any] = {"description": "Refused", "content": {PROBLEM: {"schema": schema_of[Problem]}}}
    refused = [*_ALWAYS, *(() if operation.public else _WITH_TOKEN)]
    if "{" in operation.path:
        refused += [409, 410]
    if operation.body is not None:
        refused += [401, 403, 408, 409, 415]
    for status in sorted(set(refused)):
        responses[str(status)] = problem
    if operation.form:
        responses["400"] = {"description": "Refused", "content": {**problem["content"], JSON: {"schema": _GRANT_ERROR}}}
    return responses


#: RFC 6749 §5.2: what a client of the form understands.
_GRANT_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"enum": ["invalid_grant", "invalid_request", "unsupported_grant_type"]},
        "error_description": {"type": "string"},
    },
}
