"""Group commit: outcomes that arrive while the last commit runs are recorded together by the next one.

Nothing lingers: when no commit runs, an outcome is recorded at once and alone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from executor.attempt import Finished

MOST_TOGETHER = 200

Waiting = tuple[Finished, "asyncio.Future[None]"]


class Finisher:
    """Records outcomes through `record`, which takes a list; one call of it runs at a time."""

    def __init__(self, record: Callable[[Sequence[Finished]], Awaitable[None]]) -> None:
        self._record = record
        self._waiting: deque[Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def finish(self, finished: Finished) -> None:
        """Return once the outcome is committed; raises what `record` raised for it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((finished, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                count = min(MOST_TOGETHER, len(self._waiting))
                await self._together([self._waiting.popleft() for _ in range(count)])
        finally:
            self._worker = None

    async def _together(self, batch: Sequence[Waiting]) -> None:
        """Record a batch; if it fails, each outcome is recorded alone, so that a bad one harms no other."""
        problem = await self._try([finished for finished, _ in batch])
        if problem is not None and len(batch) > 1:
            for each in batch:
                await self._together([each])
            return
        for _, future in batch:
            _answer(future, problem)

    async def _try(self, batch: Sequence[Finished]) -> Exception | None:
        try:
            await self._record(batch)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is handed to those who wait for the answer
            return problem
        return None


def _answer(future: "asyncio.Future[None]", problem: Exception | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(None)
    else:
        future.set_exception(problem)
