"""The head of compositions: their row, nodes and connections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Row,
    Table,
    Text,
    all_,
    bindparam,
    column,
    delete,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as insert_or_change
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.rules.flow_rows import FlowRows, flow_of
from composer.rules.paging import PageRequest
from composer.rules.references import CompositionReference
from queryflow.domain.flow.flow import Flow
from queryflow.domain.ids import CompositionId, PersonId, VersionHash
from queryflow.schema.base import Json
from queryflow.schema.compositions import (
    template_flow_compositions,
    template_flow_connections,
    template_flow_nodes,
)

Rows = Sequence[Mapping[str, Any]]


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

    @classmethod
    def from_row(cls, row: Row[Any]) -> Self:
        """The composition of a row that has all of `RECORDED`."""
        return cls(**{column.name: row._mapping[column] for column in RECORDED})


RECORDED = tuple(template_flow_compositions.c[field.name] for field in fields(CompositionRecord))
"""The columns of the record, by its fields."""


@dataclass(frozen=True, slots=True)
class Head:
    """A composition, whole."""

    record: CompositionRecord
    flow: Flow


@dataclass(frozen=True, slots=True)
class Part:
    """A table of what compositions are made of, and the column that names a row within its composition."""

    table: Table
    name: Column[str]
    touched: Mapping[str, Any]
    """What every write of a row sets beside its content."""


NODES = Part(template_flow_nodes, template_flow_nodes.c.node_id, {"updated_at": func.now()})
CONNECTIONS = Part(template_flow_connections, template_flow_connections.c.connection_id, {})


async def find_composition(
    connection: AsyncConnection, reference: CompositionReference, *, lock: bool = False
) -> CompositionRecord | None:
    """The composition, in use or not; `lock` keeps other writers out until the transaction ends."""
    query = _BY_UUID if isinstance(reference, UUID) else _BY_ID
    found = await connection.execute(query.with_for_update(key_share=True) if lock else query, {"reference": reference})
    row = found.one_or_none()
    return None if row is None else CompositionRecord.from_row(row)


async def list_compositions(connection: AsyncConnection, request: PageRequest) -> list[CompositionRecord]:
    """Compositions in use in the order of their ids, one more than asked for if there are more."""
    table = template_flow_compositions.c
    query = select(*RECORDED).where(table.is_active).order_by(table.composition_id).limit(request.limit + 1)
    if request.after is not None:
        query = query.where(table.composition_id > request.after)
    return [CompositionRecord.from_row(row) for row in await connection.execute(query)]


async def read_head(connection: AsyncConnection, composition: UUID) -> Head:
    """The head, read in one statement, so that a change that commits meanwhile is in it wholly or not at all."""
    table = template_flow_compositions
    query = select(table, _rows_of(NODES).label("nodes"), _rows_of(CONNECTIONS).label("connections"))
    row = (await connection.execute(query.where(table.c.id == composition))).one()
    return Head(CompositionRecord.from_row(row), flow_of(row._mapping, row.nodes, row.connections))


async def insert_composition(
    connection: AsyncConnection, composition_id: CompositionId, rows: FlowRows, person: PersonId
) -> CompositionRecord | None:
    """Make the composition's row, without nodes and connections; None if that id is taken."""
    values = {**rows.composition, "composition_id": composition_id, "created_by": person, "updated_by": person}
    statement = insert_or_change(template_flow_compositions).values(values).on_conflict_do_nothing()
    row = (await connection.execute(statement.returning(*RECORDED))).one_or_none()
    return None if row is None else CompositionRecord.from_row(row)


async def change_composition(
    connection: AsyncConnection, composition: UUID, rows: FlowRows, person: PersonId
) -> CompositionRecord:
    """Write the row of a locked composition and raise its revision; it is in use from now on."""
    table = template_flow_compositions
    changed = {"is_active": True, "revision": table.c.revision + 1, **_touched(person)}
    values = {**rows.composition, **changed}
    statement = update(table).where(table.c.id == composition).values(values).returning(*RECORDED)
    return CompositionRecord.from_row((await connection.execute(statement)).one())


async def write_parts(connection: AsyncConnection, composition: UUID, rows: FlowRows) -> None:
    """Make the nodes and connections exactly these; those that stay keep their UUIDs and the time they were made."""
    await _drop_others(connection, CONNECTIONS, composition, rows.connections)
    await _drop_others(connection, NODES, composition, rows.nodes)
    await _put(connection, NODES, composition, rows.nodes)
    await _put(connection, CONNECTIONS, composition, rows.connections)


async def retire_composition(connection: AsyncConnection, composition: UUID, person: PersonId) -> None:
    """Take the composition out of use; nothing published remains."""
    values = {
        "is_active": False,
        "published_version": None,
        "revision": template_flow_compositions.c.revision + 1,
        **_touched(person),
    }
    await _update(connection, composition, values)


async def publish_version(
    connection: AsyncConnection, composition: UUID, version: VersionHash, person: PersonId
) -> None:
    """Point at the published version; the head, and so its revision, stays as it is."""
    values = {"published_version": version, "published_at": func.now(), "published_by": person}
    await _update(connection, composition, values)


_RECORD = select(*RECORDED)
_BY_UUID = _RECORD.where(template_flow_compositions.c.id == bindparam("reference"))
_BY_ID = _RECORD.where(template_flow_compositions.c.composition_id == bindparam("reference"))


def _touched(person: PersonId) -> dict[str, Any]:
    """Who wrote the head, and when: the transaction's moment, which its message says too."""
    return {"updated_at": func.now(), "updated_by": person}


async def _update(connection: AsyncConnection, composition: UUID, values: dict[str, Any]) -> None:
    table = template_flow_compositions
    await connection.execute(update(table).where(table.c.id == composition).values(values))


def _rows_of(part: Part) -> ColumnElement[Any]:
    """The composition's rows of the table as one JSON array, in their order."""
    table = part.table
    rows = func.jsonb_agg(aggregate_order_by(func.to_jsonb(table.table_valued()), table.c.ordinal))
    of_composition = select(rows).where(table.c.composition_id == template_flow_compositions.c.id)
    return func.coalesce(of_composition.scalar_subquery(), text("'[]'::jsonb"), type_=Json)


async def _drop_others(connection: AsyncConnection, part: Part, composition: UUID, rows: Rows) -> None:
    """Delete the rows that are not among these."""
    names = bindparam("names", [row[part.name.name] for row in rows], type_=ARRAY(Text))
    gone = delete(part.table).where(part.table.c.composition_id == composition, part.name != all_(names))
    await connection.execute(gone)


async def _put(connection: AsyncConnection, part: Part, composition: UUID, rows: Rows) -> None:
    """Insert the rows, or change those that are there: one statement, however many rows."""
    if not rows:
        return
    names = list(rows[0])
    shape = (column(name, part.table.c[name].type) for name in names)
    sent = func.jsonb_to_recordset(bindparam("rows", rows, type_=Json))
    given = sent.table_valued(*shape, name="given").render_derived(with_types=True)
    chosen = select(literal(composition), *(given.c[name] for name in names))
    statement = insert_or_change(part.table).from_select(["composition_id", *names], chosen)
    changed = {**{name: statement.excluded[name] for name in names}, **part.touched}
    key = ["composition_id", part.name.name]
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))
