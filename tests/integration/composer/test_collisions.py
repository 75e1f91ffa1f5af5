"""Requests and messages that meet in the database: they do not lock each other out, and a deadlock is repeated."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from composer.handlers import on_flow_trigger
from composer.repository.compositions import find_composition
from composer.repository.schedules import find_schedule
from composer.repository.templates import find_template
from composer.rules.references import read_reference
from queryflow.access.actor import LOCAL
from queryflow.domain.ids import ScheduleId, TemplateId
from queryflow.messages.trigger import FlowTrigger
from queryflow.schema.people import LOCAL_PERSON
from tests.integration.composer.rig import Rig, flow, with_templates
from tests.integration.composer.test_executions import EXECUTE, schedule
from tests.support.eventually import eventually

KEY = "the same key"
TAKE_KEYS = """
INSERT INTO execution_requests (requested_by, key, body_hash, execution_id) SELECT $1, unnest($2::text[]), '', $1
"""
TAKE_COMPOSITION = "SELECT FROM template_flow_compositions FOR UPDATE"
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def stocked(rig: Rig) -> Rig:
    await with_templates(rig)
    await rig.saved("/api/compositions", flow())
    assert (await rig.post(EXECUTE)).status_code == 202
    return rig


@asynccontextmanager
async def other(rig: Rig) -> AsyncIterator[asyncpg.Connection]:
    """A transaction of somebody else, which is rolled back; it waits so long that it is never a deadlock's victim."""
    connection = await asyncpg.connect(rig.composer.engine.url.set(drivername="postgresql").render_as_string(False))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SET LOCAL deadlock_timeout = '1min'")
    yield connection
    await transaction.rollback()
    await connection.close()


async def by_request(rig: Rig) -> None:
    answer = await rig.post(EXECUTE, {}, **{"Idempotency-Key": KEY})
    assert answer.status_code == 202, answer.text


async def by_message(rig: Rig) -> None:
    await on_flow_trigger(FlowTrigger(composition_id="comp_things", idempotency_key=KEY), rig.composer)


@pytest.mark.parametrize("start", [by_request, by_message])
async def test_a_deadlock_is_repeated(stocked: Rig, start: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
    """The start holds its key and waits for the composition; the other holds the composition and waits for the key."""
    before = await deadlocks(stocked)
    async with other(stocked) as connection:
        await connection.execute(TAKE_COMPOSITION)
        starting = asyncio.create_task(start(stocked))
        await eventually(lambda: stocked.connection.fetchval(WAITS))
        await connection.execute(TAKE_KEYS, LOCAL_PERSON, [f"api:{KEY}", f"message:{KEY}"])
    await starting
    assert await stocked.count("query_flow_executions") == 2
    assert await stocked.count("execution_requests") == 1
    await eventually(lambda: counted(stocked, before + 1))


async def deadlocks(rig: Rig) -> int:
    await rig.connection.execute("SELECT pg_stat_clear_snapshot()")
    found: int = await rig.connection.fetchval(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    return found


async def counted(rig: Rig, least: int) -> bool:
    return await deadlocks(rig) >= least


async def test_what_is_written_may_be_referred_to_meanwhile(stocked: Rig) -> None:
    """A foreign key locks what it refers to: it waits for nobody who changes something else of the row."""
    planned = await schedule(stocked)
    async with stocked.composer.transaction(LOCAL) as transaction:
        connection = transaction.connection
        assert await find_composition(connection, read_reference("comp_things"), lock=True)
        assert await find_template(connection, TemplateId("top_things"), lock=True)
        assert await find_schedule(connection, ScheduleId(planned), lock=True)
        for table in ("template_flow_compositions", "query_flow_templates", "workflow_schedules"):
            assert await stocked.connection.fetch(f"SELECT FROM {table} FOR KEY SHARE NOWAIT")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await stocked.connection.fetch(f"SELECT FROM {table} FOR NO KEY UPDATE NOWAIT")


async def test_many_writers_of_one_composition_meet(stocked: Rig) -> None:
    """Saved, published and executed at once, again and again; nobody is told to come back."""

    async def save(number: int) -> int:
        changed: dict[str, Any] = flow(name=f"Things {number}")
        answer = await stocked.client.put("/api/compositions/comp_things", json=changed, headers={"If-Match": "*"})
        return answer.status_code

    async def publish(_: int) -> int:
        return (await stocked.post("/api/compositions/comp_things/publish")).status_code

    async def execute(_: int) -> int:
        return (await stocked.post(EXECUTE, {"version": "head"})).status_code

    answers = await asyncio.gather(*(act(number) for number in range(10) for act in (save, publish, execute)))
    assert sorted(set(answers)) == [200, 202]
