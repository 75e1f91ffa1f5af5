"""Engine connections: where queries run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.files.catalogue import Catalogue
from queryflow.domain.flow.version import EngineConnection
from queryflow.domain.ids import PersonId
from queryflow.schema.compositions import connection_catalogues, engine_connections


@dataclass(frozen=True, slots=True)
class EngineConnectionRecord:
    """An engine connection without its settings."""

    name: str
    engine: str
    as_of: date | None

    @property
    def frozen(self) -> EngineConnection:
        """What a version keeps of it."""
        return EngineConnection(name=self.name, engine=self.engine)


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """An engine connection, whole."""

    name: str
    engine: str
    settings: Mapping[str, Any]
    as_of: date | None
    slots: int | None
    revision: int
    catalogue_wanted: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCatalogue:
    """What an executor found, which request it answers, and when it looked."""

    catalogue: Catalogue
    wanted: int
    described_at: datetime


async def read_engine_connections(connection: AsyncConnection) -> dict[str, EngineConnectionRecord]:
    """Those in use, by name."""
    return {row.name: EngineConnectionRecord(**row._mapping) for row in await connection.execute(_IN_USE)}


async def list_connections(connection: AsyncConnection) -> list[StoredConnection]:
    """Those in use, whole, in the order of their names."""
    query = select(engine_connections).where(_TABLE.is_active).order_by(_TABLE.name)
    return [_record(row) for row in await connection.execute(query)]


async def find_connection(connection: AsyncConnection, name: str, *, lock: bool = False) -> StoredConnection | None:
    """The one of that name, if it is in use; `lock` keeps other writers out until the transaction ends."""
    query = select(engine_connections).where(_TABLE.name == name, _TABLE.is_active)
    row = (await connection.execute(query.with_for_update(key_share=True) if lock else query)).one_or_none()
    return None if row is None else _record(row)


async def insert_connection(
    connection: AsyncConnection, name: str, values: Mapping[str, Any], person: PersonId
) -> StoredConnection | None:
    """Make it; None if the name is in use. A name that was taken out of use begins again."""
    statement = insert(engine_connections).values({**values, "name": name, "created_by": person})
    again = statement.on_conflict_do_update(
        index_elements=["name"], set_={**values, **_CHANGED, "is_active": True}, where=~_TABLE.is_active
    )
    row = (await connection.execute(again.returning(engine_connections))).one_or_none()
    return None if row is None else _record(row)


async def change_connection(connection: AsyncConnection, name: str, values: Mapping[str, Any]) -> StoredConnection:
    """Write a locked one and raise its revision; its tables are to be looked at again."""
    statement = update(engine_connections).where(_TABLE.name == name).values({**values, **_CHANGED})
    return _record((await connection.execute(statement.returning(engine_connections))).one())


async def want_catalogue(connection: AsyncConnection, name: str) -> int | None:
    """Note that its tables are to be looked at again; the number of this request, None if there is no such one."""
    wanted = {"catalogue_wanted": _TABLE.catalogue_wanted + 1}
    statement = update(engine_connections).where(_TABLE.name == name, _TABLE.is_active).values(wanted)
    found: int | None = (await connection.execute(statement.returning(_TABLE.catalogue_wanted))).scalar_one_or_none()
    return found


async def find_catalogue(connection: AsyncConnection, name: str) -> StoredCatalogue | None:
    """What an executor last found, if one has looked."""
    table = connection_catalogues.c
    query = select(table.document, table.wanted, table.described_at).where(table.connection == name)
    row = (await connection.execute(query)).one_or_none()
    return (
        None if row is None else StoredCatalogue(Catalogue.model_validate(row.document), row.wanted, row.described_at)
    )


_TABLE = engine_connections.c
_CHANGED = {
    "revision": _TABLE.revision + 1,
    "catalogue_wanted": _TABLE.catalogue_wanted + 1,
    "updated_at": func.now(),
}
_IN_USE = select(_TABLE.name, _TABLE.engine, _TABLE.as_of).where(_TABLE.is_active).order_by(_TABLE.name)


def _record(row: Row[Any]) -> StoredConnection:
    return StoredConnection(
        name=row.name,
        engine=row.engine,
        settings=row.settings,
        as_of=row.as_of,
        slots=row.slots,
        revision=row.revision,
        catalogue_wanted=row.catalogue_wanted,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
