"""Who starts an execution, and how a repeated request is recognised. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from composer.rules.execution_requests import ExecutionRequest
from queryflow.domain.errors import Invalid
from queryflow.domain.flow.document import json_problems
from queryflow.domain.flow.version import content_hash
from queryflow.domain.ids import CompositionId, ScheduleId, due_time_key
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger

LONGEST_KEY = 200


class TriggerKind(StrEnum):
    """What started an execution."""

    API = "api"
    SCHEDULE = "schedule"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts one execution. Orders with the same key (of one person) start one execution between them."""

    request: ExecutionRequest
    kind: TriggerKind
    trigger_id: str | None = None
    key: str | None = None
    schedule: ScheduleId | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """What was asked beside the request, as JSON: a repeat says it again."""

    def fingerprint(self, composition: CompositionId) -> str:
        """The hash by which another order under the same key is told from a repeat.

        A due time of a schedule is one order, however the schedule was changed between two deliveries of its message.
        """
        if self.schedule is not None:
            return self.fingerprint_of_due_time()
        # The hashes of earlier requests are kept, and were made with these words.
        return content_hash(
            {"key": self.key, "composition_id": composition, "wish": self.request.document(), **self.more}
        )

    def fingerprint_of_due_time(self) -> str:
        """The hash of a due time, whatever it runs."""
        return content_hash({"key": self.key})


def api_trigger(
    request: ExecutionRequest, idempotency_key: str | None, more: Mapping[str, Any] | None = None
) -> Trigger:
    """The trigger of a person's request; Invalid if the key cannot be one."""
    if idempotency_key is None:
        return Trigger(request, TriggerKind.API)
    _demand_key("An Idempotency-Key", idempotency_key)
    return Trigger(request, TriggerKind.API, key=f"api:{idempotency_key}", more=more or {})


def message_trigger(message: FlowTrigger) -> Trigger:
    """The trigger of another system's message; Invalid if the key cannot be one, or a value cannot be stored."""
    _demand_key("An idempotency_key", message.idempotency_key)
    if problems := json_problems({"parameters": message.parameters}):
        raise Invalid("The message holds values that cannot be stored.", problems)
    request = ExecutionRequest(parameters=message.parameters)
    return Trigger(request, TriggerKind.MESSAGE, message.idempotency_key, key=f"message:{message.idempotency_key}")


def schedule_trigger(fired: ScheduleFired, request: ExecutionRequest) -> Trigger:
    """The trigger of one due time of a schedule."""
    schedule = ScheduleId(fired.schedule_id)
    key = due_time_key(schedule, fired.fire_time)
    return Trigger(request, TriggerKind.SCHEDULE, str(schedule), key=key, schedule=schedule)


def _demand_key(name: str, key: str) -> None:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        message = f"{name} has 1 to {LONGEST_KEY} printable characters."
        raise Invalid(message, code="INVALID_IDEMPOTENCY_KEY")
