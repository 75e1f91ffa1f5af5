"""Declares exchanges and queues on RabbitMQ, the same from every service, before anything is published.

Arguments of a living queue cannot change (PRECONDITION_FAILED): a change is a new queue name.
"""

from collections.abc import Mapping
from typing import Any

from aiormq.abc import AbstractChannel

from queryflow.bus.answering import MAXIMUM_REDELIVERIES
from queryflow.bus.topology import DEAD_EXCHANGE, DEAD_QUEUE, EVENTS_EXCHANGE

DAY_MILLISECONDS = 24 * 3600 * 1000
DECLARE_SECONDS = 30.0


async def declare_all(channel: AbstractChannel, prefix: str, queues: Mapping[str, tuple[str, ...]]) -> None:
    """Declare the exchanges, the dead letter queue and every work queue with the keys it is bound to.

    The dead letter exchange comes first: a message that dies while it is missing would wait or be dropped.
    """
    dead, events = prefix + DEAD_EXCHANGE, prefix + EVENTS_EXCHANGE
    await channel.exchange_declare(dead, exchange_type="topic", durable=True, timeout=DECLARE_SECONDS)
    await channel.queue_declare(prefix + DEAD_QUEUE, durable=True, arguments=_dead_arguments(), timeout=DECLARE_SECONDS)
    await channel.queue_bind(prefix + DEAD_QUEUE, dead, routing_key="#", timeout=DECLARE_SECONDS)
    await channel.exchange_declare(events, exchange_type="topic", durable=True, timeout=DECLARE_SECONDS)
    for name, keys in queues.items():
        arguments = _work_arguments(prefix, name)
        await channel.queue_declare(prefix + name, durable=True, arguments=arguments, timeout=DECLARE_SECONDS)
        for key in keys:
            await channel.queue_bind(prefix + name, events, routing_key=key, timeout=DECLARE_SECONDS)


def _work_arguments(prefix: str, name: str) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": MAXIMUM_REDELIVERIES,
        "x-dead-letter-exchange": prefix + DEAD_EXCHANGE,
        "x-dead-letter-routing-key": name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _dead_arguments() -> dict[str, Any]:
    """The rows of `<service>_dead_letters` are kept; the queue is a trace that ends by itself."""
    return {"x-queue-type": "quorum", "x-message-ttl": 14 * DAY_MILLISECONDS, "x-max-length": 100_000}
