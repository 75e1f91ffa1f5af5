"""The composer behind the bus: what it cannot answer is kept with its reason."""

from dataclasses import replace

import asyncpg

from composer.app import open_service
from composer.settings import ComposerSettings
from queryflow.messages.trigger import FlowTrigger
from queryflow.runtime.bus.local import LocalBus
from queryflow.runtime.outbox import envelope
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
