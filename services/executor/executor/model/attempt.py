"""One try of a node: who it is, what it worked with, and the node once it has ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import ErrorKind, NodeState, RootReason


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed try: its row, who it is, and the fence that guards every later write of it."""

    id: UUID
    execution_id: ExecutionId
    node_id: NodeId
    number: int
    fence: int
    engine: str
    engine_connection: str
    elapsed: timedelta
    """From the first try's start to this claim, by the database's clock."""
    holds_place: bool = False
    """Whether it holds a place of an engine connection that limits how many run at once."""

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Attempt":
        """The attempt that a node's row, claimed or locked, stands for."""
        return cls(
            id=row["id"],
            execution_id=ExecutionId(row["execution_id"]),
            node_id=NodeId(row["node_id"]),
            number=row["attempt"],
            fence=row["fence"],
            engine=row["engine"],
            engine_connection=row["engine_connection"],
            elapsed=row["elapsed"],
        )


@dataclass(frozen=True, slots=True)
class ReadyAttempt:
    """An attempt that may be claimed, by executors that run its engine."""

    execution_id: ExecutionId
    node_id: NodeId
    number: int
    engine: str
    at: datetime
    """When it was made ready, by the database's clock."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt did not succeed; the message is safe to show."""

    kind: ErrorKind
    message: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What an attempt worked with: resolved parameters, who set each, and the SQL that was sent."""

    parameters: Mapping[str, Any] | None = None
    mappings: Mapping[str, Any] | None = None
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class EndedNode:
    """A node that is in a final state now, whose children are to be told."""

    id: UUID
    execution_id: ExecutionId
    node_id: NodeId
    state: NodeState
    root: RootReason | None
    number: int
    sequence: int
    at: datetime
