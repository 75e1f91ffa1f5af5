"""What the broker may do to messages, and what other systems may send."""

import json
from uuid import UUID, uuid4

import aio_pika

from queryflow.bus.topology import EVENTS_EXCHANGE
from tests.support.eventually import eventually
from tests.support.flows import diamond
from tests.system.conftest import System
from tests.system.test_flows import ended, states

TIMES = 5

_ATTEMPTS = """
SELECT count(*) FROM node_attempts a JOIN workflow_executions n ON n.id = a.workflow_execution_id
WHERE n.composition_execution_id = $1
"""
_TRIGGERED = "SELECT id FROM query_flow_executions WHERE trigger_kind = 'message' AND composition_key = 'comp_diamond'"
_LETTERS = "SELECT code, reason FROM composer_dead_letters WHERE queue LIKE '%flow-trigger'"


async def test_every_message_five_times_changes_nothing(deployed: System, rabbitmq_url: str) -> None:
    await deployed.client.save_composition(diamond())
    execution_id = await deployed.client.execute("comp_diamond", {"version": "head"})
    body = {"execution_id": execution_id, "composition_id": "comp_diamond"}
    ready = [
        {"execution_id": execution_id, "node_id": node, "attempt": 1, "engine": "duckdb"} for node in diamond()["nodes"]
    ]
    for _ in range(TIMES):
        await _say(deployed, rabbitmq_url, "flow_execution.requested", body)
        for event in ready:
            await _say(deployed, rabbitmq_url, "node.ready.duckdb", event)
    execution = await ended(deployed, execution_id)
    for event in ready:
        await _say(deployed, rabbitmq_url, "node.ready.duckdb", event)
    assert states(execution) == dict.fromkeys(diamond()["nodes"], "succeeded")
    assert await deployed.connection.fetchval(_ATTEMPTS, UUID(execution_id)) == len(diamond()["nodes"])
    assert not await deployed.oracle.dead_letters("executor", "status")


async def test_another_system_starts_a_flow_through_the_queue(deployed: System, rabbitmq_url: str) -> None:
    await deployed.client.save_composition(diamond())
    key = f"from outside {uuid4()}"
    body = {"composition_id": "comp_diamond", "parameters": {}, "idempotency_key": key}
    for _ in range(2):
        await _send(deployed, rabbitmq_url, body)
    execution_id = await eventually(lambda: deployed.connection.fetchval(_TRIGGERED))
    await ended(deployed, str(execution_id))
    assert len(await deployed.connection.fetch(_TRIGGERED)) == 1


async def test_a_bad_trigger_is_kept_as_a_dead_letter_with_its_reason(deployed: System, rabbitmq_url: str) -> None:
    before = len(await deployed.oracle.dead_letters("composer"))
    await _send(deployed, rabbitmq_url, {"composition_id": "comp_nowhere", "parameters": {}, "idempotency_key": "x"})
    await _send(deployed, rabbitmq_url, {"nothing": "right"})
    await eventually(lambda: _more(deployed, before + 2))
    letters = await deployed.connection.fetch(_LETTERS)
    assert "NOT_FOUND" in {letter["code"] for letter in letters}
    assert all(letter["reason"] for letter in letters)


async def test_a_composer_that_dies_after_a_dead_letter_leaves_one(deployed: System, rabbitmq_url: str) -> None:
    await deployed.deployment.stop("composer")
    await deployed.deployment.start("composer", crash="bus.after_dead_letter")
    before = len(await deployed.oracle.dead_letters("composer"))
    await _send(deployed, rabbitmq_url, {"composition_id": "comp_nowhere", "parameters": {}, "idempotency_key": "y"})
    await deployed.deployment.died("composer")
    await deployed.deployment.start("composer")
    await eventually(lambda: _every_trigger_answered(deployed))
    assert len(await deployed.oracle.dead_letters("composer")) == before + 1


async def _every_trigger_answered(system: System) -> bool:
    """Whether none waits."""
    answer = await system.http.get("/api/status")
    return bool(answer.json()["queues"]["composer.flow-trigger"] == 0)


async def _more(system: System, least: int) -> bool:
    return len(await system.oracle.dead_letters("composer")) >= least


async def _say(system: System, url: str, key: str, body: object) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        prefix = _prefix(system)
        exchange = await channel.get_exchange(f"{prefix}{EVENTS_EXCHANGE}", ensure=False)
        await exchange.publish(_message(body), routing_key=key)


async def _send(system: System, url: str, body: object) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(_message(body), routing_key=f"{_prefix(system)}composer.flow-trigger")


def _message(body: object) -> aio_pika.Message:
    return aio_pika.Message(json.dumps(body).encode(), message_id=str(uuid4()))


def _prefix(system: System) -> str:
    return system.deployment.environment["QUERYFLOW_AMQP_PREFIX"]
