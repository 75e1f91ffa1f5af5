"""What ids tell, and which of them collide."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.ids import (
    ExecutionId,
    NodeId,
    ScheduleId,
    due_time_key,
    moment_of,
    node_ready_id,
    schedule_fired_id,
    uuid7,
)

NOW = datetime(2026, 11, 22, 9, 0, 0, 5_000, tzinfo=UTC)
SOME = uuid.UUID(int=7)


def test_ids_of_executions_sort_by_the_millisecond_they_were_made_in() -> None:
    made = [uuid7(NOW + timedelta(milliseconds=step)) for step in range(50)]
    assert made == sorted(made)
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    assert made[0].int >> 80 == int(NOW.timestamp() * 1_000)
    assert len({uuid7(NOW) for _ in range(1_000)}) == 1_000


def test_ids_of_messages_collide_when_the_same_is_said_again_and_only_then() -> None:
    execution, node = ExecutionId(SOME), NodeId("top")
    assert node_ready_id(execution, node, 1) == node_ready_id(execution, node, 1)
    others = {node_ready_id(execution, NodeId("best"), 1), node_ready_id(execution, node, 2)}
    assert len({node_ready_id(execution, node, 1), *others}) == 3


def test_a_due_time_is_one_in_every_zone() -> None:
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))
    schedule = ScheduleId(SOME)
    assert schedule_fired_id(schedule, berlin) == schedule_fired_id(schedule, NOW)
    assert due_time_key(schedule, berlin) == due_time_key(schedule, NOW)
    assert schedule_fired_id(schedule, NOW + timedelta(seconds=1)) != schedule_fired_id(schedule, NOW)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_an_id_knows_the_millisecond_it_was_made_in(at: datetime) -> None:
    assert timedelta(0) <= at - moment_of(uuid7(at)) < timedelta(milliseconds=1)
