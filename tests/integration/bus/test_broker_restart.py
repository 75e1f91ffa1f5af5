"""A broker that is stopped and started again in the middle of messages: a private node, because it is stopped."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queryflow.db.pool import open_pool
from queryflow.process.settings import ServiceSettings
from queryflow_cli.servers.rabbitmq import NoRabbitMQ, PrivateRabbit, find_programs, private_rabbit
from tests.integration.bus.conftest import Site
from tests.integration.bus.test_conformance import Listener, batched, single
from tests.support.eventually import eventually
from tests.support.rabbitmq import NONE_HERE


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[PrivateRabbit]:
    programs = find_programs()
    if programs is None:
        raise NoRabbitMQ(NONE_HERE)
    with private_rabbit(tmp_path, programs) as started:
        yield started


async def test_every_message_survives_a_restart_of_the_broker(node: PrivateRabbit, module_database: str) -> None:
    pool = await open_pool(module_database, role=None)
    settings = ServiceSettings(
        database_url=module_database, amqp_url=node.url, poll_seconds=0.2, sweep_seconds=0.5, outbox_age_seconds=1
    )
    site = Site("rabbit", pool, settings, node.url)
    listeners = [Listener(), Listener()]
    bus = await site.started(single("test.first"), service=listeners[0])
    other = await site.started(batched("test.second"), service=listeners[1])
    for one in (bus, other):
        site.tasks.append(asyncio.create_task(one.watch()))
    outbox = site.outbox(bus)
    site.run(outbox)

    numbers = 0
    restarting = asyncio.create_task(asyncio.to_thread(node.restart))
    while not restarting.done():
        outbox.hand_over(await site.commit(outbox, numbers, numbers + 1))
        numbers += 2
        await asyncio.sleep(0.02)
    await restarting

    await eventually(lambda: all(set(one.heard) == set(range(numbers)) for one in listeners), within=30)
    assert await eventually(lambda: _nothing_left(site))
    assert await site.dead() == []
    assert (bus.healthy, other.healthy) == (True, True)
    await site.close()
    await pool.close()


async def _nothing_left(site: Site) -> bool:
    return await site.rows() == 0
