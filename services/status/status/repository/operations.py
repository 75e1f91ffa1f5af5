"""What tells of the health of the whole: signs of life, what waits, what runs, what failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.db.pool import Connection
from queryflow.domain.states import ExecutionState
from queryflow.schema.executions import query_flow_executions, workflow_executions
from queryflow.schema.messaging import (
    composer_dead_letters,
    composer_outbox,
    executor_dead_letters,
    executor_outbox,
    scheduler_dead_letters,
    scheduler_outbox,
    status_dead_letters,
)
from queryflow.schema.status import execution_summaries, service_heartbeats

OUTBOXES: Mapping[str, Table] = {
    "composer": composer_outbox,
    "executor": executor_outbox,
    "scheduler": scheduler_outbox,
}
DEAD_LETTERS: Mapping[str, Table] = {
    "composer": composer_dead_letters,
    "executor": executor_dead_letters,
    "scheduler": scheduler_dead_letters,
    "status": status_dead_letters,
}


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A process's last sign of life."""

    service: str
    instance: str
    version: str | None
    started_at: datetime
    at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class OpenNode:
    """A node that has not ended, and since when it is in its state."""

    execution_id: UUID
    node_id: str
    since: datetime


async def list_heartbeats(connection: AsyncConnection, silence: timedelta) -> list[Heartbeat]:
    """Every process that was heard of, the silent ones too; not those that were asked to stop and did."""
    table = service_heartbeats.c
    alive = (table.at > func.now() - silence).label("alive")
    columns = (table.service, table.instance, table.version, table.started_at, table.at, alive)
    query = select(*columns).where(table.ended_at.is_(None)).order_by(table.service, table.instance)
    rows = await connection.execute(query)
    return [Heartbeat(**row._mapping) for row in rows]


async def remove_heartbeats(connection: Connection, silence: timedelta) -> None:
    """Forget the processes that have been silent for so long."""
    await connection.execute("DELETE FROM service_heartbeats WHERE at < now() - $1::interval", silence)


async def count_in_state(connection: AsyncConnection, state: ExecutionState) -> int:
    """How many executions are in the state."""
    query = select(func.count()).where(query_flow_executions.c.state == state.value)
    return int((await connection.execute(query)).scalar_one())


async def count_failed(connection: AsyncConnection, within: timedelta) -> int:
    """How many executions failed within that time."""
    table = execution_summaries.c
    query = select(func.count()).where(
        table.finished_at > func.now() - within, table.state == ExecutionState.FAILED.value
    )
    return int((await connection.execute(query)).scalar_one())


async def oldest_running(connection: AsyncConnection) -> OpenNode | None:
    """Who has run the longest in its present try; None if nobody runs."""
    return await _oldest(connection, "running", workflow_executions.c.started_at)


async def oldest_waiting(connection: AsyncConnection) -> OpenNode | None:
    """Who has waited the longest to be run; None if nobody does."""
    found = [await _oldest(connection, state, workflow_executions.c.ready_at) for state in ("ready", "waiting")]
    waiting = [each for each in found if each is not None]
    return min(waiting, key=lambda each: each.since, default=None)


async def count_rows(connection: AsyncConnection, tables: Mapping[str, Table]) -> dict[str, int]:
    """How many rows each table has, by the service it belongs to."""
    counts = [select(func.count()).select_from(table).scalar_subquery().label(name) for name, table in tables.items()]
    return dict((await connection.execute(select(*counts))).one()._mapping)


async def _oldest(connection: AsyncConnection, state: str, since: Column[Any]) -> OpenNode | None:
    table = workflow_executions.c
    query = select(table.composition_execution_id, table.composition_node_id, since)
    query = query.where(table.state == state, since.is_not(None)).order_by(since).limit(1)
    row: Any = (await connection.execute(query)).one_or_none()
    return None if row is None else OpenNode(*row)
