"""Waits for servers that are away while a service starts, and says so: they may start after it."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from queryflow.process.loops import pause
from queryflow.process.transient_errors import is_transient

log = structlog.get_logger()
Given = TypeVar("Given")
FIRST_PAUSE_SECONDS = 1.0
UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL})


class StopAsked(Exception):
    """A stop was asked for before the servers answered."""


async def patiently(call: Callable[[], Awaitable[Given]], asked: asyncio.Event) -> Given:
    """What the call gives once the servers it needs answer; StopAsked if `asked` is set before.

    The pause doubles, up to half a minute. What waiting cannot mend is raised.
    """
    failures = 0
    while True:
        try:
            return await _unless(asked, call())
        except Exception as error:
            if not is_away(error):
                raise
            seconds = pause(FIRST_PAUSE_SECONDS, failures)
            failures += 1
            log.warning("A server does not answer; the start waits for it", action="service.waiting",
                        error=str(error) or type(error).__name__, again_in_seconds=seconds)  # fmt: skip
        await _unless(asked, asyncio.sleep(seconds))


def is_away(error: BaseException) -> bool:
    """Whether a server cannot be reached now, or does not take us yet."""
    if is_transient(error) or isinstance(error, socket.gaierror):
        return True
    # An address of several machines, none of which answers, raises a plain OSError without a number.
    several = type(error) is OSError and error.errno is None
    return several or (isinstance(error, OSError) and error.errno in UNREACHABLE)


async def _unless(asked: asyncio.Event, work: Awaitable[Given]) -> Given:
    """What the work gives; StopAsked, and the work ended, if a stop is asked for first."""
    working, asking = asyncio.ensure_future(work), asyncio.ensure_future(asked.wait())
    try:
        await asyncio.wait([working, asking], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise StopAsked
        return working.result()
    finally:
        for task in (working, asking):
            task.cancel()
        await asyncio.gather(working, asking, return_exceptions=True)
