"""The scheduler's settings."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, PositiveFloat, PositiveInt

from queryflow.process.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """What every service is told, the scheduler's port, and its patience."""

    service: ClassVar[str] = "scheduler"

    port: int = Field(default=8703, ge=0, le=65_535)
    missed_window_seconds: PositiveFloat = 86_400.0
    """A due time that nobody was there for is still answered if it is the last one and no older than this."""
    failures_limit: PositiveInt = 10
    """After this many due times in a row that failed or were refused a schedule is paused."""

    @property
    def missed_window(self) -> timedelta:
        """How old a missed due time may be and still be answered."""
        return timedelta(seconds=self.missed_window_seconds)

    @property
    def outbox_age(self) -> timedelta:
        """After how long what was said should have been answered."""
        return timedelta(seconds=self.outbox_age_seconds)
