from typing import Any

import pytest

from queryflow.domain.errors import Problem, Severity
from queryflow.domain.flow.bindings import EmptyAction, EmptyDecision, Feed, binding_problems, empty_decision
from queryflow.domain.flow.flow import Binding, OnEmpty
from queryflow.domain.flow.kinds import Kind, column_kind
from queryflow.domain.flow.template import Dialect, Output, Template
from queryflow.domain.ids import ParameterName
from queryflow.domain.values.parameters import EmptyPolicy, Parameter, ParameterType

SOURCE = Template(
    template_id="source",
    name="Source",
    dialect=Dialect.DUCKDB,
    sql="SELECT 1",
    outputs=(
        Output(name="name", type="VARCHAR"),
        Output(name="id", type="BIGINT"),
        Output(name="sales", type="DECIMAL(38,4)"),
        Output(name="day", type="DATE"),
        Output(name="at", type="TIMESTAMP WITH TIME ZONE"),
        Output(name="path", type="STRUCT(a INTEGER)[]"),
        Output(name="shape", type="STRUCT(a INTEGER)"),
        Output(name="later"),
    ),
)


def target(kind: str, **more: Any) -> Parameter:
    return Parameter(name=ParameterName("p"), type=ParameterType(kind), **more)


def found(kind: str, column: str, *, source: Template = SOURCE, **options: Any) -> list[Problem]:
    parameter = target(kind, **{key: options.pop(key) for key in ("default", "empty") if key in options})
    one_row = options.pop("one_row", False)
    return binding_problems(Feed(Binding(column=column, **options), parameter, source, one_row), "map.p")


def codes(kind: str, column: str, **options: Any) -> list[str]:
    return [problem.code for problem in found(kind, column, **options)]


@pytest.mark.parametrize(
    ("kind", "column", "options", "expected"),
    [
        ("campaign_list", "name", {}, []),
        ("number_list", "id", {}, []),
        ("number_list", "sales", {}, []),
        ("integer_list", "sales", {}, ["TYPE_MISMATCH"]),
        ("integer_list", "sales", {"cast": "integer"}, []),
        ("campaign_list", "id", {}, ["TYPE_MISMATCH"]),
        ("campaign_list", "id", {"cast": "string"}, []),
        ("integer_list", "name", {}, ["TYPE_MISMATCH"]),
        ("date_list", "at", {}, ["TYPE_MISMATCH"]),
        ("timestamp", "day", {"reduce": "max"}, []),
        ("string_list", "path", {}, ["LIST_COLUMN"]),
        ("string_list", "shape", {}, ["TYPE_MISMATCH"]),
        ("string_list", "later", {}, ["UNKNOWN_TYPE"]),
        ("string_list", "later", {"cast": "string"}, []),
        ("string_list", "nmae", {}, ["UNKNOWN_COLUMN"]),
        ("date_range", "day", {"reduce": "min"}, ["NOT_BINDABLE"]),
        ("string_list", "name", {"reduce": "first"}, ["REDUCE_OF_LIST"]),
        ("string", "name", {}, ["MANY_ROWS"]),
        ("string", "name", {"take": 1}, []),
        ("string", "name", {"take": 2}, ["MANY_ROWS"]),
        ("string", "name", {"one_row": True}, []),
        ("pattern", "name", {"reduce": "only"}, []),
        ("number", "name", {"reduce": "sum"}, ["REDUCE_NEEDS_NUMBERS"]),
        ("number", "later", {"reduce": "sum"}, ["UNKNOWN_TYPE"]),
        ("integer", "name", {"reduce": "count"}, []),
        ("integer", "id", {"reduce": "avg"}, ["TYPE_MISMATCH"]),
        ("threshold", "id", {"reduce": "avg"}, []),
        ("string", "name", {"take": 1, "on_empty": "match_nothing"}, ["EMPTY_SCALAR"]),
        ("string", "name", {"take": 1, "on_empty": "default"}, ["NO_DEFAULT"]),
        ("string", "name", {"take": 1, "on_empty": "default", "default": "x"}, []),
        ("string_list", "name", {"on_empty": "match_all", "empty": EmptyPolicy.NOTHING}, ["EMPTY_REFUSED"]),
        ("string_list", "name", {"on_empty": "match_nothing", "empty": EmptyPolicy.EVERYTHING}, ["EMPTY_REFUSED"]),
        ("string_list", "name", {"on_empty": "match_nothing", "empty": EmptyPolicy.REFUSED}, ["EMPTY_REFUSED"]),
        ("string_list", "name", {"on_empty": "match_all", "empty": EmptyPolicy.EVERYTHING}, []),
    ],
)
def test_what_may_feed_what(kind: str, column: str, options: dict[str, Any], expected: list[str]) -> None:
    assert codes(kind, column, **options) == expected


