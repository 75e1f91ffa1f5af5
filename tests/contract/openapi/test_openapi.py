"""docs/openapi.json says what the routes of all services are."""

import json
from pathlib import Path
from typing import Any

from queryflow.http.routes import service_for
from queryflow_cli.origin.openapi import combine, openapi_text, service_documents

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


SERVICES = dict(zip(("composer", "status"), service_documents(), strict=True))
WHOLE = combine(SERVICES.values())


def operations() -> list[dict[str, Any]]:
    return [operation for path in WHOLE["paths"].values() for operation in path.values()]


def test_every_route_of_every_service_is_in_it_and_leads_to_that_service() -> None:
    described = {(path, method) for path, operations in WHOLE["paths"].items() for method in operations}
    routes = [
        (name, path, method)
        for name, document in SERVICES.items()
        for path, operations in document["paths"].items()
        for method in operations
    ]
    assert {(path, method) for _, path, method in routes} == described
    for name, path, method in routes:
        assert service_for(method.upper(), path) == name, (method, path)


def test_what_services_share_they_describe_alike() -> None:
    composer, status = (document["components"]["schemas"] for document in SERVICES.values())
    assert {name: composer[name] for name in composer.keys() & status} == {
        name: status[name] for name in composer.keys() & status
    }


def test_the_document_is_the_one_the_routes_make() -> None:
    assert DOCUMENT.read_text() == openapi_text(), (
        "write it again: python -m queryflow_cli.origin.openapi > docs/openapi.json"
    )


def test_every_operation_is_named_explained_and_says_how_it_refuses() -> None:
    seen = [operation["operationId"] for operation in operations()]
    assert len(seen) == len(set(seen))
    for operation in operations():
        assert operation["summary"], operation["operationId"]
        assert operation["description"], operation["operationId"]
        for status, answer in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorBody"}, operation["operationId"]


def test_every_route_declares_what_it_refuses() -> None:
    for path, methods in WHOLE["paths"].items():
        for method, operation in methods.items():
            declared = operation["responses"].keys()
            demanded = {"422", "404"} if "{" in path else {"422"}
            if method in {"put", "patch", "delete"}:  # they change what somebody read
                demanded |= {"412", "428"}
            assert demanded <= declared, (method, path)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(WHOLE)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= WHOLE["components"]["schemas"].keys()
