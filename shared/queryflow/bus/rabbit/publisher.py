"""Publishes on a channel of its own: persistent, mandatory, confirmed within ten seconds.

What is sent while the last write is under way goes out in one write, and its confirmations arrive together. Writing
message by message through aiormq costs five times the processor time, most of it in the system call.
"""

import asyncio
from collections.abc import Sequence

from aiormq import Channel
from aiormq.abc import AbstractConnection
from aiormq.exceptions import PublishError

from queryflow.bus.port import Envelope, Unroutable
from queryflow.bus.rabbit.aiormq_internals import expect_confirmation, open_channel
from queryflow.bus.rabbit.frames import publish_frames
from queryflow.bus.rabbit.writer import Writer
from queryflow.bus.topology import EVENTS_EXCHANGE

CONFIRM_SECONDS = 10.0
Sent = asyncio.Future[None]


class Publisher:
    """Sends envelopes to the events exchange; each future ends with the broker's confirmation."""

    def __init__(self, prefix: str) -> None:
        self._exchange = prefix + EVENTS_EXCHANGE
        self._channel: Channel | None = None
        self._writer: Writer | None = None
        self._unconfirmed: set[Sent] = set()
        self._silent = False

    async def open(self, connection: AbstractConnection, writer: Writer) -> None:
        """Use a new channel of that connection."""
        self._writer = writer
        self._silent = False
        self._channel = await open_channel(connection, confirming=True)
        self._channel.closing.add_done_callback(lambda _: self._fail(set(self._unconfirmed)))

    def send(self, envelopes: Sequence[Envelope]) -> list[Sent]:
        """Publish without waiting; a future raises Unroutable, or ConnectionError where no confirmation came."""
        loop = asyncio.get_running_loop()
        futures: list[Sent] = [loop.create_future() for _ in envelopes]
        channel = self._channel
        if channel is None or self._writer is None or not self.sound:
            self._fail(set(futures))
            return futures
        for envelope, future in zip(envelopes, futures, strict=True):
            self._writer.write(publish_frames(channel.number, self._exchange, envelope, channel.max_content_size))
            self._expect(channel, envelope, future)
        loop.call_later(CONFIRM_SECONDS, self._give_up, set(futures))
        return futures

    async def close(self) -> None:
        """Wait for the confirmations that are under way, then send no more."""
        if self._unconfirmed and self.sound:
            await asyncio.wait(self._unconfirmed, timeout=CONFIRM_SECONDS)
        self.abandon()

    def abandon(self) -> None:
        """Send no more; what was not confirmed fails, and stays where it came from."""
        self._channel = None
        self._fail(set(self._unconfirmed))

    @property
    def sound(self) -> bool:
        """Whether messages can be sent, and the broker has not been silent for longer than a confirmation may take."""
        return self._channel is not None and not self._channel.is_closed and not self._silent

    def _expect(self, channel: Channel, envelope: Envelope, future: Sent) -> None:
        """End the future with the broker's confirmation."""
        self._unconfirmed.add(future)

        def confirmed(answer: "asyncio.Future[object]") -> None:
            self._unconfirmed.discard(future)
            _pass_on(answer, future, envelope.routing_key)

        expect_confirmation(channel, str(envelope.message_id)).add_done_callback(confirmed)

    def _give_up(self, futures: set[Sent]) -> None:
        """A message that was not confirmed in time is sent again, but on a new channel."""
        self._silent = self._silent or not futures.isdisjoint(self._unconfirmed)
        self._fail(futures)

    def _fail(self, futures: set[Sent]) -> None:
        for future in futures:
            self._unconfirmed.discard(future)
            if not future.done():
                future.set_exception(ConnectionError("the broker did not confirm the message"))


def _pass_on(answer: "asyncio.Future[object]", future: Sent, routing_key: str) -> None:
    """Say with our own words what the broker answered."""
    if future.done():
        return
    error = None if answer.cancelled() else answer.exception()
    if answer.cancelled() or (error and not isinstance(error, PublishError)):
        future.set_exception(ConnectionError("the broker did not confirm the message"))
    elif error:
        future.set_exception(Unroutable(f"no queue is bound to {routing_key}"))
    else:
        future.set_result(None)
