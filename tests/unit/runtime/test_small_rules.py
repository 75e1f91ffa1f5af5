"""The small pure rules of the runtime."""

import asyncio
import errno
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.exc import OperationalError

from queryflow.bus.answering import MAXIMUM_REDELIVERIES, backoff_seconds
from queryflow.bus.rabbit.message import delivery_of
from queryflow.db.outbox import envelope
from queryflow.domain.errors import Refused, TryAgain
from queryflow.messages.flow_execution import FlowExecutionRequested
from queryflow.messages.trigger import FlowTrigger
from queryflow.objects.keys import parts_of
from queryflow.process.logs import hide_credentials
from queryflow.process.loops import forever, pause
from queryflow.process.telemetry import new_traceparent, valid_traceparent, working_for
from queryflow.process.transient_errors import is_transient

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_tries_outlast_a_restart_and_a_lease() -> None:
    waits = [backoff_seconds(redeliveries) for redeliveries in range(MAXIMUM_REDELIVERIES)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_loop_keeps_its_rhythm_and_slows_down_when_it_fails() -> None:
    assert [pause(1, failures) for failures in (0, 1, 3, 99)] == [1, 2, 8, 30]
    assert pause(60, 99) == 60


async def test_a_loop_that_works_again_is_as_quick_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, pauses = iter([False, False, True, False]), []

    async def turn() -> None:
        if not next(turns):
            raise ValueError

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await forever("test", turn, every_seconds=1)
    assert pauses == [2, 4, 1, 2]


def test_an_execution_is_a_trace() -> None:
    execution = uuid4()
    first, second = new_traceparent(execution), new_traceparent(execution)
    assert first.split("-")[1] == second.split("-")[1] == execution.hex
    assert first != second
    assert valid_traceparent(first) == first


def test_what_belongs_to_no_execution_joins_the_trace_it_is_said_in() -> None:
    parent = new_traceparent(None)
    with working_for(parent):
        assert new_traceparent(None).split("-")[1] == parent.split("-")[1]
    assert new_traceparent(None).split("-")[1] != parent.split("-")[1]


@pytest.mark.parametrize("value", [None, 7, "", "00-x-y-01", "00-" + "a" * 32 + "-" + "b" * 16 + "-01\r\nX: 1"])
def test_a_foreign_traceparent_is_checked(value: object) -> None:
    assert valid_traceparent(value) is None


def test_an_envelope_carries_the_event_and_its_execution() -> None:
    event = FlowExecutionRequested(execution_id=uuid4(), composition_id="comp_a")
    made = envelope(event, now=NOW)
    assert (made.routing_key, made.type, made.body) == ("flow_execution.requested", event.type, event.body())
    assert made.correlation_id == event.execution_id
    assert made.message_id.version == 7
    assert envelope(event, now=NOW, message_id=event.execution_id).message_id == event.execution_id


def test_a_body_beyond_64_kib_is_a_bug() -> None:
    event = FlowTrigger(composition_id="comp_a", parameters={"list": ["x" * 70_000]}, idempotency_key="k")
    with pytest.raises(ValueError, match="travels by reference"):
        envelope(event, now=NOW)


def test_a_message_without_any_property_is_read() -> None:
    first = delivery_of("q", b"{}", message_id=None, event_type=None, headers=None)
    second = delivery_of("q", b"{}", message_id="no uuid", event_type=None, headers={"x-delivery-count": "many"})
    assert first == second
    assert first.message_id != delivery_of("other", b"{}", message_id=None, event_type=None, headers=None).message_id
    counted = delivery_of("q", b"", message_id=str(UUID(int=5)), event_type="t", headers={"x-delivery-count": 3})
    assert (counted.message_id, counted.redeliveries) == (UUID(int=5), 3)


@pytest.mark.parametrize(
    "error",
    [
        TryAgain(),
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.AdminShutdownError(),
        asyncpg.TooManyConnectionsError(),
        asyncpg.DiskFullError(),
        OperationalError("SELECT 1", {}, asyncpg.CannotConnectNowError()),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_these_errors_pass_by_themselves(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError(),
        OperationalError("SELECT 1", {}, asyncpg.UniqueViolationError()),
        Refused("no"),
        OSError(errno.EACCES, "Permission denied"),
        ValueError(),
    ],
)
def test_these_errors_do_not(error: Exception) -> None:
    assert not is_transient(error)


def test_logs_hide_credentials() -> None:
    record = {"event": "no route to amqp://guest:s3cret@mq:5672/ from postgresql+asyncpg://me:pw@db/x", "count": 3}
    shown = hide_credentials(None, "error", record)
    assert shown["event"] == "no route to amqp://***@mq:5672/ from postgresql+asyncpg://***@db/x"
    assert shown["count"] == 3


@pytest.mark.parametrize(
    "key", ["", "/etc", "a//b", "../a", "a/../b", "a/.", ".x", "a/b/", "a\\b", "a\x00", "é", "x" * 901]
)
def test_a_key_cannot_leave_the_store(key: str) -> None:
    with pytest.raises(ValueError, match="object key"):
        parts_of(key)
    assert parts_of("results/0194/1-1.parquet") == ("results", "0194", "1-1.parquet")
