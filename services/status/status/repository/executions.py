"""Executions as the executor's and the composer's rows have them, and the counts of the projection while they run."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.states import ExecutionState
from queryflow.schema.compositions import template_flow_compositions
from queryflow.schema.executions import query_flow_executions
from queryflow.schema.status import execution_node_states, execution_summaries


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """An execution without its nodes."""

    execution_id: UUID
    composition_id: str
    """Its key: that of a single query is `query_…`."""
    workflow_id: UUID | None
    version: str
    state: ExecutionState
    reason: str | None
    window: Mapping[str, Any] | None
    trigger_kind: str
    trigger_id: str | None
    requested_by: UUID
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    counts: Mapping[str, int]
    """Nodes by state, as the executor said at the end; empty before."""
    nodes: int | None
    """How many nodes it has, where the projection has heard of it."""


@dataclass(frozen=True, slots=True)
class ExecutionsRequest:
    """Which executions are asked for: at most `limit`, older than `before`, the newest first."""

    limit: int
    before: UUID | None = None
    state: ExecutionState | None = None
    composition_id: str | None = None
    workflow_id: UUID | None = None


async def find_execution(connection: AsyncConnection, execution: UUID) -> ExecutionRecord | None:
    """The execution, if there is one."""
    row = (await connection.execute(_executions().where(query_flow_executions.c.id == execution))).one_or_none()
    return None if row is None else _record(row)


async def list_executions(connection: AsyncConnection, request: ExecutionsRequest) -> list[ExecutionRecord]:
    """Executions, one more than asked for if there are more."""
    table = query_flow_executions.c
    query = _executions().order_by(table.id.desc()).limit(request.limit + 1)
    if request.before is not None:
        query = query.where(table.id < request.before)
    if request.state is not None:
        query = query.where(table.state == request.state.value)
    if request.composition_id is not None:
        query = query.where(_runs(request.composition_id))
    if request.workflow_id is not None:
        query = query.where(table.workflow_id == request.workflow_id)
    return [_record(row) for row in await connection.execute(query)]


async def count_nodes(connection: AsyncConnection, executions: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """How many nodes of each execution are in which state, as far as status has heard of them."""
    table = execution_node_states.c
    query = select(table.execution_id, table.state, func.count())
    query = query.where(table.execution_id.in_(executions)).group_by(table.execution_id, table.state)
    found: dict[UUID, dict[str, int]] = {}
    for execution, state, nodes in await connection.execute(query):
        found.setdefault(execution, {})[state] = nodes
    return found


def _runs(composition: str) -> ColumnElement[bool]:
    """Whether an execution runs it: its UUID names its row as it is, its text the row, that of a single query a key."""
    table = query_flow_executions.c
    try:
        return table.composition_id == UUID(composition)
    except ValueError:
        if composition.startswith("query_"):
            return (table.composition_key == composition) & table.composition_id.is_(None)
        named = template_flow_compositions.c
        found = select(named.id).where(named.composition_id == composition).scalar_subquery()
        return table.composition_id == found


def _executions() -> Select[Any]:
    execution, summary = query_flow_executions, execution_summaries
    joined = execution.outerjoin(summary, summary.c.execution_id == execution.c.id)
    return select(execution, summary.c.nodes.label("nodes")).select_from(joined)


def _record(row: Row[Any]) -> ExecutionRecord:
    return ExecutionRecord(
        execution_id=row.id,
        composition_id=row.composition_key,
        workflow_id=row.workflow_id,
        version=row.version,
        state=ExecutionState(row.state),
        reason=row.reason,
        window=row.window,
        trigger_kind=row.trigger_kind,
        trigger_id=row.trigger_id,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        cancel_requested_at=row.cancel_requested_at,
        counts=row.counts or {},
        nodes=row.nodes,
    )
