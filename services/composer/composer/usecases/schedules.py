"""Definitions of schedules, and what becomes of their due times."""

from typing import Annotated, Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from composer.cron import rhythm_problems
from composer.expected import Expected
from composer.frozen_heads import FrozenHeads
from composer.orders import Order, schedule_order
from composer.paging import Page, PageWish, cut_page
from composer.references import CompositionReference, read_reference
from composer.repository import schedules as repository
from composer.repository.compositions import CompositionRecord
from composer.repository.executions import RequestRecord, claim_request, open_execution_of
from composer.repository.schedules import ScheduleRecord
from composer.repository.versions import find_version
from composer.repository.workflows import WorkflowRecord
from composer.usecases.checking import refuse_errors
from composer.usecases.compositions import find_in_use
from composer.usecases.executions import request_execution
from composer.usecases.workflows import read_workflow, run_workflow, workflow_problems
from composer.wishes import ExecutionWish, refuse_conditions
from queryflow.domain.errors import Conflict, NotFound, Problem
from queryflow.domain.ids import PersonId, ScheduleId, VersionHash, WorkflowId
from queryflow.domain.values import resolve_flow_values
from queryflow.messages.schedule import ScheduleFired
from queryflow.runtime.transaction import Transaction

log = structlog.get_logger()

ScheduledVersion = Annotated[str, Field(pattern="^(published|[0-9a-f]{64})$")]
"""`published` follows the published pointer; a hash pins that version."""


class ScheduleDefinition(BaseModel):
    """When a composition or a workflow, one of the two, runs by itself: five cron fields in an IANA time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    composition_id: str | None = None
    workflow_id: Annotated[UUID | None, Field(strict=False)] = None
    """A saved query; it has no versions and runs as it is saved when it is due."""
    cron: str
    time_zone: str = "UTC"
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    version: ScheduledVersion = "published"
    is_active: bool = True

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.composition_id is None) == (self.workflow_id is None):
            raise ValueError("a schedule runs either a composition (composition_id) or a workflow (workflow_id)")
        return self


class ScheduleChange(BaseModel):
    """What changes of a schedule; what is left out or null stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cron: str | None = None
    time_zone: str | None = None
    parameters: dict[str, JsonValue] | None = None
    version: ScheduledVersion | None = None
    is_active: bool | None = None


async def list_schedules(
    transaction: Transaction, wish: PageWish, composition: CompositionReference | None, workflow: WorkflowId | None
) -> Page[ScheduleRecord]:
    """Schedules in the order of their ids; of one composition or workflow, if one is named."""
    named = None if composition is None else (await find_in_use(transaction, composition)).id
    rows = await repository.list_schedules(transaction.connection, wish, named, workflow)
    return cut_page(rows, wish.limit, key=lambda row: str(row.id))


async def read_schedule(transaction: Transaction, schedule: ScheduleId, *, lock: bool = False) -> ScheduleRecord:
    """The schedule; `lock` keeps other writers out until the transaction ends."""
    found = await repository.find_schedule(transaction.connection, schedule, lock=lock)
    if found is None:
        raise NotFound(f"There is no schedule {schedule}.")
    return found


async def create_schedule(transaction: Transaction, person: PersonId, definition: ScheduleDefinition) -> ScheduleRecord:
    """Store a schedule; schedulers see it within a second."""
    target = await _demand_target(transaction, definition)
    values = {**_columns(definition), **target, "created_by": person}
    return await read_schedule(transaction, await repository.insert_schedule(transaction.connection, values))


async def change_schedule(
    transaction: Transaction, schedule: ScheduleId, change: ScheduleChange, expected: Expected
) -> ScheduleRecord:
    """Change a schedule that is as expected; schedulers see it within a second."""
    current = await read_schedule(transaction, schedule, lock=True)
    expected.demand(current.definition_version)
    changed = _definition_of(current).model_copy(update=change.model_dump(exclude_none=True))
    await _demand_target(transaction, changed)
    values = {**_columns(changed), "updated_at": transaction.now}
    await repository.change_schedule(transaction.connection, schedule, values)
    return await read_schedule(transaction, schedule)


async def delete_schedule(transaction: Transaction, schedule: ScheduleId, expected: Expected) -> None:
    """Remove a schedule that is as expected; executions it started stay."""
    expected.demand((await read_schedule(transaction, schedule, lock=True)).definition_version)
    await repository.delete_schedule(transaction.connection, schedule)


