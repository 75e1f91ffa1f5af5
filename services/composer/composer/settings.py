"""The composer's settings."""

from typing import ClassVar

from pydantic import Field

from queryflow.runtime.settings import ServiceSettings


class ComposerSettings(ServiceSettings):
    """What every service is told, and the composer's port."""

    service: ClassVar[str] = "composer"

    port: int = Field(default=8701, ge=0, le=65_535)
