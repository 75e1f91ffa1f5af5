"""Consumes for `Handler`s, through FastStream: a channel and a prefetch for each, REJECT_ON_ERROR everywhere."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faststream import AckPolicy
from faststream.exceptions import RejectMessage
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

from queryflow.bus.answering import Answer, Subscription
from queryflow.bus.rabbit.message import delivery_of

LONGEST_CLOSE_SECONDS = 5.0


class HandlerLane:
    """Every `Handler` of a service, on one connection."""

    def __init__(
        self, url: str, prefix: str, subscriptions: Sequence[Subscription], backoff: Callable[[int], float]
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._subscriptions = subscriptions
        self._backoff = backoff
        self._broker: RabbitBroker | None = None

    async def open(self, drain_seconds: float, lost: Callable[..., Any]) -> None:
        """Connect (raises at once if the broker is away) and consume; `lost` is called when the connection closes."""
        if not self._subscriptions:
            return
        broker = RabbitBroker(self._url, graceful_timeout=drain_seconds, logger=None, on_close=(lost,))
        for subscription in self._subscriptions:
            self._register(broker, subscription)
        await broker.connect()
        await broker.start()
        self._broker = broker

    async def close(self) -> None:
        """Cancel the consumers, let running handlers end, and disconnect."""
        broker, self._broker = self._broker, None
        if broker:
            await broker.stop()

    async def abandon(self) -> None:
        """Disconnect without waiting for handlers: the connection under them is gone."""
        broker, self._broker = self._broker, None
        if broker:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LONGEST_CLOSE_SECONDS):
                    await broker.stop()

    def _register(self, broker: RabbitBroker, subscription: Subscription) -> None:
        subscriber = broker.subscriber(
            RabbitQueue(self._prefix + subscription.queue, declare=False, durable=True),
            channel=Channel(prefetch_count=subscription.width),
            ack_policy=AckPolicy.REJECT_ON_ERROR,
            decoder=_raw_body,
            no_reply=True,  # the sender of a message does not choose where we write
        )
        subscriber(_consumer(subscription, self._backoff))


def _consumer(subscription: Subscription, backoff: Callable[[int], float]) -> Callable[..., Awaitable[None]]:
    """The function FastStream calls: returning acknowledges, RejectMessage returns the message or lets it die."""

    async def consume(message: RabbitMessage) -> None:
        raw = message.raw_message
        delivery = delivery_of(
            subscription.queue, raw.body, message_id=raw.message_id, event_type=raw.type, headers=raw.headers
        )
        (answer,) = await subscription.answer([delivery])
        if answer is Answer.AGAIN:
            await asyncio.sleep(backoff(delivery.redeliveries))
            raise RejectMessage(requeue=True)
        if answer is Answer.DEAD:
            raise RejectMessage(requeue=False)

    return consume


async def _raw_body(message: RabbitMessage) -> bytes:
    """Whatever was sent is taken as it is: what cannot be decoded must become a dead letter with a reason."""
    return message.body
