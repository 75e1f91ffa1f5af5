"""Definitions of schedules, and what becomes of their due times."""

from typing import Any
from zoneinfo import ZoneInfo

import structlog

from composer.access.transaction import Transaction
from composer.compositions.usecases import find_in_use
from composer.executions.usecases import request_execution
from composer.process.version_cache import VersionCache
from composer.repository import schedules as repository
from composer.repository.executions import RequestRecord, claim_request, open_execution_of
from composer.repository.schedules import ScheduleRecord
from composer.rules.execution_requests import ExecutionRequest
from composer.rules.paging import Page, PageRequest, cut_page
from composer.rules.preconditions import Precondition
from composer.rules.references import CompositionReference
from composer.rules.schedule_definitions import ScheduleChange, ScheduleDefinition
from composer.rules.triggers import Trigger, schedule_trigger
from composer.schedules.scheduled import demand_target, misfits
from composer.workflows.usecases import run_workflow
from queryflow.domain.errors import NotFound, Problem
from queryflow.domain.ids import ScheduleId, WorkflowId
from queryflow.messages.schedule import ScheduleFired

log = structlog.get_logger()


async def list_schedules(
    transaction: Transaction,
    request: PageRequest,
    composition: CompositionReference | None,
    workflow: WorkflowId | None,
) -> Page[ScheduleRecord]:
    """Schedules in the order of their ids; of one composition or workflow, if one is named."""
    named = None if composition is None else (await find_in_use(transaction, composition)).id
    rows = await repository.list_schedules(transaction.connection, request, named, workflow)
    return cut_page(rows, request.limit, key=lambda row: str(row.id))


async def read_schedule(transaction: Transaction, schedule: ScheduleId, *, lock: bool = False) -> ScheduleRecord:
    """The schedule; `lock` keeps other writers out until the transaction ends."""
    found = await repository.find_schedule(transaction.connection, schedule, lock=lock)
    if found is None:
        raise NotFound(f"There is no schedule {schedule}.")
    return found


async def create_schedule(transaction: Transaction, definition: ScheduleDefinition) -> ScheduleRecord:
    """Store a schedule; schedulers see it within a second."""
    target = await demand_target(transaction, definition)
    values = {**_columns(definition), **target, "created_by": transaction.person}
    return await read_schedule(transaction, await repository.insert_schedule(transaction.connection, values))


async def change_schedule(
    transaction: Transaction, schedule: ScheduleId, change: ScheduleChange, precondition: Precondition
) -> ScheduleRecord:
    """Change a schedule that is as expected; schedulers see it within a second.

    One that no longer fits can still be switched off: nothing that stays as it is is judged then.
    """
    current = await read_schedule(transaction, schedule, lock=True)
    precondition.demand(current.definition_version)
    changed = _definition_of(current).model_copy(update=change.model_dump(exclude_none=True))
    if not change.only_switches_off:
        await demand_target(transaction, changed)
    values = {**_columns(changed), "updated_at": transaction.now}
    await repository.change_schedule(transaction.connection, schedule, values)
    return await read_schedule(transaction, schedule)


async def schedule_misfits(transaction: Transaction, schedule: ScheduleRecord) -> list[Problem]:
    """What keeps it from starting an execution, as things are now."""
    return await misfits(transaction, _definition_of(schedule))


async def delete_schedule(transaction: Transaction, schedule: ScheduleId, precondition: Precondition) -> None:
    """Remove a schedule that is as expected; executions it started stay."""
    precondition.demand((await read_schedule(transaction, schedule, lock=True)).definition_version)
    await repository.delete_schedule(transaction.connection, schedule)


async def answer_due_time(transaction: Transaction, version_cache: VersionCache, fired: ScheduleFired) -> None:
    """Execute what is due; a due time is answered once, however often it is said.

    A due time whose schedule was removed or switched off starts nothing. Neither does one that comes while an
    execution of the same schedule is still open: it is noted as overlapped, and the next due time starts afresh.
    """
    schedule = await repository.find_schedule(transaction.connection, ScheduleId(fired.schedule_id), lock=True)
    if schedule is None or not schedule.is_active:
        log.info("A due time came after its schedule ended", action="schedule.gone", schedule_id=str(fired.schedule_id))
        return
    trigger = schedule_trigger(fired, _armed(schedule, fired))
    still_open = await open_execution_of(transaction.connection, schedule.id)
    if still_open is None:
        await _start(transaction, version_cache, schedule, trigger)
        return
    fingerprint = trigger.fingerprint_of_due_time()
    request = RequestRecord(trigger.key or "", fingerprint, still_open, overlapped=True)
    await claim_request(transaction.connection, transaction.person, request)
    log.info(
        "A due time found its schedule's last execution still open",
        action="schedule.overlap",
        schedule_id=str(schedule.id),
        execution_id=str(still_open),
    )


async def _start(
    transaction: Transaction, version_cache: VersionCache, schedule: ScheduleRecord, trigger: Trigger
) -> None:
    if schedule.workflow is not None:
        await run_workflow(transaction, schedule.workflow, trigger)
    elif schedule.composition is not None:
        await request_execution(transaction, version_cache, schedule.composition, trigger)


def _armed(schedule: ScheduleRecord, fired: ScheduleFired) -> ExecutionRequest:
    """The due time's date in the schedule's zone is the logical date."""
    day = fired.fire_time.astimezone(ZoneInfo(schedule.time_zone)).date()
    return ExecutionRequest(
        version=schedule.version, parameters=dict(schedule.parameters), logical_date=day.isoformat()
    )


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
