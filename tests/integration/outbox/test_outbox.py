"""The outbox on a real PostgreSQL, before a bus that does what a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from queryflow.bus.port import DeadLetter, Envelope, Unroutable
from queryflow.db import outbox as outbox_module
from queryflow.db.outbox import DeadLetterTable, Outbox, envelope
from queryflow.db.pool import Pool, open_engine, open_pool
from queryflow.db.transaction import transaction
from queryflow.domain.ids import NodeId, node_ready_id
from queryflow.messages.node import NodeReady
from queryflow.process.settings import ServiceSettings
from tests.support.eventually import eventually

EXECUTION = UUID("01940000-0000-7000-8000-000000000001")


class ObedientBus:
    """Takes everything and answers when it is told to."""

    def __init__(self) -> None:
        self.open: dict[UUID, asyncio.Future[None]] = {}
        self.sent: list[UUID] = []
        self.healthy = True
        self.answers_at_once = True
        self.refuses_with: Exception | None = None

    def send(self, envelopes: Sequence[Envelope]) -> Sequence["asyncio.Future[None]"]:
        return [self._take(one) for one in envelopes]

    def _take(self, one: Envelope) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent.append(one.message_id)
        self.open[one.message_id] = future
        if self.refuses_with:
            future.set_exception(self.refuses_with)
        elif self.answers_at_once:
            future.set_result(None)
        return future


@pytest.fixture
async def pool(module_database: str) -> AsyncIterator[Pool]:
    opened = await open_pool(module_database, role="queryflow_executor")
    await opened.execute("DELETE FROM executor_outbox")
    yield opened
    await opened.close()


@pytest.fixture
def bus() -> ObedientBus:
    return ObedientBus()


@pytest.fixture
def shared_settings(module_database: str) -> ServiceSettings:
    """As with RabbitMQ: other processes may be about to send the same rows."""
    return ServiceSettings(
        database_url=module_database,
        amqp_url="amqp://unused",
        outbox_age_seconds=60,
        sweep_seconds=0.05,
        poll_seconds=0.05,
    )


@pytest.fixture
def outbox(pool: Pool, bus: ObedientBus, shared_settings: ServiceSettings) -> Outbox:
    return Outbox("executor", pool, bus, shared_settings)  # type: ignore[arg-type] # the outbox uses only what is here


async def _say(pool: Pool, outbox: Outbox, count: int, *, hand_over: bool = True) -> list[Envelope]:
    now = await pool.fetchval("SELECT now()")
    said = [
        envelope(NodeReady(execution_id=EXECUTION, node_id=f"n{number}", attempt=1, engine="echo"), now=now)
        for number in range(count)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await outbox.add(connection, said)
    if hand_over:
        outbox.hand_over(said)
    return said


async def _rows(pool: Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT id, tries FROM executor_outbox")


async def _delete_confirmed(outbox: Outbox) -> None:
    await asyncio.sleep(0)  # the bus's answers arrive in the next turn of the loop
    await outbox.delete_confirmed()


async def _make_old(pool: Pool, age: timedelta) -> None:
    await pool.execute("UPDATE executor_outbox SET created_at = now() - $1::interval", age)


async def test_a_row_is_deleted_when_its_message_is_safe(pool: Pool, bus: ObedientBus, outbox: Outbox) -> None:
    bus.answers_at_once = False
    running = asyncio.create_task(outbox.run())
    first, second = await _say(pool, outbox, 2)
    bus.open[first.message_id].set_result(None)
    await eventually(lambda: _only(pool, {second.message_id}))
    bus.open[second.message_id].set_result(None)
    await eventually(lambda: _only(pool, set()))
    running.cancel()


async def _only(pool: Pool, ids: set[UUID]) -> bool:
    return {row["id"] for row in await _rows(pool)} == ids


async def test_what_was_confirmed_is_deleted_when_the_outbox_ends(pool: Pool, outbox: Outbox) -> None:
    await _say(pool, outbox, 3)
    running = asyncio.create_task(outbox.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await _rows(pool) == []


async def test_a_young_row_may_be_another_s_and_is_left_alone(pool: Pool, bus: ObedientBus, outbox: Outbox) -> None:
    await _say(pool, outbox, 1, hand_over=False)
    await outbox.sweep()
    assert bus.sent == []
    await _make_old(pool, timedelta(seconds=61))
    await outbox.sweep()
    await _delete_confirmed(outbox)
    assert len(bus.sent) == 1
    assert await _rows(pool) == []


async def test_a_process_alone_takes_every_row_that_was_there_before_it(pool: Pool, bus: ObedientBus) -> None:
    settings = ServiceSettings(database_url="postgresql://unused", outbox_age_seconds=60)
    before = Outbox("executor", pool, bus, settings)  # type: ignore[arg-type] # the outbox uses only what is here
    left = await _say(pool, before, 2, hand_over=False)
    alone = Outbox("executor", pool, bus, settings)  # type: ignore[arg-type] # the outbox uses only what is here
    (young,) = await _say(pool, alone, 1, hand_over=False)
    await pool.execute("UPDATE executor_outbox SET created_at = now() + '1 s' WHERE id = $1", young.message_id)
    await alone.sweep()
    assert set(bus.sent) == {one.message_id for one in left}
    await alone.sweep()
    assert len(bus.sent) == 2, "later sweeps wait for the age"


async def test_a_held_message_is_not_swept(pool: Pool, bus: ObedientBus, outbox: Outbox) -> None:
    bus.answers_at_once = False
    await _say(pool, outbox, 3)
    await _make_old(pool, timedelta(hours=1))
    await outbox.sweep()
    assert len(bus.sent) == 3


async def test_nothing_is_swept_while_the_bus_is_away(pool: Pool, bus: ObedientBus, outbox: Outbox) -> None:
    await _say(pool, outbox, 1, hand_over=False)
    await _make_old(pool, timedelta(hours=1))
    bus.healthy = False
    for _ in range(20):
        await outbox.sweep()
    assert [row["tries"] for row in await _rows(pool)] == [0], "the bus's absence is not the message's fault"


async def test_a_message_without_a_queue_becomes_a_dead_letter(pool: Pool, bus: ObedientBus, outbox: Outbox) -> None:
    (lost,) = await _say(pool, outbox, 1, hand_over=False)
    await _make_old(pool, timedelta(hours=1))
    bus.refuses_with = Unroutable("no queue")
    for _ in range(10):
        await outbox.sweep()
    assert len(bus.sent) == 10
    await outbox.sweep()
    assert await _rows(pool) == []
    letter = await pool.fetchrow("SELECT * FROM executor_dead_letters WHERE message_id = $1", lost.message_id)
    assert letter is not None
    assert (letter["code"], letter["reason"]) == ("UNDELIVERABLE", "no queue took routing key node.ready.echo")


async def test_what_a_broken_connection_refused_is_sent_as_soon_as_it_is_back(
    pool: Pool, bus: ObedientBus, outbox: Outbox
) -> None:
    bus.refuses_with = ConnectionError("away")
    await _say(pool, outbox, 5)
    await asyncio.sleep(0)
    bus.healthy = False
    await outbox.refill()
    assert len(bus.sent) == 5
    bus.healthy, bus.refuses_with = True, None
    await outbox.refill()
    await _delete_confirmed(outbox)
    assert len(bus.sent) == 10
    assert await _rows(pool) == []


async def test_what_does_not_fit_waits_as_rows(
    pool: Pool, bus: ObedientBus, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MOST_HELD", 10)
    bus.answers_at_once = False
    said = await _say(pool, outbox, 25)
    assert len(bus.sent) == 10
    await outbox.refill()
    assert len(bus.sent) == 10, "not before half of the room is free"
    while len(bus.sent) < 25:
        for identifier in list(bus.open):
            bus.open.pop(identifier).set_result(None)
        await asyncio.sleep(0)
        await outbox.refill()
    assert set(bus.sent) == {one.message_id for one in said}
    assert len(bus.sent) == 25, "nothing was sent twice"


async def test_a_derived_id_collides_with_its_repeat(pool: Pool, bus: ObedientBus, outbox: Outbox) -> None:
    now = await pool.fetchval("SELECT now()")
    event = NodeReady(execution_id=EXECUTION, node_id="a", attempt=1, engine="echo")
    identifier = node_ready_id(event.execution_id, NodeId("a"), 1)  # type: ignore[arg-type] # a UUID as events have it
    bus.answers_at_once = False
    for _ in range(3):
        repeat = [envelope(event, now=now, message_id=identifier)]
        async with pool.acquire() as connection, connection.transaction():
            await outbox.add(connection, repeat)
        outbox.hand_over(repeat)
    assert bus.sent == [identifier]
    assert len(await _rows(pool)) == 1


async def test_rows_and_events_of_a_transaction_are_committed_together(
    pool: Pool, bus: ObedientBus, outbox: Outbox, module_database: str
) -> None:
    engine = open_engine(module_database, role="queryflow_executor")
    event = NodeReady(execution_id=EXECUTION, node_id="a", attempt=1, engine="echo")
    with suppress(ZeroDivisionError):
        async with transaction(engine, outbox) as work:
            work.emit(event)
            raise ZeroDivisionError
    assert (bus.sent, await _rows(pool)) == ([], [])

    async with transaction(engine, outbox) as work:
        work.emit(event)
        assert work.now == (await work.connection.execute(text("SELECT now()"))).scalar_one()
        assert bus.sent == [], "nothing is said before the commit"
    assert len(bus.sent) == 1
    await _delete_confirmed(outbox)
    assert await _rows(pool) == []
    await engine.dispose()


async def test_an_error_of_the_database_lists_no_parameters(database: str) -> None:
    engine = open_engine(database, role=None)
    with pytest.raises(DBAPIError) as refused:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT CAST(:value AS integer)"), {"value": "secret-word"})
    await engine.dispose()
    assert "SELECT CAST" in str(refused.value)
    assert "[parameters: (" not in str(refused.value)


async def test_a_dead_letter_is_kept_once_whatever_its_sender_called_it(pool: Pool) -> None:
    table = DeadLetterTable("executor", pool)
    for reason in ("first\x00", "second"):
        await table.record(
            DeadLetter("executor.launch", UUID(int=9), "t\x00\ud800" + "b" * 300, b"\xff", "BUG", reason + "x" * 10_000)
        )
    rows = await pool.fetch("SELECT type, reason, body FROM executor_dead_letters WHERE message_id = $1", UUID(int=9))
    kept = [(row["type"], row["reason"][:6], len(row["reason"]), row["body"]) for row in rows]
    assert kept == [("t?" + "b" * 97, "firstx", 3_999, b"\xff")]
