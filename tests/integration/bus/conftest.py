"""One place for both adapters: what a test wants of a bus it gets twice, on RabbitMQ and in the process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, Literal

import aiormq
import asyncpg
import pytest

from queryflow.bus.local import LocalBus
from queryflow.bus.port import AnyHandler, Bus, Envelope
from queryflow.bus.rabbit.bus import RabbitBus
from queryflow.bus.topology import DEAD_EXCHANGE, DEAD_QUEUE, EVENTS_EXCHANGE, work_queues
from queryflow.db.outbox import DeadLetterTable, Outbox, envelope
from queryflow.db.pool import Pool, open_pool
from queryflow.domain.ids import uuid7
from queryflow.messages.event import Event
from queryflow.process.settings import ServiceSettings

Kind = Literal["rabbit", "local"]


class Poked(Event):
    """An event of the tests alone."""

    type: ClassVar[str] = "test.poked"
    number: int


@dataclass
class Site:
    """A place with a database and a way to make buses that share what a restart would leave."""

    kind: Kind
    pool: Pool
    settings: ServiceSettings
    amqp_url: str
    buses: list[Bus] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    pause: float = 0.01
    """How long a message waits for its next try: milliseconds instead of seconds."""

    def bus(self, *, drain_seconds: float = 5) -> Bus:
        """A bus that was not started."""
        made: Bus
        if self.kind == "local":
            made = LocalBus(backoff=self._backoff, shuffle=Random(7), drain_seconds=drain_seconds)
        else:
            made = RabbitBus(
                self.amqp_url,
                self.settings.amqp_prefix,
                backoff=self._backoff,
                drain_seconds=drain_seconds,
                watch_seconds=0.3,
            )
        self.buses.append(made)
        return made

    async def started(self, *handlers: AnyHandler, service: object = None, drain_seconds: float = 5) -> Bus:
        """A bus that delivers to the handlers."""
        bus = self.bus(drain_seconds=drain_seconds)
        bus.subscribe(handlers, service, DeadLetterTable("executor", self.pool))
        await bus.start()
        return bus

    def outbox(self, bus: Bus) -> Outbox:
        """The service's outbox before that bus."""
        return Outbox("executor", self.pool, bus, self.settings)

    def run(self, outbox: Outbox) -> None:
        """Let the outbox's loops run until the test ends."""
        self.tasks.append(asyncio.create_task(outbox.run()))

    async def say(self, bus: Bus, *numbers: int) -> Sequence[Envelope]:
        """Commit an event for each number and hand it over, as a service does."""
        outbox = self.outbox(bus)
        envelopes = await self.commit(outbox, *numbers)
        outbox.hand_over(envelopes)
        return envelopes

    async def commit(self, outbox: Outbox, *numbers: int) -> Sequence[Envelope]:
        """Commit an event for each number."""
        now = await self.pool.fetchval("SELECT now()")
        envelopes = [envelope(Poked(number=number), now=now) for number in numbers]
        async with self.pool.acquire() as connection, connection.transaction():
            await outbox.add(connection, envelopes)
        return envelopes

    async def raw(self, body: bytes) -> Envelope:
        """An envelope whose body is whatever somebody sent."""
        now = await self.pool.fetchval("SELECT now()")
        return Envelope(uuid7(now), Poked.type, Poked.type, body, None, None, now)

    async def dead(self) -> list[asyncpg.Record]:
        """The dead letters of the service."""
        return await self.pool.fetch("SELECT queue, message_id, code, reason FROM executor_dead_letters ORDER BY at")

    async def rows(self) -> int:
        """How many messages the outbox holds."""
        found: int = await self.pool.fetchval("SELECT count(*) FROM executor_outbox")
        return found

    def _backoff(self, redeliveries: int) -> float:
        return self.pause

    async def close(self) -> None:
        """End everything that was made here, and remove the queues."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for bus in self.buses:
            await bus.stop()
        if self.kind == "rabbit":
            await _remove_queues(self.amqp_url, self.settings.amqp_prefix)


async def _remove_queues(url: str, prefix: str) -> None:
    connection = await aiormq.connect(url)
    channel = await connection.channel()
    for name in [*work_queues(), DEAD_QUEUE, "test.first", "test.second"]:
        await channel.queue_delete(prefix + name)
    for name in (EVENTS_EXCHANGE, DEAD_EXCHANGE):
        await channel.exchange_delete(prefix + name)
    await connection.close()


@pytest.fixture(params=["rabbit", "local"])
async def site(request: pytest.FixtureRequest, module_database: str, amqp_prefix: str) -> AsyncIterator[Site]:
    """The same test place for each adapter."""
    kind: Kind = request.param
    url = request.getfixturevalue("rabbitmq_url") if kind == "rabbit" else ""
    settings = ServiceSettings(
        database_url=module_database, amqp_url=url or None, amqp_prefix=amqp_prefix, outbox_age_seconds=1
    )
    pool = await open_pool(module_database, role=None)
    await pool.execute("TRUNCATE executor_outbox, executor_dead_letters")
    made = Site(kind, pool, settings, url)
    yield made
    await made.close()
    await pool.close()
