"""A version that is ready to be run, and the facts of an execution that runs it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from queryflow.domain.errors import Invalid
from queryflow.domain.execution.plan import ExecutionPlan, plan_execution
from queryflow.domain.flow.flow import Connection, Node
from queryflow.domain.flow.version import Version
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.domain.ids import ExecutionId, NodeId


class BadVersion(Exception):
    """The stored version cannot be run; the message says why."""


@dataclass(frozen=True, slots=True)
class RunnableVersion:
    """A version ready to be run: with its plan, and its nodes and connections at hand."""

    version: Version
    plan: ExecutionPlan
    nodes: Mapping[NodeId, Node]
    into: Mapping[NodeId, tuple[Connection, ...]]
    """By node, the connections that end at it, in the author's order."""


@dataclass(frozen=True, slots=True)
class RunningExecution:
    """What an execution was asked for with, and what it runs."""

    id: ExecutionId
    parameters: Mapping[str, Any]
    node_parameters: Mapping[str, Mapping[str, Any]]
    window: ResolvedWindow
    node_windows: Mapping[str, ResolvedWindow]
    runnable: RunnableVersion


def load_version(document: Mapping[str, Any]) -> RunnableVersion:
    """Read and plan a version's document; BadVersion says what is wrong with it."""
    try:
        version = Version.model_validate(document)
        plan = plan_execution(version)
    except (ValidationError, Invalid) as problem:
        raise BadVersion(f"The frozen version cannot be run: {problem}") from problem
    if not plan.nodes:
        raise BadVersion("The flow has no nodes.")
    return RunnableVersion(version, plan, {node.node_id: node for node in version.flow.nodes}, _into(version))


def _into(version: Version) -> dict[NodeId, tuple[Connection, ...]]:
    found: dict[NodeId, list[Connection]] = {node.node_id: [] for node in version.flow.nodes}
    for connection in version.flow.connections:
        found[connection.target].append(connection)
    return {node_id: tuple(connections) for node_id, connections in found.items()}
