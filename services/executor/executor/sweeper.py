"""Finds and mends what crashes and lost messages left, at boot and then every half minute.

It works by predicate, so that it needs no memory of what went wrong, and in short guarded transactions, so that any
number of sweepers may run. A run without faults needs no repair: each is counted by kind, and an alarm may watch it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter

from executor.executor import Executor
from executor.repository import repairs, results
from executor.results import RESULTS, executions_of
from executor.usecases.cancel import cancel
from executor.usecases.catalogue import begin_overdue
from executor.usecases.finish import go_on
from executor.usecases.repair import announce_unclaimed, correct_counts, recover_expired
from queryflow.domain.ids import ExecutionId, moment_of
from queryflow.runtime.database import Connection
from queryflow.schema.partitions import drop_empty_partitions, make_partitions_ahead, retain_executions

log = structlog.get_logger()
REPAIRS = Counter("queryflow_repairs", "What the sweeper had to mend", ["kind"])
BEGINNING = UUID(int=0)
MOST_TRIES = 30
PAUSE_SECONDS = 2.0
"""Between two tries to make or drop a partition: each may hold those at work up for half a second."""
Look = Callable[[Connection, timedelta], Awaitable[list[ExecutionId]]]


async def sweep(executor: Executor) -> None:
    """One turn over everything."""
    await _expired_leases(executor)
    _count("ready_unclaimed", await executor.desk.commit(lambda unit: announce_unclaimed(unit, executor)))
    await _cancels(executor)
    await _untold(executor)
    await _counts(executor)
    await _catalogues(executor)


async def tidy(executor: Executor) -> None:
    """Once a day: partitions ahead, and the end of what was kept long enough, results last."""
    async with executor.desk.pool.acquire() as connection:
        await _patiently(partial(make_partitions_ahead, connection))
        before = await connection.fetchval("SELECT now() - $1::interval", timedelta(days=executor.settings.keep_days))
        while gone := await retain_executions(connection, before):
            await _remove_results(executor, [ExecutionId(each) for each in gone])
        while await _patiently(partial(drop_empty_partitions, connection, before)):
            pass
    await _remove_orphans(executor, before)


async def _patiently(call: Callable[[], Awaitable[int]]) -> int:
    """Try again while those at work are in the way; LockNotAvailableError if they still are after a minute."""
    for _ in range(MOST_TRIES):
        with suppress(asyncpg.LockNotAvailableError):
            return await call()
        await asyncio.sleep(PAUSE_SECONDS)
    return await call()


async def _expired_leases(executor: Executor) -> None:
    while True:
        found, unfinished = await executor.desk.commit(lambda unit: recover_expired(unit, executor))
        _count("lease_expired", found)
        for execution_id in unfinished:
            await go_on(executor, execution_id)
        if found < repairs.PAGE:
            return


async def _cancels(executor: Executor) -> None:
    for execution_id in await _found(executor, repairs.uncopied_cancels):
        _count("cancel_not_copied", 1)
        await cancel(executor, execution_id)


async def _untold(executor: Executor) -> None:
    for execution_id in await _found(executor, repairs.untold):
        _count("children_not_told", 1)
        await go_on(executor, execution_id)


async def _counts(executor: Executor) -> None:
    after = BEGINNING
    while True:
        async with executor.desk.pool.acquire() as connection:
            page = await repairs.running_after(connection, after, _age(executor))
            running = await executor.versions.executions(connection, page)
        for execution in running.values():
            wrong = await executor.desk.commit(partial(correct_counts, execution=execution))
            _count("counts_wrong", wrong)
            if wrong:
                await go_on(executor, execution.id)
        if len(page) < repairs.PAGE:
            return
        after = page[-1]


async def _catalogues(executor: Executor) -> None:
    """A new home's first look is nobody's fault: what has no catalogue yet is no repair."""
    await begin_overdue(executor)


async def _found(executor: Executor, look: Look) -> list[ExecutionId]:
    async with executor.desk.pool.acquire() as connection:
        return await look(connection, _age(executor))


async def _remove_orphans(executor: Executor, before: datetime) -> None:
    """Remove results that a crash left without a row; only of executions made before then, which nobody may miss."""
    found = executions_of(await executor.equipment.objects.list(RESULTS))
    async with executor.desk.pool.acquire() as connection:
        gone = await results.without_rows(connection, (each for each in found if moment_of(each) < before))
    await _remove_results(executor, gone)


async def _remove_results(executor: Executor, gone: Iterable[ExecutionId]) -> None:
    """Remove the results of executions whose rows are gone; those that a crash leaves are found by listing."""
    for execution_id in gone:
        for key in await executor.equipment.objects.list(f"{RESULTS}{execution_id}/"):
            await executor.equipment.objects.delete(key)


def _age(executor: Executor) -> timedelta:
    """What is younger than this may be somebody's work in progress."""
    return timedelta(seconds=executor.settings.sweep_seconds)


def _count(kind: str, found: int) -> None:
    if found:
        REPAIRS.labels(kind).inc(found)
        log.warning("The sweeper mended something", action="sweep.repaired", kind=kind, count=found)
