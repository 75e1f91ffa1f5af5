"""Perform one attempt: resolve its inputs, check its values, run it at its engine, store what it made."""

import asyncio
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from executor.attempt.inputs import inputs_of
from executor.attempt.node_values import Inputs, NodeValues, node_values, template_of, timeout_of, typed, window_of
from executor.attempt.results import store_result
from executor.engines.port import ConnectionSettings, EngineFailure, Work
from executor.model.attempt import Attempt
from executor.model.outcome import Skipped, Succeeded
from executor.model.runnable import RunningExecution
from executor.model.stored_result import result_key
from executor.process.executor import Executor
from executor.process.held_attempts import HeldAttempt, LeaseLost
from executor.repository import leases, slots
from queryflow.domain.states import ErrorKind, Phase
from queryflow.process.failpoints import failpoint


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt with all it needs: the executor, the lease, what the execution runs, a directory of its own."""

    executor: Executor
    held: HeldAttempt
    execution: RunningExecution
    directory: Path


async def run_attempt(executor: Executor, held: HeldAttempt, execution: RunningExecution) -> Succeeded | Skipped:
    """The attempt's good outcome, or that it is skipped for an empty input; EngineFailure says why it failed."""
    directory = await asyncio.to_thread(_make_directory, executor.attempts, held.attempt)
    try:
        return await _run_attempt(Try(executor, held, execution, directory))
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


async def _run_attempt(this: Try) -> Succeeded | Skipped:
    attempt, equipment = this.held.attempt, this.executor.equipment
    inputs = await inputs_of(this.executor, this.execution, attempt.node_id, this.directory)
    if isinstance(inputs, Skipped):
        return inputs
    values = node_values(this.execution, attempt.node_id, inputs)
    this.held.trace = values.trace
    work = await _work(this, inputs, values)
    await _enter(this, Phase.SUBMITTED)
    failpoint("executor.before_run")
    produced = await equipment.engines[attempt.engine].run(work)
    trace = replace(values.trace, sql=produced.sql)
    if produced.file is None:
        return Succeeded(rows=produced.rows, trace=trace)
    await _enter(this, Phase.STORING)
    stored = await store_result(equipment.objects, produced, result_key(attempt))
    failpoint("executor.after_store")
    return Succeeded(rows=produced.rows, stored=stored, trace=trace)


async def _enter(this: Try, phase: Phase) -> None:
    """Say what comes next, and make sure before it that the lease is still ours; LeaseLost if it is not."""
    this.held.check()
    lease = timedelta(seconds=this.executor.settings.lease_seconds)
    async with this.executor.transactions.pool.acquire() as connection:
        if not await leases.enter(connection, this.held.attempt, phase, lease):
            raise LeaseLost(this.held.attempt.node_id)
    this.held.check()


async def _work(this: Try, inputs: Inputs, values: NodeValues) -> Work:
    attempt, execution = this.held.attempt, this.execution
    return Work(
        execution_id=execution.id,
        node_id=attempt.node_id,
        attempt=attempt.number,
        fence=attempt.fence,
        template=template_of(execution, attempt.node_id),
        values=typed(values.values, inputs.elements),
        window=window_of(execution, attempt.node_id),
        connection=await _connection(this.executor, attempt),
        directory=this.directory,
        timeout=timeout_of(this.executor, execution, attempt),
        lists=inputs.lists,
    )


async def _connection(executor: Executor, attempt: Attempt) -> ConnectionSettings:
    """The engine connection as its row is now; EngineFailure if it was removed or speaks to another engine."""
    async with executor.transactions.pool.acquire() as connection:
        known = await slots.connections(connection, [attempt.engine_connection])
    found = known.get(attempt.engine_connection)
    if found is None:
        raise EngineFailure(
            ErrorKind.MISSING, f"The engine connection {attempt.engine_connection} is not there any more."
        )
    if found.settings.engine != attempt.engine:
        raise EngineFailure(
            ErrorKind.VALIDATION,
            f"The engine connection {attempt.engine_connection} is for {found.settings.engine} now, "
            f"not for {attempt.engine}.",
        )
    return found.settings


def _make_directory(attempts: Path, attempt: Attempt) -> Path:
    """The attempt's own directory, empty; its name is made of the row's id, never of names people chose."""
    directory = attempts / f"{attempt.id}-{attempt.number}-{attempt.fence}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700, parents=True)
    return directory
