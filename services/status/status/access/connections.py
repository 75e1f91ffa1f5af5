"""A connection to the database, and who acts on it; opened by `Status.reader` and `Status.writer` alone."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.access.actor import Actor
from queryflow.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Reader:
    """What a use case reads by."""

    connection: AsyncConnection
    actor: Actor


@dataclass(frozen=True, slots=True)
class Writer:
    """What a use case writes the projection by."""

    connection: Connection
    actor: Actor
