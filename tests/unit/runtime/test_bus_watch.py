"""Who watches the bus ends when it is told to, whatever happens in the same moment."""

import asyncio

import pytest

from queryflow.bus.rabbit.bus import RabbitBus


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancellation_beside_a_disturbance_is_not_lost(steps: int) -> None:
    bus = RabbitBus("amqp://unused", watch_seconds=0.2)
    watching = asyncio.create_task(bus.watch())
    await asyncio.sleep(0)
    bus._disturbed.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    watching.cancel()
    done, _ = await asyncio.wait([watching], timeout=0.5)
    assert watching in done
    assert watching.cancelled()
