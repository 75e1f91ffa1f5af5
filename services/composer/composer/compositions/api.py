"""Compositions over HTTP."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict

from composer.compositions import usecases
from composer.compositions.schemas import CompositionAnswer, CompositionDocument, CompositionStored
from composer.compositions.usecases import StoredComposition
from composer.repository.compositions import CompositionRecord
from composer.rules.bounds import preview
from composer.web.dependencies import CompositionPath, IfMatch, IfMatchOrAny, InTransaction, Paging
from composer.web.documents import (
    AS_YAML,
    AnswerFormat,
    DocumentFormat,
    FlowBody,
    body_of,
    document_response,
    yaml_response,
)
from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow_file import flow_to_document, write_flow
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api/compositions", "compositions")

BODY = body_of(CompositionDocument)


class CompositionItem(BaseModel):
    """A composition in a list, without its nodes and connections."""

    model_config = ConfigDict(from_attributes=True)

    composition_id: str
    id: UUID
    name: str
    description: str | None
    tags: list[str]
    revision: int
    published_version: str | None
    created_at: datetime
    updated_at: datetime
    execution_count: int
    last_executed_at: datetime | None


class CompositionPage(BaseModel):
    """Some compositions, and where the next ones begin."""

    items: list[CompositionItem]
    next_cursor: str | None


class ProblemList(BaseModel):
    """Everything that is wrong, all at once."""

    problems: list[Problem]


class Published(BaseModel):
    """The version that is published now."""

    composition_id: str
    version: str


@router.get("", responses=refusals(422), summary="List compositions")
async def list_compositions(transaction: InTransaction, paging: Paging) -> CompositionPage:
    """Compositions in use, in the order of their ids."""
    page = await usecases.list_compositions(transaction, paging)
    return CompositionPage(items=[_item(record) for record in page.items], next_cursor=page.next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=CompositionAnswer,
    responses=refusals(409, 422),
    openapi_extra=BODY,
    summary="Save a new composition",
)
async def create_composition(transaction: InTransaction, flow: FlowBody) -> Response:
    """Store a flow; 409 if the id is taken, 422 only for what cannot be stored. What else is wrong is in `problems`.

    Inline templates are saved with it: a text that is stored already is used, another becomes a new version.
    """
    return written(await usecases.create_composition(transaction, flow), status=201)


@router.get(
    "/{composition}",
    response_model=CompositionAnswer,
    responses=AS_YAML | refusals(404, 422),
    summary="Read a composition",
)
async def read_composition(
    transaction: InTransaction,
    reference: CompositionPath,
    wanted: AnswerFormat,
    *,
    templates: Annotated[bool, Query(description="Put the templates' texts into the document")] = False,
) -> Response:
    """The head of the composition; as YAML it is the flow file."""
    stored = await usecases.read_composition(transaction, reference)
    flow = await usecases.inline_templates(transaction, stored.flow) if templates else stored.flow
    if wanted is DocumentFormat.YAML:
        return yaml_response(write_flow(flow), stored.record.revision)
    return document_response(flow_to_document(flow), CompositionStored.of(stored.record), stored.record.revision)


@router.put(
    "/{composition}",
    response_model=CompositionAnswer,
    responses=refusals(404, 409, 412, 422, 428),
    openapi_extra=BODY,
    summary="Change a composition",
)
async def replace_composition(
    transaction: InTransaction, reference: CompositionPath, flow: FlowBody, precondition: IfMatch
) -> Response:
    """Replace the head; nothing is published by it. 422 only for what cannot be stored, `problems` has the rest."""
    stored = await usecases.replace_composition(transaction, reference, (flow, precondition))
    return written(stored, status=200)


@router.delete(
    "/{composition}",
    status_code=204,
    responses=refusals(404, 409, 412, 422, 428),
    summary="Take a composition out of use",
)
async def delete_composition(transaction: InTransaction, reference: CompositionPath, precondition: IfMatch) -> None:
    """Its executions stay; 409 while an active schedule runs it."""
    await usecases.delete_composition(transaction, reference, precondition)


@router.post("/{composition}/validate", responses=refusals(404, 422), summary="List everything that is wrong")
async def validate_composition(transaction: InTransaction, reference: CompositionPath) -> ProblemList:
    """Every problem of the head, all at once; those of severity error forbid executing and publishing it."""
    return ProblemList(problems=await usecases.validate_composition(transaction, reference))


@router.post("/{composition}/publish", responses=refusals(404, 412, 422), summary="Publish the head")
async def publish_composition(
    transaction: InTransaction, reference: CompositionPath, precondition: IfMatchOrAny
) -> Published:
    """Freeze the head and point at it: schedules that follow and executions of version `auto` use it from now on."""
    frozen = await usecases.publish_composition(transaction, reference, precondition)
    return Published(composition_id=frozen.version.flow.composition_id, version=frozen.hash)


def written(stored: StoredComposition, status: int) -> Response:
    """The answer to a change: the document, what storing added, and its problems."""
    added = CompositionStored.of(stored.record, stored.problems)
    return document_response(flow_to_document(stored.flow), added, stored.record.revision, status)


def _item(record: CompositionRecord) -> CompositionItem:
    """As a list shows it: a long text is cut."""
    description = record.description and preview(record.description)
    return CompositionItem.model_validate(replace(record, description=description, tags=record.tags or ()))
