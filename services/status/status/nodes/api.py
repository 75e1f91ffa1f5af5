"""The nodes of an execution over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from queryflow.domain.states import NodeState
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals
from status.reading import reading
from status.reading.reading import ExecutionNode
from status.repository.nodes import AttemptRecord
from status.web.dependencies import Reading

router = new_router("/api/executions", "nodes")


class NodeError(BaseModel):
    """Why the last attempt of a node failed."""

    kind: str
    message: str


class NodeAnswer(BaseModel):
    """A node of an execution."""

    node_id: str
    template_id: str
    state: NodeState
    reason: str | None
    phase: str | None
    attempt: int
    rows: int | None
    seconds: float | None
    parameters: dict[str, Any] | None
    reused_from: str | None
    error: NodeError | None
    is_sink: bool


class AttemptAnswer(BaseModel):
    """How one try of a node ended."""

    attempt: int
    state: str
    started_at: datetime | None
    finished_at: datetime
    executor: str | None
    error: NodeError | None


class NodeDetail(NodeAnswer):
    """A node with the SQL it sent to its engine at last, and its tries in the order in which they ended."""

    sql: str | None
    attempts: list[AttemptAnswer]


@router.get("/{execution_id}/nodes/{node_id}", responses=refusals(404, 422), summary="Read a node of an execution")
async def read_node(reader: Reading, execution_id: UUID, node_id: str) -> NodeDetail:
    """The node as it is now, with the SQL it sent and the history of its tries."""
    node, history = await reading.read_node(reader, execution_id, node_id)
    attempts = [_attempt(each) for each in history.attempts]
    return NodeDetail(**node_answer(node).model_dump(), sql=history.sql, attempts=attempts)


def node_answer(node: ExecutionNode) -> NodeAnswer:
    """The node as it is shown."""
    record = node.record
    return NodeAnswer(
        node_id=record.node_id,
        template_id=node.template_id,
        state=record.state,
        reason=record.reason,
        phase=record.phase,
        attempt=record.attempt,
        rows=record.rows,
        seconds=record.seconds,
        parameters=None if record.parameters is None else dict(record.parameters),
        reused_from=None,
        error=_error(record.error_kind, record.error_message),
        is_sink=record.is_sink,
    )


def _attempt(record: AttemptRecord) -> AttemptAnswer:
    return AttemptAnswer(
        attempt=record.attempt,
        state=record.state,
        started_at=record.started_at,
        finished_at=record.finished_at,
        executor=record.executor,
        error=_error(record.error_kind, record.error_message),
    )


def _error(kind: str | None, message: str | None) -> NodeError | None:
    return None if kind is None else NodeError(kind=kind, message=message or "")
