"""What every event is: a frozen fact that only grows."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.functional_serializers import PlainSerializer

MAXIMUM_BODY_BYTES = 65_536
"""No body is larger; what is larger travels by reference."""


def _iso(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


Instant = Annotated[AwareDatetime, PlainSerializer(_iso, return_type=str, when_used="json")]


class Event(BaseModel):
    """A fact about the past, or the fact that something was asked for.

    It only grows: unknown fields are ignored, new fields have defaults.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    """The routing key, noun.fact; also the AMQP property `type`."""

    @property
    def routing_key(self) -> str:
        """Where the event goes; only `node.ready` adds a word to its type."""
        return self.type

    @property
    def correlation_id(self) -> UUID | None:
        """The execution the event belongs to, if it belongs to one."""
        found: Any = getattr(self, "execution_id", None)
        return found if isinstance(found, UUID) else None

    def body(self) -> bytes:
        """The event as JSON, and nothing else."""
        return self.model_dump_json().encode()
