import math
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.flow.flow import Flow, FlowParameter, FlowReference
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.values import (
    Winner,
    check_value,
    json_value,
    parameter_problems,
    resolve_flow_values,
    resolve_values,
    winners,
)
from queryflow.domain.ids import ParameterName
from queryflow.domain.values.parameters import EmptyPolicy, Parameter, ParameterType, Rules


def parameter(kind: str, **more: Any) -> Parameter:
    return Parameter(name=ParameterName("p"), type=ParameterType(kind), **more)


def codes(kind: str, value: object, **rules: Any) -> list[str]:
    _, problems = check_value(parameter(kind, rules=Rules(**rules)), value, "p")
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("kind", "value", "checked"),
    [
        ("string", "0000000123", "0000000123"),
        ("string", "Fall Drop; --", "Fall Drop; --"),
        ("integer", -(2**63), -(2**63)),
        ("integer", "9223372036854775807", 2**63 - 1),
        ("number", 3, 3),
        ("number", Decimal("12.3400"), Decimal("12.3400")),
        ("threshold", 0.5, 0.5),
        ("percentage", 0, 0),
        ("percentage", 100, 100),
        ("boolean", False, False),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("timestamp", "2026-11-22T09:00+01:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("timestamp", "2026-11-22 09:00:01.5", datetime(2026, 11, 22, 9, 0, 1, 500_000, tzinfo=UTC)),
        ("timestamp", date(2026, 11, 22), datetime(2026, 11, 22, tzinfo=UTC)),
        ("timestamp", datetime(2026, 11, 22, 9), datetime(2026, 11, 22, 9, tzinfo=UTC)),  # noqa: DTZ001 - as engines give them
        (
            "date_range",
            {"start": "2026-11-01", "end": "2026-11-02"},
            {"start": date(2026, 11, 1), "end": date(2026, 11, 2)},
        ),
        ("pattern", "50%", {"mode": "exact", "text": "50%"}),
        ("pattern", {"mode": "contains", "text": "fall"}, {"mode": "contains", "text": "fall"}),
        ("string_list", [], []),
        ("integer_list", [1, 1], [1, 1]),
        ("date_list", ["2026-11-22"], [date(2026, 11, 22)]),
        ("campaign_list", ["0012"], ["0012"]),
        ("asin_list", ["B0AB12CD34"], ["B0AB12CD34"]),
    ],
)
def test_values_that_are_taken(kind: str, value: object, checked: object) -> None:
    found, problems = check_value(parameter(kind), value, "p")
    assert not problems
    assert found == checked
    assert type(found) is type(checked)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("string", [5, True, None, ["a"], "a\0b", "\ud800"]),
        (
            "integer",
            [True, 5.0, "5", "0123456789012345678", "1000000000000001", "9223372036854775808", None, "x"],
        ),
        (
            "number",
            [True, "5", math.nan, math.inf, Decimal("NaN"), 10**38 + 1, "19.99", "1e20", Decimal(10) ** 38, None],
        ),
        ("percentage", [-1, 100.1, math.nan]),
        ("boolean", [0, "true", None]),
        ("date", ["2026-02-30", "20260101", "2026-W01-1", "yesterday", 20260101, datetime(2026, 1, 1, tzinfo=UTC)]),
        ("timestamp", ["2026-11-22T25:00", "now", 0, "2026-11-22T09:00+99:00", "0001-01-01T00:00+14:00"]),
        ("date_range", ["last_7_days", {"start": "2026-01-01"}, {"start": "2026-01-02", "end": "2026-01-02"}]),
        ("enum", [5, None]),
        ("pattern", [5, {"mode": "regex", "text": "a"}, {"mode": [], "text": "a"}, {"mode": "exact", "text": 5}]),
        ("string_list", ["a", {"a": 1}, [None], [1], [["a"]]]),
        ("integer_list", [[True], ["1"], [1.5]]),
        ("campaign_list", [["  "], [12]]),
        ("asin_list", [["b0ab12cd34"], ["B0AB12CD3"], ["B0AB12CD34\n"]]),
    ],
)
def test_values_that_are_refused(kind: str, values: list[object]) -> None:
    for value in values:
        assert codes(kind, value) == ["WRONG_TYPE"], value


