"""What is written reads back the same, for this reader and for one of YAML 1.1; what is wrong is named, all of it."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.flow import Binding, Flow, FlowReference, Retry
from queryflow.domain.flow.flow_file import flow_from_document, flow_to_document, read_flow, write_flow
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import (
    read_template,
    template_from_document,
    template_to_document,
    write_template,
)
from queryflow.domain.ids import NodeId, ParameterName
from queryflow.domain.states import JoinRule
from tests.unit.domain.documents import flows, templates

EXAMPLE = """
queryflow: 1
kind: composition
composition_id: comp_top_overlap_paths
name: Top campaigns, overlap, paths
tags: [amc]
connection: sample
window: {range: last_30_days, settle_days: 14, time_zone: Europe/Berlin}
parameters: {min_purchases: {type: integer, default: 1, label: At least so many purchases?}}
nodes:
  top: {template: campaign_outcomes@3, parameters: {min_purchases: {flow: min_purchases}, ids: [0000000123, on, 1_000]}}
  paths:
    template: conversion_paths
    join: none_failed
    when: "parents.top.rows >= 2"
    retry: {attempts: 3, backoff: exponential, first_seconds: 5, cap_seconds: 300}
    timeout_seconds: 21600
connections:
  - {id: best, from: top, to: paths, map: {campaign_ids: {column: campaign_id_string, order_by: [sales desc], take: 6}}}
  - {id: also, from: top, to: paths, required: false, map: {title: campaign}}
layout: {viewport: {x: 0, y: 0, zoom: 1}, positions: {top: [0, 0], paths: [420, 120.5]}, notes: []}
templates: {}
"""


def test_a_written_flow_means_what_it_says() -> None:
    flow = read_flow(EXAMPLE)
    top, paths = flow.nodes
    assert (top.template, top.template_version) == ("campaign_outcomes", 3)
    assert top.parameters == {
        "min_purchases": FlowReference(flow=ParameterName("min_purchases")),
        "ids": ["0000000123", "on", "1_000"],
    }
    assert paths.retry == Retry(attempts=3)
    assert (paths.join, paths.when) == (JoinRule.NONE_FAILED, "parents.top.rows >= 2")
    best, also = flow.connections
    assert best.map[ParameterName("campaign_ids")] == Binding(
        column="campaign_id_string", order_by=("sales desc",), take=6
    )
    assert (also.required, also.map[ParameterName("title")]) == (False, Binding(column="campaign"))
    assert flow.layout.positions[NodeId("paths")] == (420, 120.5)


def test_what_is_written_is_for_people() -> None:
    text = write_flow(read_flow(EXAMPLE))
    assert "  - {id: also, from: top, to: paths, required: false, map: {title: campaign}}\n" in text
    assert "window: {range: last_30_days, settle_days: 14, time_zone: Europe/Berlin}\n" in text
    assert 'ids: ["0000000123", "on", "1_000"]' in text
    assert "positions: {top: [0, 0], paths: [420, 120.5]}" in text


thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(flows)
def test_a_flow_survives_writing_and_reading(flow: Flow) -> None:
    assert read_flow(write_flow(flow)) == flow
    assert flow_from_document(json.loads(json.dumps(flow_to_document(flow)))) == flow


@thorough
@given(templates)
def test_a_template_survives_writing_and_reading(template: Template) -> None:
    assert read_template(write_template(template)) == template
    assert template_from_document(json.loads(json.dumps(template_to_document(template)))) == template


def refused(document: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as invalid:
        flow_from_document(document)
    return {problem.path: problem.code for problem in invalid.value.problems}


def test_every_problem_of_the_form_is_named_where_it_is() -> None:
    found = refused(
        {
            "queryflow": 2,
            "kind": "flow",
            "composition_id": "Comp",
            "foo": 1,
            "parameters": {"p": {"type": "int"}},
            "nodes": {
                "a": {"template": "x@z", "tempalte": 1},
                "b": {"template": "t", "retry": {"attempts": "3"}, "template_version": 1},
                "c": 5,
                "d": None,
                "e": {"node_id": "f", "template": "t"},
            },
            "connections": [{"id": "c1", "from": "a", "map": {"x": {"column": "y", "take": 0, "distinct": "yes"}}}, 5],
            "templates": {"t": {"name": "x", "sql": "SELECT 1", "parameters": {"u": {"type": "q"}, "v": 1}}},
        }
    )
    assert found == {
        "queryflow": "UNKNOWN_FORMAT",
        "kind": "WRONG_KIND",
        "composition_id": "WRONG_VALUE",
        "name": "MISSING_FIELD",
        "foo": "UNKNOWN_FIELD",
        "parameters.p.type": "WRONG_VALUE",
        "nodes.a.template": "WRONG_VALUE",
        "nodes.a.tempalte": "UNKNOWN_FIELD",
        "nodes.b.retry.attempts": "WRONG_TYPE",
        "nodes.b.template_version": "UNKNOWN_FIELD",
        "nodes.c": "WRONG_TYPE",
        "nodes.d.template": "MISSING_FIELD",
        "nodes.e.node_id": "UNKNOWN_FIELD",
        "connections.c1.to": "MISSING_FIELD",
        "connections.c1.map.x.take": "WRONG_VALUE",
        "connections.c1.map.x.distinct": "WRONG_TYPE",
        "connections.1": "WRONG_TYPE",
        "templates.t.dialect": "MISSING_FIELD",
        "templates.t.parameters.u.type": "WRONG_VALUE",
        "templates.t.parameters.v": "WRONG_TYPE",
    }


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "a\0", "\udc00", nested(10_000), {"\0": 1}, {1: 2}, object()]
)
def test_what_cannot_be_stored_is_no_document(value: object) -> None:
    path = next(iter(refused({"composition_id": "comp_a", "name": "a", "layout": {"notes": [{"n": value}]}})))
    assert path.startswith("layout.notes.0.n")


@pytest.mark.parametrize("document", [None, [], "flow", 5])
def test_a_document_is_a_mapping(document: object) -> None:
    assert refused(document) == {"": "WRONG_TYPE"}


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["nodes", "connections", "map", "template", "id", "from", "window", "templates", "parameters"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*Flow.model_fields, "queryflow"]), json_like))
def test_no_document_is_answered_with_anything_but_problems(document: dict[str, Any]) -> None:
    try:
        flow_from_document(document)
    except Invalid as invalid:
        assert invalid.problems  # noqa: PT017 - a document that fits is as good


def test_a_number_that_a_database_wrote_out_stays_a_number() -> None:
    document = flow_to_document(read_flow(EXAMPLE)) | {"layout": {"viewport": {"x": 10**308, "y": 0, "zoom": 1}}}
    flow = flow_from_document(document)
    assert read_flow(write_flow(flow)) == flow
