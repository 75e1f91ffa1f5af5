"""Saved single queries: a template or SQL, with parameters and an engine connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.rules.paging import PageRequest, key_as_uuid
from queryflow.domain.flow.flow import Window
from queryflow.domain.flow.template import Dialect
from queryflow.domain.ids import PersonId, TemplateId, WorkflowId
from queryflow.schema.executions import workflows


@dataclass(frozen=True, slots=True)
class WorkflowRecord:
    """A saved single query as its row has it."""

    id: WorkflowId
    name: str
    description: str | None
    template_id: TemplateId | None
    template_version: int | None
    """None in rows from before there were versions: the newest."""
    sql: str | None
    dialect: Dialect | None
    parameters: Mapping[str, Any]
    connection: str | None
    window: Window | None
    revision: int
    created_at: datetime
    updated_at: datetime


async def find_workflow(
    connection: AsyncConnection, workflow: WorkflowId, *, lock: bool = False
) -> WorkflowRecord | None:
    """The saved query, if it is in use; `lock` keeps other writers out until the transaction ends."""
    query = _in_use().where(workflows.c.id == workflow)
    row = (await connection.execute(query.with_for_update(key_share=True) if lock else query)).one_or_none()
    return None if row is None else _record(row)


async def list_workflows(connection: AsyncConnection, request: PageRequest) -> list[WorkflowRecord]:
    """Saved queries in use in the order of their ids, one more than asked for if there are more."""
    query = _in_use().order_by(workflows.c.id).limit(request.limit + 1)
    if request.after is not None:
        query = query.where(workflows.c.id > key_as_uuid(request.after))
    return [_record(row) for row in await connection.execute(query)]


async def insert_workflow(connection: AsyncConnection, values: Mapping[str, Any], person: PersonId) -> WorkflowRecord:
    """Store a new one."""
    statement = insert(workflows).values({**values, "created_by": person}).returning(workflows)
    return _record((await connection.execute(statement)).one())


async def change_workflow(
    connection: AsyncConnection, workflow: WorkflowId, values: Mapping[str, Any], now: datetime
) -> WorkflowRecord:
    """Write a locked one and raise its revision."""
    written = {**values, "updated_at": now, "revision": workflows.c.revision + 1}
    statement = update(workflows).where(workflows.c.id == workflow).values(written).returning(workflows)
    return _record((await connection.execute(statement)).one())


def _in_use() -> Select[Any]:
    return select(workflows).where(workflows.c.is_active)


def _record(row: Row[Any]) -> WorkflowRecord:
    return WorkflowRecord(
        id=WorkflowId(row.id),
        name=row.name,
        description=row.description,
        template_id=row.template_id,
        template_version=row.template_version,
        sql=row.sql_query,
        dialect=None if row.dialect is None else Dialect(row.dialect),
        parameters=row.parameters if isinstance(row.parameters, dict) else {},
        connection=row.engine_connection,
        window=None if row.default_window is None else Window.model_validate(row.default_window),
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
