"""The bus between processes: RabbitMQ with quorum queues.

Three lanes: one channel publishes, each `BatchHandler` has a channel on the same connection (both on aiormq), and
all `Handler`s share a FastStream broker. When any of them is lost, all are built again from nothing: one way to start
is one way to be right.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import aiormq
import structlog
from aiormq.abc import AbstractChannel, AbstractConnection

from queryflow.bus.answering import Subscription, backoff_seconds
from queryflow.bus.port import AnyHandler, BatchHandler, BusLost, DeadLetters, Envelope
from queryflow.bus.rabbit.batches import BatchLane
from queryflow.bus.rabbit.handlers import HandlerLane
from queryflow.bus.rabbit.publisher import Publisher
from queryflow.bus.rabbit.topology import declare_all
from queryflow.bus.rabbit.writer import Writer
from queryflow.bus.topology import check_keys, keys_of, work_queues
from queryflow.domain.errors import Refused
from queryflow.process.metrics import BUS_REBUILDS

log = structlog.get_logger()
BROKER_AWAY = (OSError, TimeoutError, RuntimeError, aiormq.exceptions.AMQPError)
"""What aiormq raises when the other side is gone; closed channels are RuntimeErrors there."""
REFUSED = (aiormq.exceptions.AuthenticationError, aiormq.exceptions.ProbableAuthenticationError)
CONNECT_SECONDS = 10.0
PAUSE_SECONDS = 1.0


class RabbitBus:
    """Publishes and consumes on one broker, under one prefix."""

    def __init__(
        self,
        url: str,
        prefix: str = "",
        *,
        backoff: Callable[[int], float] = backoff_seconds,
        drain_seconds: float = 15.0,
        watch_seconds: float = 5.0,
        give_up_seconds: float = 120.0,
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._backoff = backoff
        self._drain_seconds = drain_seconds
        self._watch_seconds = watch_seconds
        self._give_up_seconds = give_up_seconds
        self._subscriptions: list[Subscription] = []
        self._connection: AbstractConnection | None = None
        self._writer: Writer | None = None
        self._publisher = Publisher(prefix)
        self._batches: list[BatchLane] = []
        self._handlers = HandlerLane(url, prefix, [], backoff)
        self._disturbed = asyncio.Event()
        self._flowing = False

    def subscribe(self, handlers: Sequence[AnyHandler], service: object, dead_letters: DeadLetters) -> None:
        """Add a service's handlers, before `start`."""
        check_keys(handlers)
        self._subscriptions.extend(Subscription(handler, service, dead_letters) for handler in handlers)

    async def start(self) -> None:
        """Connect, declare everything, begin to deliver; it may be called again after it failed.

        Raises ConnectionError if the broker is away, Refused if it does not take us.
        """
        try:
            await self._build()
        except REFUSED as error:
            message = "RabbitMQ does not take the user and password, or the virtual host, of QUERYFLOW_AMQP_URL."
            raise Refused(message, code="BROKER_REFUSES") from error
        except BROKER_AWAY as error:
            await self._abandon()
            raise ConnectionError(f"RabbitMQ does not answer: {type(error).__name__}") from error

    def send(self, envelopes: Sequence[Envelope]) -> Sequence["asyncio.Future[None]"]:
        """Publish without waiting; a future for each envelope, ended by the broker's confirmation."""
        return self._publisher.send(envelopes)

    async def stop(self) -> None:
        """No new deliveries; running handlers and confirmations end; what was not answered goes back to its queue."""
        self._flowing = False
        await asyncio.gather(self._handlers.close(), *(lane.close(self._drain_seconds) for lane in self._batches))
        await self._publisher.close()
        if self._writer:
            await self._writer.close()
        if self._connection:
            await self._connection.close()

    async def watch(self) -> None:
        """Rebuild what is lost, again and again for a while; `BusLost` when that does not help."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._watch_seconds):
                    await self._disturbed.wait()
            if not self._flowing:
                self._disturbed.clear()  # whatever a stop disturbs is left as it is
            elif not await self._sound():
                await self._rebuild()

    async def queue_depths(self) -> Mapping[str, int]:
        """How many messages wait in each queue of the system; ConnectionError while the broker is away."""
        try:
            counts = await self._declared(self._queues())
        except BROKER_AWAY as error:
            raise ConnectionError(f"RabbitMQ does not answer: {type(error).__name__}") from error
        return {name: count for name, (count, _) in counts.items()}

    @property
    def healthy(self) -> bool:
        """Whether messages flow, as far as is known since the last look."""
        return self._flowing and not self._disturbed.is_set() and self._publisher.sound

    def _queues(self) -> dict[str, tuple[str, ...]]:
        """Every queue of the system, and those of handlers beyond it, with their keys."""
        known = {name: queue.keys or (name,) for name, queue in work_queues().items()}
        return known | {one.queue: keys_of(one.handler) for one in self._subscriptions}

    async def _build(self) -> None:
        self._disturbed.clear()
        async with asyncio.timeout(CONNECT_SECONDS):
            self._connection = await aiormq.connect(self._url)
        self._connection.closing.add_done_callback(partial(self._on_lost, self._connection))
        await self._declare(self._connection)
        self._writer = Writer(self._connection)
        await self._publisher.open(self._connection, self._writer)
        await self._open_lanes(self._connection, self._writer)
        self._flowing = True

    async def _declare(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=False)
        await declare_all(channel, self._prefix, self._queues())
        await channel.close()

    async def _open_lanes(self, connection: AbstractConnection, writer: Writer) -> None:
        batched = [one for one in self._subscriptions if isinstance(one.handler, BatchHandler)]
        single = [one for one in self._subscriptions if not isinstance(one.handler, BatchHandler)]
        self._batches = [BatchLane(one, self._prefix, self._backoff) for one in batched]
        for lane in self._batches:
            await lane.open(connection, writer)
        self._handlers = HandlerLane(self._url, self._prefix, single, self._backoff)
        await self._handlers.open(self._drain_seconds, partial(self._on_lost, self._handlers))

    def _on_lost(self, part: object, *_: object) -> None:
        """Wake the watch, unless the part was let go of on purpose or has been replaced already."""
        if self._flowing and part in (self._connection, self._handlers):
            self._disturbed.set()

    async def _sound(self) -> bool:
        """Whether every lane is open here, and every queue we answer has a consumer there."""
        if self._disturbed.is_set() or not self._publisher.sound or not all(lane.sound for lane in self._batches):
            return False
        try:
            counts = await self._declared([one.queue for one in self._subscriptions])
        except BROKER_AWAY:
            return False
        return all(consumers > 0 for _, consumers in counts.values())

    async def _declared(self, names: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Messages and consumers of each queue, as the broker counts them."""
        if self._connection is None:
            raise ConnectionError("the broker is away")
        channel = await self._connection.channel(publisher_confirms=False)
        try:
            return {name: await _count(channel, self._prefix + name) for name in names}
        finally:
            with contextlib.suppress(Exception):  # a broker that is silent would be waited for as long as a heartbeat
                async with asyncio.timeout(PAUSE_SECONDS):
                    await channel.close()

    async def _rebuild(self) -> None:
        log.error("The bus lost a connection or a consumer; it is built again", action="bus.rebuild")
        deadline = time.monotonic() + self._give_up_seconds
        while True:
            BUS_REBUILDS.inc()
            await self._abandon()
            try:
                await self._build()
            except BROKER_AWAY as error:
                log.warning("The broker is away", action="bus.away", error=str(error))
                if time.monotonic() > deadline:
                    raise BusLost(f"no broker for {self._give_up_seconds:.0f} s") from error
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                log.info("The bus flows again", action="bus.rebuilt")
                return

    async def _abandon(self) -> None:
        """Let go of everything at once; the broker delivers again what was not acknowledged."""
        connection, self._connection = self._connection, None
        handlers, self._handlers = self._handlers, HandlerLane(self._url, self._prefix, [], self._backoff)
        await asyncio.gather(handlers.abandon(), *(lane.close(0) for lane in self._batches))
        self._publisher.abandon()
        if self._writer:
            await self._writer.close()
        if connection:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await connection.close()


async def _count(channel: AbstractChannel, queue: str) -> tuple[int, int]:
    answer = await channel.queue_declare(queue, passive=True, timeout=CONNECT_SECONDS)
    return answer.message_count or 0, answer.consumer_count or 0
