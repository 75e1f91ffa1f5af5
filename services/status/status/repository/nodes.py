"""The nodes of an execution, as the executor's rows have them, and of its frozen version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.states import NodeState
from queryflow.schema.compositions import composition_versions
from queryflow.schema.executions import workflow_executions


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


async def read_flow_order(connection: AsyncConnection, version: str) -> tuple[tuple[str, str], ...]:
    """Node and template ids of a version, in its author's order."""
    nodes = func.jsonb_path_query(composition_versions.c.document, "$.flow.nodes[*]").label("node")
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
    )
