"""What every service is to the process that runs it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from queryflow.bus.port import Bus


@dataclass(frozen=True, slots=True)
class Service:
    """An opened service: its HTTP app, the loops that run once the bus has started and until it has stopped.

    `sign_off` is called after a stop that was asked for, and never after a crash.
    """

    name: str
    app: FastAPI
    loops: Sequence[Callable[[], Awaitable[None]]]
    sign_off: Callable[[], Awaitable[None]]


OpenService = Callable[[Any, Bus], AbstractAsyncContextManager[Service]]
"""`open_service(settings, bus)` of each service's `app.py`: opens its pools, subscribes its handlers, yields itself."""
