"""Ready what waited: for a place of its engine connection, or for the end of its back-off."""

from collections.abc import Iterable, Mapping

from executor.model.attempt import ReadyAttempt
from executor.process.room import Room, Rooms
from executor.process.unit_of_work import UnitOfWork
from executor.repository import nodes, slots
from queryflow.domain.ids import uuid7
from queryflow.messages.node import NodeReady

MOST_AT_ONCE = 200


async def ready_waiting(unit: UnitOfWork, names: Iterable[str], rooms: Rooms) -> None:
    """Ready as many nodes as there is room for.

    First those that waited longest for a place of one of these engine connections, then those that wait for nothing but
    room, whatever their engine connection.
    """
    found = await slots.connections(unit.connection, sorted(set(names)))
    for room in rooms:
        if room.attempts > 0:
            limits = {
                name: each.slots
                for name, each in found.items()
                if each.settings.engine in room.engines and each.slots is not None
            }
            await _fill(unit, room, limits)


async def _fill(unit: UnitOfWork, room: Room, limits: Mapping[str, int]) -> None:
    left = room.attempts
    for name, limit in sorted(limits.items()):
        readied = await slots.ready_waiting_for_place(unit.connection, name, limit, left)
        announce_again(unit, readied)
        left -= len(readied)
    if left > 0:
        announce_again(unit, await slots.ready_waiting_for_room(unit.connection, room.engines, left))


async def ready_due(unit: UnitOfWork) -> None:
    """Ready the nodes whose back-off has passed."""
    announce_again(unit, await nodes.ready_due(unit.connection, MOST_AT_ONCE))


def announce_again(unit: UnitOfWork, readied: Iterable[ReadyAttempt]) -> None:
    """Say that attempts may be claimed which may have been announced before.

    The message gets a new id: the row of an earlier one, with the derived id, may not be deleted yet.
    """
    for each in readied:
        unit.now = each.at
        event = NodeReady(execution_id=each.execution_id, node_id=each.node_id, attempt=each.number, engine=each.engine)
        unit.emit(event, uuid7(each.at))
