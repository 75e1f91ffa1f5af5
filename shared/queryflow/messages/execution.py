"""How an execution progressed: one message per commit and execution, a list of facts about its nodes."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from queryflow.domain.states import ErrorKind, SkipReason, WaitReason
from queryflow.messages.event import Event, Instant, Name, Number, Seconds, SmallNumber, Text


class FactBase(BaseModel):
    """What every fact says: which node, which attempt, and its place in the order of the node's facts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    node_id: Name
    attempt: SmallNumber
    sequence: Number
    """Rises with each fact of a node; a reader keeps the highest."""
    at: Instant


class FactError(BaseModel):
    """Why an attempt failed, safe to show."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: ErrorKind
    message: Text


class NodeStarted(FactBase):
    """An executor claimed the attempt."""

    fact: Literal["node_started"] = "node_started"


class NodeWaiting(FactBase):
    """The node waits for a slot of its engine."""

    fact: Literal["node_waiting"] = "node_waiting"
    reason: WaitReason


class NodeRetried(FactBase):
    """An attempt failed and another follows; `attempt` is the new one."""

    fact: Literal["node_retried"] = "node_retried"
    reason: WaitReason | None = None
    error: FactError | None = None


class NodeSucceeded(FactBase):
    """The node's result is stored."""

    fact: Literal["node_succeeded"] = "node_succeeded"
    rows: Number
    seconds: Seconds


class NodeReused(FactBase):
    """An earlier result stands in for a new query."""

    fact: Literal["node_reused"] = "node_reused"
    rows: Number
    reused_from: Text


class NodeFailed(FactBase):
    """The last attempt failed."""

    fact: Literal["node_failed"] = "node_failed"
    seconds: Seconds | None = None
    error: FactError


class NodeTimedOut(FactBase):
    """The last attempt took longer than it may."""

    fact: Literal["node_timed_out"] = "node_timed_out"
    seconds: Seconds | None = None
    error: FactError


class NodeSkipped(FactBase):
    """The node will never run, for that reason."""

    fact: Literal["node_skipped"] = "node_skipped"
    reason: SkipReason


class NodeCancelled(FactBase):
    """The node ended because its execution was cancelled."""

    fact: Literal["node_cancelled"] = "node_cancelled"
    seconds: Seconds | None = None


Fact = Annotated[
    NodeStarted
    | NodeWaiting
    | NodeRetried
    | NodeSucceeded
    | NodeReused
    | NodeFailed
    | NodeTimedOut
    | NodeSkipped
    | NodeCancelled,
    Field(discriminator="fact"),
]


class ExecutionProgressed(Event):
    """Facts about nodes of one execution that were committed together."""

    type = "execution.progressed"
    execution_id: UUID
    facts: tuple[Fact, ...]
