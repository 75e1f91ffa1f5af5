"""Finds and mends what crashes and lost messages left, at boot and then every half minute.

It works by predicate, so that it needs no memory of what went wrong, and in short guarded transactions, so that any
number of sweepers may run. A run without faults needs no repair: each is counted by kind, and an alarm may watch it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter

from executor.advance.finish import go_on
from executor.attempt.cancel import cancel
from executor.catalogue.catalogue import begin_overdue
from executor.model.runnable import RunningExecution
from executor.model.stored_result import RESULTS, executions_of
from executor.process.executor import Executor
from executor.repair.leftovers import remove_leftovers
from executor.repair.repair import announce_unclaimed, correct_counts, recover_expired
from executor.repository import repairs, results
from queryflow.db.pool import Connection
from queryflow.domain.ids import ExecutionId, moment_of
from queryflow.process.apart import together_or_each, try_each
from queryflow.schema.partitions import drop_empty_partitions, make_partitions_ahead, retain_executions

log = structlog.get_logger()
REPAIRS = Counter("queryflow_repairs", "What the sweeper had to mend", ["kind"])
BEGINNING = UUID(int=0)
MOST_TRIES = 30
PAUSE_SECONDS = 2.0
"""Between two tries to make or drop a partition: each may hold those at work up for half a second."""
Look = Callable[[Connection, timedelta], Awaitable[list[ExecutionId]]]


async def sweep(executor: Executor) -> None:
    """One turn over everything; what cannot be mended keeps nothing else from being mended."""
    looks = (_expired_leases, _unclaimed, _cancels, _untold, _counts, _catalogues)
    await try_each(looks, lambda look: look(executor))


async def tidy(executor: Executor) -> None:
    """Once a day: partitions ahead, and the end of what was kept long enough, results last."""
    async with executor.transactions.pool.acquire() as connection:
        await _patiently(partial(make_partitions_ahead, connection))
        before = await connection.fetchval("SELECT now() - $1::interval", timedelta(days=executor.settings.keep_days))
        while gone := await retain_executions(connection, before):
            await _remove_results(executor, [ExecutionId(each) for each in gone])
        while await _patiently(partial(drop_empty_partitions, connection, before)):
            pass
    await _remove_orphans(executor, before)
    await remove_leftovers(executor)


async def _patiently(call: Callable[[], Awaitable[int]]) -> int:
    """Try again while those at work are in the way; LockNotAvailableError if they still are after a minute."""
    for _ in range(MOST_TRIES):
        with suppress(asyncpg.LockNotAvailableError):
            return await call()
        await asyncio.sleep(PAUSE_SECONDS)
    return await call()


async def _expired_leases(executor: Executor) -> None:
    async def recover(expired: Collection[UUID]) -> None:
        found, unfinished = await executor.transactions.commit(lambda unit: recover_expired(unit, executor, expired))
        _count("lease_expired", found)
        for execution_id in unfinished:
            await go_on(executor, execution_id)

    more = True
    while more:
        async with executor.transactions.pool.acquire() as connection:
            page = await repairs.expired(connection)
        more = len(page) == repairs.PAGE
        if page:
            await together_or_each(page, recover)


async def _unclaimed(executor: Executor) -> None:
    _count("ready_unclaimed", await executor.transactions.commit(lambda unit: announce_unclaimed(unit, executor)))


async def _cancels(executor: Executor) -> None:
    async def mend(execution_id: ExecutionId) -> None:
        _count("cancel_not_copied", 1)
        await cancel(executor, execution_id)

    await try_each(await _found(executor, repairs.uncopied_cancels), mend)


async def _untold(executor: Executor) -> None:
    async def mend(execution_id: ExecutionId) -> None:
        _count("children_not_told", 1)
        await go_on(executor, execution_id)

    await try_each(await _found(executor, repairs.untold), mend)


async def _counts(executor: Executor) -> None:
    await try_each(await _running(executor), partial(_correct_page, executor))


async def _running(executor: Executor) -> list[list[ExecutionId]]:
    """The executions that have run for a while, in pages."""
    pages: list[list[ExecutionId]] = []
    async with executor.transactions.pool.acquire() as connection:
        while not pages or len(pages[-1]) == repairs.PAGE:
            after = pages[-1][-1] if pages else BEGINNING
            pages.append(await repairs.running_after(connection, after, _age(executor)))
    return pages


async def _correct_page(executor: Executor, page: Sequence[ExecutionId]) -> None:
    async def correct(execution: RunningExecution) -> None:
        wrong = await executor.transactions.commit(partial(correct_counts, execution=execution))
        _count("counts_wrong", wrong)
        if wrong:
            await go_on(executor, execution.id)

    async with executor.transactions.pool.acquire() as connection:
        running = await executor.versions.executions(connection, page)
    await try_each(running.values(), correct)


async def _catalogues(executor: Executor) -> None:
    """A new home's first look is nobody's fault: what has no catalogue yet is no repair."""
    await begin_overdue(executor)


async def _found(executor: Executor, look: Look) -> list[ExecutionId]:
    async with executor.transactions.pool.acquire() as connection:
        return await look(connection, _age(executor))


async def _remove_orphans(executor: Executor, before: datetime) -> None:
    """Remove results that a crash left without a row; only of executions made before then, which nobody may miss."""
    found = executions_of(await executor.equipment.objects.list(RESULTS))
    async with executor.transactions.pool.acquire() as connection:
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
