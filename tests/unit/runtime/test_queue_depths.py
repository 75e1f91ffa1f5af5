"""A broker that is silent is not waited for by those who count its messages."""

import asyncio
from unittest.mock import AsyncMock

import pytest

from queryflow.bus.rabbit.bus import RabbitBus


async def _silent(*_: object, **__: object) -> None:
    await asyncio.Event().wait()


async def _impatient(bus: RabbitBus) -> None:
    async with asyncio.timeout(0.01):
        await bus.queue_depths()


async def test_who_stops_waiting_does_not_wait_for_the_end_of_the_channel_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel = AsyncMock(queue_declare=_silent, close=_silent)
    bus = RabbitBus("amqp://unused")
    monkeypatch.setattr(bus, "_connection", AsyncMock(channel=AsyncMock(return_value=channel)))
    monkeypatch.setattr("queryflow.bus.rabbit.bus.PAUSE_SECONDS", 0.01)
    counting = asyncio.create_task(_impatient(bus))
    done, _ = await asyncio.wait([counting], timeout=5)
    assert counting in done
    assert isinstance(counting.exception(), TimeoutError)