@pytest.mark.parametrize(
    ("kind", "value", "rules", "expected"),
    [
        ("number", 0, {"minimum": 0, "maximum": 1}, []),
        ("number", 1, {"minimum": 0, "maximum": 1}, []),
        ("number", -1, {"minimum": 0}, ["TOO_SMALL"]),
        ("integer_list", [1, 9, 10], {"maximum": 8}, ["TOO_LARGE", "TOO_LARGE"]),
        ("string_list", ["a"], {"minimum_items": 2}, ["TOO_FEW_ITEMS"]),
        ("string_list", ["a", "b"], {"maximum_items": 1}, ["TOO_MANY_ITEMS"]),
        ("string_list", ["a", "b"], {"minimum_items": 2, "maximum_items": 2}, []),
        ("string", "abc", {"maximum_length": 2}, ["TOO_LONG"]),
        ("string", "abc", {"maximum_length": 3}, []),
        ("pattern", {"mode": "prefix", "text": "abc"}, {"maximum_length": 2}, ["TOO_LONG"]),
        ("string", "ab\n", {"pattern": "^[a-z]+$"}, ["NO_MATCH"]),
        ("string", "abc", {"pattern": "b"}, []),
        ("enum", "dsp", {"one_of": ["dsp", "sp"]}, []),
        ("enum", "DSP", {"one_of": ["dsp", "sp"]}, ["NOT_A_CHOICE"]),
        ("date", "2026-11-22", {"one_of": ["2026-11-22"]}, []),
        ("integer_list", [1, 3], {"one_of": [1, 2]}, ["NOT_A_CHOICE"]),
        ("pattern", "x", {"one_of": [{"mode": "exact", "text": "x"}]}, []),
        ("string_list", ["x", "y"], {"one_of": ["x"]}, ["NOT_A_CHOICE"]),
    ],
)
def test_rules(kind: str, value: object, rules: dict[str, Any], expected: list[str]) -> None:
    assert codes(kind, value, **rules) == expected


def test_an_empty_list_is_refused_where_its_author_says_so() -> None:
    _, problems = check_value(parameter("string_list", empty=EmptyPolicy.REFUSED), [], "p")
    assert [problem.code for problem in problems] == ["EMPTY_REFUSED"]
    assert check_value(parameter("string_list", empty=EmptyPolicy.EVERYTHING), [], "p") == ([], [])


def test_a_long_list_of_wrong_items_names_the_first() -> None:
    for declared in (parameter("asin_list"), parameter("string_list", rules=Rules(pattern="yes"))):
        _, problems = check_value(declared, ["no"] * 100_000, "nodes.a.parameters.p")
        assert len(problems) == 20
        assert problems[3].path == "nodes.a.parameters.p.3"


def test_a_long_list_is_compared_with_many_choices_at_once() -> None:
    choices = tuple(f"B{number:09}" for number in range(1_000))
    began = time.process_time()
    assert codes("asin_list", [*choices] * 20, one_of=choices) == []
    assert time.process_time() - began < 1  # item by item and choice by choice: 4 s


def test_a_timestamp_without_an_offset_is_utc_wherever_the_service_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert check_value(parameter("timestamp"), "2026-11-22T09:00", "p")[0].hour == 9
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_pattern_can_hang_a_check() -> None:
    assert codes("string", "a" * 50_000, pattern="^(a+)+$") == []
    assert codes("string", "a" * 50_000 + "!", pattern="^(a+)+$") == ["NO_MATCH"]


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("number", {"rules": Rules(minimum=2, maximum=1)}, ["EMPTY_BOUNDS"]),
        ("string", {"rules": Rules(pattern=r"(a)\1")}, ["WRONG_PATTERN"]),
        ("string", {"rules": Rules(pattern="(")}, ["WRONG_PATTERN"]),
        ("string", {"rules": Rules(pattern="(a{1000}){1000}")}, ["WRONG_PATTERN"]),
        ("enum", {}, ["NO_CHOICES"]),
        ("enum", {"rules": Rules(one_of=("a", 5))}, ["WRONG_TYPE"]),
        ("integer", {"default": "5"}, ["WRONG_TYPE"]),
        ("integer", {"default": 5, "rules": Rules(maximum=4)}, ["TOO_LARGE"]),
        ("integer", {"default": None}, []),
    ],
)
def test_declarations_are_checked_too(kind: str, more: dict[str, Any], expected: list[str]) -> None:
    assert [problem.code for problem in parameter_problems(parameter(kind, **more), "parameters.p")] == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(ParameterType), json_values)
