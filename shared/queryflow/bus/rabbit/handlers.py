"""Consumes for `Handler`s, through FastStream: each is a subscriber with a channel and a prefetch of its own.

The same subscribers are drawn in docs/asyncapi.yaml, and tested on FastStream's broker for tests.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from faststream import AckPolicy
from faststream.exceptions import RejectMessage
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue
from faststream.rabbit.prometheus import RabbitPrometheusMiddleware
from prometheus_client import REGISTRY

from queryflow.bus.answering import Answer, Delivery, Subscription
from queryflow.bus.rabbit.message import delivery_of
from queryflow.bus.topology import DEAD_QUEUE, EVENTS_EXCHANGE, keys_of

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
        broker = new_broker(self._url, graceful_timeout=drain_seconds, on_close=(lost,))
        for subscription in self._subscriptions:
            register(broker, subscription, prefix=self._prefix, backoff=self._backoff)
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


def new_broker(url: str, **options: Any) -> RabbitBroker:
    """A broker that counts and times what its subscribers answer (`faststream_received_…` at `/metrics`).

    It casts nothing: the body is read by `Subscription`, so that one that cannot be read becomes a dead letter.
    """
    measuring = RabbitPrometheusMiddleware(registry=REGISTRY)
    return RabbitBroker(url, apply_types=False, logger=None, middlewares=(measuring,), **options)


def register(broker: RabbitBroker, subscription: Subscription, *, prefix: str, backoff: Callable[[int], float]) -> None:
    """Make the subscription's handler a subscriber of the broker.

    Exchange and routing key say where its messages come from; they are bound where the topology is declared.
    """
    queue = prefix + subscription.queue
    subscriber = broker.subscriber(
        RabbitQueue(queue, declare=False, durable=True, routing_key=keys_of(subscription.handler)[0]),
        RabbitExchange(prefix + EVENTS_EXCHANGE, type=ExchangeType.TOPIC, declare=False, durable=True),
        channel=Channel(prefetch_count=subscription.width),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
        decoder=partial(_delivery, subscription.queue),
        no_reply=True,  # the sender of a message does not choose where we write
        title=queue,
        description=f"Queue {queue}; what it cannot answer goes to {prefix}{DEAD_QUEUE}.",
    )
    subscriber(_consumer(subscription, backoff))


def _consumer(subscription: Subscription, backoff: Callable[[int], float]) -> Callable[..., Awaitable[None]]:
    """The function FastStream calls: returning acknowledges, RejectMessage returns the message or lets it die."""

    async def consume(delivery: Delivery) -> None:
        (answer,) = await subscription.answer([delivery])
        if answer is Answer.AGAIN:
            await asyncio.sleep(backoff(delivery.redeliveries))
            raise RejectMessage(requeue=True)
        if answer is Answer.DEAD:
            raise RejectMessage(requeue=False)

    consume.__annotations__["delivery"] = subscription.handler.event  # what AsyncAPI draws as the message
    return consume


async def _delivery(queue: str, message: RabbitMessage) -> Delivery:
    """Whatever was sent is taken as it is: what cannot be decoded must become a dead letter with a reason."""
    raw = message.raw_message
    return delivery_of(queue, raw.body, message_id=raw.message_id, event_type=raw.type, headers=raw.headers)
