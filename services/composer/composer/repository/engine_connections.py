"""Engine connections: where queries run."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.version import EngineConnection
from queryflow.schema.compositions import engine_connections


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


async def read_engine_connections(connection: AsyncConnection) -> dict[str, EngineConnectionRecord]:
    """Those in use, by name."""
    table = engine_connections.c
    query = select(table.name, table.engine, table.as_of).where(table.is_active).order_by(table.name)
    return {row.name: EngineConnectionRecord(**row._mapping) for row in await connection.execute(query)}
