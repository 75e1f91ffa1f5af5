from typing import Any

import pytest

from queryflow.domain.errors import Problem, Severity
from queryflow.domain.flow.flow_file import flow_from_document, flow_to_document
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.template_file import template_from_document
from queryflow.domain.flow.validation import Surroundings, declaration_problems, flow_problems
from queryflow.domain.flow.version import EngineConnection
from queryflow.domain.ids import TemplateId

CONNECTIONS = {
    "sample": EngineConnection(name="sample", engine="duckdb"),
    "warehouse": EngineConnection(name="warehouse", engine="teradata"),
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "top": {
        "dialect": "amc",
        "parameters": {"least": {"type": "number", "default": 1, "rules": {"minimum": 0}}},
        "outputs": {"campaign": {"type": "VARCHAR"}, "sales": {"type": "DOUBLE"}},
    },
    "paths": {
        "dialect": "amc",
        "parameters": {"campaigns": {"type": "campaign_list"}, "title": {"type": "string", "required": False}},
    },
    "like": {"dialect": "duckdb", "parameters": {"title": {"type": "pattern"}}},
    "elsewhere": {"dialect": "trino"},
}
DIALECTS = {"duckdb": frozenset({Dialect.AMC, Dialect.DUCKDB}), "echo": frozenset(Dialect)}
TEMPLATES: dict[TemplateId, Template] = {
    TemplateId(name): template_from_document({"template_id": name, "name": name, "sql": "SELECT 1", **more})
    for name, more in DOCUMENTS.items()
}


def document(**changes: Any) -> dict[str, Any]:
    return {
        "composition_id": "comp_test",
        "name": "Test",
        "connection": "sample",
        "parameters": {"least": {"type": "integer", "default": 1}},
        "nodes": {
            "top": {"template": "top", "parameters": {"least": {"flow": "least"}}},
            "paths": {"template": "paths"},
        },
        "connections": [{"id": "best", "from": "top", "to": "paths", "map": {"campaigns": "campaign"}}],
        **changes,
    }


def problems_of(flow: dict[str, Any]) -> list[Problem]:
    return flow_problems(flow_from_document(flow), Surroundings(TEMPLATES, CONNECTIONS, DIALECTS))


def found(**changes: Any) -> set[tuple[str, str]]:
    return {(problem.code, problem.path) for problem in problems_of(document(**changes))}


def connection(**changes: Any) -> list[dict[str, Any]]:
    return [{"id": "best", "from": "top", "to": "paths", "map": {"campaigns": "campaign"}, **changes}]


