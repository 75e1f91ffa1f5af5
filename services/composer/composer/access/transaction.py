"""One request or one message of the composer: an open transaction, and who acts in it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.access.actor import Actor
from queryflow.db import transaction as shared
from queryflow.domain.ids import PersonId
from queryflow.messages.event import Event


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a use case works in; it is made by `Composer.transaction` and `Composer.commit` alone."""

    opened: shared.Transaction
    actor: Actor

    @property
    def connection(self) -> AsyncConnection:
        """Where its statements run."""
        return self.opened.connection

    @property
    def now(self) -> datetime:
        """The database's `now()`: the same for the whole transaction."""
        return self.opened.now

    @property
    def person(self) -> PersonId:
        """Whom the rows that it writes name; ValueError where the system acts."""
        return self.actor.person

    def emit(self, event: Event) -> None:
        """Say the event once the transaction has committed."""
        self.opened.emit(event)
