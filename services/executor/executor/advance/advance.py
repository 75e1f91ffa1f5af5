"""How a run advances: ended nodes are counted down in their children, which become ready, skipped or cancelled.

Skips and cancels spread wave by wave, breadth first. A wave that would write too much is left to the next transaction:
its nodes are marked as not yet told (`advanced` is false), so the next wave continues there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from executor.advance.closing import close
from executor.model import facts
from executor.model.attempt import EndedNode, ReadyAttempt
from executor.model.runnable import RunningExecution
from executor.process.unit_of_work import UnitOfWork
from executor.repository import children, executions
from executor.repository.children import FINAL, LockedChild, WrittenStep
from queryflow.domain.execution.progress import Child, EndedParent, Step, advance, ended
from queryflow.domain.ids import ExecutionId, NodeId, node_ready_id
from queryflow.domain.states import NodeState
from queryflow.messages.node import NodeReady
from queryflow.process.failpoints import failpoint

MOST_ROWS = 1_000
"""About as many rows as a cascade writes in one transaction."""

Executions = Mapping[ExecutionId, RunningExecution]
Told = dict[tuple[ExecutionId, NodeId], list[EndedParent]]
"""By child, its parents that ended together."""


@dataclass(slots=True)
class Progress:
    """What one transaction has advanced so far."""

    locked: Sequence[LockedChild] | None = None
    """The first wave's children, where they are locked already."""
    written: int = 0
    sinks: Counter[ExecutionId] = field(default_factory=Counter)
    unfinished: set[ExecutionId] = field(default_factory=set)
    """Executions whose cascade goes on in another transaction."""


async def tell_children(
    unit: UnitOfWork, wave: Sequence[EndedNode], running: Executions, locked: Sequence[LockedChild] | None = None
) -> set[ExecutionId]:
    """Count ended nodes down in their children and close what came to its end; all in the unit's transaction.

    The caller has marked the nodes of `wave` as told in this same transaction. Executions whose cascade is not at its
    end come back. `locked` are the wave's children where the caller has locked them already.
    """
    progress = Progress(locked=locked)
    while wave:
        _count_sinks(wave, running, progress)
        wave = await _next_wave(unit, wave, running, progress)
        failpoint("executor.in_cascade")
    if progress.sinks:
        finished = await executions.count_sinks_down(unit.connection, progress.sinks)
        if finished:
            await close(unit, finished)
    return progress.unfinished


def _count_sinks(wave: Iterable[EndedNode], running: Executions, progress: Progress) -> None:
    for node in wave:
        if running[node.execution_id].runnable.plan.nodes[node.node_id].is_sink:
            progress.sinks[node.execution_id] += 1


async def _next_wave(
    unit: UnitOfWork, wave: Sequence[EndedNode], running: Executions, progress: Progress
) -> Sequence[EndedNode]:
    """Write what the children of the wave become; those that ended, and are told in this transaction, come back."""
    told = parents_by_child(wave, running)
    if not told:
        return ()
    locked = await _locked(unit, told, progress)
    steps = [step_of(child, told, running) for child in locked]
    progress.written += len(steps)
    next_wave = [_ended(child, step) for child, step in zip(locked, steps, strict=True) if step.becomes in FINAL]
    goes_on = progress.written + _targets(next_wave, running) <= MOST_ROWS
    say_steps(unit, locked, steps, running)
    said = unit.take_said() if not next_wave else ()
    await children.write(unit.connection, _written(locked, steps, running, goes_on=goes_on), said)
    if goes_on:
        return next_wave
    return _leave(next_wave, running, progress)


async def _locked(unit: UnitOfWork, told: Told, progress: Progress) -> list[LockedChild]:
    """The told children, locked: the caller of the first wave may have done it."""
    if progress.locked is None:
        return await children.lock(unit.connection, told)
    locked, progress.locked = progress.locked, None
    return [child for child in locked if (child.execution_id, child.node_id) in told]


def _leave(wave: Sequence[EndedNode], running: Executions, progress: Progress) -> Sequence[EndedNode]:
    """Leave the wave to another transaction, except its sinks, which have no children."""
    sinks = [node for node in wave if not _children(node, running)]
    progress.unfinished.update(node.execution_id for node in wave if _children(node, running))
    return sinks


def parents_by_child(wave: Iterable[EndedNode], running: Executions) -> Told:
    """Every child of the wave with those of its parents that ended in it."""
    told: Told = {}
    for node in wave:
        for target in running[node.execution_id].runnable.plan.nodes[node.node_id].targets:
            parent = EndedParent(node.state, target.required, node.root)
            told.setdefault((node.execution_id, target.node_id), []).append(parent)
    return told


def step_of(child: LockedChild, told: Told, running: Executions) -> Step:
    """What the locked child becomes."""
    return advance(
        Child(
            node=child.node_id,
            remaining=child.remaining,
            failed=child.failed,
            skipped=child.skipped,
            rule=running[child.execution_id].runnable.plan.nodes[child.node_id].join,
            cancel_requested=child.cancel_requested,
            root=child.root,
        ),
        ended(told[child.execution_id, child.node_id]),
    )


def _written(
    locked: Sequence[LockedChild], steps: Sequence[Step], running: Executions, *, goes_on: bool
) -> list[WrittenStep]:
    return [
        WrittenStep(
            child.id,
            step,
            step.becomes in FINAL and (goes_on or running[child.execution_id].runnable.plan.nodes[step.node].is_sink),
        )
        for child, step in zip(locked, steps, strict=True)
    ]


def say_steps(unit: UnitOfWork, locked: Sequence[LockedChild], steps: Sequence[Step], running: Executions) -> None:
    """Say what became of children: those that are ready, and those that ended."""
    for child, step in zip(locked, steps, strict=True):
        unit.now = child.at
        if step.becomes is NodeState.READY:
            engine = running[child.execution_id].runnable.plan.nodes[step.node].engine
            announce(unit, ReadyAttempt(child.execution_id, child.node_id, child.number, engine, child.at))
        elif step.becomes in FINAL:
            unit.progressed(child.execution_id, facts.followed(_ended(child, step), step.reason))


def announce(unit: UnitOfWork, ready: ReadyAttempt) -> None:
    """Say that an attempt may be claimed; saying it again for the same attempt is the same message."""
    event = NodeReady(execution_id=ready.execution_id, node_id=ready.node_id, attempt=ready.number, engine=ready.engine)
    unit.emit(event, node_ready_id(ready.execution_id, ready.node_id, ready.number))


def _ended(child: LockedChild, step: Step) -> EndedNode:
    return EndedNode(
        id=child.id,
        execution_id=child.execution_id,
        node_id=step.node,
        state=step.becomes,
        root=step.root,
        number=child.number,
        sequence=child.sequence + 1,
        at=child.at,
    )


def _children(node: EndedNode, running: Executions) -> int:
    return len(running[node.execution_id].runnable.plan.nodes[node.node_id].targets)


def _targets(wave: Iterable[EndedNode], running: Executions) -> int:
    return sum(_children(node, running) for node in wave)
