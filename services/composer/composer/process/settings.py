"""The composer's settings."""

import os
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from queryflow.process.settings import ServiceSettings


class ComposerSettings(ServiceSettings):
    """What every service is told, and the composer's port."""

    service: ClassVar[str] = "composer"

    port: int = Field(default=8701, ge=0, le=65_535)
    data_roots: str = ""
    """Folders, separated as in PATH, below which engine connections over HTTP may read; none by default."""

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders in `data_roots`."""
        return tuple(Path(each) for each in self.data_roots.split(os.pathsep) if each)