def test_unknown_is_a_warning_and_wrong_is_an_error() -> None:
    assert [problem.severity for problem in found("string_list", "later")] == [Severity.WARNING]
    assert [problem.severity for problem in found("string_list", "id")] == [Severity.ERROR]


def test_a_source_that_declares_nothing_is_unknown() -> None:
    assert codes("string_list", "any", source=SOURCE.model_copy(update={"outputs": ()})) == ["UNKNOWN_TYPE"]


@pytest.mark.parametrize(
    ("kind", "column"), [("string", "name"), ("integer_list", "name"), ("string_list", "nmae"), ("date_list", "at")]
)
def test_an_offered_fix_mends_what_it_was_offered_for(kind: str, column: str) -> None:
    (problem,) = found(kind, column)
    assert problem.fixes
    for fix in problem.fixes:
        patched = {"column": column, **fix.patch}
        assert codes(kind, **patched) == []


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        (None, Kind.UNKNOWN),
        ("varchar(20)", Kind.STRING),
        ("ENUM('a', 'b')", Kind.STRING),
        ("decimal(18, 3)", Kind.NUMBER),
        ("HUGEINT", Kind.INTEGER),
        ("TIMESTAMP_NS", Kind.TIMESTAMP),
        ("BIGINT[]", Kind.LIST),
        ("VARCHAR[3]", Kind.LIST),
        ("ARRAY(VARCHAR)", Kind.LIST),
        ("INTERVAL", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_engines_words_for_types(word: str | None, kind: Kind) -> None:
    assert column_kind(word) is kind


LIST = target("string_list")
SCALAR = target("string", default="x")


@pytest.mark.parametrize(
    ("inputs", "decision"),
    [
        ([], EmptyDecision(EmptyAction.CONTINUE)),
        ([(LIST, OnEmpty.SKIP)], EmptyDecision(EmptyAction.SKIP, (LIST.name,))),
        ([(LIST, OnEmpty.SKIP), (LIST, OnEmpty.FAIL)], EmptyDecision(EmptyAction.FAIL, (LIST.name,))),
        ([(LIST, OnEmpty.MATCH_NOTHING)], EmptyDecision(EmptyAction.CONTINUE, values={LIST.name: []})),
        ([(LIST, OnEmpty.MATCH_ALL)], EmptyDecision(EmptyAction.CONTINUE, values={LIST.name: []})),
        ([(SCALAR, OnEmpty.DEFAULT)], EmptyDecision(EmptyAction.CONTINUE, values={SCALAR.name: "x"})),
        ([(LIST, OnEmpty.DEFAULT)], EmptyDecision(EmptyAction.FAIL, (LIST.name,))),
        ([(SCALAR, OnEmpty.MATCH_NOTHING)], EmptyDecision(EmptyAction.FAIL, (SCALAR.name,))),
    ],
)
def test_what_a_node_does_with_empty_inputs(inputs: list[tuple[Parameter, OnEmpty]], decision: EmptyDecision) -> None:
    assert empty_decision(inputs) == decision
