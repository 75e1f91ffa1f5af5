"""Catalogues of engine connections: which are wanted, and what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from executor.engines.port import ConnectionSettings
from queryflow.db.pool import Connection

WANTED = """
SELECT asked.name, asked.engine, asked.settings, asked.catalogue_wanted AS wanted
FROM engine_connections AS asked LEFT JOIN connection_catalogues AS known ON known.connection = asked.name
WHERE asked.name = $1 AND asked.is_active AND coalesce(known.wanted, 0) < asked.catalogue_wanted
"""
OVERDUE = """
SELECT asked.name
FROM engine_connections AS asked LEFT JOIN connection_catalogues AS known ON known.connection = asked.name
WHERE asked.is_active AND asked.engine = ANY($1::text[]) AND coalesce(known.wanted, 0) < asked.catalogue_wanted
  AND asked.updated_at < now() - $2::interval
ORDER BY asked.name
"""
WRITE = """
INSERT INTO connection_catalogues AS known (connection, wanted, document) VALUES ($1, $2, $3)
ON CONFLICT (connection) DO UPDATE
SET wanted = EXCLUDED.wanted, document = EXCLUDED.document, described_at = now()
WHERE known.wanted <= EXCLUDED.wanted
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An engine connection whose tables are to be looked at, and the number of the request for it."""

    settings: ConnectionSettings
    number: int

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> "Wanted":
        """The request of a row with name, engine, settings and wanted."""
        return cls(ConnectionSettings(row["name"], row["engine"], row["settings"]), row["wanted"])


async def wanted(connection: Connection, name: str) -> Wanted | None:
    """The engine connection, if its tables are to be looked at: what is known answers no request, or an older one."""
    row = await connection.fetchrow(WANTED, name)
    return None if row is None else Wanted.from_row(row)


async def overdue(connection: Connection, engines: Sequence[str], age: timedelta) -> list[str]:
    """Those of these engines whose tables should have been looked at so long ago."""
    return [row["name"] for row in await connection.fetch(OVERDUE, list(engines), age)]


async def write(connection: Connection, name: str, wanted: int, document: dict[str, Any]) -> None:
    """Keep what was found, unless something newer is kept."""
    await connection.execute(WRITE, name, wanted, document)
