"""The composer behind the bus: what it cannot answer is kept with its reason."""

import json
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest

from composer.app import open_service
from composer.handlers import HANDLERS
from composer.process.settings import ComposerSettings
from queryflow.bus.answering import Answer, Delivery, Subscription
from queryflow.bus.local import LocalBus
from queryflow.bus.port import DeadLetter
from queryflow.db.outbox import envelope
from queryflow.messages.trigger import FlowTrigger
from tests.integration.composer.rig import Rig, flow, with_templates
from tests.support.eventually import eventually


async def test_a_bad_trigger_becomes_a_dead_letter_with_its_reason(database: str) -> None:
    bus = LocalBus()
    connection = await asyncpg.connect(database)
    now = await connection.fetchval("SELECT now()")
    trigger = FlowTrigger(composition_id="comp_absent", idempotency_key="order-1")
    message = replace(envelope(trigger, now=now), routing_key="composer.flow-trigger")
    async with open_service(ComposerSettings(database_url=database), bus):
        await bus.start()
        bus.send([message])
        letter = await eventually(lambda: connection.fetchrow("SELECT * FROM composer_dead_letters"))
        await bus.stop()
    await connection.close()
    assert (letter["queue"], letter["message_id"]) == ("composer.flow-trigger", message.message_id)
    assert (letter["code"], letter["reason"]) == ("NOT_FOUND", "There is no composition comp_absent.")


class Letters(list[DeadLetter]):
    """Where dead letters are kept."""

    async def record(self, letter: DeadLetter) -> None:
        self.append(letter)


GOOD = {"composition_id": "comp_things", "parameters": {"least": 3}, "idempotency_key": "order-1"}
UNSTORABLE = "The message holds values that cannot be stored."


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (b"", "UNDECODABLE", "body: Invalid JSON: EOF while parsing a value at line 1 column 0"),
        (b"\xff", "UNDECODABLE", "body: Invalid JSON: expected value at line 1 column 1"),
        ([], "UNDECODABLE", "body: Input should be an object"),
        ({**GOOD, "idempotency_key": ""}, "UNDECODABLE", "idempotency_key: String should have at least 1 character"),
        ({**GOOD, "idempotency_key": "a\0b"}, "INVALID_IDEMPOTENCY_KEY", "An idempotency_key has 1 to 200 printable"),
        ({**GOOD, "parameters": {"least": float("nan")}}, "INVALID", f"{UNSTORABLE} parameters.least: NOT_JSON"),
        (
            {**GOOD, "parameters": {"least": [{"a": float("inf")}]}},
            "INVALID",
            f"{UNSTORABLE} parameters.least.0.a: NOT_JSON",
        ),
        ({**GOOD, "composition_id": "comp_\0"}, "UNDECODABLE", "composition_id: String should"),
        (
            {**GOOD, "parameters": {"least": "secret-word", "other": 1}},
            "INVALID",
            "comp_things cannot be executed with these values."
            " parameters.other: UNKNOWN_PARAMETER; parameters.least: WRONG_TYPE",
        ),
    ],
    ids=str,
)
async def test_every_bad_trigger_is_refused_by_name(rig: Rig, body: object, code: str, reason: str) -> None:
    await with_templates(rig)
    await rig.saved("/api/compositions", flow())
    letters = Letters()
    trigger = next(handler for handler in HANDLERS if handler.queue == "composer.flow-trigger")
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = Delivery(uuid4(), "flow.trigger", sent, traceparent=None, redeliveries=0)
    assert await Subscription(trigger, rig.composer, letters).answer([delivery]) == [Answer.DEAD]
    (letter,) = letters
    assert (letter.code, letter.reason[: len(reason)]) == (code, reason)
    assert "secret-word" not in letter.reason
    assert await rig.count("query_flow_executions") == 0
