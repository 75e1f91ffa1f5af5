"""The health of the whole over HTTP."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from queryflow.runtime.http import new_router
from status.api.dependencies import CurrentStatus
from status.usecases import operations

router = new_router("/api/status", "status")


class ServiceAnswer(BaseModel):
    """A process of a service; one that was silent for too long is not alive."""

    service: str
    instance: str
    version: str | None
    started_at: datetime
    at: datetime
    alive: bool


class WaitingAnswer(BaseModel):
    """The node that has waited the longest to be run."""

    execution_id: UUID
    node_id: str
    since: datetime


class HealthAnswer(BaseModel):
    """Who is alive, what waits, what runs, what failed.

    queues: messages, null while the broker is away; outboxes: messages not yet handed over.
    """

    services: list[ServiceAnswer]
    queues: dict[str, int] | None
    outboxes: dict[str, int]
    dead_letters: dict[str, int]
    requested: int
    running: int
    failed_last_hour: int
    oldest_waiting: WaitingAnswer | None


@router.get("", summary="Read the health of the whole")
async def read_health(status: CurrentStatus) -> HealthAnswer:
    """The health of all services, their queues and executions, as of now."""
    return HealthAnswer.model_validate(asdict(await operations.read_health(status)))
