"""Frozen versions: what of a flow is kept for ever, and by which hash. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from queryflow.domain.flow import Connection, Flow, Layout
from queryflow.domain.ids import NodeId, ParameterName, TemplateId, VersionHash
from queryflow.domain.template import Template
from queryflow.domain.version import EngineConnection, Version, content_hash


@dataclass(frozen=True, slots=True)
class Frozen:
    """A version with its content hash."""

    version: Version
    hash: VersionHash


def freeze(flow: Flow, templates: Mapping[TemplateId, Template], connections: Mapping[str, EngineConnection]) -> Frozen:
    """The flow with the template texts and engine connections it uses, and no others."""
    used = {node.template for node in flow.nodes}
    named = {node.connection or flow.connection for node in flow.nodes}
    return seal(
        Version(
            flow=flow.model_copy(update={"templates": {}}),
            templates={name: template for name, template in templates.items() if name in used},
            connections={name: connection for name, connection in connections.items() if name in named},
        )
    )


def seal(version: Version) -> Frozen:
    """The version with its hash. The layout is kept but not hashed: moving a node makes no new version."""
    flow = version.flow.model_copy(update={"layout": Layout()})
    return Frozen(version, content_hash(version.model_copy(update={"flow": flow}).document()))


def detach(version: Version, detached: Mapping[NodeId, Collection[ParameterName]]) -> Version:
    """The version without the bindings of those parameters; their connections stay, as an order."""
    if not detached:
        return version
    connections = tuple(_unmapped(each, detached.get(each.target, ())) for each in version.flow.connections)
    return version.model_copy(update={"flow": version.flow.model_copy(update={"connections": connections})})


def _unmapped(connection: Connection, names: Collection[ParameterName]) -> Connection:
    kept = {name: binding for name, binding in connection.map.items() if name not in names}
    return connection if len(kept) == len(connection.map) else connection.model_copy(update={"map": kept})
