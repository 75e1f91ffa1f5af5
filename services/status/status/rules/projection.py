"""What events say about executions, folded. Pure.

The fold commutes: events may come in any order, twice, and in any batches. Of a node the fact with the highest
sequence counts; an execution's state only moves on, from requested over running to its end.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from queryflow.domain.states import FINAL_EXECUTION_STATES, ExecutionState, NodeState
from queryflow.messages.event import Event
from queryflow.messages.execution import ExecutionProgressed, Fact
from queryflow.messages.flow_execution import (
    FlowExecutionCancelRequested,
    FlowExecutionFinished,
    FlowExecutionRequested,
    FlowExecutionStarted,
)

STATE_OF_FACT: Mapping[str, NodeState] = {
    "node_started": NodeState.RUNNING,
    "node_waiting": NodeState.WAITING,
    "node_retried": NodeState.WAITING,
    "node_succeeded": NodeState.SUCCEEDED,
    "node_reused": NodeState.REUSED,
    "node_failed": NodeState.FAILED,
    "node_timed_out": NodeState.TIMED_OUT,
    "node_skipped": NodeState.SKIPPED,
    "node_cancelled": NodeState.CANCELLED,
}
PLACE_IN_ORDER = {"fact", "node_id", "attempt", "sequence", "at"}


@dataclass(frozen=True, slots=True, eq=False)
class NodeFact:
    """One fact about a node, and the state it leaves the node in."""

    execution_id: UUID
    node_id: str
    sequence: int
    fact: str
    state: str
    attempt: int
    at: datetime
    detail: Mapping[str, Any]
    """What the fact says beside its place: rows, seconds, reason, error, reused_from."""

    @property
    def key(self) -> tuple[UUID, str]:
        """The node it is about."""
        return self.execution_id, self.node_id

    @property
    def error(self) -> Mapping[str, Any]:
        """Why an attempt failed: kind and message, or nothing."""
        found: Mapping[str, Any] = self.detail.get("error") or {}
        return found


@dataclass(frozen=True, slots=True)
class Summary:
    """An execution as the events about it as a whole tell it."""

    execution_id: UUID
    composition_id: str | None = None
    state: ExecutionState = ExecutionState.REQUESTED
    nodes: int | None = None
    counts: Mapping[str, int] | None = None
    cancel_requested: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None


def facts_of(events: Iterable[ExecutionProgressed]) -> list[NodeFact]:
    """Every fact of the events, each once, in an order that all writers share."""
    facts = (_node_fact(event.execution_id, fact) for event in events for fact in event.facts)
    once = {(fact.key, fact.sequence): fact for fact in facts}
    return [once[place] for place in sorted(once)]


def latest(facts: Iterable[NodeFact]) -> frozenset[NodeFact]:
    """Of each node the fact with the highest sequence."""
    found: dict[tuple[UUID, str], NodeFact] = {}
    for fact in facts:
        kept = found.get(fact.key)
        if kept is None or kept.sequence < fact.sequence:
            found[fact.key] = fact
    return frozenset(found.values())


def fold(summary: Summary, event: Event) -> Summary:
    """The summary after one more event about its execution."""
    return FOLDS[type(event)](summary, event)


def further(one: ExecutionState, other: ExecutionState) -> ExecutionState:
    """The state that comes later in the life of an execution; an execution has one end only."""
    return max(one, other, key=_rank)


def _rank(state: ExecutionState) -> int:
    if state in FINAL_EXECUTION_STATES:
        return 2
    return 1 if state is ExecutionState.RUNNING else 0


def _requested(summary: Summary, event: FlowExecutionRequested) -> Summary:
    return replace(summary, composition_id=event.composition_id)


def _cancel_requested(summary: Summary, event: FlowExecutionCancelRequested) -> Summary:
    return replace(summary, composition_id=event.composition_id, cancel_requested=True)


def _started(summary: Summary, event: FlowExecutionStarted) -> Summary:
    return replace(
        summary,
        composition_id=event.composition_id,
        state=further(summary.state, ExecutionState.RUNNING),
        nodes=event.nodes,
        started_at=event.at,
    )


def _finished(summary: Summary, event: FlowExecutionFinished) -> Summary:
    return replace(
        summary,
        composition_id=event.composition_id,
        state=further(summary.state, event.state),
        counts=event.counts,
        finished_at=event.at,
    )


FOLDS: Mapping[type[Event], Callable[[Summary, Any], Summary]] = {
    FlowExecutionRequested: _requested,
    FlowExecutionCancelRequested: _cancel_requested,
    FlowExecutionStarted: _started,
    FlowExecutionFinished: _finished,
}


def _node_fact(execution_id: UUID, fact: Fact) -> NodeFact:
    return NodeFact(
        execution_id=execution_id,
        node_id=fact.node_id,
        sequence=fact.sequence,
        fact=fact.fact,
        state=STATE_OF_FACT[fact.fact].value,
        attempt=fact.attempt,
        at=fact.at,
        detail=fact.model_dump(mode="json", exclude=PLACE_IN_ORDER, exclude_none=True),
    )
