"""Existing combinations of templates become compositions."""

from pydantic import JsonValue

from queryflow.domain.flow.flow import FlowReference
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.ids import CompositionId, ParameterName, TemplateId
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.schema.combinations import Combination, composition_of


def template(template_id: str, **parameters: ParameterType) -> Template:
    declared = tuple(Parameter(name=ParameterName(name), type=kind) for name, kind in parameters.items())
    return Template(
        template_id=TemplateId(template_id), name=template_id, dialect=Dialect.AMC, sql="SELECT 1", parameters=declared
    )


WEEKLY = CompositionId("comp_weekly")
TOP = template("top", campaigns=ParameterType.CAMPAIGN_LIST, minimum=ParameterType.INTEGER)
PATHS = template("paths", campaigns=ParameterType.CAMPAIGN_LIST)
NUMBERED = template("7_days")


def test_the_order_is_kept_and_each_use_is_a_node_of_its_own() -> None:
    flow = composition_of(Combination(WEEKLY, "Weekly", [TOP, PATHS, TOP, NUMBERED, TOP]))
    assert [node.node_id for node in flow.nodes] == ["top", "paths", "top_2", "node_7_days", "top_3"]
    assert [(each.source, each.target) for each in flow.connections] == [
        ("top", "paths"),
        ("paths", "top_2"),
        ("top_2", "node_7_days"),
        ("node_7_days", "top_3"),
    ]
    assert not any(connection.map for connection in flow.connections)


def test_shared_parameters_become_the_flows_and_reach_who_declares_them() -> None:
    shared: dict[ParameterName, JsonValue] = {
        ParameterName("campaigns"): ["1", "2"],
        ParameterName("minimum"): 3,
        ParameterName("unknown"): True,
    }
    flow = composition_of(Combination(WEEKLY, "Weekly", [PATHS, TOP], shared))
    assert [(each.name, each.type, each.default) for each in flow.parameters] == [
        ("campaigns", ParameterType.CAMPAIGN_LIST, ["1", "2"]),
        ("minimum", ParameterType.INTEGER, 3),
    ]
    paths, top = flow.nodes
    assert paths.parameters == {"campaigns": FlowReference(flow=ParameterName("campaigns"))}
    assert set(top.parameters) == {"campaigns", "minimum"}


def test_a_template_id_that_looks_like_a_repeat_stays_apart() -> None:
    flow = composition_of(Combination(WEEKLY, "Weekly", [TOP, template("top_2"), TOP]))
    assert [node.node_id for node in flow.nodes] == ["top", "top_2", "top_3"]


def test_a_combination_of_nothing_is_an_empty_flow() -> None:
    flow = composition_of(Combination(WEEKLY, "Empty", []))
    assert flow.nodes == ()
    assert flow.connections == ()
