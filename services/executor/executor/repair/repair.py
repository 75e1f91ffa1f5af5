"""Mend what crashes and lost messages leave: expired leases, unclaimed nodes, wrong counts.

Every repair is a guarded transaction of its own, so several sweepers at once do each of them once.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from executor.advance.advance import announce, say_steps, tell_children
from executor.advance.closing import close
from executor.advance.finish import place_of, say_ended
from executor.advance.waiting import announce_again
from executor.model import facts
from executor.model.attempt import Attempt, EndedNode, Failure
from executor.model.audit import Correction, SeenNode, corrections, open_sinks
from executor.model.outcome import Cancelled, Failed
from executor.model.runnable import RunningExecution
from executor.process.executor import Executor
from executor.process.unit_of_work import UnitOfWork
from executor.repository import children, executions, outcomes, repairs
from executor.repository.children import LockedChild, WrittenStep
from executor.repository.nodes import ready_from_row
from queryflow.domain.execution.progress import Child, Step, advance
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import ErrorKind

QUARANTINED = Failed(
    failure=Failure(ErrorKind.INTERNAL, "Every executor that ran this node ended while it did; it is not tried again."),
)
LOST_ITS_EXECUTOR = Failure(ErrorKind.INTERNAL, "The executor that ran it was lost.")


async def recover_expired(
    unit: UnitOfWork, executor: Executor, expired: Collection[UUID]
) -> tuple[int, set[ExecutionId]]:
    """Give nodes of lost executors a new attempt, or end them: cancelled, or failed after too many crashes.

    Returns how many there were, and the executions whose cascade continues.
    """
    rows = await repairs.lock_expired(unit.connection, expired)
    if not rows:
        return 0, set()
    ending = {row["id"]: outcome for row in rows if (outcome := _end_of(row, executor.settings.most_crashes))}
    again = [row for row in rows if row["id"] not in ending]
    for row in await repairs.try_anew(unit.connection, again, executor.settings.instance, LOST_ITS_EXECUTOR):
        unit.now = row["now"]
        unit.progressed(row["execution_id"], facts.retried(place_of(row), LOST_ITS_EXECUTOR))
        announce(unit, ready_from_row(row))
    running = await executor.versions.executions(unit.connection, {ExecutionId(row["execution_id"]) for row in rows})
    final = [(Attempt.of(row), ending[row["id"]]) for row in rows if row["id"] in ending]
    ended = await outcomes.finish(unit.connection, final, executor.settings.instance)
    wave: list[EndedNode] = [say_ended(unit, row, ending[row["id"]]) for row in ended]
    return len(rows), await tell_children(unit, wave, running)


async def announce_unclaimed(unit: UnitOfWork, executor: Executor) -> int:
    """Say again that nodes are ready which nobody has claimed for long; how many."""
    readied = await repairs.unclaimed(unit.connection, timedelta(seconds=executor.settings.unclaimed_seconds))
    announce_again(unit, readied)
    return len(readied)


async def correct_counts(unit: UnitOfWork, execution: RunningExecution) -> int:
    """Make the counts of an execution agree with its nodes; how many were wrong.

    Wrong counts that one snapshot shows are looked at again under the children's locks, which whoever tells a child
    holds too.
    """
    plan = execution.runnable.plan
    snapshot = await repairs.seen(unit.connection, execution.id)
    if snapshot is None:
        return 0
    suspects = corrections(plan, snapshot[1])
    if not suspects and snapshot[0] == open_sinks(plan, snapshot[1]) != 0:
        return 0
    locked = await children.lock(unit.connection, [(execution.id, each.node.node_id) for each in suspects])
    await executions.lock(unit.connection, execution.id)
    snapshot = await repairs.seen(unit.connection, execution.id)
    if snapshot is None:
        return 0
    wrong = {each.node.node_id: each for each in corrections(plan, snapshot[1])}
    mended = await _mend_children(unit, [child for child in locked if child.node_id in wrong], wrong, execution)
    return mended + await _mend_sinks(unit, execution, snapshot)


async def _mend_children(
    unit: UnitOfWork, locked: Sequence[LockedChild], wrong: Mapping[NodeId, Correction], execution: RunningExecution
) -> int:
    if not locked:
        return 0
    steps = [_step(child, wrong[child.node_id], execution) for child in locked]
    written = [WrittenStep(child.id, step, advanced=False) for child, step in zip(locked, steps, strict=True)]
    say_steps(unit, locked, steps, {execution.id: execution})
    await children.write(unit.connection, written, unit.take_said())
    return len(locked)


async def _mend_sinks(
    unit: UnitOfWork, execution: RunningExecution, seen: tuple[int, Mapping[NodeId, SeenNode]]
) -> int:
    truth = open_sinks(execution.runnable.plan, seen[1])
    if seen[0] == truth != 0:
        return 0
    await repairs.set_open_sinks(unit.connection, execution.id, truth)
    if truth == 0:
        await close(unit, [execution.id])
    return 1


def _step(locked: LockedChild, correction: Correction, execution: RunningExecution) -> Step:
    """What the node becomes if it is counted from the beginning."""
    child = Child(
        node=locked.node_id,
        remaining=correction.sources,
        failed=0,
        skipped=0,
        rule=execution.runnable.plan.nodes[locked.node_id].join,
        cancel_requested=locked.cancel_requested,
    )
    return advance(child, correction.truth)


def _end_of(row: asyncpg.Record, most_crashes: int) -> Failed | Cancelled | None:
    """How a node of a lost executor ends; None if it is tried again."""
    if row["cancel_requested"]:
        return Cancelled()
    return QUARANTINED if row["crash_count"] >= most_crashes else None
