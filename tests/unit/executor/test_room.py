"""How many more attempts an executor may carry, by engine."""

from dataclasses import replace
from uuid import UUID

from executor.process.room import Room, fitting, freed_by, left_beside, rooms_of
from queryflow.engines.duckdb.kind import DUCKDB
from queryflow.engines.echo.kind import ECHO
from queryflow.engines.kind import Capacity
from queryflow.messages.node import NodeReady

FAR = replace(DUCKDB, name="far", capacity=Capacity(places=None, attempts=100))
HERE = frozenset({"duckdb", "echo"})
ROOMS = rooms_of([DUCKDB, ECHO, FAR], here=2)


def ready(*engines: str) -> list[NodeReady]:
    return [
        NodeReady(execution_id=UUID(int=number), node_id="a", attempt=1, engine=engine)
        for number, engine in enumerate(engines)
    ]


def test_what_runs_here_shares_the_processors_and_what_runs_elsewhere_has_its_own_room() -> None:
    assert (Room(HERE, 2), Room(frozenset({"far"}), 100)) == ROOMS


def test_attempts_take_the_room_of_their_own_engine_and_never_more_than_there_is() -> None:
    assert left_beside(ROOMS, ["far", "far", "echo"]) == (Room(HERE, 1), Room(frozenset({"far"}), 98))
    assert left_beside(ROOMS, ["duckdb"] * 3)[0] == Room(HERE, 0)


def test_attempts_that_end_leave_the_room_of_their_own_engine() -> None:
    assert freed_by(ROOMS, ["far", "duckdb", "echo"]) == (Room(HERE, 2), Room(frozenset({"far"}), 1))


def test_the_first_events_fit_each_into_the_room_of_its_engine() -> None:
    events = ready("far", "duckdb", "echo", "duckdb", "far", "gone")
    fit, beyond = fitting(ROOMS, events)
    assert (fit, beyond) == ([events[0], events[1], events[2], events[4]], [events[3], events[5]])


def test_nothing_fits_where_there_is_no_room_at_all() -> None:
    assert fitting((), ready("duckdb"))[0] == []
