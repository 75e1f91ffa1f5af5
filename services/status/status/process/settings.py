"""The settings of status."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, PositiveFloat

from queryflow.process.settings import ServiceSettings


class StatusSettings(ServiceSettings):
    """What every service is told, the port of status, and its patience."""

    service: ClassVar[str] = "status"

    port: int = Field(default=8704, ge=0, le=65_535)
    page_seconds: PositiveFloat = 20.0
    """How long reading one page of a result may take."""
    silence_seconds: PositiveFloat = 15.0
    """A service that gave no sign of life for so long counts as gone."""

    @property
    def page_deadline(self) -> timedelta:
        """How long reading one page of a result may take."""
        return timedelta(seconds=self.page_seconds)

    @property
    def silence(self) -> timedelta:
        """After how long without a sign of life a service counts as gone."""
        return timedelta(seconds=self.silence_seconds)

    @property
    def outbox_age(self) -> timedelta:
        """After how long what was said should have been heard."""
        return timedelta(seconds=self.outbox_age_seconds)
