"""The health of the whole over HTTP."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from queryflow.http.actor import CurrentActor
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals
from status.operations import usecases as operations
from status.web.dependencies import CurrentStatus

router = new_router("/api/status", "status")


class ServiceAnswer(BaseModel):
    """A process of a service; one that was silent for too long is not alive. One that was asked to stop is gone."""

    service: str
    instance: str
    version: str | None
    started_at: datetime
    at: datetime
    alive: bool


class OpenNodeAnswer(BaseModel):
    """A node that has not ended: since when it waits, or runs."""

    execution_id: UUID
    node_id: str
    since: datetime


class HealthAnswer(BaseModel):
    """Who is alive, what waits (queues: messages; outboxes: messages not yet handed over), what runs, what failed.

    `queues` is null while the broker does not answer.
    """

    services: list[ServiceAnswer]
    queues: dict[str, int] | None
    outboxes: dict[str, int]
    dead_letters: dict[str, int]
    requested: int
    running: int
    failed_last_hour: int
    oldest_waiting: OpenNodeAnswer | None
    oldest_running: OpenNodeAnswer | None


@router.get("", responses=refusals(422), summary="Read the health of the whole")
async def read_health(status: CurrentStatus, actor: CurrentActor) -> HealthAnswer:
    """The health of all services, their queues and executions, as of now."""
    return HealthAnswer.model_validate(asdict(await operations.read_health(status, actor)))
