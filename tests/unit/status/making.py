"""Events about a small flow, made at random."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from hypothesis import strategies as st

from queryflow.domain.states import ErrorKind, ExecutionState, SkipReason, WaitReason
from queryflow.messages.event import Event
from queryflow.messages.execution import (
    ExecutionProgressed,
    Fact,
    FactError,
    NodeCancelled,
    NodeFailed,
    NodeRetried,
    NodeReused,
    NodeSkipped,
    NodeStarted,
    NodeSucceeded,
    NodeTimedOut,
    NodeWaiting,
)
from queryflow.messages.flow_execution import (
    FlowExecutionCancelRequested,
    FlowExecutionFinished,
    FlowExecutionRequested,
    FlowExecutionStarted,
)

Said = TypeVar("Said", bound=Event)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXECUTIONS = (UUID("01935000-0000-7000-8000-000000000001"), UUID("01935000-0000-7000-8000-000000000002"))
ERROR = FactError(kind=ErrorKind.TRANSIENT, message="The engine went away.")


def between(draw: st.DrawFn, node: str, sequence: int) -> Fact:
    """A fact about a node that goes on."""
    at = NOON + timedelta(seconds=sequence)
    facts: list[Fact] = [
        NodeStarted(node_id=node, attempt=1, sequence=sequence, at=at),
        NodeWaiting(node_id=node, attempt=1, sequence=sequence, at=at, reason=WaitReason.NO_SLOT),
        NodeRetried(node_id=node, attempt=2, sequence=sequence, at=at, error=ERROR),
    ]
    return draw(st.sampled_from(facts))


def end(draw: st.DrawFn, node: str, sequence: int) -> Fact:
    """The last fact about a node."""
    at = NOON + timedelta(seconds=sequence)
    facts: list[Fact] = [
        NodeSucceeded(node_id=node, attempt=1, sequence=sequence, at=at, rows=3, seconds=0.5),
        NodeReused(node_id=node, attempt=1, sequence=sequence, at=at, rows=3, reused_from="another"),
        NodeFailed(node_id=node, attempt=1, sequence=sequence, at=at, seconds=1, error=ERROR),
        NodeTimedOut(node_id=node, attempt=1, sequence=sequence, at=at, error=ERROR),
        NodeSkipped(node_id=node, attempt=1, sequence=sequence, at=at, reason=SkipReason.UPSTREAM_FAILED),
        NodeCancelled(node_id=node, attempt=1, sequence=sequence, at=at),
    ]
    return draw(st.sampled_from(facts))


@st.composite
def histories(draw: st.DrawFn) -> list[ExecutionProgressed]:
    """All that is said about the nodes of two executions, in the order in which it happened."""
    said = []
    for execution in EXECUTIONS:
        for node in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)):
            steps = draw(st.integers(0, 3))
            facts: list[Fact] = [between(draw, node, sequence) for sequence in range(1, steps + 1)]
            if draw(st.booleans()) or not facts:
                facts.append(end(draw, node, steps + 1))
            said += [ExecutionProgressed(execution_id=execution, facts=(fact,)) for fact in facts]
    return said


@st.composite
def disordered(draw: st.DrawFn, events: Sequence[Said]) -> list[list[Said]]:
    """The events in any order, some of them twice, in batches."""
    repeated = [*events, *draw(st.lists(st.sampled_from(events), max_size=4))]
    shuffled = draw(st.permutations(repeated))
    batches: list[list[Said]] = [[]]
    for event in shuffled:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(event)
    return [batch for batch in batches if batch]


def life(execution: UUID, state: ExecutionState, *, cancelled: bool) -> list[Event]:
    """What is said about an execution as a whole."""
    about = {"execution_id": execution, "composition_id": "comp_a"}
    asked: list[Event] = [FlowExecutionCancelRequested.model_validate(about)] if cancelled else []
    return [
        FlowExecutionRequested.model_validate(about),
        *asked,
        FlowExecutionStarted.model_validate({**about, "nodes": 4, "at": NOON}),
        FlowExecutionFinished.model_validate(
            {**about, "state": state, "counts": {"succeeded": 4}, "at": NOON + timedelta(minutes=1)}
        ),
    ]
