"""What only time brings, each second: due retries, freed places, admission, cancels of what runs here."""

from executor.executor import Executor
from executor.repository import executions, slots
from executor.unit import Unit
from executor.usecases.cancel import break_off_cancelled
from executor.usecases.launch import launch
from executor.usecases.waiting import ready_due, ready_waiting

MOST_ADMITTED = 500


async def poll(executor: Executor) -> None:
    """One turn of everything but admission."""
    await break_off_cancelled(executor)
    await executor.desk.commit(ready_due)
    await executor.desk.commit(lambda unit: _ready_waiting(unit, executor))


async def admit_next(executor: Executor) -> None:
    """Launch the executions that wait, one person after the other, while there is room."""
    async with executor.desk.pool.acquire() as connection:
        waiting = await executions.fair_turn(connection, MOST_ADMITTED)
        if waiting or not executor.admission.has_room:
            executor.admission.measured(await executions.open_nodes(connection))
    for place, execution_id in enumerate(waiting):
        if executor.admission.room == 0:
            executor.admission.backlog(len(waiting) - place)
            return
        await launch(executor, [execution_id])
    executor.admission.backlog(0)


async def _ready_waiting(unit: Unit, executor: Executor) -> None:
    await slots.release_abandoned(unit.connection)
    if executor.running.room == 0:
        return
    if names := await slots.connections_waited_for(unit.connection):
        await ready_waiting(unit, names, executor.running.room)