def test_a_sound_flow_has_no_problems() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"nodes": {}, "connections": []}, {("EMPTY_FLOW", "nodes")}),
        (
            {"connection": None},
            {("NO_CONNECTION", "nodes.top.connection"), ("NO_CONNECTION", "nodes.paths.connection")},
        ),
        (
            {"nodes": {"a": {"template": "top", "connection": "sampel"}}, "connections": []},
            {("UNKNOWN_CONNECTION", "nodes.a.connection")},
        ),
        ({"connection": "sampel"}, {("UNKNOWN_CONNECTION", "connection")}),
        (
            {"nodes": {"a": {"template": "top", "connection": "warehouse"}}, "connections": []},
            {("UNKNOWN_ENGINE", "nodes.a.connection")},
        ),
        ({"nodes": {"a": {"template": "elsewhere"}}, "connections": []}, {("WRONG_ENGINE", "nodes.a.connection")}),
        ({"nodes": {"a": {"template": "tpo"}}, "connections": []}, {("UNKNOWN_TEMPLATE", "nodes.a.template")}),
        ({"connections": []}, {("MISSING_VALUE", "nodes.paths.parameters.campaigns")}),
        (
            {"connections": connection(map={"title": {"column": "campaign", "take": 1}})},
            {("MISSING_VALUE", "nodes.paths.parameters.campaigns")},
        ),
        (
            {"nodes": {"a": {"template": "top", "parameters": {"least": -1, "lest": 2}}}, "connections": []},
            {("TOO_SMALL", "nodes.a.parameters.least"), ("UNKNOWN_PARAMETER", "nodes.a.parameters.lest")},
        ),
        (
            {"nodes": {"a": {"template": "top", "parameters": {"least": {"flow": "last"}}}}, "connections": []},
            {("UNKNOWN_FLOW_PARAMETER", "nodes.a.parameters.least")},
        ),
        ({"parameters": {"least": {"type": "string"}}}, {("TYPE_MISMATCH", "nodes.top.parameters.least")}),
        ({"parameters": {"least": {"type": "integer_list"}}}, {("TYPE_MISMATCH", "nodes.top.parameters.least")}),
        (
            {"parameters": {"least": {"type": "integer", "default": "1"}}},
            {("WRONG_TYPE", "parameters.least.default")},
        ),
        ({"window": {"range": "someday"}}, {("UNKNOWN_RANGE", "window.range")}),
        (
            {"nodes": {"a": {"template": "top", "window": {"time_zone": "Mars"}}}, "connections": []},
            {("UNKNOWN_TIME_ZONE", "nodes.a.window.time_zone")},
        ),
        (
            {"connections": connection(map={"campaigns": "campaign", "campaign": "campaign"})},
            {("UNKNOWN_PARAMETER", "connections.best.map.campaign")},
        ),
        (
            {"connections": connection(map={"campaigns": "sales"})},
            {("TYPE_MISMATCH", "connections.best.map.campaigns")},
        ),
        (
            {"connections": connection(**{"from": "tpo"})},
            {("UNKNOWN_NODE", "connections.best.from")},
        ),
    ],
)
def test_what_is_wrong_is_named_where_it_is(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert found(**changes) == expected


@pytest.mark.parametrize(
    ("named", "advice"), [("sampel", "; did you mean sample?"), ("flights", "make it, or name another")]
)
def test_an_unknown_connection_comes_with_what_to_do(named: str, advice: str) -> None:
    nodes = {"a": {"template": "top", "connection": named}}
    (problem,) = problems_of(document(nodes=nodes, connections=[]))
    assert advice in problem.message


def test_an_unknown_connection_of_the_flow_is_said_once_however_many_nodes_use_it() -> None:
    assert [each.path for each in problems_of(document(connection="sampel"))] == ["connection"]


@pytest.mark.parametrize(
    ("given", "template", "wrong"),
    [
        ("pattern", "like", set()),
        ("string", "like", set()),
        ("date_range", "like", {"nodes.n.parameters.title"}),
        ("pattern", "paths", {"nodes.n.parameters.title"}),
        ("string", "paths", set()),
    ],
)
def test_a_pattern_is_taken_by_a_pattern_only(given: str, template: str, wrong: set[str]) -> None:
    nodes = {"n": {"template": template, "parameters": {"title": {"flow": "given"}}}}
    problems = found(nodes=nodes, connections=[], parameters={"given": {"type": given}})
    assert {path for code, path in problems if code == "TYPE_MISMATCH"} == wrong


def test_a_fix_is_a_patch_of_the_whole_document_and_mends_it() -> None:
    broken = document(connections=connection(map={"campaigns": "campaign", "title": "campaign"}))
    (problem,) = problems_of(broken)
    assert (problem.code, problem.severity) == ("MANY_ROWS", Severity.ERROR)
    assert [fix.title for fix in problem.fixes] == ["Reduce: first", "Reduce: only", "Reduce: max"]
    for fix in problem.fixes:
        mended = {**flow_to_document(flow_from_document(broken)), **fix.patch}
        assert problems_of(mended) == []


def test_the_fixes_of_a_large_flow_are_titles() -> None:
    nodes = {f"n{place}": {"template": "paths"} for place in range(70)}
    mapped = {"title": "campaign", "campaigns": "sales"}
    many = [{"id": node, "from": "top", "to": node, "map": mapped} for node in nodes]
    problems = problems_of(document(nodes={"top": {"template": "top"}, **nodes}, connections=many))
    offered = [fix for problem in problems for fix in problem.fixes]
    assert len(offered) == 4 * len(nodes)
    assert not any(fix.patch for fix in offered)


def test_declarations_of_a_template_are_checked() -> None:
    top = TEMPLATES[TemplateId("top")]
    assert declaration_problems(top) == []
    twice = top.model_copy(update={"outputs": top.outputs * 2, "parameters": top.parameters * 2})
    assert {(problem.code, problem.path) for problem in declaration_problems(twice)} == {
        ("DUPLICATE_NAME", "parameters.least"),
        ("DUPLICATE_NAME", "outputs.campaign"),
        ("DUPLICATE_NAME", "outputs.sales"),
    }
