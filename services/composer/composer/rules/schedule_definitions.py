"""What a schedule says, and what of it may change."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

ScheduledVersion = Annotated[str, Field(pattern="^(published|[0-9a-f]{64})$")]
"""`published` follows the published pointer; a hash pins that version."""


class ScheduleDefinition(BaseModel):
    """When a composition or a workflow, one of the two, runs by itself: five cron fields in an IANA time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    composition_id: str | None = None
    workflow_id: Annotated[UUID | None, Field(strict=False)] = None
    """A saved query; it has no versions and runs as it is saved when it is due."""
    cron: str
    time_zone: str = "UTC"
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    version: ScheduledVersion = "published"
    is_active: bool = True

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.composition_id is None) == (self.workflow_id is None):
            raise ValueError("a schedule runs either a composition (composition_id) or a workflow (workflow_id)")
        return self


class ScheduleChange(BaseModel):
    """What changes of a schedule; what is left out or null stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cron: str | None = None
    time_zone: str | None = None
    parameters: dict[str, JsonValue] | None = None
    version: ScheduledVersion | None = None
    is_active: bool | None = None

    @property
    def only_switches_off(self) -> bool:
        """Whether it says nothing but that the schedule no longer runs."""
        return self.model_dump(exclude_none=True) == {"is_active": False}
