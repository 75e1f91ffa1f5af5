"""Schedules over HTTP."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, JsonValue

from composer.access.transaction import Transaction
from composer.repository.schedules import ScheduleRecord
from composer.rules.bounds import values_preview
from composer.rules.preconditions import entity_tag
from composer.rules.references import read_reference
from composer.rules.schedule_definitions import ScheduleChange, ScheduleDefinition
from composer.schedules import usecases
from composer.web.dependencies import IfMatch, InTransaction, Paging
from queryflow.domain.errors import Problem
from queryflow.domain.ids import ScheduleId, WorkflowId
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api/schedules", "schedules")


class TimerAnswer(BaseModel):
    """What schedulers make of a schedule: active, paused after failures, or in error; the last two with the reason.

    Any change of the schedule starts it again.
    """

    state: Literal["active", "paused", "error"]
    reason: str | None
    next_fire_at: datetime | None


class ScheduleAnswer(BaseModel):
    """A schedule as it is stored; `timer` is null while it is switched off, and for a moment after each change.

    `problems` says what keeps it from running as things are now: an execution would be refused for the same. Lists
    leave it null.
    """

    id: UUID
    composition_id: str | None
    workflow_id: UUID | None
    cron: str
    time_zone: str
    parameters: dict[str, JsonValue]
    version: str | None
    """None where it runs a workflow, which has no versions."""
    is_active: bool
    created_at: datetime
    updated_at: datetime
    timer: TimerAnswer | None
    problems: list[Problem] | None = None


class SchedulePage(BaseModel):
    """Some schedules, and where the next ones begin."""

    items: list[ScheduleAnswer]
    next_cursor: str | None


@router.get("", responses=refusals(404, 422), summary="List schedules")
async def list_schedules(
    transaction: InTransaction,
    paging: Paging,
    composition_id: Annotated[str | None, Query(description="Only those of this composition")] = None,
    workflow_id: Annotated[UUID | None, Query(description="Only those of this workflow")] = None,
) -> SchedulePage:
    """Schedules in the order of their ids."""
    reference = None if composition_id is None else read_reference(composition_id)
    workflow = None if workflow_id is None else WorkflowId(workflow_id)
    page = await usecases.list_schedules(transaction, paging, reference, workflow)
    return SchedulePage(items=[_item(record) for record in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201, responses=refusals(404, 409, 422), summary="Save a new schedule")
async def create_schedule(
    transaction: InTransaction, definition: ScheduleDefinition, response: Response
) -> ScheduleAnswer:
    """Run a composition or a workflow by itself; the due time's date in the time zone is the logical date."""
    return await _tagged(transaction, await usecases.create_schedule(transaction, definition), response)


@router.get("/{schedule_id}", responses=refusals(404, 422), summary="Read a schedule")
async def read_schedule(transaction: InTransaction, schedule_id: UUID, response: Response) -> ScheduleAnswer:
    """The schedule, with the ETag that a change of it must name."""
    return await _tagged(transaction, await usecases.read_schedule(transaction, ScheduleId(schedule_id)), response)


@router.patch("/{schedule_id}", responses=refusals(404, 409, 412, 422, 428), summary="Change a schedule")
async def change_schedule(
    transaction: InTransaction, schedule_id: UUID, change: ScheduleChange, precondition: IfMatch, response: Response
) -> ScheduleAnswer:
    """What is left out stays as it is; one that no longer fits can always be switched off."""
    changed = await usecases.change_schedule(transaction, ScheduleId(schedule_id), change, precondition)
    return await _tagged(transaction, changed, response)


@router.delete("/{schedule_id}", status_code=204, responses=refusals(404, 412, 422, 428), summary="Remove a schedule")
async def delete_schedule(transaction: InTransaction, schedule_id: UUID, precondition: IfMatch) -> None:
    """What it started stays."""
    await usecases.delete_schedule(transaction, ScheduleId(schedule_id), precondition)


async def _tagged(transaction: Transaction, record: ScheduleRecord, response: Response) -> ScheduleAnswer:
    response.headers["ETag"] = entity_tag(record.definition_version)
    problems = await usecases.schedule_misfits(transaction, record)
    return _answer(record).model_copy(update={"problems": problems})


def _item(record: ScheduleRecord) -> ScheduleAnswer:
    """As a list shows it: long values are cut."""
    return _answer(record).model_copy(update={"parameters": values_preview(record.parameters)})


def _answer(record: ScheduleRecord) -> ScheduleAnswer:
    return ScheduleAnswer(
        id=record.id,
        composition_id=record.composition_id,
        workflow_id=record.workflow,
        cron=record.cron,
        time_zone=record.time_zone,
        parameters=dict(record.parameters),
        version=None if record.workflow else record.version,
        is_active=record.is_active,
        created_at=record.created_at,
        updated_at=record.updated_at,
        timer=None if record.timer is None else TimerAnswer.model_validate(asdict(record.timer)),
    )
