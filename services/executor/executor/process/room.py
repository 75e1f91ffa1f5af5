"""How many more attempts this process may carry, by engine. Pure.

What runs on this machine shares its processors, whatever the engine. An engine that runs its queries elsewhere has room
of its own: what waits for a warehouse takes no processor from what runs here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from queryflow.engines.kind import EngineKind
from queryflow.messages.node import NodeReady


@dataclass(frozen=True, slots=True)
class Room:
    """Room for so many attempts of these engines together."""

    engines: frozenset[str]
    attempts: int


Rooms = tuple[Room, ...]
"""Each engine is in one of them."""


def rooms_of(kinds: Iterable[EngineKind], here: int) -> Rooms:
    """The rooms of an executor that carries nothing yet; `here` is how many attempts run on its machine at once."""
    known = tuple(kinds)
    shared = Room(frozenset(kind.name for kind in known if kind.capacity.attempts is None), here)
    own = (Room(frozenset({each.name}), most) for each in known if (most := each.capacity.attempts) is not None)
    return (shared, *own)


def left_beside(rooms: Rooms, engines: Iterable[str]) -> Rooms:
    """What is left of the rooms beside attempts of these engines, one for each time an engine is named."""
    carried = Counter(engines)
    return tuple(replace(each, attempts=max(0, each.attempts - _sum(carried, each))) for each in rooms)


def freed_by(rooms: Rooms, engines: Iterable[str]) -> Rooms:
    """The rooms as far as attempts of these engines leave them."""
    ended = Counter(engines)
    return tuple(replace(each, attempts=_sum(ended, each)) for each in rooms)


def fitting(rooms: Rooms, events: Sequence[NodeReady]) -> tuple[list[NodeReady], list[NodeReady]]:
    """The events that there is room for, the first ones first, and those beyond."""
    left = {each.engines: each.attempts for each in rooms}
    whose = {engine: each.engines for each in rooms for engine in each.engines}
    fit: list[NodeReady] = []
    beyond: list[NodeReady] = []
    for event in events:
        room = whose.get(event.engine, frozenset())
        has_room = left.get(room, 0) > 0
        left[room] = left.get(room, 0) - 1
        (fit if has_room else beyond).append(event)
    return fit, beyond


def _sum(counted: Counter[str], room: Room) -> int:
    return sum(counted[engine] for engine in room.engines)
