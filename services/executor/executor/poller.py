"""What only time brings, each second: due retries, freed places, admission. Each has a loop of its own."""

from collections.abc import Collection

import structlog

from executor.advance import waiting
from executor.launch.launch import fail_launch, launch
from executor.process.executor import Executor
from executor.process.unit_of_work import UnitOfWork
from executor.repository import executions, slots
from queryflow.domain.ids import ExecutionId
from queryflow.process.apart import together_or_each
from queryflow.process.transient_errors import is_transient

log = structlog.get_logger()
MOST_ADMITTED = 500


async def ready_due(executor: Executor) -> None:
    """Ready the nodes whose back-off has passed."""
    await executor.transactions.commit(waiting.ready_due)


async def give_places(executor: Executor) -> None:
    """Free places that nobody uses, and ready nodes that wait for one, or for room, while there is room here."""
    names = await executor.transactions.commit(_free_abandoned)
    rooms = executor.held_attempts.rooms
    if not names or not any(room.attempts for room in rooms):
        return

    async def give(some: Collection[str]) -> None:
        await executor.transactions.commit(lambda unit: waiting.ready_waiting(unit, some, rooms))

    await together_or_each(names, give)


async def admit_next(executor: Executor) -> None:
    """Launch the executions that wait, one person after the other, while there is room."""
    async with executor.transactions.pool.acquire() as connection:
        asked = await executions.fair_turn(connection, MOST_ADMITTED)
        if asked or not executor.admission.has_room:
            executor.admission.measured(await executions.open_nodes(connection))
    for place, execution_id in enumerate(asked):
        if executor.admission.room == 0:
            executor.admission.backlog(len(asked) - place)
            return
        await _launch(executor, execution_id)
    executor.admission.backlog(0)


async def _launch(executor: Executor, execution_id: ExecutionId) -> None:
    """Launch it; one that cannot be launched fails, and those behind it have their turn."""
    try:
        await launch(executor, [execution_id])
    except Exception as problem:
        if is_transient(problem):
            raise
        log.exception("An execution could not be launched", action="launch.failed", execution_id=str(execution_id))
        await executor.transactions.commit(lambda unit: fail_launch(unit, execution_id))


async def _free_abandoned(unit: UnitOfWork) -> list[str]:
    """Free places that nobody uses; the engine connections that nodes wait for."""
    await slots.release_abandoned(unit.connection)
    return await slots.connections_waited_for(unit.connection)
