"""Saved single queries over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, JsonValue

from composer.executions.api import ExecutionAccepted, IdempotencyKey, accepted
from composer.repository.workflows import WorkflowRecord
from composer.rules.bounds import preview, values_preview
from composer.rules.preconditions import entity_tag
from composer.rules.triggers import api_trigger
from composer.web.dependencies import IfMatch, InTransaction, Paging
from composer.workflows import usecases
from composer.workflows.usecases import StoredWorkflow, WorkflowDocument, WorkflowRunRequest
from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Window
from queryflow.domain.flow.template import Dialect
from queryflow.domain.ids import WorkflowId
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api/workflows", "workflows")


class WorkflowAnswer(BaseModel):
    """A saved query as it is stored; `problems` only in the answer to a change."""

    id: UUID
    name: str
    description: str | None
    template_id: str | None
    template_version: int | None
    sql: str | None
    dialect: Dialect | None
    parameters: dict[str, JsonValue]
    connection: str | None
    window: Window | None
    created_at: datetime
    updated_at: datetime
    problems: list[Problem] | None = None


class WorkflowPage(BaseModel):
    """Some saved queries, and where the next ones begin."""

    items: list[WorkflowAnswer]
    next_cursor: str | None


async def _read_id(workflow: UUID) -> WorkflowId:
    return WorkflowId(workflow)


WorkflowPath = Annotated[WorkflowId, Depends(_read_id)]


@router.get("", responses=refusals(422), summary="List workflows")
async def list_workflows(transaction: InTransaction, paging: Paging) -> WorkflowPage:
    """Saved queries in use, in the order of their ids."""
    page = await usecases.list_workflows(transaction, paging)
    return WorkflowPage(items=[_item(record) for record in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201, responses=refusals(404, 422), summary="Save a new workflow")
async def create_workflow(transaction: InTransaction, document: WorkflowDocument, response: Response) -> WorkflowAnswer:
    """Keep a single query; 422 only for what cannot be stored. What else is wrong is in `problems`."""
    return _tagged(await usecases.create_workflow(transaction, document), response)


@router.get("/{workflow}", responses=refusals(404, 422), summary="Read a workflow")
async def read_workflow(transaction: InTransaction, workflow: WorkflowPath, response: Response) -> WorkflowAnswer:
    """The saved query, with the ETag that a change of it must name."""
    return _tagged(StoredWorkflow(await usecases.read_workflow(transaction, workflow)), response)


@router.put("/{workflow}", responses=refusals(404, 412, 422, 428), summary="Change a workflow")
async def replace_workflow(
    transaction: InTransaction,
    workflow: WorkflowPath,
    document: WorkflowDocument,
    precondition: IfMatch,
    response: Response,
) -> WorkflowAnswer:
    """Replace the saved query; schedules of it run what is saved when they fire."""
    return _tagged(await usecases.replace_workflow(transaction, workflow, document, precondition), response)


@router.delete(
    "/{workflow}", status_code=204, responses=refusals(404, 409, 412, 422, 428), summary="Take a workflow out of use"
)
async def delete_workflow(transaction: InTransaction, workflow: WorkflowPath, precondition: IfMatch) -> None:
    """Its executions stay; 409 while an active schedule runs it."""
    await usecases.delete_workflow(transaction, workflow, precondition)


@router.post("/{workflow}/execute", status_code=202, responses=refusals(404, 422), summary="Execute a workflow")
async def execute_workflow(
    transaction: InTransaction,
    workflow: WorkflowPath,
    request: WorkflowRunRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> ExecutionAccepted:
    """Run it as a flow of one node `query`, with the given values before its own; follow it at the `self` link."""
    trigger = api_trigger((request or WorkflowRunRequest()).execution_request, idempotency_key)
    return accepted(await usecases.run_workflow(transaction, workflow, trigger))


def _tagged(stored: StoredWorkflow, response: Response) -> WorkflowAnswer:
    response.headers["ETag"] = entity_tag(stored.record.revision)
    return _answer(stored.record, stored.problems)


def _item(record: WorkflowRecord) -> WorkflowAnswer:
    """As a list shows it: long texts and values are cut."""
    shortened = {
        "description": record.description and preview(record.description),
        "sql": record.sql and preview(record.sql),
        "parameters": values_preview(record.parameters),
    }
    return _answer(record).model_copy(update=shortened)


def _answer(record: WorkflowRecord, problems: list[Problem] | None = None) -> WorkflowAnswer:
    return WorkflowAnswer(
        id=record.id,
        name=record.name,
        description=record.description,
        template_id=record.template_id,
        template_version=record.template_version,
        sql=record.sql,
        dialect=record.dialect,
        parameters=dict(record.parameters),
        connection=record.connection,
        window=record.window,
        created_at=record.created_at,
        updated_at=record.updated_at,
        problems=problems,
    )
