"""Places of engine connections that limit how many queries run at once, and the nodes that wait for one.

Who frees a place gives it to the node that has waited longest; the poller does the same for places that were freed
without that. A place is held from the claim, or from being given, until its node has ended.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from executor.engines.port import ConnectionSettings
from executor.model.attempt import ReadyAttempt
from executor.repository.nodes import WAITS, ready_from_row
from queryflow.db.pool import Connection

LIMITS = """
SELECT name, engine, settings, slots FROM engine_connections WHERE name = ANY($1::text[]) AND is_active
"""

ENSURE = """
INSERT INTO engine_slots (connection, slot)
SELECT limited.name, generate_series(1, limited.slots)
FROM unnest($1::text[], $2::int[]) AS limited(name, slots) ON CONFLICT DO NOTHING
"""

HELD = "SELECT holder FROM engine_slots WHERE holder = ANY($1::uuid[])"

FREE = """
SELECT slot FROM engine_slots
WHERE connection = $1 AND holder IS NULL AND slot <= $3
ORDER BY slot LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""

OCCUPY = """
UPDATE engine_slots AS place SET holder = given.holder
FROM unnest($2::int[], $3::uuid[]) AS given(slot, holder) WHERE place.connection = $1 AND place.slot = given.slot
"""

RELEASE = "UPDATE engine_slots SET holder = NULL WHERE holder = ANY($1::uuid[]) RETURNING connection"

ABANDONED = """
UPDATE engine_slots AS place SET holder = NULL
FROM workflow_executions AS node WHERE node.id = place.holder AND node.state NOT IN ('ready', 'running')
RETURNING place.connection
"""

SEND_BACK = f"""
UPDATE workflow_executions AS node
SET {WAITS}, phase = NULL, crash_count = node.crash_count - 1, lease_owner = NULL,
  lease_until = NULL, started_at = NULL
WHERE node.id = ANY($1::uuid[]) AND node.state = 'running'
"""  # noqa: S608 - the part is a constant of ours

OLDEST_WAITING = """
SELECT id FROM workflow_executions AS node
WHERE state = 'waiting' AND reason = 'no_slot' AND engine_connection = $1 AND NOT cancel_requested
  AND NOT EXISTS (SELECT FROM engine_slots WHERE holder = node.id)
ORDER BY ready_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""

OLDEST_WAITING_FOR_ROOM = """
SELECT id FROM workflow_executions AS node
WHERE state = 'waiting' AND reason = 'no_slot' AND engine = ANY($2::text[]) AND NOT cancel_requested AND NOT EXISTS (
  SELECT FROM engine_connections WHERE name = node.engine_connection AND is_active AND slots IS NOT NULL)
ORDER BY ready_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
"""

CONNECTIONS_WAITED_FOR = """
SELECT DISTINCT engine_connection AS name FROM workflow_executions WHERE state = 'waiting' AND reason = 'no_slot'
"""

READY = """
UPDATE workflow_executions AS node SET state = 'ready', reason = NULL, ready_at = now()
WHERE node.id = ANY($1::uuid[]) AND node.state = 'waiting'
RETURNING node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt, node.engine,
  now() AS now
"""


@dataclass(frozen=True, slots=True)
class EngineConnection:
    """An engine connection that is in use, and how many queries it runs at once; None for any number."""

    settings: ConnectionSettings
    slots: int | None

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> "EngineConnection":
        """The engine connection of a row with name, engine, settings and slots."""
        return cls(ConnectionSettings(row["name"], row["engine"], row["settings"]), row["slots"])


async def connections(connection: Connection, names: Sequence[str]) -> dict[str, EngineConnection]:
    """By name, those of the engine connections that are in use."""
    return {row["name"]: EngineConnection.from_row(row) for row in await connection.fetch(LIMITS, list(names))}


async def ensure(connection: Connection, limits: Mapping[str, int]) -> None:
    """Make the places of connections that have none yet, or were given more."""
    names = sorted(limits)
    await connection.execute(ENSURE, names, [limits[each] for each in names])


async def take(connection: Connection, name: str, limit: int, nodes: Sequence[UUID]) -> set[UUID]:
    """Give places of one connection to nodes in that order; those that have one now come back."""
    having = {row["holder"] for row in await connection.fetch(HELD, list(nodes))}
    without = [node for node in nodes if node not in having]
    free = [row["slot"] for row in await connection.fetch(FREE, name, len(without), limit)] if without else []
    given = without[: len(free)]
    if given:
        await connection.execute(OCCUPY, name, free, given)
    return having | set(given)


async def release(connection: Connection, nodes: Sequence[UUID]) -> set[str]:
    """Free the places of nodes that ended; the connections that have room again."""
    return {row["connection"] for row in await connection.fetch(RELEASE, list(nodes))}


async def release_abandoned(connection: Connection) -> set[str]:
    """Free places whose node neither runs nor is about to, for example because it was cancelled."""
    return {row["connection"] for row in await connection.fetch(ABANDONED)}


async def send_back(connection: Connection, nodes: Sequence[UUID]) -> None:
    """Let nodes that were just claimed wait for a place after all."""
    await connection.execute(SEND_BACK, list(nodes))


async def connections_waited_for(connection: Connection) -> list[str]:
    """The engine connections that nodes wait for."""
    return [row["name"] for row in await connection.fetch(CONNECTIONS_WAITED_FOR)]


async def ready_waiting_for_place(connection: Connection, name: str, limit: int, most: int) -> list[ReadyAttempt]:
    """Ready the nodes that waited longest for a place of the connection, each with a place of its own."""
    free = [row["slot"] for row in await connection.fetch(FREE, name, most, limit)]
    waiting = await connection.fetch(OLDEST_WAITING, name, len(free))
    nodes = [row["id"] for row in waiting]
    if nodes:
        await connection.execute(OCCUPY, name, free[: len(nodes)], nodes)
    return [ready_from_row(row) for row in await connection.fetch(READY, nodes)]


async def ready_waiting_for_room(connection: Connection, engines: Collection[str], most: int) -> list[ReadyAttempt]:
    """Ready the nodes of these engines that waited longest for an executor with room; no limit of places holds them."""
    waiting = await connection.fetch(OLDEST_WAITING_FOR_ROOM, most, list(engines))
    return [ready_from_row(row) for row in await connection.fetch(READY, [row["id"] for row in waiting])]
