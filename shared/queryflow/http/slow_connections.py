"""Closes connections that take too long to ask for anything: a client with many of them takes no places from others."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""How long a connection may take to send the head of a request, from its opening or its last answer on."""


class PunctualProtocol(H11Protocol):
    """HTTP/1.1 with a limit on how long a caller may take to ask."""

    head_seconds = HEAD_SECONDS

    def __init__(self, config: uvicorn.Config, *rest: Any, **more: Any) -> None:
        super().__init__(config, *rest, **more)
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_more()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._wait()
        super().on_response_complete()

    def _wait(self) -> None:
        self._wait_no_more()
        self._patience = self.loop.call_later(self.head_seconds, self._look)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()

    def _look(self) -> None:
        """Close the connection unless a request is being answered: its body and its answer have limits of their own."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if not answering and not self.transport.is_closing():
            self.transport.close()
