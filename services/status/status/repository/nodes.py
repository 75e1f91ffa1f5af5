"""The nodes of an execution, as the executor's rows have them, and of its frozen version."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.states import NodeState
from queryflow.schema.compositions import composition_versions
from queryflow.schema.executions import node_attempts, workflow_executions


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node of an execution."""

    node_id: str
    state: NodeState = NodeState.PENDING
    reason: str | None = None
    phase: str | None = None
    attempt: int = 1
    rows: int | None = None
    seconds: float | None = None
    parameters: Mapping[str, Any] | None = None
    error_kind: str | None = None
    error_message: str | None = None
    result_key: str | None = None
    is_sink: bool = False


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """How one try of a node ended."""

    attempt: int
    state: str
    error_kind: str | None
    error_message: str | None
    executor: str | None
    started_at: datetime | None
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class NodeHistory:
    """What a node sent to its engine, and each of its tries, the first first."""

    sql: str | None
    attempts: tuple[AttemptRecord, ...]


async def list_nodes(connection: AsyncConnection, execution: UUID) -> dict[str, NodeRecord]:
    """The nodes of the execution by their ids; empty until it was launched."""
    query = select(*_columns()).where(workflow_executions.c.composition_execution_id == execution)
    return {row.composition_node_id: _record(row) for row in await connection.execute(query)}


async def find_node(connection: AsyncConnection, execution: UUID, node_id: str) -> NodeRecord | None:
    """One node of the execution, if there is a row of it."""
    table = workflow_executions.c
    query = select(*_columns()).where(table.composition_execution_id == execution, table.composition_node_id == node_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _record(row)


async def read_history(connection: AsyncConnection, execution: UUID, node_id: str) -> NodeHistory:
    """What the node sent and how its tries ended; empty until it ran."""
    node, attempt = workflow_executions.c, node_attempts.c
    place = (node.composition_execution_id == execution, node.composition_node_id == node_id)
    sql = await connection.scalar(select(node.rendered_sql).where(*place))
    names = [each.name for each in fields(AttemptRecord)]
    query = select(*(attempt[name] for name in names)).join_from(node_attempts, workflow_executions).where(*place)
    rows = await connection.execute(query.order_by(attempt.finished_at, attempt.fence))
    return NodeHistory(sql, tuple(AttemptRecord(**row._mapping) for row in rows))


async def read_flow_order(connection: AsyncConnection, version: str) -> tuple[tuple[str, str], ...]:
    """Node and template ids of a version, in its author's order."""
    path = cast("$.flow.nodes[*]", JSONPATH)
    nodes = func.jsonb_path_query(composition_versions.c.document, path).label("node")
    listed = select(nodes).where(composition_versions.c.hash == version).subquery()
    query = select(listed.c.node.op("->>")("node_id"), listed.c.node.op("->>")("template"))
    return tuple((node_id, template) for node_id, template in await connection.execute(query))


def _columns() -> tuple[Any, ...]:
    table = workflow_executions.c
    return (
        table.composition_node_id,
        table.state,
        table.reason,
        table.phase,
        table.attempt,
        table.row_count,
        table.seconds,
        table.parameters,
        table.error_kind,
        table.error_message,
        table.result_s3_path,
        table.is_sink,
    )


def _record(row: Row[Any]) -> NodeRecord:
    return NodeRecord(
        node_id=row.composition_node_id,
        state=NodeState(row.state),
        reason=row.reason,
        phase=row.phase,
        attempt=row.attempt,
        rows=row.row_count,
        seconds=row.seconds,
        parameters=row.parameters,
        error_kind=row.error_kind,
        error_message=row.error_message,
        result_key=row.result_s3_path,
        is_sink=bool(row.is_sink),
    )
