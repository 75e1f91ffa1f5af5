"""Frozen versions: what of a flow is kept unchanged, and under which hash. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from queryflow.domain.flow.flow import Connection, Flow, Layout, Node
from queryflow.domain.flow.semantics import NEWEST, Semantics
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.version import EngineConnection, Version, content_hash
from queryflow.domain.ids import NodeId, ParameterName, TemplateId, VersionHash


@dataclass(frozen=True, slots=True)
class Frozen:
    """A version with its content hash."""

    version: Version
    hash: VersionHash


def freeze(
    flow: Flow,
    templates: Mapping[TemplateId, Template],
    connections: Mapping[str, EngineConnection],
    semantics: Semantics = NEWEST,
) -> Frozen:
    """The flow with the template texts and engine connections it uses, and no others, and what its bindings mean."""
    used = {node.template for node in flow.nodes}
    named = {node.connection or flow.connection for node in flow.nodes}
    version = Version(
        flow=flow.model_copy(update={"templates": {}}),
        templates={name: template for name, template in templates.items() if name in used},
        connections={name: connection for name, connection in connections.items() if name in named},
        semantics=semantics,
    )
    return Frozen(version, version_hash(version))


def version_hash(version: Version) -> VersionHash:
    """The hash of what the version means: its layout is kept but not hashed, so moving a node makes no new version."""
    flow = version.flow.model_copy(update={"layout": Layout()})
    return content_hash(version.model_copy(update={"flow": flow}).document())


def set_detached(flow: Flow, detached: Mapping[NodeId, Mapping[ParameterName, JsonValue]]) -> Flow:
    """The flow with those values set on its nodes in place of bindings; their connections stay, as an order."""
    if not detached:
        return flow
    connections = tuple(_unmapped(each, detached.get(each.target, {})) for each in flow.connections)
    nodes = tuple(_set(node, detached.get(node.node_id, {})) for node in flow.nodes)
    return flow.model_copy(update={"connections": connections, "nodes": nodes})


def _set(node: Node, values: Mapping[ParameterName, JsonValue]) -> Node:
    return node.model_copy(update={"parameters": {**node.parameters, **values}}) if values else node


def _unmapped(connection: Connection, names: Collection[ParameterName]) -> Connection:
    kept = {name: binding for name, binding in connection.map.items() if name not in names}
    return connection if len(kept) == len(connection.map) else connection.model_copy(update={"map": kept})
