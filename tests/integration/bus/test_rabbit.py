"""What only the bus between processes can suffer: killed consumers, a broker that goes away, consumers that vanish."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import aiormq
import pytest

from queryflow.bus.port import BatchHandler, BusLost, Handler
from queryflow.bus.rabbit.bus import RabbitBus
from queryflow.bus.topology import DEAD_QUEUE, EVENTS_EXCHANGE
from queryflow.process.metrics import BUS_REBUILDS
from queryflow_cli.servers.ports import free_port
from tests.integration.bus.conftest import Poked, Site
from tests.integration.bus.test_conformance import Listener, batched, single
from tests.support.eventually import eventually

pytestmark = pytest.mark.parametrize("site", ["rabbit"], indirect=True)


@pytest.fixture
async def channel(site: Site) -> AsyncIterator[aiormq.abc.AbstractChannel]:
    """A way to the broker beside the bus."""
    connection = await aiormq.connect(site.amqp_url)
    yield await connection.channel()
    await connection.close()


@pytest.mark.parametrize("kind", ["single", "batch"])
async def test_a_killed_consumer_s_messages_come_back(site: Site, kind: str) -> None:
    listener = Listener()
    speaking = await site.started()
    arguments = [site.amqp_url, site.settings.amqp_prefix, kind]
    command = [sys.executable, "-m", "tests.integration.bus.dying_consumer", *arguments]
    dying = await asyncio.to_thread(subprocess.Popen, command, cwd=Path(__file__).parents[3])
    await eventually(lambda: _queue_exists(site), within=60)
    await site.say(speaking, *range(1, 20))
    assert await asyncio.to_thread(dying.wait, 60) == -signal.SIGKILL

    await site.started(single() if kind == "single" else batched(), service=listener)
    await eventually(lambda: set(listener.heard) >= set(range(1, 20)))


async def _queue_exists(site: Site) -> bool:
    connection = await aiormq.connect(site.amqp_url)
    try:
        channel = await connection.channel()
        await channel.queue_declare(site.settings.amqp_prefix + "test.first", passive=True)
    except aiormq.exceptions.ChannelNotFoundEntity:
        return False
    finally:
        await connection.close()
    return True


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_a_consumer_that_the_broker_dropped_is_built_again(
    site: Site, channel: aiormq.abc.AbstractChannel, handler: Handler | BatchHandler
) -> None:
    listener = Listener()
    rebuilds = BUS_REBUILDS._value.get()
    bus = await site.started(handler, service=listener)
    site.tasks.append(asyncio.create_task(bus.watch()))
    await channel.queue_delete(site.settings.amqp_prefix + "test.first")

    async def heard() -> bool:
        futures = bus.send([await site.raw(Poked(number=1).body())])
        await asyncio.gather(*futures, return_exceptions=True)
        return bool(listener.heard)

    await eventually(heard, every=0.2)
    assert bus.healthy
    assert BUS_REBUILDS._value.get() == rebuilds + 1


@pytest.mark.parametrize("handler", [single(), batched()], ids=["single", "batch"])
async def test_what_dies_is_kept_by_the_broker_too(
    site: Site, channel: aiormq.abc.AbstractChannel, handler: Handler | BatchHandler
) -> None:
    listener = Listener()
    listener.answers[1] = [ZeroDivisionError(), ZeroDivisionError()]
    bus = await site.started(handler, service=listener)
    (message,) = await site.say(bus, 1)
    await eventually(site.dead)
    queue = site.settings.amqp_prefix + DEAD_QUEUE
    dead = await eventually(lambda: _get(channel, queue))
    assert dead.header.properties.message_id == str(message.message_id)
    assert dead.body == message.body


async def _get(channel: aiormq.abc.AbstractChannel, queue: str) -> aiormq.abc.DeliveredMessage | None:
    message = await channel.basic_get(queue)
    return message if message.body else None


async def test_the_properties_are_the_envelope(site: Site, channel: aiormq.abc.AbstractChannel) -> None:
    bus = await site.started(single("test.second"), service=Listener())
    queue = site.settings.amqp_prefix + "test.first"
    await channel.queue_declare(queue, durable=True)
    await channel.queue_bind(queue, site.settings.amqp_prefix + EVENTS_EXCHANGE, "test.poked")
    (sent,) = await site.say(bus, 1)
    got = await eventually(lambda: _get(channel, queue))
    stamp = got.header.properties
    assert (stamp.message_id, stamp.message_type, stamp.delivery_mode) == (str(sent.message_id), "test.poked", 2)
    assert (stamp.headers or {})["traceparent"] == sent.traceparent
    assert got.body == sent.body


async def test_other_systems_address_a_queue_by_its_name(site: Site, channel: aiormq.abc.AbstractChannel) -> None:
    listener = Listener()
    handler = Handler(queue="test.first", keys=(), event=Poked, call=single().call)
    await site.started(handler, service=listener)
    await channel.basic_publish(Poked(number=5).body(), routing_key=site.settings.amqp_prefix + "test.first")
    await eventually(lambda: listener.heard == [5])


async def test_a_broker_that_is_away_fails_the_start(site: Site) -> None:
    bus = RabbitBus(f"amqp://guest:secret-word@127.0.0.1:{free_port()}/")
    with pytest.raises(ConnectionError) as refused:
        await bus.start()
    assert "secret-word" not in str(refused.value)
    (future,) = bus.send([await site.raw(b"{}")])
    with pytest.raises(ConnectionError):
        await future


async def test_a_broker_that_stays_away_ends_the_process(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = RabbitBus(site.amqp_url, site.settings.amqp_prefix, watch_seconds=0.1, give_up_seconds=0.1)
    await bus.start()
    connection = cast("aiormq.Connection", bus._connection)
    monkeypatch.setattr(bus, "_url", f"amqp://127.0.0.1:{free_port()}/")
    await connection.close()
    with pytest.raises(ConnectionError):
        await bus.queue_depths()
    with pytest.raises(BusLost):
        await bus.watch()
    assert not bus.healthy
    await bus.stop()
