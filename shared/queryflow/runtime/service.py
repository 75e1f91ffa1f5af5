"""What every service is to the process that runs it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from queryflow.runtime.bus.port import Bus


@dataclass(frozen=True, slots=True)
class Service:
    """An opened service: its HTTP app, and the loops that run once the bus has started and until it has stopped."""

    name: str
    app: FastAPI
    loops: Sequence[Callable[[], Awaitable[None]]]


OpenService = Callable[[Any, Bus], AbstractAsyncContextManager[Service]]
"""`open_service(settings, bus)` of each service's `app.py`: opens its pools, subscribes its handlers, yields itself."""
