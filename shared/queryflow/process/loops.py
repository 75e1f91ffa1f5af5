"""Loops that must live: one failed turn is logged and counted, never the end of the loop."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from queryflow.process.metrics import LOOP_FAILURES, LOOP_TURN_AT

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 30.0


async def forever(name: str, call: Callable[[], Awaitable[None]], *, every_seconds: float) -> None:
    """Call again and again, `every_seconds` after the last turn ended; after failures the pause doubles, up to 30 s."""
    failures = 0
    while True:
        failures = 0 if await _turn(name, call) else failures + 1
        await asyncio.sleep(pause(every_seconds, failures))


def pause(every_seconds: float, failures: int) -> float:
    """How long to wait after that many failures in a row; never less than the loop's own rhythm."""
    return max(every_seconds, min(LONGEST_PAUSE_SECONDS, every_seconds * 2.0 ** min(failures, 16)))


async def _turn(name: str, call: Callable[[], Awaitable[None]]) -> bool:
    try:
        await call()
    except Exception:
        log.exception("A turn of a loop failed; the next one follows", action="loop.failed", loop=name)
        LOOP_FAILURES.labels(name).inc()
        return False
    LOOP_TURN_AT.labels(name).set_to_current_time()
    return True
