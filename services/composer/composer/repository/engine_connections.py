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
    return {row.name: EngineConnectionRecord(**row._mapping) for row in await connection.execute(_IN_USE)}


_TABLE = engine_connections.c
_IN_USE = select(_TABLE.name, _TABLE.engine, _TABLE.as_of).where(_TABLE.is_active).order_by(_TABLE.name)
