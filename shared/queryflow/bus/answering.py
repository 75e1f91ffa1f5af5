"""How a message is answered, in both adapters alike: decode, call the handler, and judge what it raised."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import structlog
from pydantic import ValidationError

from queryflow.bus.port import AnyHandler, BatchHandler, DeadLetter, DeadLetters, Handler
from queryflow.domain.errors import Invalid, Refused
from queryflow.messages.event import Event
from queryflow.process.failpoints import failpoint
from queryflow.process.metrics import DEAD_LETTERS, MESSAGE_SECONDS, MESSAGES
from queryflow.process.telemetry import working_for
from queryflow.process.transient_errors import is_transient

log = structlog.get_logger()

MAXIMUM_REDELIVERIES = 10
"""After so many redeliveries a message that still asks to be tried again becomes a dead letter."""
LONGEST_BACKOFF_SECONDS = 60.0
MOST_NAMED = 20
"""Problems of one message that are told."""


def backoff_seconds(redeliveries: int) -> float:
    """How long a message waits before its next delivery: 1, 2, 4 … 60 s; 303 s in all, longer than a restart takes."""
    return float(min(LONGEST_BACKOFF_SECONDS, 2.0 ** min(redeliveries, 16)))


class Answer(StrEnum):
    """What becomes of a delivered message."""

    DONE = "done"
    AGAIN = "again"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it reached one queue."""

    message_id: UUID
    type: str
    body: bytes
    traceparent: str | None
    redeliveries: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler with the service it works for and the place for what it cannot answer."""

    handler: AnyHandler
    service: object
    dead_letters: DeadLetters

    @property
    def queue(self) -> str:
        """The queue's name without prefix."""
        return self.handler.queue

    @property
    def width(self) -> int:
        """How many answers are worked out at once: a batch is one."""
        return self.handler.width if isinstance(self.handler, Handler) else 1

    @property
    def most(self) -> int:
        """How many messages are taken for one answer."""
        return self.handler.most if isinstance(self.handler, BatchHandler) else 1

    @property
    def linger_seconds(self) -> float:
        """How long the first message of an answer waits for others."""
        return self.handler.linger_seconds if isinstance(self.handler, BatchHandler) else 0.0

    async def answer(self, deliveries: Sequence[Delivery]) -> Sequence[Answer]:
        """The answers to messages that were taken together; a dead letter is recorded before it is said."""
        started = time.perf_counter()
        answers = await self._together(deliveries) if isinstance(self.handler, BatchHandler) else None
        if answers is None:
            answers = [await self._alone(delivery) for delivery in deliveries]
        MESSAGE_SECONDS.labels(self.queue).observe(time.perf_counter() - started)
        failpoint("bus.before_acknowledge")
        for answer in answers:
            MESSAGES.labels(self.queue, answer).inc()
        return answers

    async def _together(self, deliveries: Sequence[Delivery]) -> list[Answer] | None:
        """Done for each, or None: something in the batch must be answered by itself."""
        try:
            events = [self._decode(delivery) for delivery in deliveries]
            await self.handler.call(events, self.service)
        except Exception as error:  # noqa: BLE001 - each message's own error is told when it is answered alone
            log.warning("A batch failed; its messages are answered one at a time", action="bus.batch_failed",
                        queue=self.queue, messages=len(deliveries), error=type(error).__name__)  # fmt: skip
            return None
        return [Answer.DONE] * len(deliveries)

    async def _alone(self, delivery: Delivery) -> Answer:
        try:
            event = self._decode(delivery)
        except ValidationError as error:
            return await self._bury(delivery, "UNDECODABLE", _without_input(error))
        try:
            with working_for(delivery.traceparent):
                await self._call(event)
        except Exception as error:  # noqa: BLE001 - what a handler raises is its answer
            return await self._judge(delivery, error)
        return Answer.DONE

    async def _call(self, event: Event) -> None:
        if isinstance(self.handler, BatchHandler):
            await self.handler.call([event], self.service)
        else:
            await self.handler.call(event, self.service)

    def _decode(self, delivery: Delivery) -> Event:
        return self.handler.event.model_validate_json(delivery.body)

    async def _judge(self, delivery: Delivery, error: Exception) -> Answer:
        if is_transient(error) and delivery.redeliveries < MAXIMUM_REDELIVERIES:
            log.warning("A message is tried again", action="bus.try_again", queue=self.queue, error=str(error),
                        message_id=str(delivery.message_id), redeliveries=delivery.redeliveries)  # fmt: skip
            return Answer.AGAIN
        if is_transient(error):
            return await self._bury(delivery, "TRIED_TOO_OFTEN", f"tried {delivery.redeliveries + 1} times: {error}")
        if isinstance(error, Refused):
            return await self._bury(delivery, error.error_code, _without_values(error))
        log.error("A handler failed", action="bus.bug", queue=self.queue, exc_info=error)
        return await self._bury(delivery, "BUG", f"{type(error).__name__}: {error}")

    async def _bury(self, delivery: Delivery, code: str, reason: str) -> Answer:
        """Dead once the letter is kept durably; if it cannot be kept, the message comes back."""
        letter = DeadLetter(self.queue, delivery.message_id, delivery.type, delivery.body, code[:50], reason)
        try:
            await self.dead_letters.record(letter)
        except Exception:
            log.exception("A dead letter could not be kept", action="bus.letter_lost", queue=self.queue, code=code)
            return Answer.AGAIN
        failpoint("bus.after_dead_letter")
        DEAD_LETTERS.labels(self.queue, code).inc()
        log.error("A message became a dead letter", action="bus.dead_letter", queue=self.queue, code=code,
                  reason=reason, message_id=str(delivery.message_id))  # fmt: skip
        return Answer.DEAD


def _without_values(error: Refused) -> str:
    """What is refused and where; a problem's own sentence may repeat a value, its code does not."""
    problems = error.problems if isinstance(error, Invalid) else ()
    return " ".join([error.message, "; ".join(f"{each.path}: {each.code}" for each in problems[:MOST_NAMED])]).strip()


def _without_input(error: ValidationError) -> str:
    """The same of a body that cannot be read."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in problems[:MOST_NAMED]
    )
