"""The head of compositions: their row, nodes and connections."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Table, Text, all_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_change
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.head import HeadRows, flow_of
from composer.paging import PageWish
from composer.references import CompositionReference
from queryflow.domain.flow import Flow
from queryflow.domain.ids import CompositionId, PersonId, VersionHash
from queryflow.schema.compositions import (
    template_flow_compositions,
    template_flow_connections,
    template_flow_nodes,
)

RECORDED = tuple(
    template_flow_compositions.c[name]
    for name in (
        "id",
        "composition_id",
        "name",
        "description",
        "tags",
        "is_active",
        "revision",
        "published_version",
        "created_by",
        "created_at",
        "updated_at",
        "execution_count",
        "last_executed_at",
    )
)


@dataclass(frozen=True, slots=True)
class CompositionRecord:
    """A composition without its nodes and connections."""

    id: UUID
    composition_id: CompositionId
    name: str
    description: str | None
    tags: Sequence[str] | None
    is_active: bool
    revision: int
    published_version: VersionHash | None
    created_by: PersonId | None
    created_at: datetime
    updated_at: datetime
    execution_count: int
    last_executed_at: datetime | None


async def find_composition(
    connection: AsyncConnection, reference: CompositionReference, *, lock: bool = False
) -> CompositionRecord | None:
    """The composition, in use or not; `lock` keeps other writers out until the transaction ends."""
    table = template_flow_compositions.c
    key = table.id if isinstance(reference, UUID) else table.composition_id
    query = select(*RECORDED).where(key == reference)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else CompositionRecord(**row._mapping)


async def list_compositions(connection: AsyncConnection, wish: PageWish) -> list[CompositionRecord]:
    """Compositions in use in the order of their ids, one more than asked for if there are more."""
    table = template_flow_compositions.c
    query = select(*RECORDED).where(table.is_active).order_by(table.composition_id).limit(wish.limit + 1)
    if wish.after is not None:
        query = query.where(table.composition_id > wish.after)
    return [CompositionRecord(**row._mapping) for row in await connection.execute(query)]


async def read_flow_of(connection: AsyncConnection, composition: UUID) -> Flow:
    """The flow that the head holds."""
    head, nodes, links = template_flow_compositions, template_flow_nodes, template_flow_connections
    row = (await connection.execute(select(head).where(head.c.id == composition))).mappings().one()
    return flow_of(row, await _parts(connection, nodes, composition), await _parts(connection, links, composition))


async def insert_composition(
    connection: AsyncConnection, composition_id: CompositionId, rows: HeadRows, person: PersonId
) -> CompositionRecord | None:
    """Make the composition's row, without nodes and connections; None if that id is taken."""
    values = {**rows.composition, "composition_id": composition_id, "created_by": person}
    statement = insert_or_change(template_flow_compositions).values(values).on_conflict_do_nothing()
    row = (await connection.execute(statement.returning(*RECORDED))).one_or_none()
    return None if row is None else CompositionRecord(**row._mapping)


async def change_composition(
    connection: AsyncConnection, composition: UUID, rows: HeadRows, now: datetime
) -> CompositionRecord:
    """Write the row of a locked composition and raise its revision; it is in use from now on."""
    table = template_flow_compositions
    values = {**rows.composition, "is_active": True, "revision": table.c.revision + 1, "updated_at": now}
    statement = update(table).where(table.c.id == composition).values(values).returning(*RECORDED)
    return CompositionRecord(**(await connection.execute(statement)).one()._mapping)


async def write_parts(connection: AsyncConnection, composition: UUID, rows: HeadRows, now: datetime) -> None:
    """Make the nodes and connections exactly these; those that stay keep their UUIDs and the time they were made."""
    nodes = [{**row, "composition_id": composition, "updated_at": now} for row in rows.nodes]
    links = [{**row, "composition_id": composition} for row in rows.connections]
    await _drop_others(connection, template_flow_connections, composition, [row["connection_id"] for row in links])
    await _drop_others(connection, template_flow_nodes, composition, [row["node_id"] for row in nodes])
    await _put(connection, template_flow_nodes, nodes)
    await _put(connection, template_flow_connections, links)


async def retire_composition(connection: AsyncConnection, composition: UUID, now: datetime) -> None:
    """Take the composition out of use; nothing published remains."""
    values = {
        "is_active": False,
        "published_version": None,
        "revision": template_flow_compositions.c.revision + 1,
        "updated_at": now,
    }
    await _update(connection, composition, values)


async def publish_version(connection: AsyncConnection, composition: UUID, version: VersionHash) -> None:
    """Point at the published version; the head, and so its revision, stays as it is."""
    await _update(connection, composition, {"published_version": version})


async def count_execution(connection: AsyncConnection, composition: UUID) -> None:
    """Note that the composition is executed now; not a change of the head."""
    count = template_flow_compositions.c.execution_count + 1
    await _update(connection, composition, {"execution_count": count, "last_executed_at": func.now()})


async def _update(connection: AsyncConnection, composition: UUID, values: dict[str, Any]) -> None:
    table = template_flow_compositions
    await connection.execute(update(table).where(table.c.id == composition).values(values))


async def _parts(connection: AsyncConnection, table: Table, composition: UUID) -> Sequence[Any]:
    query = select(table).where(table.c.composition_id == composition).order_by(table.c.ordinal)
    return (await connection.execute(query)).mappings().all()


def _name_column(table: Table) -> Any:
    return table.c.node_id if table is template_flow_nodes else table.c.connection_id


async def _drop_others(connection: AsyncConnection, table: Table, composition: UUID, names: list[str]) -> None:
    name = _name_column(table)
    gone = delete(table).where(
        table.c.composition_id == composition, name != all_(bindparam("names", names, type_=ARRAY(Text)))
    )
    await connection.execute(gone)


async def _put(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    name = _name_column(table)
    statement = insert_or_change(table)
    changed = {column: statement.excluded[column] for column in rows[0] if column not in {"composition_id", name.name}}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["composition_id", name.name], set_=changed), rows
    )
