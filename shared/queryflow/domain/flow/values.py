"""Values of parameters: checked against type and rules, and chosen among those who may set them.

Forms, as JSON has them → as Python holds them: string, enum → str · integer → int of 64 bits (beyond ±(2^53 − 1) also
as a string, as results show it) · number, threshold, percentage → int, float or Decimal of 38 digits, never NaN (a
string too where a double would lose digits) · boolean → bool · date `"2026-11-22"` → date · timestamp → aware datetime
in UTC · date_range {"start", "end"} → the same keys with dates, the end exclusive · pattern {"mode", "text"} or a bare
text, meant exactly → {"mode", "text"} · lists → list of the item's form. Null never is a value: nothing was set then.
"""

from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, TypeGuard

from pydantic import JsonValue

from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Flow, FlowReference
from queryflow.domain.flow.template import Template
from queryflow.domain.ids import ParameterName
from queryflow.domain.values.coercion import WrongValue, coerce
from queryflow.domain.values.items import Findings, ItemCheck, list_problems
from queryflow.domain.values.numbers import LARGEST_EXACT_IN_JSON, alike
from queryflow.domain.values.parameters import Parameter, ParameterType, Values
from queryflow.domain.values.rules import rule_problems, rules_problems


class Winner(StrEnum):
    """Who set a parameter's value."""

    BINDING = "binding"
    EXECUTION = "execution"
    NODE = "node"
    FLOW = "flow"
    """The node refers to a flow parameter."""
    DEFAULT = "default"
    NOBODY = "nobody"


class LongList(Protocol):
    """A list that stays in a file: its items were checked where they were read."""

    @property
    def items(self) -> int:
        """How many there are, nulls among them."""

    @property
    def findings(self) -> Findings:
        """What was found wrong with them."""


def check_value(parameter: Parameter, value: object, path: str) -> tuple[Any, list[Problem]]:
    """The value in Python's form, and everything that is wrong with it; None with problems if it has the wrong type."""
    if parameter.type.is_list:
        return _check_list(value, ItemCheck(parameter, path))
    checked, problems = _coerced(parameter, value, path)
    return (None, problems) if problems else (checked, rule_problems(parameter, checked, path))


def parameter_problems(parameter: Parameter, path: str) -> list[Problem]:
    """What is wrong with a declaration: its rules, and a default that breaks them."""
    problems = rules_problems(parameter, path)
    if parameter.default is not None:
        problems += check_value(parameter, parameter.default, f"{path}.default")[1]
    return problems


def resolve_flow_values(flow: Flow, given: Mapping[str, JsonValue], path: str) -> tuple[Values, list[Problem]]:
    """Every flow parameter's value: the execution's, else its default, else None (it was left open)."""
    names = {declared.name for declared in flow.parameters}
    problems = [_unknown(name, f"{path}.{name}", "flow") for name in given if name not in names]
    values: Values = {}
    for declared in flow.parameters:
        value = given.get(declared.name)
        value = declared.default if value is None else value
        values[declared.name] = None
        if value is not None:
            parameter = Parameter(name=declared.name, type=declared.type, required=False)
            values[declared.name], wrong = check_value(parameter, value, f"{path}.{declared.name}")
            problems += wrong
    return values, problems


def resolve_values(
    template: Template,
    *,
    bound: Values,
    overrides: Mapping[str, JsonValue],
    node_values: Mapping[str, FlowReference | JsonValue],
    flow_values: Values,
) -> tuple[Values, list[Problem]]:
    """A value for every declared parameter of a node's template: binding > execution > node > template's default.

    `bound` has what bindings yielded, without those the execution detached; `overrides` the execution's values for the
    node; `node_values` those set on it, `{flow: name}` among them. An optional parameter that nobody set is None.
    Problems (path: the parameter's name): MISSING_VALUE, UNKNOWN_PARAMETER, OVERRIDE_OF_BOUND, those of `check_value`.
    """
    names = {parameter.name for parameter in template.parameters}
    problems = [_unknown(name, name, "template") for name in (*overrides, *node_values) if name not in names]
    problems += [_overridden(name) for name in overrides if name in bound]
    set_values = (overrides, referred(node_values, flow_values))
    values: Values = {}
    for parameter in template.parameters:
        name = parameter.name
        found = _check_bound(parameter, bound[name]) if name in bound else _check_set(parameter, set_values)
        values[name] = found[0]
        problems += found[1]
    return values, problems


