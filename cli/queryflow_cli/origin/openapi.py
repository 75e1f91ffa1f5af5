"""The HTTP API of the whole as one OpenAPI document: `python -m queryflow_cli.origin.openapi > docs/openapi.json`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

TITLE = "QueryFlow"


def combine(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The documents of services that answer at one origin, as one; what they share they describe alike."""
    first, *others = documents
    paths = {path: dict(operations) for path, operations in first["paths"].items()}
    schemas = dict(first["components"]["schemas"])
    for other in others:
        for path, operations in other["paths"].items():
            paths.setdefault(path, {}).update(operations)
        schemas |= other["components"]["schemas"]
    info = {**first["info"], "title": TITLE}
    components = {**first["components"], "schemas": dict(sorted(schemas.items()))}
    return {**first, "info": info, "paths": paths, "components": components}


def service_documents() -> list[dict[str, Any]]:
    """The documents of the services that have routes at the one origin, made from their routes."""
    import composer.app
    import status.app
    from composer.process.settings import ComposerSettings
    from status.process.settings import StatusSettings

    database = "postgresql://localhost/queryflow"  # settings demand one; describing routes connects to none
    return [
        composer.app.build_app(ComposerSettings(database_url=database), readiness=_never_asked).openapi(),
        status.app.build_app(StatusSettings(database_url=database), readiness=_never_asked).openapi(),
    ]


def openapi_text() -> str:
    """The document as it lies in docs."""
    return json.dumps(combine(service_documents()), indent=1, ensure_ascii=False) + "\n"


async def _never_asked() -> Mapping[str, bool]:
    return {}


if __name__ == "__main__":
    print(openapi_text(), end="")
