"""A process that consumes and is killed in the middle of a message: `python -m … URL PREFIX KIND`."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from queryflow.bus.port import AnyHandler, BatchHandler, DeadLetter, Handler
from queryflow.bus.rabbit.bus import RabbitBus
from tests.integration.bus.conftest import Poked


class NoLetters:
    """Nothing dies here but the process."""

    async def record(self, letter: DeadLetter) -> None:
        raise AssertionError(letter.reason)


async def die(event: Poked | Sequence[Poked], service: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def consume(url: str, prefix: str, kind: str) -> None:
    """Start, and die at the first message."""
    handlers: dict[str, AnyHandler] = {
        "single": Handler(queue="test.first", keys=(Poked.type,), event=Poked, call=die),
        "batch": BatchHandler(queue="test.first", keys=(Poked.type,), event=Poked, call=die),
    }
    bus = RabbitBus(url, prefix)
    bus.subscribe([handlers[kind]], None, NoLetters())
    await bus.start()
    await bus.watch()


if __name__ == "__main__":
    asyncio.run(consume(*sys.argv[1:4]))
