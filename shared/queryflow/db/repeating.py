"""Work that is done again when it met something that passes: a deadlock, a server that restarts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
MOST_TRIES = 5
FIRST_PAUSE_SECONDS = 0.01


async def repeated(work: Callable[[], Awaitable[T]], *, after: Callable[[Exception], bool]) -> T:
    """What the work answers; it is repeated, five times at most, after problems that `after` says yes to.

    The work is a whole transaction: what a failed try did was rolled back. The last problem is raised.
    """
    for tried in range(MOST_TRIES - 1):
        try:
            return await work()
        except Exception as problem:
            if not after(problem):
                raise
        await asyncio.sleep(random.uniform(0.5, 1.5) * FIRST_PAUSE_SECONDS * 2**tried)  # noqa: S311 - jitter, not a secret
    return await work()
