"""A broker that loses messages: what is said to a queue is taken by another one, confirmed, and thrown away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika

from queryflow.bus.topology import EVENTS_EXCHANGE, work_queues
from tests.support.eventually import eventually


@asynccontextmanager
async def losing(amqp_url: str, prefix: str, queue: str) -> AsyncIterator[None]:
    """Lose what is said to the queue while the block runs; the block's end waits until something was."""
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(f"{prefix}{EVENTS_EXCHANGE}", ensure=False)
        taken_from = await channel.get_queue(f"{prefix}{queue}", ensure=False)
        thief = await channel.declare_queue(f"{prefix}lost-{uuid4().hex}", exclusive=True)
        for key in work_queues()[queue].keys:
            await thief.bind(exchange, key)
            await taken_from.unbind(exchange, key)
        yield

        async def holds_something() -> int:
            return (await thief.declare()).message_count or 0

        await eventually(holds_something, within=30)
        for key in work_queues()[queue].keys:
            await taken_from.bind(exchange, key)
        await thief.purge()
        await thief.delete()
