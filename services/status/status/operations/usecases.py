"""The health of the whole."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from queryflow.access.actor import SYSTEM, Actor
from queryflow.bus.port import Bus
from queryflow.domain.states import ExecutionState
from status.process.status import Status
from status.repository import operations as repository
from status.repository.operations import DEAD_LETTERS, OUTBOXES, Heartbeat, OpenNode

AN_HOUR = timedelta(hours=1)
SILENT_KEPT = timedelta(days=1)
BROKER_SECONDS = 2.0
"""How long the broker may take to count; who looks here may do so because it is not well."""


@dataclass(frozen=True, slots=True)
class Health:
    """Who is alive, what waits, what runs, what failed."""

    services: Sequence[Heartbeat]
    queues: Mapping[str, int] | None
    """None while the broker does not answer."""
    outboxes: Mapping[str, int]
    dead_letters: Mapping[str, int]
    requested: int
    running: int
    failed_last_hour: int
    oldest_waiting: OpenNode | None
    oldest_running: OpenNode | None


async def read_health(status: Status, actor: Actor) -> Health:
    """The health of the whole, as of now."""
    queues = await _count_messages(status.bus)
    async with status.reader(actor) as reader:
        connection = reader.connection
        return Health(
            services=await repository.list_heartbeats(connection, status.settings.silence),
            queues=queues,
            outboxes=await repository.count_rows(connection, OUTBOXES),
            dead_letters=await repository.count_rows(connection, DEAD_LETTERS),
            requested=await repository.count_in_state(connection, ExecutionState.REQUESTED),
            running=await repository.count_in_state(connection, ExecutionState.RUNNING),
            failed_last_hour=await repository.count_failed(connection, AN_HOUR),
            oldest_waiting=await repository.oldest_waiting(connection),
            oldest_running=await repository.oldest_running(connection),
        )


async def remove_silent(status: Status) -> None:
    """Forget processes that have been silent for a day."""
    async with status.writer(SYSTEM) as writer:
        await repository.remove_heartbeats(writer.connection, SILENT_KEPT)


async def _count_messages(bus: Bus) -> Mapping[str, int] | None:
    try:
        async with asyncio.timeout(BROKER_SECONDS):
            return await bus.queue_depths()
    except (ConnectionError, TimeoutError):
        return None
