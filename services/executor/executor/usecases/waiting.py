"""Ready what waited: for a place of its engine connection, or for the end of its back-off."""

from collections.abc import Iterable

import asyncpg

from executor.repository import nodes, slots
from executor.unit import Unit
from queryflow.domain.ids import ExecutionId, uuid7
from queryflow.messages.node import NodeReady

MOST_AT_ONCE = 200


async def ready_waiting(unit: Unit, name: str, most: int) -> None:
    """Ready the nodes that waited longest for the engine connection, as many as it has room for."""
    found = (await slots.connections(unit.connection, [name])).get(name)
    limit = None if found is None else found["slots"]
    announce_again(unit, await slots.ready_waiting(unit.connection, name, limit, most))


async def ready_due(unit: Unit) -> None:
    """Ready the nodes whose back-off has passed."""
    announce_again(unit, await nodes.ready_due(unit.connection, MOST_AT_ONCE))


def announce_again(unit: Unit, rows: Iterable[asyncpg.Record]) -> None:
    """Say that attempts may be claimed which may have been announced before.

    The message gets a new id: the row of an earlier one, with the derived id, may not be deleted yet.
    """
    for row in rows:
        unit.now = row["now"]
        event = NodeReady(
            execution_id=ExecutionId(row["execution_id"]),
            node_id=row["node_id"],
            attempt=row["attempt"],
            engine=row["engine"],
        )
        unit.emit(event, uuid7(row["now"]))