def test_whatever_comes_is_taken_or_refused_and_what_is_taken_reads_back(kind: ParameterType, value: object) -> None:
    declared = Parameter(name=ParameterName("p"), type=kind)
    checked, problems = check_value(declared, value, "p")
    if problems:
        assert checked is None
    else:
        assert check_value(declared, json_value(checked), "p") == (checked, [])


def test_integers_that_readers_of_json_would_round_are_strings() -> None:
    assert json_value([2**53 - 1, 2**53, -(2**53)]) == [2**53 - 1, "9007199254740992", "-9007199254740992"]


def declared(*parameters: Parameter) -> Template:
    return Template(template_id="t", name="T", dialect=Dialect.DUCKDB, sql="SELECT 1", parameters=parameters)


class TestPrecedence:
    """binding > the execution's node_parameters > the node > the template's default."""

    template = declared(parameter("integer", default=1))
    givers: tuple[tuple[str, dict[str, Any], Winner], ...] = (
        ("bound", {"p": 4}, Winner.BINDING),
        ("overrides", {"p": 3}, Winner.EXECUTION),
        ("node_values", {"p": 2}, Winner.NODE),
    )
    nobody: ClassVar[dict[str, Any]] = {"bound": {}, "overrides": {}, "node_values": {}, "flow_values": {}}

    @pytest.mark.parametrize("first", range(3))
    def test_the_first_who_gives_wins(self, first: int) -> None:
        given = {**self.nobody, **{name: values for name, values, _ in self.givers[first:]}}
        values, problems = resolve_values(self.template, **given)
        assert values == {"p": 4 - first}
        assert [problem.code for problem in problems] == (["OVERRIDE_OF_BOUND"] if first == 0 else [])
        assert winners(self.template, **given) == {"p": self.givers[first][2]}

    def test_a_flow_parameter_is_the_value_of_the_node(self) -> None:
        given = {**self.nobody, "node_values": {"p": FlowReference(flow=ParameterName("f"))}, "flow_values": {"f": 9}}
        assert resolve_values(self.template, **given) == ({"p": 9}, [])
        assert winners(self.template, **given) == {"p": Winner.FLOW}

    @pytest.mark.parametrize("flow_values", [{}, {"f": None}])
    def test_a_flow_parameter_left_open_leaves_the_default(self, flow_values: dict[str, Any]) -> None:
        given = {
            **self.nobody,
            "node_values": {"p": FlowReference(flow=ParameterName("f"))},
            "flow_values": flow_values,
        }
        assert resolve_values(self.template, **given) == ({"p": 1}, [])
        assert winners(self.template, **given) == {"p": Winner.DEFAULT}

    def test_a_bound_null_is_a_value(self) -> None:
        assert resolve_values(self.template, **{**self.nobody, "bound": {"p": None}}) == ({"p": None}, [])

    def test_null_sets_nothing(self) -> None:
        assert resolve_values(self.template, **{**self.nobody, "overrides": {"p": None}}) == ({"p": 1}, [])

    def test_what_is_missing_and_what_is_unknown(self) -> None:
        required = declared(parameter("integer"), parameter("string", required=False).model_copy(update={"name": "q"}))
        values, problems = resolve_values(required, **{**self.nobody, "node_values": {"x": 1}, "overrides": {"y": 1}})
        assert values == {"p": None, "q": None}
        assert {(problem.code, problem.path) for problem in problems} == {
            ("MISSING_VALUE", "p"),
            ("UNKNOWN_PARAMETER", "x"),
            ("UNKNOWN_PARAMETER", "y"),
        }
        assert winners(required, **self.nobody) == {"p": Winner.NOBODY, "q": Winner.NOBODY}


def test_flow_parameters_take_the_executions_value_else_their_default() -> None:
    flow = Flow(
        composition_id="comp_f",
        name="F",
        parameters=(
            FlowParameter(name=ParameterName("a"), type=ParameterType.INTEGER, default=1),
            FlowParameter(name=ParameterName("b"), type=ParameterType.DATE),
            FlowParameter(name=ParameterName("c"), type=ParameterType.INTEGER),
        ),
    )
    values, problems = resolve_flow_values(flow, {"b": "2026-11-22", "c": "many", "d": 1}, "parameters")
    assert values == {"a": 1, "b": date(2026, 11, 22), "c": None}
    assert [(problem.code, problem.path) for problem in problems] == [
        ("UNKNOWN_PARAMETER", "parameters.d"),
        ("WRONG_TYPE", "parameters.c"),
    ]
