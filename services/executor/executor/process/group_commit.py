"""Group commit: outcomes that arrive while the last commit runs are recorded together by the next one.

Nothing lingers: when no commit runs, an outcome is recorded at once and alone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from executor.model.outcome import Finished
from queryflow.process.transient_errors import is_transient

log = structlog.get_logger()
MOST_TOGETHER = 200

Waiting = tuple[Finished, "asyncio.Future[None]"]
Alone = Callable[[Finished], Awaitable[None]]


class GroupCommit:
    """Records outcomes through `together`, which takes a list; one call of it runs at a time.

    Where that fails, each of them is recorded through `alone`, so that one that cannot be recorded harms no other.
    """

    def __init__(self, together: Callable[[Sequence[Finished]], Awaitable[None]], alone: Alone) -> None:
        self._record_together = together
        self._record_alone = alone
        self._waiting: deque[Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def finish(self, finished: Finished) -> None:
        """Return once the outcome is committed; raises what recording it raised."""
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
        problem = await _problem(self._record_together([finished for finished, _ in batch]))
        if problem is not None and not is_transient(problem):
            log.error("Outcomes could not be recorded together; each is recorded alone", action="finish.apart",
                      outcomes=len(batch), exc_info=problem)  # fmt: skip
        for finished, future in batch:
            if problem is None or is_transient(problem):
                _answer(future, problem)
            else:
                _answer(future, await _problem(self._record_alone(finished)))


async def _problem(recording: Awaitable[None]) -> Exception | None:
    try:
        await recording
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
