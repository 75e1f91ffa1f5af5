"""A frozen version: a flow with the template texts and engine connections it runs on, addressed by its content hash."""

import hashlib
import json
from typing import Any

from queryflow.domain.flow.flow import Flow, Model, Node
from queryflow.domain.flow.semantics import Semantics
from queryflow.domain.flow.template import Template
from queryflow.domain.ids import NodeId, TemplateId, VersionHash


class EngineConnection(Model):
    """Which engine a node runs on, by name; never a secret."""

    name: str
    engine: str
    """The word that ends the routing key: duckdb, echo …"""


class Version(Model):
    """What an execution runs: immutable, and enough to run it without reading the head again."""

    flow: Flow
    templates: dict[TemplateId, Template]
    connections: dict[str, EngineConnection]
    semantics: Semantics = Semantics.CAST_LAST
    """What the bindings mean; a document without the number was frozen before there was another meaning."""

    def template_of(self, node: Node) -> Template:
        """The frozen template a node uses."""
        return self.templates[node.template]

    def connection_of(self, node: Node) -> EngineConnection:
        """The engine connection a node runs on: its own, else the flow's."""
        name = node.connection or self.flow.connection
        if name is None:
            raise KeyError(node.node_id)
        return self.connections[name]

    def node(self, node_id: NodeId) -> Node:
        """The node of that id; KeyError if the version has none."""
        found = self.flow.node(node_id)
        if found is None:
            raise KeyError(node_id)
        return found

    def document(self) -> dict[str, Any]:
        """The version as JSON, as it is stored; the oldest meaning has no number, so that its hash is what it was."""
        left_out = {"semantics"} if self.semantics is Semantics.CAST_LAST else None
        return self.model_dump(mode="json", by_alias=True, exclude=left_out)


def content_hash(document: dict[str, Any]) -> VersionHash:
    """SHA-256 of the document's canonical JSON: keys sorted, no spaces, UTF-8. Equality ignores the order of keys."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return VersionHash(hashlib.sha256(text.encode()).hexdigest())
