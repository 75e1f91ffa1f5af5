"""A flow as a document: read from YAML or JSON and written so that reading gives the same flow again."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.document import FORMAT, entries, header_problems, join, json_problems, read_model
from queryflow.domain.flow.flow import Connection, Flow, Layout, Node
from queryflow.domain.flow.places import with_places
from queryflow.domain.flow.template_file import inline_document, template_shape
from queryflow.domain.flow.yaml_writer import write_yaml
from queryflow.domain.ids import COMPOSITION_ID_PATTERN, FLOW_KEY_PATTERN

KEPT = ("nodes", "window")
"""An empty window is one all the same, and a flow without nodes says so."""
PINNED = re.compile(r"(?P<name>[^@]*)@(?P<version>[1-9][0-9]{0,8})")


def read_flow(text: str) -> Flow:
    """The flow of a YAML (or JSON) text; raises Invalid with every problem."""
    return with_places(text, flow_from_document)


def write_flow(flow: Flow) -> str:
    """The flow as YAML."""
    return write_yaml(flow_to_document(flow))


def flow_from_document(document: object) -> Flow:
    """The flow of a plain document, as a file or a request body has it; raises Invalid with every problem.

    This reads the form only; what a flow means wrongly (a cycle, a missing value) `validation.py` finds.
    """
    problems = json_problems(document)
    if problems or not isinstance(document, Mapping):
        problems = problems or [Problem("WRONG_TYPE", "", "A flow is a mapping of keys to values.")]
        raise Invalid("The document is no flow.", problems)
    problems += header_problems(document, "composition")
    problems += _key_problems(document.get("composition_id"))
    return read_model(Flow, _flow_shape(document, problems), problems)


def flow_to_document(flow: Flow) -> dict[str, Any]:
    """The flow as a plain document, without what is default; nodes and connections keep their order."""
    document: dict[str, Any] = {"queryflow": FORMAT, "kind": "composition"}
    document |= flow.model_dump(
        mode="json", include={"composition_id", "name", "description", "tags"}, exclude_none=True
    )
    document |= flow.model_dump(mode="json", include={"connection", "window"}, exclude_defaults=True)
    document["parameters"] = {
        each.name: each.model_dump(mode="json", exclude={"name"}, exclude_defaults=True) for each in flow.parameters
    }
    document["nodes"] = {node.node_id: node_to_document(node) for node in flow.nodes}
    document["connections"] = [connection_to_document(connection) for connection in flow.connections]
    document["layout"] = _layout_document(flow.layout)
    document["templates"] = {name: inline_document(template) for name, template in flow.templates.items()}
    return {key: value for key, value in document.items() if key in KEPT or value not in ({}, [])}


def node_to_document(node: Node) -> dict[str, Any]:
    """A node as it stands in the document, its id being the key."""
    body = node.model_dump(mode="json", exclude={"node_id", "template", "template_version"}, exclude_defaults=True)
    pin = "" if node.template_version is None else f"@{node.template_version}"
    return {"template": f"{node.template}{pin}", **body}


def connection_to_document(connection: Connection) -> dict[str, Any]:
    """A connection as it stands in the document; a binding without options is the name of its column."""
    body = connection.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if connection.map:
        body["map"] = {
            name: binding["column"] if len(binding) == 1 else binding for name, binding in body["map"].items()
        }
    return body


def _key_problems(key: object) -> Iterator[Problem]:
    """A single query runs as a flow with such a key; no composition may have one."""
    if isinstance(key, str) and re.fullmatch(FLOW_KEY_PATTERN, key) and not re.fullmatch(COMPOSITION_ID_PATTERN, key):
        message = "composition_id should begin with comp_; query_ is for queries that run alone."
        yield Problem("WRONG_VALUE", "composition_id", message)


def _layout_document(layout: Layout) -> dict[str, Any]:
    body = layout.model_dump(mode="json", exclude_defaults=True)
    return {key: _without_points(value) if key != "notes" else value for key, value in body.items()}


def _without_points(value: Any) -> Any:
    """Coordinates as people write them: 420 for 420.0."""
    if isinstance(value, dict):
        return {key: _without_points(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_points(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flow_shape(document: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    shaped = {key: value for key, value in document.items() if key not in {"queryflow", "kind"}}
    shaped["parameters"] = entries(document, "parameters", "name", problems)
    shaped["nodes"] = [_node_shape(node, problems) for node in entries(document, "nodes", "node_id", problems)]
    if isinstance(document.get("connections"), list):
        shaped["connections"] = [_connection_shape(connection) for connection in document["connections"]]
    shaped["templates"] = _templates_shape(document, problems)
    return {key: value for key, value in shaped.items() if value is not None}


def _node_shape(node: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    path, template = f"nodes.{node['node_id']}", node.get("template")
    if "template_version" in node:
        message = "A template version is written behind the template: template: name@3."
        problems.append(Problem("UNKNOWN_FIELD", f"{path}.template_version", message))
    if not isinstance(template, str) or "@" not in template:
        return node
    pinned = PINNED.fullmatch(template)
    if pinned is None:
        problems.append(Problem("WRONG_VALUE", f"{path}.template", "A template version is a number: template: name@3."))
        return node
    return {**node, "template": pinned["name"], "template_version": int(pinned["version"])}


def _connection_shape(connection: Any) -> Any:
    """The short form of a binding, the name of a column, written out."""
    if not isinstance(connection, Mapping) or not isinstance(connection.get("map"), Mapping):
        return connection
    mapped = connection["map"].items()
    return {**connection, "map": {name: {"column": to} if isinstance(to, str) else to for name, to in mapped}}


def _templates_shape(document: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    shaped = {}
    for template in entries(document, "templates", "template_id", problems):
        inner: list[Problem] = []
        shaped[template["template_id"]] = template_shape(template, inner)
        path = join("templates", template["template_id"])
        problems += (Problem(each.code, join(path, each.path), each.message) for each in inner)
    return shaped
