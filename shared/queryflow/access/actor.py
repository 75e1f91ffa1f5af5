"""Who acts in a transaction, and in whose name its rows are written."""

from dataclasses import dataclass
from enum import StrEnum

from queryflow.domain.ids import PersonId
from queryflow.schema.people import LOCAL_PERSON


class ActorKind(StrEnum):
    """By which way somebody acts."""

    PERSON = "person"
    """A request over HTTP."""
    MESSAGE = "message"
    """Another system's message."""
    SCHEDULE = "schedule"
    """A due time of a schedule."""
    SYSTEM = "system"
    """A service itself: it follows events, repairs and tidies up."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, something that acts as a person, or the system, which is nobody."""

    kind: ActorKind
    account: PersonId | None
    """None of the system alone."""

    def __post_init__(self) -> None:
        if (self.account is None) != (self.kind is ActorKind.SYSTEM):
            raise ValueError(f"an actor of kind {self.kind} cannot act as {self.account}")

    @property
    def person(self) -> PersonId:
        """Whom rows name as the one who made them; ValueError for the system, which makes none in anybody's name."""
        if self.account is None:
            raise ValueError("the system writes nothing in a person's name")
        return self.account


SYSTEM = Actor(ActorKind.SYSTEM, None)

# Until there are accounts, everybody is the one person there is, and what comes by itself runs as that person.
LOCAL = Actor(ActorKind.PERSON, LOCAL_PERSON)
"""Whoever sends a request."""
LOCAL_MESSAGE = Actor(ActorKind.MESSAGE, LOCAL_PERSON)
"""Whoever sends a message."""
LOCAL_SCHEDULE = Actor(ActorKind.SCHEDULE, LOCAL_PERSON)
"""Whoever made a schedule."""
