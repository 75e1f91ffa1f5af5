"""A flow and the rows that hold it."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from composer.rules.canvas import COLUMN_WIDTH
from composer.rules.flow_rows import FlowRows, flow_of, rows_of
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.flow_file import flow_from_document

FLOW = flow_from_document(
    {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": "comp_top",
        "name": "Top",
        "tags": ["amc"],
        "connection": "sample",
        "window": {"range": "last_30_days", "time_zone": "Europe/Berlin"},
        "parameters": {"zeta": {"type": "integer", "default": 1}, "alpha": {"type": "string", "label": "Alpha"}},
        "nodes": {
            "top": {
                "template": "campaign_outcomes@2",
                "parameters": {"least": {"flow": "zeta"}, "word": {"a": [None]}},
            },
            "paths": {"template": "conversion_paths", "retry": {"attempts": 3}, "when": "params.zeta > 1"},
            "last": {"template": "conversion_paths", "join": "any_finished", "window": {"range": "ytd"}},
        },
        "connections": [
            {"id": "best", "from": "top", "to": "paths", "map": {"ids": {"column": "id", "take": 6}, "words": "word"}},
            {"id": "then", "from": "paths", "to": "last", "required": False},
        ],
        "layout": {"viewport": {"x": 1, "y": 2, "zoom": 3}, "positions": {"top": [0, 0]}, "notes": [{"text": "hi"}]},
    }
)


def stored(rows: FlowRows, flow: Flow) -> Flow:
    """The flow after its rows went through JSONB, which keeps neither tuples nor the order of keys."""

    def kept(row: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(row, sort_keys=True))
        return found

    composition = {**kept(rows.composition), "composition_id": flow.composition_id}
    return flow_of(composition, [kept(row) for row in rows.nodes], [kept(row) for row in rows.connections])


def test_a_flow_is_read_from_its_rows_as_it_was() -> None:
    assert stored(rows_of(FLOW), FLOW) == FLOW
    assert [each.name for each in stored(rows_of(FLOW), FLOW).parameters] == ["zeta", "alpha"]


def test_the_columns_say_what_the_specification_says() -> None:
    rows = rows_of(FLOW)
    top, paths, last = rows.nodes
    assert top["node_config"] == {"template_version": 2}
    assert top["parameter_overrides"] == {"least": {"flow": "zeta"}, "word": {"a": [None]}}
    assert paths["parameter_mappings"] == {
        "ids": {"source_node": "top", "source_field": "id"},
        "words": {"source_node": "top", "source_field": "word"},
    }
    assert (paths["is_conditional"], paths["condition_expression"]) == (True, "params.zeta > 1")
    assert (top["is_conditional"], top["condition_expression"]) == (False, None)
    assert [node["execution_order"] for node in rows.nodes] == [0, 1, 2]
    assert [node["ordinal"] for node in rows.nodes] == [0, 1, 2]
    assert last["position"] == {"x": 2 * COLUMN_WIDTH, "y": 0}
    best, then = rows.connections
    assert best["field_mappings"] == {"ids": "id", "words": "word"}
    assert best["transformation_rules"] == {"ids": {"take": 6}}
    assert (best["is_required"], then["is_required"]) == (True, False)
    assert then["field_mappings"] == {}


def test_the_canvas_has_a_node_each_and_an_edge_per_mapped_parameter() -> None:
    canvas = rows_of(FLOW).composition["canvas_state"]
    assert [node["id"] for node in canvas["nodes"]] == ["top", "paths", "last"]
    assert [(edge["id"], edge.get("sourceHandle"), edge.get("targetHandle")) for edge in canvas["edges"]] == [
        ("best:ids", "id", "ids"),
        ("best:words", "word", "words"),
        ("then", None, None),
    ]
    assert canvas["unplaced"] == ["paths", "last"]


def test_a_cycle_leaves_the_order_open() -> None:
    back = FLOW.connections[1].model_copy(update={"id": "back", "source": "last", "target": "top"})
    flow = FLOW.model_copy(update={"connections": (*FLOW.connections, back)})
    assert [node["execution_order"] for node in rows_of(flow).nodes] == [None, None, None]
    assert stored(rows_of(flow), flow) == flow


names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
bindings = st.fixed_dictionaries(
    {"column": texts},
    optional={
        "where": texts,
        "order_by": st.lists(texts, max_size=2),
        "take": st.integers(1, 9),
        "distinct": st.booleans(),
        "on_empty": st.sampled_from(["skip", "fail", "match_nothing"]),
        "cast": st.sampled_from(["string", "integer"]),
    },
)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    nodes = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    node = st.fixed_dictionaries(
        {"template": names},
        optional={
            "parameters": st.dictionaries(names, values | st.builds(lambda name: {"flow": name}, names), max_size=3),
            "when": texts,
            "timeout_seconds": st.integers(1, 100),
            "connection": names,
            "window": st.just({"range": "mtd"}),
            "retry": st.just({"attempts": 2, "jitter": 0.5}),
        },
    )
    ends = st.sampled_from(nodes)
    connection = st.fixed_dictionaries(
        {"from": ends, "to": ends, "required": st.booleans(), "map": st.dictionaries(names, bindings, max_size=2)}
    )
    connections = draw(st.lists(connection, max_size=4))
    document = {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": "comp_any",
        "name": draw(texts),
        "tags": draw(st.lists(texts, max_size=2)),
        "parameters": draw(st.dictionaries(names, st.just({"type": "string", "default": "x"}), max_size=4)),
        "nodes": {name: draw(node) for name in nodes},
        "connections": [{"id": f"c{at}", **each} for at, each in enumerate(connections)],
        "layout": {"positions": {name: [draw(st.integers(-9, 9)), 1] for name in draw(st.sets(ends))}},
    }
    return flow_from_document(document)


@settings(max_examples=60, deadline=None)
@given(flows())
def test_any_flow_is_read_from_its_rows_as_it_was(flow: Flow) -> None:
    assert stored(rows_of(flow), flow) == flow
