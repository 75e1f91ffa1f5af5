"""The composer's HTTP API as an OpenAPI document: `python -m composer.openapi > docs/openapi.json`."""

import json
from collections.abc import Mapping
from typing import Any

from composer.app import build_app
from composer.settings import ComposerSettings

DATABASE = "postgresql://localhost/queryflow"
"""Settings demand one; describing routes connects to none."""


def openapi_document() -> dict[str, Any]:
    """The document, made from the routes."""
    return build_app(ComposerSettings(database_url=DATABASE), readiness=_never_asked).openapi()


def openapi_text() -> str:
    """The document as it lies in docs."""
    return json.dumps(openapi_document(), indent=1, ensure_ascii=False) + "\n"


async def _never_asked() -> Mapping[str, bool]:
    return {}


if __name__ == "__main__":
    print(openapi_text(), end="")
