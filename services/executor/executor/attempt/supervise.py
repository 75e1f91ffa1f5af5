"""Carry a claimed attempt to its end: run it under its lease and its timeout, and have its outcome recorded."""

import asyncio
import random
import time
from dataclasses import replace
from datetime import timedelta

import asyncpg
import structlog

from executor.advance.waiting import announce_again
from executor.attempt.node_values import timeout_of
from executor.attempt.run_attempt import run_attempt
from executor.engines.port import EngineFailure
from executor.model.attempt import Attempt, Failure
from executor.model.outcome import Cancelled, Failed, Finished, Outcome, Retried, TimedOut
from executor.model.runnable import RunningExecution
from executor.process.executor import Executor
from executor.process.held_attempts import Ending, HeldAttempt, LeaseLost
from executor.process.unit_of_work import UnitOfWork
from executor.repository import leases
from queryflow.domain.errors import TryAgain
from queryflow.domain.flow.retry import next_attempt
from queryflow.domain.resource_errors import is_shortage
from queryflow.domain.states import ErrorKind
from queryflow.process.failpoints import failpoint
from queryflow.process.transient_errors import is_transient

log = structlog.get_logger()
KILL_SECONDS = 5.0
"""How long work that was broken off may take to end."""
FIRST_PAUSE_SECONDS = 1.0
"""Before the database is asked again, or a record is tried again; doubled with each record that it refuses."""
LONGEST_PAUSE_SECONDS = 30.0
UNRECORDABLE = Failed(failure=Failure(ErrorKind.INTERNAL, "The attempt ended, but its outcome cannot be stored."))


def begin(executor: Executor, attempt: Attempt, deadline: float) -> None:
    """Run the attempt in a task of its own; `deadline` is its lease's, by the local monotonic clock."""
    held = HeldAttempt(attempt, deadline, claimed=time.monotonic())
    task = asyncio.create_task(_live(executor, held), name=f"{attempt.execution_id}/{attempt.node_id}")
    executor.held_attempts.begin(held, task)


async def _live(executor: Executor, held: HeldAttempt) -> None:
    execution = await _execution(executor, held)
    if execution is None:
        await _give_back(executor, held)
        return
    outcome = await _outcome(executor, held, execution)
    if outcome is not None:
        failpoint("executor.after_run")
        await record(executor, held, replace(outcome, seconds=time.monotonic() - held.claimed))


async def _execution(executor: Executor, held: HeldAttempt) -> RunningExecution | None:
    """What the attempt is a part of; None if it is not there, or the attempt is let go before it could be read."""
    asked = held.attempt.execution_id
    while held.valid and held.ending is None:
        try:
            async with executor.transactions.pool.acquire() as connection:
                return (await executor.versions.executions(connection, [asked])).get(asked)
        except Exception as problem:
            if not is_transient(problem):
                raise
            await held.pause(FIRST_PAUSE_SECONDS)
    return None


async def _outcome(executor: Executor, held: HeldAttempt, execution: RunningExecution) -> Outcome | None:
    """How the attempt ended; None if it is not ours any more, or was given back."""
    timeout = timeout_of(executor, execution, held.attempt)
    work = asyncio.create_task(run_attempt(executor, held, execution))
    held.begin(work)
    _, pending = await asyncio.wait({work}, timeout=timeout.total_seconds())
    if pending:
        work.cancel()
        await asyncio.wait({work}, timeout=KILL_SECONDS)
        failure = Failure(ErrorKind.TIMEOUT, f"The attempt took longer than {timeout.total_seconds():g} seconds.")
        return _failed(execution, held, failure)
    if work.cancelled():
        return await _broken_off(executor, held)
    problem = work.exception()
    if problem is None:
        return work.result()
    return _answer(execution, held, problem)


async def _broken_off(executor: Executor, held: HeldAttempt) -> Cancelled | None:
    if held.ending is Ending.CANCELLED:
        return Cancelled()
    await _give_back(executor, held)
    return None


async def _give_back(executor: Executor, held: HeldAttempt) -> None:
    """Give back an attempt that a stop leaves unfinished."""

    async def work(unit: UnitOfWork) -> None:
        announce_again(unit, await leases.release(unit.connection, held.attempt))

    if held.ending is Ending.RELEASED:
        await executor.transactions.commit(work)


def _answer(execution: RunningExecution, held: HeldAttempt, problem: BaseException) -> Outcome | None:
    """The outcome that an exception of the work means; None for a lost lease, about which nothing may be said."""
    if isinstance(problem, LeaseLost):
        log.warning("A lease was lost; its attempt was given up", action="lease.lost", **_ids(held))
        return None
    if isinstance(problem, EngineFailure):
        held.trace = replace(held.trace, sql=problem.sql)
        return _failed(execution, held, Failure(problem.kind, problem.message))
    if is_transient(problem):
        return _failed(execution, held, Failure(ErrorKind.TRANSIENT, _what_passes(problem)))
    log.error("An attempt ended in a bug", action="attempt.bug", exc_info=problem, **_ids(held))
    return _failed(execution, held, Failure(ErrorKind.INTERNAL, "An internal error ended the attempt."))


def _what_passes(problem: BaseException) -> str:
    if isinstance(problem, TryAgain):
        return str(problem)
    if isinstance(problem, OSError) and is_shortage(problem):
        return f"The machine that ran it refused: {problem.strerror}."
    return f"A server was away: {type(problem).__name__}."


def _failed(execution: RunningExecution, held: HeldAttempt, failure: Failure) -> Failed | TimedOut | Retried:
    """Failed or timed out; or retried, if the node's policy says so."""
    attempt = held.attempt
    wait = next_attempt(
        execution.runnable.nodes[attempt.node_id].retry,
        attempt=attempt.number,
        kind=failure.kind,
        elapsed=attempt.elapsed + timedelta(seconds=time.monotonic() - held.claimed),
        random=random.random(),  # noqa: S311 - jitter, not a secret
    )
    if wait is not None:
        return Retried(failure=failure, wait=wait)
    if failure.kind is ErrorKind.TIMEOUT:
        return TimedOut(message=failure.message, trace=held.trace)
    return Failed(failure=failure, trace=held.trace)


async def record(executor: Executor, held: HeldAttempt, outcome: Outcome) -> None:
    """Have the outcome recorded, however many tries that takes: what is done is not done again.

    The fence guards it even when the lease has passed meanwhile. Until it is recorded the lease is renewed; only an
    attempt that is somebody else's by now is given up, and a stop gives it back. An outcome that the database refuses,
    for example for text it cannot hold, is recorded as a failure without details.
    """
    pause = FIRST_PAUSE_SECONDS / 2
    while not held.let_go.is_set():
        try:
            await executor.group_commit.finish(Finished(held.attempt, outcome))
        except Exception as problem:
            log.warning("An outcome could not be recorded", action="outcome.refused", exc_info=problem, **_ids(held))
            if outcome != UNRECORDABLE and isinstance(problem, asyncpg.DataError | ValueError | TypeError):
                outcome = UNRECORDABLE
                continue
            pause = FIRST_PAUSE_SECONDS if is_transient(problem) else min(LONGEST_PAUSE_SECONDS, 2 * pause)
            await held.pause(pause)
        else:
            return
    await _give_back(executor, held)


def _ids(held: HeldAttempt) -> dict[str, str | int]:
    attempt = held.attempt
    return {"execution_id": str(attempt.execution_id), "node_id": attempt.node_id, "attempt": attempt.number}
