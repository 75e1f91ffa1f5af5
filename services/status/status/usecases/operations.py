"""The health of the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from queryflow.domain.states import ExecutionState
from queryflow.runtime.faults import PASSING
from status.repository import operations as repository
from status.repository.operations import DEAD_LETTERS, OUTBOXES, Heartbeat, Waiting
from status.status import Status

AN_HOUR = timedelta(hours=1)
SILENT_KEPT = timedelta(days=1)


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
    oldest_waiting: Waiting | None


async def read_health(status: Status) -> Health:
    """The health of the whole, as of now."""
    queues = await _queues(status)
    async with status.engine.connect() as connection:
        return Health(
            services=await repository.list_heartbeats(connection, status.settings.silence),
            queues=queues,
            outboxes=await repository.count_rows(connection, OUTBOXES),
            dead_letters=await repository.count_rows(connection, DEAD_LETTERS),
            requested=await repository.count_in_state(connection, ExecutionState.REQUESTED),
            running=await repository.count_in_state(connection, ExecutionState.RUNNING),
            failed_last_hour=await repository.count_failed(connection, AN_HOUR),
            oldest_waiting=await repository.oldest_waiting(connection),
        )


async def _queues(status: Status) -> Mapping[str, int] | None:
    """Whoever asks what is wrong is answered also when it is the broker."""
    try:
        return await status.bus.queue_depths()
    except (*PASSING, OSError, RuntimeError):  # a closed channel is a RuntimeError
        return None


async def remove_silent(status: Status) -> None:
    """Forget processes that have been silent for a day."""
    async with status.engine.begin() as connection:
        await repository.remove_heartbeats(connection, SILENT_KEPT)
