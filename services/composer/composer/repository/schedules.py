"""Definitions of schedules, for compositions and for saved queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.rules.paging import PageRequest, key_as_uuid
from queryflow.domain.ids import CompositionId, PersonId, ScheduleId, WorkflowId
from queryflow.schema.compositions import template_flow_compositions
from queryflow.schema.schedules import schedule_timers, workflow_schedules


@dataclass(frozen=True, slots=True)
class TimerRecord:
    """What schedulers make of a schedule: when it fires next, or why it does not."""

    state: str
    reason: str | None
    next_fire_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """When a composition or a saved query runs by itself, and with which values and version."""

    id: ScheduleId
    composition_id: CompositionId | None
    composition: UUID | None
    workflow: WorkflowId | None
    cron: str
    time_zone: str
    parameters: Mapping[str, Any]
    version: str
    is_active: bool
    definition_version: int
    created_by: PersonId | None
    created_at: datetime
    updated_at: datetime
    timer: TimerRecord | None
    """None while it is switched off, and until a scheduler has seen its last change."""


async def find_schedule(
    connection: AsyncConnection, schedule: ScheduleId, *, lock: bool = False
) -> ScheduleRecord | None:
    """The schedule; `lock` keeps other writers out until the transaction ends."""
    query = _schedules().where(workflow_schedules.c.id == schedule)
    if lock:
        query = query.with_for_update(of=workflow_schedules, key_share=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _record(row)


async def list_schedules(
    connection: AsyncConnection,
    request: PageRequest,
    composition: UUID | None = None,
    workflow: WorkflowId | None = None,
) -> list[ScheduleRecord]:
    """Schedules (of one composition or query, if named) in the order of their ids, one more than asked for if any."""
    query = _schedules().order_by(workflow_schedules.c.id).limit(request.limit + 1)
    if request.after is not None:
        query = query.where(workflow_schedules.c.id > key_as_uuid(request.after))
    if composition is not None:
        query = query.where(workflow_schedules.c.composition_id == composition)
    if workflow is not None:
        query = query.where(workflow_schedules.c.workflow_id == workflow)
    return [_record(row) for row in await connection.execute(query)]


async def has_active_schedule(
    connection: AsyncConnection, *, composition: UUID | None = None, workflow: WorkflowId | None = None
) -> bool:
    """Whether the composition, or the saved query, runs by itself."""
    table = workflow_schedules.c
    # Each schedule has one of the two, and a comparison with None would find all that have the other.
    its = table.workflow_id == workflow if composition is None else table.composition_id == composition
    return bool((await connection.execute(select(exists().where(its, table.is_active)))).scalar_one())


async def insert_schedule(connection: AsyncConnection, values: Mapping[str, Any]) -> ScheduleId:
    """Store a new definition."""
    statement = insert(workflow_schedules).values(values).returning(workflow_schedules.c.id)
    return ScheduleId((await connection.execute(statement)).scalar_one())


async def change_schedule(connection: AsyncConnection, schedule: ScheduleId, values: Mapping[str, Any]) -> None:
    """Write a locked schedule and raise its definition version, by which schedulers see the change."""
    table = workflow_schedules
    raised = {**values, "definition_version": table.c.definition_version + 1}
    await connection.execute(update(table).where(table.c.id == schedule).values(raised))


async def delete_schedule(connection: AsyncConnection, schedule: ScheduleId) -> None:
    """Remove the definition; what it started stays."""
    await connection.execute(delete(workflow_schedules).where(workflow_schedules.c.id == schedule))


def _schedules() -> Select[Any]:
    schedule, composition, timer = workflow_schedules, template_flow_compositions, schedule_timers
    current = (timer.c.schedule_id == schedule.c.id) & (timer.c.definition_version == schedule.c.definition_version)
    joined = schedule.join(composition, composition.c.id == schedule.c.composition_id, isouter=True)
    joined = joined.join(timer, current & schedule.c.is_active, isouter=True)
    columns = (
        composition.c.composition_id.label("composition_key"),
        timer.c.state,
        timer.c.reason,
        timer.c.next_fire_at,
    )
    return select(schedule, *columns).select_from(joined)


def _record(row: Row[Any]) -> ScheduleRecord:
    return ScheduleRecord(
        id=row.id,
        composition_id=row.composition_key,
        composition=row.composition_id,
        workflow=row.workflow_id,
        cron=row.cron,
        time_zone=row.time_zone,
        parameters=row.composition_parameters or {},
        version=row.version,
        is_active=row.is_active,
        definition_version=row.definition_version,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        timer=None if row.state is None else TimerRecord(row.state, row.reason, row.next_fire_at),
    )
