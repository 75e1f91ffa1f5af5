"""The engine connections whose tables this process looks at, each in a task of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class Cataloguing:
    """One task per engine connection; while it runs, another look at the same one is not begun.

    What fails is said in the log, and the sweeper begins again: the row says that it is wanted still.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, name: str, look: Coroutine[Any, Any, None]) -> None:
        """Look, unless somebody does already: they look again while the row asks for more."""
        if name in self._tasks:
            look.close()
            return
        task = asyncio.create_task(look, name=f"catalogue/{name}")
        self._tasks[name] = task
        task.add_done_callback(self._ended(name))

    def _ended(self, name: str) -> Callable[["asyncio.Task[None]"], None]:
        def forget(task: "asyncio.Task[None]") -> None:
            self._tasks.pop(name, None)
            problem = None if task.cancelled() else task.exception()
            if problem is not None:
                log.error("A look at tables failed", action="catalogue.failed", connection=name, exc_info=problem)

        return forget

    async def stop(self) -> None:
        """Break off what runs: its rows say that it is wanted still."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
