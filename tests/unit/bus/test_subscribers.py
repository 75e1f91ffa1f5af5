"""What a service answers one message at a time is a FastStream subscriber, from the service's own table."""

import importlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest
from aio_pika.abc import HeadersType
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange, TestRabbitBroker
from prometheus_client import REGISTRY

from queryflow.bus.answering import MAXIMUM_REDELIVERIES, Subscription
from queryflow.bus.port import AnyHandler, DeadLetter, Handler
from queryflow.bus.rabbit.handlers import new_broker, register
from queryflow.bus.topology import EVENTS_EXCHANGE, keys_of
from queryflow.domain.errors import Refused, TryAgain
from queryflow.messages.event import Event
from queryflow.process.telemetry import new_traceparent

PREFIX = "here."
EXCHANGE = RabbitExchange(PREFIX + EVENTS_EXCHANGE, type=ExchangeType.TOPIC)
BODIES = Path(__file__).parents[2] / "contract" / "golden" / "old"
MESSAGE = UUID("01940000-0000-7000-8000-000000000009")
TRACE = "ab" * 16
TRACEPARENT = f"00-{TRACE}-" + "cd" * 8 + "-01"


def _table(service: str) -> tuple[AnyHandler, ...]:
    table: tuple[AnyHandler, ...] = importlib.import_module(f"{service}.handlers").HANDLERS
    return table


HANDLERS = [
    handler
    for service in ("composer", "executor", "scheduler", "status")
    for handler in _table(service)
    if isinstance(handler, Handler)
]
each_handler = pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.queue)


@dataclass
class Site:
    """Every handler of one message on one broker, answering as a test tells it to."""

    heard: list[tuple[str, Event]] = field(default_factory=list)
    raises: list[Exception] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)
    broker: RabbitBroker = field(default_factory=lambda: new_broker("amqp://nowhere"))

    def register_all(self) -> None:
        for handler in HANDLERS:
            recording = Subscription(replace(handler, call=self._hear), handler.queue, self)
            register(self.broker, recording, prefix=PREFIX, backoff=self._backoff)

    async def publish(self, handler: Handler, body: bytes, *, redeliveries: int = 0) -> None:
        headers: HeadersType = {"traceparent": TRACEPARENT, "x-delivery-count": redeliveries}
        await self.broker.publish(
            body, routing_key=keys_of(handler)[0], exchange=EXCHANGE, message_id=str(MESSAGE), headers=headers
        )

    async def record(self, letter: DeadLetter) -> None:
        self.letters.append(letter)

    async def _hear(self, event: Event, queue: str) -> None:
        self.heard.append((queue, event))
        self.traces.append(new_traceparent(None).split("-")[1])
        if self.raises:
            raise self.raises.pop(0)

    def _backoff(self, redeliveries: int) -> float:
        self.pauses.append(redeliveries)
        return 0.0


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    made.register_all()
    async with TestRabbitBroker(made.broker):
        yield made


def _body(handler: Handler) -> bytes:
    return (BODIES / f"{handler.event.type}.json").read_bytes()


def _answered(handler: Handler, status: str) -> float:
    """What FastStream's middleware counted."""
    labels = {
        "app_name": "faststream",
        "broker": "rabbitmq",
        "handler": f"{EXCHANGE.name}.{keys_of(handler)[0]}",
        "status": status,
    }
    return REGISTRY.get_sample_value("faststream_received_processed_messages_total", labels) or 0.0


def test_every_handler_of_one_message_is_a_subscriber() -> None:
    site = Site()
    site.register_all()
    assert {subscriber.specification.name for subscriber in site.broker.subscribers} == {
        PREFIX + handler.queue for handler in HANDLERS
    }
    assert {handler.queue for handler in HANDLERS} >= {
        "composer.schedule-fired", "composer.flow-trigger", "executor.cancel", "executor.catalogue",
        "status.composition-saved", "status.composition-published", "status.composition-deleted",
    }  # fmt: skip


@each_handler
async def test_a_message_reaches_its_handler_and_is_acknowledged(site: Site, handler: Handler) -> None:
    before = _answered(handler, "acked")
    await site.publish(handler, _body(handler))
    assert site.heard == [(handler.queue, handler.event.model_validate_json(_body(handler)))]
    assert site.traces == [TRACE], "what the handler says joins the message's trace"
    assert site.letters == []
    assert _answered(handler, "acked") == before + 1


@each_handler
async def test_what_cannot_be_read_becomes_a_dead_letter(site: Site, handler: Handler) -> None:
    before = _answered(handler, "rejected")
    await site.publish(handler, b"\xff{")
    assert site.heard == []
    assert [(each.queue, each.message_id, each.code, each.body) for each in site.letters] == [
        (handler.queue, MESSAGE, "UNDECODABLE", b"\xff{")
    ]
    assert _answered(handler, "rejected") == before + 1


@each_handler
async def test_a_refusal_becomes_a_dead_letter_with_its_code(site: Site, handler: Handler) -> None:
    site.raises = [Refused("No such composition.", code="NO_COMPOSITION")]
    await site.publish(handler, _body(handler))
    assert [(each.code, each.reason) for each in site.letters] == [("NO_COMPOSITION", "No such composition.")]


@each_handler
async def test_another_try_waits_and_ends(site: Site, handler: Handler) -> None:
    site.raises = [TryAgain("not now"), TryAgain("never now")]
    await site.publish(handler, _body(handler), redeliveries=3)
    assert (site.pauses, site.letters) == ([3], [])
    await site.publish(handler, _body(handler), redeliveries=MAXIMUM_REDELIVERIES)
    assert [each.code for each in site.letters] == ["TRIED_TOO_OFTEN"]
