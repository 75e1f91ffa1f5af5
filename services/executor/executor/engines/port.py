"""The engine port: what the executor asks of whatever runs SQL.

Every engine has its facts in the catalogue (`queryflow.engines`). One inside the process has `run`; one that has tables
to tell of has `describe`. One elsewhere, where a query outlives the process that sent it, is a RemoteEngine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import JsonValue

from queryflow.domain.files.catalogue import Catalogue
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import ErrorKind
from queryflow.domain.values.parameters import Values
from queryflow.engines.kind import EngineKind
from queryflow.sandbox.sandbox import Sandbox


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


@dataclass(frozen=True, slots=True)
class Tools:
    """What an engine is opened with."""

    sandbox: Sandbox
    tables: Path | None = None
    """Where it may keep tables that were read, for as long as they fit; None: it keeps none."""
    tables_bytes: int = 0
    """How much it may keep there."""


@runtime_checkable
class Describer(Protocol):
    """Tells what an engine connection has to read."""

    async def describe(self, connection: ConnectionSettings, directory: Path) -> Catalogue:
        """Its tables and what is none; `directory` is empty and may be written in. What cannot be read is in it."""


class Engine(Protocol):
    """Runs queries inside the process. Cancelling the task of `run` ends the query at the engine."""

    @property
    def kind(self) -> EngineKind:
        """Its facts, as the catalogue has them."""

    async def run(self, work: Work) -> Produced:
        """Run the work to its end; raises EngineFailure."""


Handle = Mapping[str, JsonValue]
"""What finds a query again at its engine, also after a restart: small, without secrets."""


class RemoteEngine(Protocol):
    """Runs queries elsewhere: each call is short, and the query goes on between them.

    What a call raises, `classify` explains. docs/decisions/0032 says what the executor has of it.
    """

    @property
    def kind(self) -> EngineKind:
        """Its facts, as the catalogue has them."""

    async def submit(self, work: Work) -> Handle:
        """Send the query; the same attempt sent again finds the query of the first time where the engine can tell."""

    async def poll(self, handle: Handle) -> timedelta | None:
        """None once the query has ended, well or badly; else how long to wait until the next look."""

    async def result(self, handle: Handle, work: Work) -> Produced:
        """Fetch what an ended query made into the work's directory; raises where it ended badly."""

    async def cancel(self, handle: Handle) -> None:
        """End the query; one that has ended stays as it is."""

    def classify(self, problem: Exception) -> EngineFailure:
        """What a problem means: whether another try may help, and what to tell the person who wrote the query."""
