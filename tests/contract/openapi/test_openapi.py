"""docs/openapi.json says what the composer's routes are."""

import json
from pathlib import Path
from typing import Any

from composer.openapi import openapi_document, openapi_text

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


def operations() -> list[dict[str, Any]]:
    return [operation for path in openapi_document()["paths"].values() for operation in path.values()]


def test_the_document_is_the_one_the_routes_make() -> None:
    assert DOCUMENT.read_text() == openapi_text(), "write it anew: python -m composer.openapi > docs/openapi.json"


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


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(openapi_document())
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= openapi_document()["components"]["schemas"].keys()
