"""The bus of the embedded mode: queues inside the process, one per handler, fed by the same outboxes.

It keeps nothing: an envelope that was not answered by every queue of its key is an outbox row still, and comes back
at the next start. First in, first out, but no order is promised.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import structlog

from queryflow.bus.answering import Answer, Delivery, Subscription, backoff_seconds
from queryflow.bus.port import AnyHandler, DeadLetters, Envelope, Unroutable
from queryflow.bus.topology import check_keys, keys_of

log = structlog.get_logger()
Backoff = Callable[[int], float]


class LocalBus:
    """Delivers inside the process. `shuffle` takes messages in a random order, to prove that no order is relied on."""

    def __init__(
        self, *, backoff: Backoff = backoff_seconds, drain_seconds: float = 15.0, shuffle: Random | None = None
    ) -> None:
        self._backoff = backoff
        self._drain_seconds = drain_seconds
        self._shuffle = shuffle
        self._queues: list[_LocalQueue] = []
        self._bound: dict[str, list[_LocalQueue]] = {}
        self._waiting_futures: set[asyncio.Future[None]] = set()
        self._running = False
        self._stopped = False

    def subscribe(self, handlers: Sequence[AnyHandler], service: object, dead_letters: DeadLetters) -> None:
        """Add a service's handlers, before `start`."""
        check_keys(handlers)
        for handler in handlers:
            queue = _LocalQueue(Subscription(handler, service, dead_letters), self._backoff, self._shuffle)
            self._queues.append(queue)
            for key in keys_of(handler):
                self._bound.setdefault(key, []).append(queue)

    async def start(self) -> None:
        """Begin to deliver, first of all what was handed over before."""
        self._running = True
        for queue in self._queues:
            queue.open()

    def send(self, envelopes: Sequence[Envelope]) -> Sequence[asyncio.Future[None]]:
        """A future for each envelope; it ends when every queue of its key answered."""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in envelopes]
        touched: dict[int, _LocalQueue] = {}
        for envelope, future in zip(envelopes, futures, strict=True):
            for queue in self._accept(envelope, future):
                touched[id(queue)] = queue
        for queue in touched.values():
            queue.fill()
        return futures

    async def stop(self) -> None:
        """No new deliveries; running handlers get `drain_seconds` to end; the rest stays as outbox rows."""
        self._running, self._stopped = False, True
        running = [task for queue in self._queues for task in queue.close()]
        if running:
            _, late = await asyncio.wait(running, timeout=self._drain_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for future in list(self._waiting_futures):
            future.cancel()

    async def watch(self) -> None:
        """Never returns: there is no connection to lose."""
        await asyncio.get_running_loop().create_future()

    async def queue_depths(self) -> Mapping[str, int]:
        """How many messages wait in each queue."""
        return {queue.subscription.queue: queue.depth for queue in self._queues}

    @property
    def healthy(self) -> bool:
        """Whether it delivers."""
        return self._running

    def _accept(self, envelope: Envelope, future: "asyncio.Future[None]") -> "Sequence[_LocalQueue]":
        queues = self._bound.get(envelope.routing_key, [])
        if self._stopped:
            future.cancel()
            return ()
        if not queues:
            future.set_exception(Unroutable(f"no queue is bound to {envelope.routing_key}"))
            return ()
        self._waiting_futures.add(future)
        future.add_done_callback(self._waiting_futures.discard)
        held = _Held(envelope, future, len(queues))
        for queue in queues:
            queue.waiting.append(_Place(held))
        return queues


@dataclass(slots=True)
class _Held:
    """An envelope that some queues have not answered yet."""

    envelope: Envelope
    future: "asyncio.Future[None]"
    unanswered: int

    def answered(self) -> None:
        """One more queue answered; after the last one the outbox row may go."""
        self.unanswered -= 1
        if self.unanswered == 0 and not self.future.done():
            self.future.set_result(None)


@dataclass(slots=True)
class _Place:
    """An envelope's place in one queue."""

    held: _Held
    redeliveries: int = 0

    def delivery(self) -> Delivery:
        envelope = self.held.envelope
        return Delivery(envelope.message_id, envelope.type, envelope.body, envelope.traceparent, self.redeliveries)


@dataclass(slots=True, eq=False)
class _LocalQueue:
    """One handler's queue: what waits, what is being answered, and what comes back later."""

    subscription: Subscription
    backoff: Backoff
    shuffle: Random | None
    waiting: deque[_Place] = field(default_factory=deque)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    later: dict[int, asyncio.TimerHandle] = field(default_factory=dict)
    lingering: asyncio.TimerHandle | None = None
    is_open: bool = False

    @property
    def depth(self) -> int:
        """How many messages were not begun."""
        return len(self.waiting) + len(self.later)

    def open(self) -> None:
        """Begin to deliver."""
        self.is_open = True
        self.fill()

    def close(self) -> set[asyncio.Task[None]]:
        """Stop delivering; the answers that are being worked out."""
        self.is_open = False
        for timer in (*self.later.values(), *([self.lingering] if self.lingering else ())):
            timer.cancel()
        self.later.clear()
        return set(self.running)

    def fill(self) -> None:
        """Begin as many answers as the handler's width allows; if it lingers, a little later."""
        seconds = self.subscription.linger_seconds
        if not seconds or len(self.waiting) >= self.subscription.most:
            self._begin()
        elif self.waiting and self.lingering is None:
            self.lingering = asyncio.get_running_loop().call_later(seconds, self._lingered)

    def _lingered(self) -> None:
        self.lingering = None
        self._begin()

    def _begin(self) -> None:
        while self.is_open and self.waiting and len(self.running) < self.subscription.width:
            task = asyncio.create_task(self._answer(self._take()))
            self.running.add(task)
            task.add_done_callback(self._ended)

    def _take(self) -> list[_Place]:
        if self.shuffle:
            self.shuffle.shuffle(self.waiting)
        count = min(self.subscription.most, len(self.waiting))
        return [self.waiting.popleft() for _ in range(count)]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        self.fill()

    async def _answer(self, places: list[_Place]) -> None:
        answers = await self.subscription.answer([place.delivery() for place in places])
        for place, answer in zip(places, answers, strict=True):
            if answer is Answer.AGAIN:
                self._bring_back_later(place)
            else:
                place.held.answered()

    def _bring_back_later(self, place: _Place) -> None:
        """A message that asked for another try waits outside its queue, so that it holds nobody up."""
        if not self.is_open:
            return
        pause = self.backoff(place.redeliveries)
        place.redeliveries += 1
        self.later[id(place)] = asyncio.get_running_loop().call_later(pause, self._bring_back, place)

    def _bring_back(self, place: _Place) -> None:
        del self.later[id(place)]
        self.waiting.append(place)
        self.fill()