def winners(
    template: Template,
    *,
    bound: Container[str],
    overrides: Mapping[str, JsonValue],
    node_values: Mapping[str, FlowReference | JsonValue],
    flow_values: Values,
) -> dict[ParameterName, Winner]:
    """Who sets each declared parameter's value, by the precedence of `resolve_values`."""
    node = referred(node_values, flow_values)

    def winner(parameter: Parameter) -> Winner:
        if parameter.name in bound:
            return Winner.BINDING
        if overrides.get(parameter.name) is not None:
            return Winner.EXECUTION
        if node.get(parameter.name) is not None:
            return Winner.FLOW if isinstance(node_values[parameter.name], FlowReference) else Winner.NODE
        return Winner.NOBODY if parameter.default is None else Winner.DEFAULT

    return {parameter.name: winner(parameter) for parameter in template.parameters}


def referred(node_values: Mapping[str, FlowReference | JsonValue], flow_values: Values) -> Values:
    """The values set on a node, with `{flow: name}` replaced by that flow parameter's value."""
    return {
        name: flow_values.get(value.flow) if isinstance(value, FlowReference) else value
        for name, value in node_values.items()
    }


def missing(parameter: Parameter, path: str) -> Problem:
    """The problem of a required parameter that nobody sets."""
    message = f"{parameter.name} needs a value: connect a column to it, or set it on the node."
    return Problem("MISSING_VALUE", path, message)


def json_value(value: Any) -> JsonValue:
    """A checked value as JSON: dates and instants as ISO text, decimals and integers beyond ±(2^53 − 1) as strings."""
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) > LARGEST_EXACT_IN_JSON):
        return str(value)
    checked: JsonValue = value
    return checked


def _check_list(value: object, check: ItemCheck) -> tuple[Any, list[Problem]]:
    parameter, path = check.parameter, check.path
    if _is_long(value):
        return value, list_problems(parameter, value.items, value.findings, path)
    if not isinstance(value, list | tuple):
        message = f"{parameter.name} takes a list; put the value in brackets."
        return None, [Problem("WRONG_TYPE", path, message)]
    items: list[Any] | None = [check.read(place, item) for place, item in enumerate(value)]
    problems = list_problems(parameter, len(value), check.findings, path)
    if check.findings.unfit:
        return None, problems
    if parameter.type is ParameterType.NUMBER_LIST:
        items = _alike(items or [])
    return items, problems if items is not None else [_unlike(parameter, path)]


def _alike(numbers: list[Any]) -> list[Any] | None:
    """The numbers as one column holds them, nulls in their places; None if no column does."""
    held = alike([each for each in numbers if each is not None])
    if held is None:
        return None
    others = iter(held)
    return [None if each is None else next(others) for each in numbers]


def _unlike(parameter: Parameter, path: str) -> Problem:
    message = (
        f"{parameter.name} has numbers that no list holds together with all their digits: "
        "round the longest, or leave out the fractions."
    )
    return Problem("WRONG_TYPE", path, message)


def _coerced(parameter: Parameter, value: object, path: str) -> tuple[Any, list[Problem]]:
    try:
        return coerce(parameter.type, value), []
    except WrongValue as wrong:
        return None, [Problem(wrong.code, path, f"{parameter.name} is {wrong}.")]


def _check_set(parameter: Parameter, given: Iterable[Mapping[str, Any]]) -> tuple[Any, list[Problem]]:
    """Check the first value that is set, else the default."""
    name = parameter.name
    value = next((values[name] for values in given if values.get(name) is not None), parameter.default)
    if value is not None:
        return check_value(parameter, value, name)
    return None, [missing(parameter, name)] if parameter.required else []


def _check_bound(parameter: Parameter, value: Any) -> tuple[Any, list[Problem]]:
    """Check what a binding yielded, where nulls were kept on purpose: a null is a value here."""
    if value is None:
        return None, []
    if parameter.type.is_list:
        return _check_list(value, ItemCheck(parameter, parameter.name, keeps_nulls=True))
    return check_value(parameter, value, parameter.name)


def _is_long(value: object) -> TypeGuard[LongList]:
    return isinstance(getattr(value, "items", None), int)


def _unknown(name: str, path: str, what: str) -> Problem:
    return Problem("UNKNOWN_PARAMETER", path, f"The {what} declares no parameter {name}.")


def _overridden(name: str) -> Problem:
    message = f"A connection feeds {name}; say detach to set it for this execution instead."
    return Problem("OVERRIDE_OF_BOUND", name, message)
