"""Frozen versions, as the composer stored them, and the executions that run them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from queryflow.db.pool import Connection

DOCUMENT = "SELECT document FROM composition_versions WHERE hash = $1"

ASKED = 'id, version, parameters, node_parameters, "window", node_windows, logical_date'
"""What never changes about an execution: version, values, windows."""
EXECUTIONS = f"SELECT {ASKED} FROM query_flow_executions WHERE id = ANY($1::uuid[])"  # noqa: S608 - our own names


async def document(connection: Connection, version: str) -> dict[str, Any] | None:
    """The version's document; None if there is none of that hash."""
    found: dict[str, Any] | None = await connection.fetchval(DOCUMENT, version)
    return found


async def executions(connection: Connection, ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """What never changes about those executions: version, values, windows."""
    return await connection.fetch(EXECUTIONS, list(ids))