async def answer_due_time(transaction: Transaction, heads: FrozenHeads, person: PersonId, fired: ScheduleFired) -> None:
    """Execute what is due; a due time is answered once, however often it is said.

    A due time whose schedule was removed or switched off starts nothing. Neither does one that comes while an
    execution of the same schedule is still open: it is noted as overlapped, and the next due time starts afresh.
    """
    schedule = await repository.find_schedule(transaction.connection, ScheduleId(fired.schedule_id), lock=True)
    if schedule is None or not schedule.is_active:
        log.info("A due time came after its schedule ended", action="schedule.gone", schedule_id=str(fired.schedule_id))
        return
    order = schedule_order(person, fired, _wish(schedule, fired))
    still_open = await open_execution_of(transaction.connection, schedule.id)
    if still_open is None:
        await _start(transaction, heads, schedule, order)
        return
    fingerprint = order.fingerprint_of_due_time()
    request = RequestRecord(order.key or "", fingerprint, still_open, overlapped=True)
    await claim_request(transaction.connection, person, request)
    log.info(
        "A due time found its schedule's last execution still open",
        action="schedule.overlap",
        schedule_id=str(schedule.id),
        execution_id=str(still_open),
    )


async def _start(transaction: Transaction, heads: FrozenHeads, schedule: ScheduleRecord, order: Order) -> None:
    if schedule.workflow is not None:
        await run_workflow(transaction, schedule.workflow, order)
    elif schedule.composition is not None:
        await request_execution(transaction, heads, schedule.composition, order)


def _wish(schedule: ScheduleRecord, fired: ScheduleFired) -> ExecutionWish:
    """The due time's date in the schedule's zone is the logical date."""
    day = fired.fire_time.astimezone(ZoneInfo(schedule.time_zone)).date()
    return ExecutionWish(version=schedule.version, parameters=dict(schedule.parameters), logical_date=day.isoformat())


async def _demand_target(transaction: Transaction, definition: ScheduleDefinition) -> dict[str, UUID]:
    """The column that says what it runs, locked; refused as `_demand_sound` says, or NotFound."""
    if definition.workflow_id is not None:
        workflow = await read_workflow(transaction, WorkflowId(definition.workflow_id), lock=True)
        await _demand_sound_workflow(transaction, workflow, definition)
        return {"workflow_id": workflow.id}
    composition = await find_in_use(transaction, read_reference(definition.composition_id or ""), lock=True)
    await _demand_sound(transaction, composition, definition)
    return {"composition_id": composition.id}


async def _demand_sound_workflow(
    transaction: Transaction, workflow: WorkflowRecord, definition: ScheduleDefinition
) -> None:
    """Raise Invalid with every problem; one that is switched off need not be able to run."""
    problems = rhythm_problems(definition.cron, definition.time_zone)
    if definition.version != "published":
        message = "A workflow has no versions: it runs as it is saved when it is due; leave version out."
        problems.append(Problem("VERSION_NOT_FOUND", "version", message))
    if definition.is_active:
        problems += await workflow_problems(transaction, workflow, definition.parameters)
    refuse_errors("The schedule cannot be stored.", problems)


async def _demand_sound(
    transaction: Transaction, composition: CompositionRecord, definition: ScheduleDefinition
) -> None:
    """Raise Invalid with every problem, or Conflict where an active schedule would find nothing published."""
    problems = rhythm_problems(definition.cron, definition.time_zone)
    problems += await _version_problems(transaction, composition, definition)
    refuse_errors("The schedule cannot be stored.", problems)
    if definition.is_active and definition.version == "published" and composition.published_version is None:
        message = f"{composition.composition_id} has no published version to follow; publish one, or pin a version."
        raise Conflict(message, code="NOT_PUBLISHED")


async def _version_problems(
    transaction: Transaction, composition: CompositionRecord, definition: ScheduleDefinition
) -> list[Problem]:
    """Whether the version exists and takes the values; NotAvailable if it has conditions."""
    followed = definition.version == "published"
    version = composition.published_version if followed else VersionHash(definition.version)
    if version is None:
        return []
    found = await find_version(transaction.connection, composition.composition_id, version)
    if found is None:
        message = f"{composition.composition_id} has no version {version}."
        return [Problem("VERSION_NOT_FOUND", "version", message)]
    refuse_conditions(found.version.flow)
    return resolve_flow_values(found.version.flow, definition.parameters, "parameters")[1]


def _definition_of(schedule: ScheduleRecord) -> ScheduleDefinition:
    return ScheduleDefinition(
        composition_id=schedule.composition_id,
        workflow_id=schedule.workflow,
        cron=schedule.cron,
        time_zone=schedule.time_zone,
        parameters=dict(schedule.parameters),
        version=schedule.version,
        is_active=schedule.is_active,
    )


def _columns(definition: ScheduleDefinition) -> dict[str, Any]:
    content = definition.model_dump(exclude={"composition_id", "workflow_id", "parameters"})
    return {**content, "composition_parameters": definition.parameters}
