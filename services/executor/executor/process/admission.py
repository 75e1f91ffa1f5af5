"""How many executions may be open at once: an estimate of the open nodes, corrected by each poll."""

import asyncio
from contextlib import suppress


class Admission:
    """Whether there is room for another launch. Between polls it only counts what this process launches."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open_nodes = 0
        self._backlog = False
        self._wake = asyncio.Event()

    @property
    def has_room(self) -> bool:
        """Whether what was just requested may be launched at once: there is room, and nobody waits for it."""
        return not self._backlog and self.room > 0

    @property
    def room(self) -> int:
        """How many more nodes may be open; the last execution that is launched may go beyond it."""
        return max(0, self._limit - self._open_nodes)

    def launched(self, nodes: int) -> None:
        """Count what was launched here."""
        self._open_nodes += nodes

    def measured(self, open_nodes: int) -> None:
        """Take over what the database says."""
        self._open_nodes = open_nodes

    def backlog(self, waits: int) -> None:
        """Remember whether executions wait for room."""
        self._backlog = waits > 0

    def ended(self) -> None:
        """Executions ended: if others wait for room, let the poller look at once."""
        if self._backlog:
            self._wake.set()

    async def wait(self, seconds: float) -> None:
        """Wait that long, or until room was made."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()
