"""What executions run, kept in memory: frozen versions by hash with their plans, and the facts of each execution.

Both never change once written, so a cache of them is never stale; it is only bounded.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from executor.repository import versions as rows
from queryflow.domain.errors import Invalid
from queryflow.domain.flow import Connection, Node
from queryflow.domain.ids import CompositionId, ExecutionId, NodeId
from queryflow.domain.plan import ExecutionPlan, plan_execution
from queryflow.domain.version import Version
from queryflow.domain.windows import ResolvedWindow, resolve_window
from queryflow.runtime.database import Connection as Database

Key = TypeVar("Key")
Kept = TypeVar("Kept")
MOST_PLANNED_NODES = 200_000
MOST_EXECUTIONS = 50_000


@dataclass(frozen=True, slots=True)
class Edge:
    """From a node to one of its children."""

    target: NodeId
    required: bool


@dataclass(frozen=True, slots=True)
class Frozen:
    """A version ready to be run: its plan, and every node's distinct children."""

    version: Version
    plan: ExecutionPlan
    nodes: Mapping[NodeId, Node]
    children: Mapping[NodeId, tuple[Edge, ...]]
    into: Mapping[NodeId, tuple[Connection, ...]]
    """By node, the connections that end at it, in the author's order."""


class BadVersion(Exception):
    """The stored version cannot be run; the message says why."""


@dataclass(frozen=True, slots=True)
class RunningExecution:
    """What an execution was asked for with, and what it runs."""

    id: ExecutionId
    composition_id: CompositionId
    schedule_id: UUID | None
    parameters: Mapping[str, Any]
    node_parameters: Mapping[str, Mapping[str, Any]]
    window: ResolvedWindow
    node_windows: Mapping[str, ResolvedWindow]
    frozen: Frozen


def freeze(document: Mapping[str, Any]) -> Frozen:
    """Read and plan a version's document; BadVersion says what is wrong with it."""
    try:
        version = Version.model_validate(document)
        plan = plan_execution(version)
    except (ValidationError, Invalid) as problem:
        raise BadVersion(f"The frozen version cannot be run: {problem}") from problem
    if not plan.nodes:
        raise BadVersion("The flow has no nodes.")
    nodes = {node.node_id: node for node in version.flow.nodes}
    return Frozen(version, plan, nodes, _children(plan), _into(version))


def _children(plan: ExecutionPlan) -> dict[NodeId, tuple[Edge, ...]]:
    found: dict[NodeId, list[Edge]] = {node_id: [] for node_id in plan.nodes}
    for node in plan.nodes.values():
        for source in node.sources:
            found[source.node_id].append(Edge(node.node_id, source.required))
    return {node_id: tuple(edges) for node_id, edges in found.items()}


def _into(version: Version) -> dict[NodeId, tuple[Connection, ...]]:
    found: dict[NodeId, list[Connection]] = {node.node_id: [] for node in version.flow.nodes}
    for connection in version.flow.connections:
        found[connection.target].append(connection)
    return {node_id: tuple(connections) for node_id, connections in found.items()}


class Recent(Generic[Key, Kept]):
    """The things used last, up to a total weight."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._kept: OrderedDict[Key, tuple[Kept, int]] = OrderedDict()

    def get(self, key: Key) -> Kept | None:
        """The thing, if it is still kept."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Key, thing: Kept, weight: int = 1) -> None:
        """Keep it, and let go of what was used longest ago; the newest stays however heavy."""
        if key in self._kept:
            return
        self._kept[key] = (thing, weight)
        self._weight += weight
        while self._weight > self._most and len(self._kept) > 1:
            _, (_, gone) = self._kept.popitem(last=False)
            self._weight -= gone


class Versions:
    """The versions and executions this process knows."""

    def __init__(self) -> None:
        self._frozen: Recent[str, Frozen] = Recent(MOST_PLANNED_NODES)
        self._executions: Recent[ExecutionId, RunningExecution] = Recent(MOST_EXECUTIONS)

    async def frozen(self, connection: Database, version: str) -> Frozen:
        """The version of that hash, planned; BadVersion if it cannot be run."""
        found = self._frozen.get(version)
        if found is None:
            document = await rows.document(connection, version)
            if document is None:
                raise BadVersion("The frozen version is missing.")
            found = freeze(document)
            self._frozen.keep(version, found, len(found.plan.nodes))
        return found

    def known(self, ids: Iterable[ExecutionId]) -> dict[ExecutionId, RunningExecution]:
        """Those of the executions that need not be read."""
        return {each: kept for each in ids if (kept := self._executions.get(each)) is not None}

    async def executions(self, connection: Database, ids: Iterable[ExecutionId]) -> dict[ExecutionId, RunningExecution]:
        """What those executions run; ids that have no row, or no version that can be run, are left out."""
        wanted = set(ids)
        found = self.known(wanted)
        missing = wanted - found.keys()
        if missing:
            for row in await rows.executions(connection, list(missing)):
                try:
                    execution = _execution(row, await self.frozen(connection, row["version"]))
                except BadVersion:
                    continue
                self._executions.keep(execution.id, execution)
                found[execution.id] = execution
        return found


def _execution(row: asyncpg.Record, frozen: Frozen) -> RunningExecution:
    return RunningExecution(
        id=ExecutionId(row["id"]),
        composition_id=CompositionId(row["composition_key"]),
        schedule_id=row["schedule_id"],
        parameters=row["parameters"],
        node_parameters=row["node_parameters"],
        window=_window(row, frozen),
        node_windows={node: ResolvedWindow.model_validate(each) for node, each in (row["node_windows"] or {}).items()},
        frozen=frozen,
    )


def _window(row: asyncpg.Record, frozen: Frozen) -> ResolvedWindow:
    """The window that was stored at the request; a request without one asks for the flow's own."""
    if row["window"] is not None:
        return ResolvedWindow.model_validate(row["window"])
    return resolve_window(frozen.version.flow.window, row["logical_date"])
