"""Setting up engine connections, for the command line: `sample`, and people's folders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.access.actor import Actor
from queryflow.schema.compositions import engine_connections


@dataclass(frozen=True, slots=True)
class EngineConnectionDefinition:
    """Where queries run: an engine, and what it needs to know."""

    name: str
    engine: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of duckdb: {"folder": "…", "tables": {…}}."""
    as_of: date | None = None
    """The last day the data covers, the default logical date of flows on it."""
    slots: int | None = None
    """How many queries may run at once; None for no limit."""


async def put_engine_connection(
    connection: AsyncConnection, definition: EngineConnectionDefinition, actor: Actor
) -> None:
    """Make the engine connection of that name exactly this; executors look at its tables again. The caller commits."""
    content = {
        "engine": definition.engine,
        "settings": dict(definition.settings),
        "as_of": definition.as_of,
        "slots": definition.slots,
        "is_active": True,
    }
    statement = insert(engine_connections).values(name=definition.name, created_by=actor.person, **content)
    table = engine_connections.c
    risen = {"revision": table.revision + 1, "catalogue_wanted": table.catalogue_wanted + 1}
    changed = {**content, **risen, "updated_at": func.now()}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))
