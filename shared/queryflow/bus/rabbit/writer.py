"""Writes to a connection what several parts of the bus have to say, in one piece where they say it together.

A publish and the acknowledgement of the message that caused it are one system call instead of two; so are the
publishes of one commit. Nothing waits for company: what is there when the last write ended goes out.
"""

import asyncio
import contextlib

from aiormq.abc import AbstractConnection

from queryflow.bus.rabbit.aiormq_internals import write

FLUSH_SECONDS = 2.0


class Writer:
    """Collects bytes and writes them in their order; ends with the connection."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._unwritten: list[bytes] = []
        self._to_write = asyncio.Event()
        self._all_written = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def write(self, data: bytes) -> None:
        """Write the bytes soon."""
        self._unwritten.append(data)
        self._all_written.clear()
        self._to_write.set()

    async def flush(self) -> None:
        """Return once everything is written, or can no longer be."""
        if self._unwritten and not self._task.done():
            waiting = asyncio.create_task(self._all_written.wait())
            await asyncio.wait([waiting, self._task], timeout=FLUSH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()

    async def close(self) -> None:
        """Write no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await self._to_write.wait()
                self._to_write.clear()
                count = len(self._unwritten)
                await write(self._connection, b"".join(self._unwritten[:count]))
                del self._unwritten[:count]
                if not self._unwritten:
                    self._all_written.set()
