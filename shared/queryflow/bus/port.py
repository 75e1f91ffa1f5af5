"""The port of the message bus, and the table of handlers that both adapters read.

What a handler raises is its answer: nothing = done; `TryAgain` = redelivered with backoff, bounded, then a dead
letter; anything else = a dead letter at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from queryflow.messages.event import Event


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message on its way: the AMQP properties and the body, as an outbox row holds them."""

    message_id: UUID
    routing_key: str
    type: str
    body: bytes
    correlation_id: UUID | None
    traceparent: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Handler:
    """One queue and the plain function that answers its events one at a time, at most `width` at once."""

    queue: str
    keys: tuple[str, ...]
    """Routing keys bound to the queue; none for a queue that others address by name."""
    event: type[Event]
    call: Callable[[Any, Any], Awaitable[None]]
    """`call(event, service)`."""
    width: int = 8


@dataclass(frozen=True, slots=True)
class BatchHandler:
    """One queue and the function that answers the list of events that is there.

    If it raises, the adapter delivers the events one at a time, and then each one's exception is its answer.
    """

    queue: str
    keys: tuple[str, ...]
    event: type[Event]
    call: Callable[[Sequence[Any], Any], Awaitable[None]]
    """`call(events, service)`."""
    most: int = 200
    linger_seconds: float = 0.0
    """How long the first event of a batch waits for company; not at all where somebody waits for the answer."""


AnyHandler = Handler | BatchHandler


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody will answer, with the reason."""

    queue: str
    message_id: UUID
    type: str
    body: bytes
    code: str
    reason: str


class DeadLetters(Protocol):
    """Where a service keeps what it could not answer."""

    async def record(self, letter: DeadLetter) -> None:
        """Keep the letter durably; a repeat of the same (queue, message) changes nothing."""


class Bus(Protocol):
    """Carries envelopes to every queue bound to their routing key."""

    def subscribe(self, handlers: Sequence[AnyHandler], service: object, dead_letters: DeadLetters) -> None:
        """Add a service's handlers, before `start`."""

    async def start(self) -> None:
        """Declare exchanges and queues, then begin to deliver."""

    def send(self, envelopes: Sequence[Envelope]) -> Sequence[asyncio.Future[None]]:
        """Hand messages over without waiting; a future for each, in their order.

        It ends when the outbox row may be deleted: the broker confirmed the message (rabbit), or every consumer queue
        answered it (local). An exception or a cancelled future means: keep the row, it is sent again.
        """

    async def stop(self) -> None:
        """No new deliveries; running handlers end; what was not answered comes back after the next start."""

    async def watch(self) -> None:
        """Never returns while messages flow; mends what it can, and raises `BusLost` when it could not."""

    async def queue_depths(self) -> Mapping[str, int]:
        """How many messages wait in each queue, by its name without prefix; ConnectionError if nobody can tell."""

    @property
    def healthy(self) -> bool:
        """Whether messages flow: connected, and every queue has the consumers it should have."""


class BusLost(Exception):
    """The bus could not be rebuilt: the process must end, so that its supervisor starts a new one."""


class Unroutable(Exception):
    """No queue is bound to the routing key: the message would reach nobody."""
