"""What the composer decides without a database: pins, versions, requests, triggers, preconditions, cron, cursors."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from composer.process.version_cache import VersionCache
from composer.rules.cron import cron_problems
from composer.rules.execution_requests import ExecutionRequest, adapt, prepare, refuse_conditions, refuse_unavailable
from composer.rules.freezing import freeze
from composer.rules.paging import cut_page, read_cursor
from composer.rules.pinning import pin_problems, pin_templates
from composer.rules.preconditions import entity_tag, read_if_match
from composer.rules.references import read_reference
from composer.rules.storage_limits import flow_storage_problems
from composer.rules.triggers import api_trigger, message_trigger, schedule_trigger
from queryflow.domain.errors import Invalid, NotAvailable, NotFound, PreconditionRequired, Problem, Stale
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.flow_file import flow_from_document
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import template_from_document
from queryflow.domain.flow.version import EngineConnection, Version
from queryflow.domain.ids import CompositionId
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger
from tests.integration.composer.rig import DETAIL, TEMPLATE
from tests.integration.composer.rig import flow as document

TODAY = date(2026, 11, 22)
TEMPLATES: dict[Any, Template] = {each["template_id"]: template_from_document(each) for each in (TEMPLATE, DETAIL)}
ENGINES = {"sample": EngineConnection(name="sample", engine="duckdb")}


def flow(**changes: Any) -> Flow:
    return flow_from_document(document(**changes))


def version(**changes: Any) -> Version:
    return freeze(flow(**changes), TEMPLATES, ENGINES).version


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in problems]


def test_a_node_without_a_version_takes_the_newest_and_a_named_one_stays() -> None:
    nodes = {"a": {"template": "top_things"}, "b": {"template": "things_named@1"}}
    pinned = pin_templates(flow(nodes=nodes, connections=[]), {"top_things": 7, "things_named": 3})  # type: ignore[dict-item] # ids are text
    assert [(node.template, node.template_version) for node in pinned.nodes] == [("top_things", 7), ("things_named", 1)]


def test_a_new_node_joins_the_version_the_flow_uses_already() -> None:
    nodes = {"a": {"template": "top_things@2"}, "b": {"template": "top_things"}}
    pinned = pin_templates(flow(nodes=nodes, connections=[]), {"top_things": 7})  # type: ignore[dict-item] # ids are text
    assert [node.template_version for node in pinned.nodes] == [2, 2]


def test_unknown_and_mixed_template_versions_are_all_listed() -> None:
    nodes = {"a": {"template": "top_things@1"}, "b": {"template": "top_things@9"}}
    known: Any = frozenset({("top_things", 1)})
    assert codes(pin_problems(flow(nodes=nodes, connections=[]), known)) == [
        ("UNKNOWN_TEMPLATE_VERSION", "nodes.b.template"),
        ("MIXED_TEMPLATE_VERSIONS", "nodes.a.template"),
        ("MIXED_TEMPLATE_VERSIONS", "nodes.b.template"),
    ]


def test_moving_a_node_makes_no_new_version_and_renaming_the_flow_does() -> None:
    first = freeze(flow(), TEMPLATES, ENGINES)
    moved = freeze(flow(layout={"positions": {"top": [9, 9]}}), TEMPLATES, ENGINES)
    assert moved.hash == first.hash
    assert moved.version.flow.layout.positions == {"top": (9, 9)}
    assert freeze(flow(name="Other"), TEMPLATES, ENGINES).hash != first.hash


def test_a_version_keeps_only_what_it_uses() -> None:
    engines = {**ENGINES, "other": EngineConnection(name="other", engine="duckdb")}
    kept = freeze(flow(nodes={"top": {"template": "top_things"}}, connections=[]), TEMPLATES, engines).version
    assert set(kept.templates) == {"top_things"}
    assert set(kept.connections) == {"sample"}


def test_the_tables_refuse_only_what_they_cannot_hold() -> None:
    broken = flow(
        nodes={"top": {"template": "absent"}},
        connections=[{"id": "x", "from": "top", "to": "nowhere"}, {"id": "x", "from": "top", "to": "top"}],
        tags=["t" * 101],
        connection="c" * 101,
    )
    assert codes(flow_storage_problems(broken, set())) == [
        ("DUPLICATE_CONNECTION", "connections.x"),
        ("UNKNOWN_NODE", "connections.x.to"),
        ("UNKNOWN_TEMPLATE", "nodes.top.template"),
        ("TOO_LONG", "tags"),
        ("TOO_LONG", "connection"),
    ]
    assert flow_storage_problems(flow(), TEMPLATES.keys()) == []


def test_values_come_from_the_request_then_from_the_flow() -> None:
    prepared, problems = prepare(version(), ExecutionRequest(parameters={"least": 5}), TODAY)
    assert problems == []
    assert prepared.columns()["parameters"] == {"least": 5}
    assert prepared.columns()["window"]["time_zone"] == "Europe/Berlin"
    assert prepare(version(), ExecutionRequest(), TODAY)[0].parameters == {"least": 2}


def test_every_wrong_value_is_listed_where_it_was_given() -> None:
    body = ExecutionRequest(
        parameters={"least": "many", "unknown": 1},
        node_parameters={"top": {"least": "x"}, "detail": {"names": ["a"]}, "nowhere": {"y": 1}},
    )
    assert codes(prepare(version(), body, TODAY)[1]) == [
        ("UNKNOWN_PARAMETER", "parameters.unknown"),
        ("WRONG_TYPE", "parameters.least"),
        ("UNKNOWN_NODE", "node_parameters.nowhere"),
        ("WRONG_TYPE", "node_parameters.top.least"),
        ("OVERRIDE_OF_BOUND", "node_parameters.detail.names"),
    ]


def test_a_value_nobody_gives_is_missing() -> None:
    open_value = version(connections=[])
    assert codes(prepare(open_value, ExecutionRequest(), TODAY)[1]) == [
        ("MISSING_VALUE", "nodes.detail.parameters.names")
    ]


def test_detaching_replaces_the_binding_and_keeps_the_order() -> None:
    body = ExecutionRequest(node_parameters={"detail": {"names": {"value": ["a"], "detach": True}}})
    adapted = adapt(flow(), body)
    assert dict(adapted.connections[0].map) == {}
    assert adapted.node("detail").parameters == {"names": ["a"]}  # type: ignore[arg-type, union-attr] # it is there
    prepared, problems = prepare(freeze(adapted, TEMPLATES, ENGINES).version, body, TODAY)
    assert problems == []
    assert prepared.node_parameters == {"detail": {"names": ["a"]}}


def test_a_request_without_changes_leaves_the_flow_itself() -> None:
    head = flow()
    assert adapt(head, ExecutionRequest(node_parameters={"top": {"least": 3}})) is head
    assert adapt(head, ExecutionRequest(connection="data")).connection == "data"


@pytest.mark.parametrize(
    "body",
    [
        {"version": "draft"},
        {"only": "top"},
        {"only": []},
        {"only": False},
        {"upto": "top"},
        {"upto": ""},
        {"from": "top"},
        {"force": ["top"]},
    ],
    ids=str,
)
def test_what_is_not_built_is_said_to_be(body: dict[str, Any]) -> None:
    with pytest.raises(NotAvailable) as refused:
        refuse_unavailable(ExecutionRequest.model_validate(body))
    assert codes(list(refused.value.problems)) == [("NOT_AVAILABLE", next(iter(body)))]


def test_the_forms_of_formats_that_ask_for_nothing_pass() -> None:
    body = ExecutionRequest.model_validate({"only": None, "upto": None, "from": None, "force": []})
    assert body == ExecutionRequest()
    refuse_unavailable(body)


def test_conditions_are_refused_by_name() -> None:
    conditional = flow(nodes={"top": {"template": "top_things", "when": "params.least > 1"}}, connections=[])
    with pytest.raises(NotAvailable) as refused:
        refuse_conditions(conditional)
    assert refused.value.error_code == "CONDITIONS_NOT_AVAILABLE"
    refuse_conditions(flow())


@pytest.mark.parametrize(
    "body", [{"version": "newest"}, {"version": "a" * 63}, {"logical_date": 0}, {"logical_date": "soon"}, {"more": 1}]
)
def test_a_request_of_another_form_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExecutionRequest.model_validate(body)


def test_orders_of_different_doors_never_share_a_key() -> None:
    composition = CompositionId("comp_things")
    fired = ScheduleFired(schedule_id=UUID(int=1), fire_time=datetime(2026, 1, 1, tzinfo=UTC), composition_id="comp_x")
    schedule = schedule_trigger(fired, ExecutionRequest())
    message = message_trigger(FlowTrigger(composition_id="comp_things", idempotency_key="k"))
    assert len({api_trigger(ExecutionRequest(), "k").key, message.key, schedule.key}) == 3
    assert api_trigger(ExecutionRequest(), schedule.key).key != schedule.key
    assert schedule.fingerprint(composition) == schedule_trigger(fired, ExecutionRequest(version="head")).fingerprint(
        composition
    )
    assert message.fingerprint(composition) != message.fingerprint(CompositionId("comp_other"))


@pytest.mark.parametrize("key", ["", "x" * 201, "line\nbreak", "a\0b"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(Invalid):
        api_trigger(ExecutionRequest(), key)
    with pytest.raises(ValueError if key == "" or len(key) > 200 else Invalid):
        message_trigger(FlowTrigger(composition_id="comp_things", idempotency_key=key))


def test_a_message_with_what_cannot_be_stored_is_refused() -> None:
    for value in (float("nan"), ["a\0"]):
        trigger = FlowTrigger(composition_id="comp_things", parameters={"least": value}, idempotency_key="k")
        with pytest.raises(Invalid) as refused:
            message_trigger(trigger)
        assert refused.value.problems[0].path.startswith("parameters.least")


def test_a_change_is_accepted_only_on_the_state_it_names() -> None:
    read_if_match('"4", "5"').demand(5)
    read_if_match("*").demand(99)
    with pytest.raises(Stale):
        read_if_match(entity_tag(4)).demand(5)
    with pytest.raises(PreconditionRequired):
        read_if_match(None)


@pytest.mark.parametrize("cron", ["0 9 * * 1", "*/5 * * * *", "0 0 29 2 *", "30 2 * 3 SUN"])
def test_cron_expressions_that_come_due(cron: str) -> None:
    assert cron_problems(cron, "cron") == []


@pytest.mark.parametrize(
    "cron", ["", "@daily", "0 9 * *", "0 0 9 * * 1", "61 * * * *", "0 0 30 2 *", "a b c d e", "* " * 200]
)
def test_cron_expressions_that_cannot_be_used(cron: str) -> None:
    assert codes(cron_problems(cron, "cron")) == [("INVALID_CRON", "cron")]


def test_a_page_says_where_the_next_begins() -> None:
    page = cut_page(["a", "bé", "c"], 2, key=str)
    assert page.items == ["a", "bé"]
    assert read_cursor(page.next_cursor) == "bé"
    assert cut_page(["a"], 2, key=str).next_cursor is None


@pytest.mark.parametrize("cursor", ["!", "a", "_w", "AA"])
def test_a_cursor_nobody_gave_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(cursor)


@pytest.mark.parametrize("text", ["top", "comp_a\n", "comp_" + "a" * 100, "", "comp_Ä"])
def test_an_address_that_can_name_nothing_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        read_reference(text)


def test_a_frozen_version_is_recalled_while_its_engine_connections_are_the_same() -> None:
    heads, frozen, composition = VersionCache(), freeze(flow(), TEMPLATES, ENGINES), UUID(int=1)
    heads.remember(composition, 4, frozen)
    assert heads.recall(composition, 4, ENGINES) is frozen
    assert heads.recall(composition, 5, ENGINES) is None
    assert heads.recall(composition, 4, {}) is None
    assert heads.recall(composition, 4, {"sample": EngineConnection(name="sample", engine="echo")}) is None


def test_the_least_recently_used_head_is_forgotten_first() -> None:
    heads, frozen = VersionCache(most_nodes=4), freeze(flow(), TEMPLATES, ENGINES)
    for number in (1, 2):
        heads.remember(UUID(int=number), 1, frozen)
    heads.recall(UUID(int=1), 1, ENGINES)
    heads.remember(UUID(int=3), 1, frozen)
    kept = [heads.recall(UUID(int=number), 1, ENGINES) is frozen for number in (1, 2, 3)]
    assert kept == [True, False, True]
