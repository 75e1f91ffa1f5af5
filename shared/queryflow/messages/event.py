"""What every event is: a frozen fact that only grows, of values that every listener can store."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.functional_serializers import PlainSerializer

MAXIMUM_BODY_BYTES = 65_536
"""No body is larger; what is larger travels by reference."""


def _iso(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

Instant = Annotated[
    AwareDatetime, Field(ge=EARLIEST, lt=LATEST), PlainSerializer(_iso, return_type=str, when_used="json")
]
"""A moment that any zone and any column can tell."""
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""No NUL: PostgreSQL keeps none. JSON's reader refuses half surrogates."""
Name = Annotated[Text, Field(max_length=100)]
"""An id or a word, as long as the columns are that keep it."""
SmallNumber = Annotated[int, Field(ge=-(2**31), lt=2**31)]
"""What PostgreSQL's INTEGER holds."""
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""What PostgreSQL's BIGINT holds."""
Seconds = Annotated[float, Field(allow_inf_nan=False)]
"""A length of time that JSON can write."""


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
