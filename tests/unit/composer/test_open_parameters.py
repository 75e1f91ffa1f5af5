"""Flow parameters without value and default: refused at the request, where something needs them."""

from typing import Any

import pytest

from composer.rules.execution_requests import ExecutionRequest, prepare
from composer.rules.freezing import freeze
from queryflow.domain.errors import Problem
from queryflow.domain.flow.version import Version
from tests.unit.composer.test_decisions import ENGINES, TEMPLATES, TODAY, flow

OPEN = {"least": {"type": "integer"}}


def version(**changes: Any) -> Version:
    return freeze(flow(parameters=OPEN, **changes), TEMPLATES, ENGINES).version


def problems(found: Version, **body: Any) -> list[tuple[str, str]]:
    return [(each.code, each.path) for each in _prepared(found, **body)]


def _prepared(found: Version, **body: Any) -> list[Problem]:
    return prepare(found, ExecutionRequest(**body), TODAY)[1]


def test_the_default_of_a_template_never_stands_in_for_an_open_flow_parameter() -> None:
    [problem] = _prepared(version())
    assert (problem.code, problem.path) == ("MISSING_VALUE", "parameters.least")
    assert problem.message.startswith("least has no value and no default, and least of the node top needs it")
    assert problems(version(), parameters={"least": None}) == [("MISSING_VALUE", "parameters.least")]
    assert problems(version(), parameters={"least": 3}) == []


def test_what_sets_the_value_elsewhere_needs_no_flow_parameter() -> None:
    assert problems(version(), node_parameters={"top": {"least": 3}}) == []
    assert problems(version(), node_parameters={"top": {"least": None}}) == [("MISSING_VALUE", "parameters.least")]


def test_a_wrong_value_is_not_a_missing_one_too() -> None:
    assert problems(version(), parameters={"least": "x"}) == [("WRONG_TYPE", "parameters.least")]


@pytest.mark.parametrize(
    ("required", "expected"),
    [("yes", [("MISSING_VALUE", "parameters.least")]), ("no", [])],
    ids=["required", "optional"],
)
def test_a_parameter_that_may_be_left_out_is_left_out(required: str, expected: list[tuple[str, str]]) -> None:
    top = TEMPLATES["top_things"]
    changed = top.parameters[0].model_copy(update={"default": None, "required": required == "yes"})
    templates = {**TEMPLATES, "top_things": top.model_copy(update={"parameters": (changed,)})}
    found = freeze(flow(parameters=OPEN), templates, ENGINES).version
    assert problems(found) == expected


def test_a_row_filter_needs_its_flow_parameters() -> None:
    filtered = {"column": "name", "where": "amount > {{least}}"}
    connections = [{"id": "names", "from": "top", "to": "detail", "map": {"names": filtered}}]
    found = version(
        connections=connections, nodes={"top": {"template": "top_things"}, "detail": {"template": "things_named"}}
    )
    assert problems(found) == [("MISSING_VALUE", "parameters.least")]
    assert "where of the connection names" in _prepared(found)[0].message
    assert problems(found, parameters={"least": 1}) == []


def test_an_open_parameter_that_nothing_needs_stays_open() -> None:
    nodes = {"top": {"template": "top_things"}, "detail": {"template": "things_named"}}
    assert problems(version(nodes=nodes)) == []
