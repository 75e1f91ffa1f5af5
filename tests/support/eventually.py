"""Waits for a fact instead of sleeping."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any


async def eventually(fact: Callable[[], Any], *, within: float = 10.0, every: float = 0.05) -> Any:
    """The first truthy answer of `fact`, asked every `every` seconds; an AssertionError in it means: not yet.

    Fails with the last answer, or the last AssertionError, when `within` seconds have passed.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            answer = fact()
            found = await answer if inspect.isawaitable(answer) else answer
            if found:
                return found
            reason = f"the last answer was {found!r}"
        except AssertionError as error:
            reason = str(error)
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within} s: {reason}")
        await asyncio.sleep(every)
