"""Publishes on a channel of its own: persistent, mandatory, confirmed within ten seconds."""

import asyncio
from typing import cast

from aiormq import Channel
from aiormq.abc import AbstractConnection
from aiormq.exceptions import AMQPError, ChannelInvalidStateError, PublishError

from queryflow.runtime.bus.port import Envelope, Unroutable
from queryflow.runtime.bus.rabbit_message import properties_of
from queryflow.runtime.topology import EVENTS_EXCHANGE

CONFIRM_SECONDS = 10.0


class Publisher:
    """Sends envelopes to the events exchange; each future ends with the broker's confirmation."""

    def __init__(self, prefix: str) -> None:
        self._exchange = prefix + EVENTS_EXCHANGE
        self._channel: Channel | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def open(self, connection: AbstractConnection) -> None:
        """Use a new channel of that connection."""
        self._channel = cast("Channel", await connection.channel(publisher_confirms=True, on_return_raises=True))

    def send(self, envelope: Envelope) -> "asyncio.Future[None]":
        """Publish without waiting; the future raises Unroutable, or ConnectionError while the broker is away."""
        task = asyncio.create_task(self._publish(envelope))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return task

    async def close(self) -> None:
        """Wait for the confirmations that are under way, then send no more."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=CONFIRM_SECONDS)
        self._channel = None

    @property
    def sound(self) -> bool:
        """Whether the channel is open."""
        return self._channel is not None and not self._channel.is_closed

    async def _publish(self, envelope: Envelope) -> None:
        if self._channel is None:
            raise ConnectionError("the broker is away")
        try:
            await self._channel.basic_publish(
                envelope.body,
                exchange=self._exchange,
                routing_key=envelope.routing_key,
                properties=properties_of(envelope),
                mandatory=True,
                timeout=CONFIRM_SECONDS,
                wait=False,
            )
        except PublishError:
            raise Unroutable(f"no queue is bound to {envelope.routing_key}") from None
        except (AMQPError, ChannelInvalidStateError, RuntimeError) as error:
            raise ConnectionError("the broker did not confirm the message") from error
