"""Executions over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from queryflow.domain.errors import NotAvailable
from queryflow.domain.states import ExecutionState
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals
from status.nodes.api import NodeAnswer, node_answer
from status.reading import reading
from status.reading.reading import ExecutionDetail
from status.repository.executions import ExecutionRecord, ExecutionsRequest
from status.rules.paging import read_cursor, write_cursor
from status.web.dependencies import Reading

router = new_router("/api/executions", "executions")

MOST_ITEMS = 200


class Trigger(BaseModel):
    """What started an execution."""

    kind: str
    id: str | None


class ExecutionSummary(BaseModel):
    """An execution without its nodes; of a single query `composition_id` is its key `query_…`."""

    execution_id: UUID
    composition_id: str
    workflow_id: UUID | None
    version: str
    state: ExecutionState
    reason: str | None
    window: dict[str, Any] | None
    trigger: Trigger
    requested_by: UUID
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    counts: dict[str, int]


class ExecutionAnswer(ExecutionSummary):
    """An execution with its nodes, in the order of the flow."""

    nodes: list[NodeAnswer]


class ExecutionPage(BaseModel):
    """Some executions, the newest first, and where the next ones begin."""

    items: list[ExecutionSummary]
    next_cursor: str | None


@router.get("", responses=refusals(422), summary="List executions")
async def list_executions(
    reader: Reading,
    cursor: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    state: Annotated[ExecutionState | None, Query(description="Only those in this state")] = None,
    composition_id: Annotated[
        str | None,
        Query(max_length=100, description="Only those of this composition: comp_…, query_…, or its UUID"),
    ] = None,
    workflow_id: Annotated[UUID | None, Query(description="Only those of this saved query")] = None,
) -> ExecutionPage:
    """Executions, the newest first; the counts of one that runs may lag a moment behind."""
    request = ExecutionsRequest(limit, read_cursor(cursor), state, composition_id, workflow_id)
    records = await reading.read_executions(reader, request)
    shown = records[:limit]
    more = len(records) > limit
    items = [ExecutionSummary(**_fields(record)) for record in shown]
    return ExecutionPage(items=items, next_cursor=write_cursor(shown[-1].execution_id) if more else None)


@router.get("/{execution_id}", responses=refusals(404, 422), summary="Read an execution")
async def read_execution(reader: Reading, execution_id: UUID) -> ExecutionAnswer:
    """The execution as it is now, with every node."""
    return _answer(await reading.read_execution(reader, execution_id))


@router.get("/{execution_id}/events", summary="Follow an execution", include_in_schema=False)
async def follow_execution(execution_id: UUID) -> None:
    """Refuse, in the shape of errors, what the `events` link of an accepted execution will lead to."""
    raise NotAvailable("Executions cannot be followed as a stream yet; read the `self` link again until it has ended.")


def _answer(detail: ExecutionDetail) -> ExecutionAnswer:
    return ExecutionAnswer(**_fields(detail.record), nodes=[node_answer(node) for node in detail.nodes])


def _fields(record: ExecutionRecord) -> dict[str, Any]:
    return {
        "execution_id": record.execution_id,
        "composition_id": record.composition_id,
        "workflow_id": record.workflow_id,
        "version": record.version,
        "state": record.state,
        "reason": record.reason,
        "window": record.window,
        "trigger": Trigger(kind=record.trigger_kind, id=record.trigger_id),
        "requested_by": record.requested_by,
        "requested_at": record.requested_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "cancel_requested_at": record.cancel_requested_at,
        "counts": dict(record.counts),
    }
