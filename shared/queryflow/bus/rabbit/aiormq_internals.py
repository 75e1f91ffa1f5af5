"""All that relies on how aiormq 7 works inside, so that a new version of it is compared with one file.

It is used this way because the queues answered in batches, and every publish, are written by us; see
docs/decisions/0012-no-framework-on-the-hot-queues.md.
"""

import asyncio
from typing import cast

from aiormq import Channel
from aiormq.abc import AbstractConnection, ChannelFrame


async def open_channel(connection: AbstractConnection, *, confirming: bool) -> Channel:
    """A new channel, as the class that has what is used here; `confirming`: publishes are confirmed or returned."""
    opened = await connection.channel(publisher_confirms=confirming, on_return_raises=confirming)
    return cast("Channel", opened)


async def write(connection: AbstractConnection, frames: bytes) -> None:
    """Return when the bytes are on their way, in one write; ConnectionError or RuntimeError where they are not."""
    written = asyncio.get_running_loop().create_future()
    await connection.write_queue.put(ChannelFrame(frames, should_close=False, drain_future=written))
    await written


def expect_confirmation(channel: Channel, message_id: str) -> "asyncio.Future[object]":
    """The broker's answer to the publish that is written next, registered as aiormq does for its own publishes.

    Confirmations carry delivery tags, which count a channel's publishes; what is returned carries the message's id.
    """
    channel.delivery_tag += 1
    tag = channel.delivery_tag
    confirmation: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    channel.confirmations[tag] = confirmation
    channel.message_id_delivery_tag[message_id] = tag
    confirmation.add_done_callback(lambda _: channel.message_id_delivery_tag.pop(message_id, None))
    return confirmation


def is_consuming(channel: Channel, consumer_tag: str | None) -> bool:
    """Whether the channel still hands deliveries to that consumer: the broker may drop one without closing anything."""
    return not channel.is_closed and consumer_tag in channel.consumers
