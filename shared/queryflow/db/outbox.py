"""The outbox: what a transaction says is a row of it, and is handed to the bus after the commit.

A row is deleted when the bus says that its message is safe: confirmed by the broker, or answered by every local
queue. What a crash left is handed over again by the sweep; a message that never finds its way becomes a dead letter.
Rows are found by predicate, never by `id > last`: transactions commit in another order than their ids were made.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import cast
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.bus.port import Bus, Envelope, Unroutable
from queryflow.db.dead_letters import DeadLetterTable
from queryflow.db.outbox_rows import OutboxRows
from queryflow.db.pool import Connection, Pool
from queryflow.domain.ids import uuid7
from queryflow.messages.event import MAXIMUM_BODY_BYTES, Event
from queryflow.process.failpoints import failpoint
from queryflow.process.loops import forever
from queryflow.process.metrics import OUTBOX_HELD, OUTBOX_REFUSED, OUTBOX_SWEPT
from queryflow.process.settings import ServiceSettings
from queryflow.process.telemetry import new_traceparent

__all__ = ["DeadLetterTable", "Outbox", "envelope"]

log = structlog.get_logger()

MOST_HELD = 10_000
"""More messages than this never wait in memory; what is beyond stays a row until half of them were answered."""
MOST_POSTPONED = 100_000
GATHER_SECONDS = 0.5
"""Confirmed rows are deleted at most so often: a row that outlives its message costs a repeat, never a loss."""


def envelope(event: Event, *, now: datetime, message_id: UUID | None = None) -> Envelope:
    """The event ready to travel; its id is a new UUIDv7 unless a repeat must collide. A body beyond 64 KiB is a bug."""
    body = event.body()
    if len(body) > MAXIMUM_BODY_BYTES:
        raise ValueError(f"{event.type} has {len(body)} bytes: what is larger than 64 KiB travels by reference")
    correlation = event.correlation_id
    return Envelope(
        message_id=message_id or uuid7(now),
        routing_key=event.routing_key,
        type=event.type,
        body=body,
        correlation_id=correlation,
        traceparent=new_traceparent(correlation),
        created_at=now,
    )


class Outbox:
    """A service's outbox table and the way from it to the bus."""

    def __init__(self, service: str, pool: Pool, bus: Bus, settings: ServiceSettings) -> None:
        self.service = service
        self._bus = bus
        self._settings = settings
        self._rows = OutboxRows(service, pool)
        self._held: set[UUID] = set()
        self._postponed: deque[UUID] = deque(maxlen=MOST_POSTPONED)
        self._confirmed: list[UUID] = []
        self._any_confirmed = asyncio.Event()
        self._unroutable_keys: set[str] = set()
        self._opened_at = time.monotonic()
        self._swept_once = False
        OUTBOX_HELD.labels(service).set_function(lambda: len(self._held))

    async def add(self, connection: Connection, envelopes: Sequence[Envelope]) -> None:
        """Insert the rows in the caller's asyncpg transaction; a row that is there already stays as it is."""
        if envelopes:
            await self._rows.insert(connection, envelopes)

    async def add_core(self, connection: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        """Insert the rows in the caller's SQLAlchemy transaction; a row that is there already stays as it is.

        It goes straight to the driver, at a fifth of the cost. SQLAlchemy opens a transaction with its first
        statement, so the caller must have executed one.
        """
        if envelopes:
            driver = (await connection.get_raw_connection()).driver_connection
            await self._rows.insert(cast("Connection", driver), envelopes)

    def hand_over(self, envelopes: Sequence[Envelope]) -> None:
        """Give committed messages to the bus; never raises and never waits: what does not fit stays a row for later."""
        fresh = [one for one in envelopes if one.message_id not in self._held]
        room = max(0, MOST_HELD - len(self._held))
        self._postponed.extend(one.message_id for one in fresh[room:])
        now = fresh[:room]
        self._held.update(one.message_id for one in now)
        failpoint(f"{self.service}.before_hand_over")
        for one, future in zip(now, self._bus.send(now), strict=True):
            future.add_done_callback(partial(self._settle, one))

    async def run(self) -> None:
        """Delete what was confirmed, bring back what was postponed, sweep what was left; until cancelled."""
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(
                    forever(f"{self.service}.outbox.delete", self._delete_turn, every_seconds=GATHER_SECONDS)
                )
                loops.create_task(
                    forever(f"{self.service}.outbox.refill", self.refill, every_seconds=self._settings.poll_seconds)
                )
                loops.create_task(
                    forever(f"{self.service}.outbox.sweep", self.sweep, every_seconds=self._settings.sweep_seconds)
                )
        finally:
            await self.delete_confirmed()

    async def sweep(self) -> None:
        """Hand over again what is old and not held; bury what was handed over too often.

        The first sweep of a process that shares its bus with nobody takes every row that was there before it.
        While the bus is away nothing is swept: its absence is not the message's fault.
        """
        if not self._bus.healthy:
            return
        await self._rows.bury(self._held)
        after = None
        while len(self._held) < MOST_HELD:
            page = await self._rows.take_old(self._age(), self._held, after)
            if not page:
                break
            failpoint(f"{self.service}.in_outbox_sweep")
            after = max((one.created_at, one.message_id) for one in page)
            OUTBOX_SWEPT.labels(self.service).inc(len(page))
            self.hand_over(page)
            await asyncio.sleep(0)
        self._swept_once = True

    async def refill(self) -> None:
        """Hand over rows that did not fit, or that the bus could not take, as soon as half of the room is free."""
        while self._postponed and self._bus.healthy and len(self._held) < MOST_HELD // 2:
            count = min(len(self._postponed), MOST_HELD // 2)
            ids = [self._postponed.popleft() for _ in range(count)]
            self.hand_over(await self._rows.read(ids))

    async def delete_confirmed(self) -> None:
        """Delete the rows whose messages are safe."""
        confirmed, self._confirmed = self._confirmed, []
        self._any_confirmed.clear()
        if not confirmed:
            return
        failpoint(f"{self.service}.before_outbox_delete")
        try:
            await self._rows.delete(confirmed)
        except BaseException:
            self._confirmed.extend(confirmed)
            raise

    def _age(self) -> timedelta:
        """From which age on nobody else can be about to send a row: what is older than the only process is nobody's."""
        if self._settings.amqp_url or self._swept_once:
            return timedelta(seconds=self._settings.outbox_age_seconds)
        return timedelta(seconds=time.monotonic() - self._opened_at)

    async def _delete_turn(self) -> None:
        await self._any_confirmed.wait()
        await self.delete_confirmed()
        failpoint(f"{self.service}.after_outbox_delete")

    def _settle(self, one: Envelope, future: "asyncio.Future[None]") -> None:
        self._held.discard(one.message_id)
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            self._confirmed.append(one.message_id)
            self._any_confirmed.set()
        else:
            self._keep(one, error)

    def _keep(self, one: Envelope, error: BaseException) -> None:
        """A refused message is a row still: without a queue it waits for the sweep, else for the bus."""
        OUTBOX_REFUSED.labels(self.service).inc()
        if not isinstance(error, Unroutable):
            self._postponed.append(one.message_id)
        elif one.routing_key not in self._unroutable_keys:
            self._unroutable_keys.add(one.routing_key)
            log.error("No queue takes these messages; they stay in the outbox", action="outbox.unroutable",
                      routing_key=one.routing_key, service=self.service)  # fmt: skip
