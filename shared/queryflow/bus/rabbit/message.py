"""Reads AMQP messages. What others send may lack every property; it is taken all the same."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from queryflow.bus.answering import Delivery
from queryflow.domain.ids import NAMESPACE
from queryflow.process.telemetry import valid_traceparent


def delivery_of(
    queue: str, body: bytes, *, message_id: str | None, event_type: str | None, headers: Mapping[str, Any] | None
) -> Delivery:
    """The message as a queue received it. Without a usable id one is derived, so that a repeat has the same."""
    redeliveries = (headers or {}).get("x-delivery-count", 0)
    return Delivery(
        message_id=_identifier(message_id) or uuid5(NAMESPACE, f"{queue}:{body.hex()}"),
        type=event_type or "unknown",
        body=body,
        traceparent=valid_traceparent((headers or {}).get("traceparent")),
        redeliveries=redeliveries if isinstance(redeliveries, int) else 0,
    )


def _identifier(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
