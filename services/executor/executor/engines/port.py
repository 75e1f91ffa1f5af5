"""The engine port: what the executor asks of whatever runs SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol

from queryflow.domain.files.catalogue import Catalogue
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import ErrorKind
from queryflow.domain.values.parameters import Values


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """An engine connection as its row has it."""

    name: str
    engine: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt of one node, ready to run: nothing is left to look up."""

    execution_id: ExecutionId
    node_id: NodeId
    attempt: int
    fence: int
    template: Template
    values: Values
    """Checked values by parameter; a long list is a `sql.lists.RegisteredList` that names a file in `lists`."""
    window: ResolvedWindow
    connection: ConnectionSettings
    directory: Path
    """The attempt's own directory, empty, 0700; the engine may write there and nowhere else."""
    timeout: timedelta
    lists: Mapping[str, Path] = field(default_factory=dict)
    """Parquet files of one column `value`, by parameter."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result, with the engine's own word for its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Produced:
    """What an attempt made: a Parquet file in its directory (None for an engine without results), and what was sent."""

    file: Path | None
    rows: int
    columns: tuple[ResultColumn, ...]
    sql: str | None


class EngineFailure(Exception):
    """The engine refused or failed the query; `message` is safe to show to the person who wrote it."""

    def __init__(self, kind: ErrorKind, message: str, sql: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.sql = sql
        """What was sent, where something was."""


class Describer(Protocol):
    """Tells what an engine connection has to read."""

    async def describe(self, connection: ConnectionSettings, directory: Path) -> Catalogue:
        """Its tables and what is none; `directory` is empty and may be written in. What cannot be read is in it."""


class Engine(Protocol):
    """Runs queries. Cancelling the task of `run` ends the query at the engine."""

    kind: ClassVar[str]
    instant: ClassVar[bool]
    """Whether `run` is done at once and does nothing outside the process: such nodes are claimed and ended together."""

    async def run(self, work: Work) -> Produced:
        """Run the work to its end; raises EngineFailure."""
