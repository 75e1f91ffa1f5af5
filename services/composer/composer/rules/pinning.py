"""Which version of its template each node uses, recorded when the head is saved. Pure."""

from collections import defaultdict
from collections.abc import Mapping

from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Flow, Node
from queryflow.domain.ids import TemplateId

Pin = tuple[TemplateId, int]


def pin_templates(flow: Flow, newest: Mapping[TemplateId, int]) -> Flow:
    """The flow with a template version on every node whose template is known.

    A node that names none takes the version that the rest of the flow names, else the newest: a flow uses one version
    of each template, and a newer one never comes in by itself.
    """
    named = {**newest, **_named_versions(flow)}
    return flow.model_copy(update={"nodes": tuple(_pinned(node, named) for node in flow.nodes)})


def pins_of(flow: Flow) -> frozenset[Pin]:
    """Every (template, version) that the flow's nodes use."""
    return frozenset((node.template, node.template_version) for node in flow.nodes if node.template_version is not None)


def pin_problems(flow: Flow, known: frozenset[Pin]) -> list[Problem]:
    """Template versions that do not exist, and templates that are used in two versions at once."""
    return [*_unknown_versions(flow, known), *_mixed_versions(flow)]


def _named_versions(flow: Flow) -> dict[TemplateId, int]:
    named: dict[TemplateId, int] = {}
    for node in flow.nodes:
        if node.template_version is not None:
            named.setdefault(node.template, node.template_version)
    return named


def _pinned(node: Node, versions: Mapping[TemplateId, int]) -> Node:
    if node.template_version is not None:
        return node
    return node.model_copy(update={"template_version": versions.get(node.template)})


def _unknown_versions(flow: Flow, known: frozenset[Pin]) -> list[Problem]:
    return [
        Problem(
            code="UNKNOWN_TEMPLATE_VERSION",
            path=f"nodes.{node.node_id}.template",
            message=f"The template {node.template} has no version {node.template_version}; name one that it has.",
        )
        for node in flow.nodes
        if node.template_version is not None and (node.template, node.template_version) not in known
    ]


def _mixed_versions(flow: Flow) -> list[Problem]:
    versions: dict[TemplateId, set[int]] = defaultdict(set)
    for template, version in pins_of(flow):
        versions[template].add(version)
    return [
        Problem(
            code="MIXED_TEMPLATE_VERSIONS",
            path=f"nodes.{node.node_id}.template",
            message=(
                f"The flow uses {node.template} in several versions ({_listed(versions[node.template])}); "
                "use one of them in every node."
            ),
        )
        for node in flow.nodes
        if len(versions[node.template]) > 1
    ]


def _listed(versions: set[int]) -> str:
    return ", ".join(f"@{version}" for version in sorted(versions))
