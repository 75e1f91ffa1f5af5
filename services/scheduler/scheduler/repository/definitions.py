"""The definitions of schedules, which the composer writes; here they are only read, with the timers they have."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.ids import CompositionId, ScheduleId
from queryflow.schema.compositions import template_flow_compositions
from queryflow.schema.schedules import schedule_timers, workflow_schedules
from scheduler.rules.timing import Rhythm


@dataclass(frozen=True, slots=True)
class Definition:
    """A schedule that is switched on."""

    schedule_id: ScheduleId
    composition_id: CompositionId | None
    """What it runs, or None where it runs a saved query."""
    workflow_id: UUID | None
    rhythm: Rhythm
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule whose due time came; its timer is locked."""

    definition: Definition
    next_fire_at: datetime


async def changed_definitions(connection: AsyncConnection, most: int) -> list[Definition]:
    """Definitions that have no timer yet, or the timer of an older version."""
    timer, schedule = schedule_timers.c, workflow_schedules.c
    older = timer.schedule_id.is_(None) | (timer.definition_version < schedule.definition_version)
    rows = await connection.execute(_active(outer=True).where(older).order_by(schedule.id).limit(most))
    return [_definition(row) for row in rows]


async def take_due(connection: AsyncConnection, most: int) -> list[DueSchedule]:
    """Schedules that are due, the longest waiting first, locked; what another scheduler holds is left to it."""
    timer, schedule = schedule_timers.c, workflow_schedules.c
    due = and_(
        timer.state == "active",
        timer.next_fire_at <= func.now(),
        timer.definition_version == schedule.definition_version,
    )
    query = _active(outer=False).where(due).order_by(timer.next_fire_at).limit(most)
    rows = await connection.execute(query.with_for_update(of=schedule_timers, skip_locked=True))
    return [DueSchedule(_definition(row), row.next_fire_at) for row in rows]


async def active_definitions(
    connection: AsyncConnection, schedules: Collection[ScheduleId]
) -> dict[ScheduleId, Definition]:
    """Those of the schedules that are there and switched on."""
    rows = await connection.execute(_active(outer=True).where(workflow_schedules.c.id.in_(schedules)))
    return {ScheduleId(row.id): _definition(row) for row in rows}


def _active(*, outer: bool) -> Select[Any]:
    schedule, composition, timer = workflow_schedules, template_flow_compositions, schedule_timers
    columns = (
        schedule.c.id,
        composition.c.composition_id,
        schedule.c.workflow_id,
        schedule.c.cron,
        schedule.c.time_zone,
        schedule.c.definition_version,
        schedule.c.updated_at,
        timer.c.next_fire_at,
    )
    joined = schedule.join(composition, composition.c.id == schedule.c.composition_id, isouter=True)
    joined = joined.join(timer, timer.c.schedule_id == schedule.c.id, isouter=outer)
    return select(*columns).select_from(joined).where(schedule.c.is_active)


def _definition(row: Row[Any]) -> Definition:
    return Definition(
        schedule_id=ScheduleId(row.id),
        composition_id=row.composition_id,
        workflow_id=row.workflow_id,
        rhythm=Rhythm(row.cron, row.time_zone),
        version=row.definition_version,
        changed_at=row.updated_at,
    )
