"""Who starts an execution, and how a repeated order is recognised. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from composer.wishes import ExecutionWish
from queryflow.domain.errors import Invalid
from queryflow.domain.ids import CompositionId, PersonId, ScheduleId, due_time_key
from queryflow.domain.version import content_hash
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger

LONGEST_KEY = 200


class TriggerKind(StrEnum):
    """What started an execution."""

    API = "api"
    SCHEDULE = "schedule"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Order:
    """What starts one execution, as whom. Orders with the same key (of one person) start one execution between them."""

    person: PersonId
    wish: ExecutionWish
    kind: TriggerKind
    trigger_id: str | None = None
    key: str | None = None
    schedule: ScheduleId | None = None

    def fingerprint(self, composition: CompositionId) -> str:
        """The hash by which another order under the same key is told from a repeat.

        A due time of a schedule is one order, however the schedule was changed between two deliveries of its message.
        """
        asked = {} if self.schedule else {"composition_id": composition, "wish": self.wish.document()}
        return content_hash({"key": self.key, **asked})


def api_order(person: PersonId, wish: ExecutionWish, idempotency_key: str | None) -> Order:
    """An order that a person gave; Invalid if the key cannot be one."""
    if idempotency_key is None:
        return Order(person, wish, TriggerKind.API)
    return Order(person, wish, TriggerKind.API, key=f"api:{_usable(idempotency_key)}")


def message_order(person: PersonId, trigger: FlowTrigger) -> Order:
    """An order that another system sent; Invalid if the key cannot be one."""
    wish, key = ExecutionWish(parameters=trigger.parameters), _usable(trigger.idempotency_key)
    return Order(person, wish, TriggerKind.MESSAGE, key, key=f"message:{key}")


def schedule_order(person: PersonId, fired: ScheduleFired, wish: ExecutionWish) -> Order:
    """The order of one due time of a schedule."""
    schedule = ScheduleId(fired.schedule_id)
    key = due_time_key(schedule, fired.fire_time)
    return Order(person, wish, TriggerKind.SCHEDULE, str(schedule), key=key, schedule=schedule)


def _usable(key: str) -> str:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        message = f"An idempotency key has 1 to {LONGEST_KEY} printable characters."
        raise Invalid(message, code="INVALID_IDEMPOTENCY_KEY")
    return key
