"""What reading the SQL adds to the problems of a flow."""

from typing import Any

import pytest
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token

from queryflow.domain.errors import Severity
from queryflow.domain.flow.flow_file import flow_from_document, read_flow
from queryflow.domain.flow.template import Dialect, Output, Template
from queryflow.domain.flow.template_file import read_template
from queryflow.domain.flow.validation import Surroundings
from queryflow.domain.flow.version import EngineConnection
from queryflow.domain.ids import TemplateId
from queryflow.domain.values.parameters import ParameterType
from queryflow.engines.catalogue import dialects
from queryflow.sql.checks.flow_problems import flow_problems, understand
from queryflow.sql.checks.outputs import infer_outputs
from queryflow_cli.system.library import flow_texts, template_texts
from tests.unit.sql.making import template

IDS = {"ids": ParameterType.STRING_LIST}
SOURCE = template("SELECT id, n FROM t").model_copy(
    update={"template_id": "source", "outputs": (Output(name="id", type="VARCHAR"), Output(name="n", type="BIGINT"))}
)


def named(subject: Template) -> dict[TemplateId, Template]:
    return {SOURCE.template_id: SOURCE, subject.template_id: subject}


def problems(target: Template, binding: dict[str, Any], **parameters: Any) -> list[tuple[str, str, Severity]]:
    """What is wrong with a flow whose one binding feeds the target's one parameter."""
    [parameter] = target.parameters
    document = {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": "comp_x",
        "name": "x",
        "connection": "here",
        "parameters": parameters,
        "nodes": {"a": {"template": "source"}, "b": {"template": "t"}},
        "connections": [{"id": "ab", "from": "a", "to": "b", "map": {parameter.name: {"column": "id", **binding}}}],
    }
    here = {"here": EngineConnection(name="here", engine="duckdb")}
    found = flow_problems(flow_from_document(document), Surroundings(named(target), here, dialects()))
    return [
        (each.code, each.path.removeprefix(f"connections.ab.map.{parameter.name}"), each.severity) for each in found
    ]


def test_the_shipped_flows_have_no_problems() -> None:
    templates = {each.template_id: each for each in map(read_template, template_texts())}
    for flow in map(read_flow, flow_texts()):
        connections = {str(flow.connection): EngineConnection(name=str(flow.connection), engine="duckdb")}
        assert flow_problems(flow, Surroundings(templates, connections, dialects())) == []


EVERYTHING = template("SELECT x FROM t WHERE x IN ({{ids}}) OR len({{ids}}) = 0", types=IDS)
NOTHING = template("SELECT x FROM t WHERE x IN ({{ids}})", types=IDS)
NEGATED = template("SELECT x FROM t WHERE x NOT IN ({{ids}})", types=IDS)


@pytest.mark.parametrize(
    ("target", "on_empty", "code"),
    [
        (EVERYTHING, "match_nothing", "EMPTY_MEANS_EVERYTHING"),
        (EVERYTHING, "match_all", None),
        (EVERYTHING, "skip", None),
        (NOTHING, "match_nothing", None),
        (NOTHING, "match_all", "EMPTY_MEANS_NOTHING"),
        (NEGATED, "match_nothing", "EMPTY_NEGATED"),
        (NEGATED, "match_all", "EMPTY_MEANS_NOTHING"),
    ],
)
def test_what_an_empty_list_would_mean_decides_what_may_be_chosen(
    target: Template, on_empty: str, code: str | None
) -> None:
    expected = [(code, ".on_empty", Severity.ERROR)] if code else []
    assert problems(target, {"on_empty": on_empty}) == expected


def test_filters_and_orders_are_read() -> None:
    binding = {"where": "m > {{least}}", "order_by": ["n desc", "m"]}
    assert problems(NOTHING, binding, least={"type": "integer", "default": 1}) == [
        ("UNKNOWN_COLUMN", ".where", Severity.ERROR),
        ("BAD_ORDER", ".order_by.1", Severity.ERROR),
    ]
    assert problems(NOTHING, {"where": "n > {{least}}"}) == [("UNKNOWN_FLOW_PARAMETER", ".where", Severity.ERROR)]


def test_the_greatest_of_numbers_as_texts_is_warned_of() -> None:
    target = template("SELECT {{n}} AS x", n=ParameterType.STRING)
    greatest = {"column": "n", "reduce": "max", "cast": "string"}
    assert problems(target, greatest) == [("REDUCE_OF_TEXTS", ".reduce", Severity.WARNING)]
    assert problems(target, {**greatest, "reduce": "first"}) == []


def test_a_sum_uses_every_row_so_that_nothing_is_warned_of() -> None:
    target = template("SELECT {{n}} AS x", n=ParameterType.INTEGER)
    assert problems(target, {"column": "n", "reduce": "sum"}) == []


def test_a_template_that_cannot_run_is_named_at_its_node() -> None:
    broken = template("SELECT x FROM t WHERE x IN ({{ids}}) AND {{who}} = 1", types=IDS)
    assert problems(broken, {"on_empty": "match_all"}) == [("UNKNOWN_PLACEHOLDER", "nodes.b.template", Severity.ERROR)]


def test_a_text_is_parsed_once_to_be_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = Parser.parse

    def parse_and_tell(parser: Parser, tokens: list[Token], sql: str) -> list[Any]:
        parsed.append(sql)
        return parse(parser, tokens, sql)

    monkeypatch.setattr(Parser, "parse", parse_and_tell)
    subject = template("SELECT x FROM t WHERE x IN ({{ids}}) OR x = 'read for the first time'", types=IDS)
    understand(subject)
    infer_outputs(subject)
    assert parsed == [subject.sql]


def test_a_source_that_proves_one_row_needs_no_reduce() -> None:
    target = template("SELECT {{n}} AS x", n=ParameterType.STRING)
    assert [code for code, *_ in problems(target, {})] == ["MANY_ROWS"]
    once = SOURCE.model_copy(update={"sql": "SELECT max(id) AS id, count(*) AS n FROM t", "dialect": Dialect.DUCKDB})
    here = {"here": EngineConnection(name="here", engine="duckdb")}
    document = {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": "comp_x",
        "name": "x",
        "connection": "here",
        "nodes": {"a": {"template": "source"}, "b": {"template": "t"}},
        "connections": [{"id": "ab", "from": "a", "to": "b", "map": {"n": "id"}}],
    }
    around = Surroundings({**named(target), once.template_id: once}, here, dialects())
    assert flow_problems(flow_from_document(document), around) == []
