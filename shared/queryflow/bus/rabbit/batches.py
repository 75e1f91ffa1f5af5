"""Consumes for a `BatchHandler`, on aiormq directly: here the cost of each message decides how many nodes run a second.

What arrived while the last batch was worked on is the next one; only a handler that says so lets it wait for company.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from aiormq import Channel
from aiormq.abc import AbstractConnection, DeliveredMessage
from aiormq.exceptions import AMQPError, ChannelInvalidStateError

from queryflow.bus.answering import Answer, Delivery, Subscription
from queryflow.bus.rabbit.aiormq_internals import is_consuming, open_channel
from queryflow.bus.rabbit.frames import acknowledge_frame
from queryflow.bus.rabbit.message import delivery_of
from queryflow.bus.rabbit.writer import Writer

log = structlog.get_logger()


class BatchLane:
    """One queue's consumer, with a channel and a prefetch of its own."""

    def __init__(self, subscription: Subscription, prefix: str, backoff: Callable[[int], float]) -> None:
        self._subscription = subscription
        self._queue = prefix + subscription.queue
        self._backoff = backoff
        self._waiting: deque[DeliveredMessage] = deque()
        self._arrived = asyncio.Event()
        self._resting: set[asyncio.Task[None]] = set()
        self._channel: Channel | None = None
        self._writer: Writer | None = None
        self._tag: str | None = None
        self._worker: asyncio.Task[None] | None = None
        self._closing = False

    async def open(self, connection: AbstractConnection, writer: Writer) -> None:
        """Begin to consume on a new channel of that connection."""
        self._writer = writer
        self._channel = await open_channel(connection, confirming=False)
        await self._channel.basic_qos(prefetch_count=self._subscription.most)
        self._worker = asyncio.create_task(self._work(self._channel))
        self._tag = (await self._channel.basic_consume(self._queue, self._receive)).consumer_tag

    async def close(self, drain_seconds: float) -> None:
        """No new deliveries; the batch in work ends; what is left goes back to the queue with the channel."""
        self._closing = True
        self._arrived.set()
        if self._worker:
            await asyncio.wait([self._worker], timeout=drain_seconds)
            self._worker.cancel()
        for task in self._resting:
            task.cancel()
        if self._writer:
            await self._writer.flush()
        if self._channel and not self._channel.is_closed:
            await self._channel.close()

    @property
    def sound(self) -> bool:
        """Whether the broker still delivers here: it may drop a consumer without closing anything."""
        channel, worker = self._channel, self._worker
        if channel is None or worker is None or worker.done():
            return False
        return is_consuming(channel, self._tag)

    async def _receive(self, message: DeliveredMessage) -> None:
        self._waiting.append(message)
        self._arrived.set()

    async def _work(self, channel: Channel) -> None:
        while True:
            await self._arrived.wait()
            await self._linger()
            if self._closing:
                return
            batch = self._take()
            try:
                await self._answer(channel, batch)
            except (AMQPError, ChannelInvalidStateError, ConnectionError):
                return  # the channel is gone, and the broker delivers again what was not acknowledged

    async def _linger(self) -> None:
        seconds = self._subscription.linger_seconds
        if seconds and len(self._waiting) < self._subscription.most and not self._closing:
            await asyncio.sleep(seconds)

    def _take(self) -> list[DeliveredMessage]:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._subscription.most))]
        if not self._waiting:
            self._arrived.clear()
        return batch

    async def _answer(self, channel: Channel, batch: Sequence[DeliveredMessage]) -> None:
        deliveries = [self._delivery(message) for message in batch]
        answers = await self._subscription.answer(deliveries)
        if not self._resting and all(answer is Answer.DONE for answer in answers):
            self._acknowledge(channel, _tag_of(batch[-1]), up_to=True)
            return
        for message, delivery, answer in zip(batch, deliveries, answers, strict=True):
            await self._settle(channel, _tag_of(message), delivery, answer)

    async def _settle(self, channel: Channel, tag: int, delivery: Delivery, answer: Answer) -> None:
        if answer is Answer.DONE:
            self._acknowledge(channel, tag, up_to=False)
        elif answer is Answer.DEAD:
            await channel.basic_reject(tag, requeue=False, wait=False)
        else:
            task = asyncio.create_task(self._return_later(channel, tag, delivery.redeliveries))
            self._resting.add(task)
            task.add_done_callback(self._resting.discard)

    def _acknowledge(self, channel: Channel, tag: int, *, up_to: bool) -> None:
        """Say done, in one write with what the handler has just published."""
        if self._writer and not channel.is_closed:
            self._writer.write(acknowledge_frame(channel.number, tag, up_to=up_to))

    async def _return_later(self, channel: Channel, tag: int, redeliveries: int) -> None:
        """Wait here before the message goes back: the broker would deliver it again at once."""
        await asyncio.sleep(self._backoff(redeliveries))
        if not channel.is_closed:
            await channel.basic_reject(tag, requeue=True, wait=False)

    def _delivery(self, message: DeliveredMessage) -> Delivery:
        stamp = message.header.properties
        return delivery_of(
            self._subscription.queue, message.body,
            message_id=stamp.message_id, event_type=stamp.message_type, headers=stamp.headers,
        )  # fmt: skip


def _tag_of(message: DeliveredMessage) -> int:
    tag = message.delivery_tag
    if tag is None:
        raise ConnectionError("a delivery without a tag cannot be answered")
    return tag
