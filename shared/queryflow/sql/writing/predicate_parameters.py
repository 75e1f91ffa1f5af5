"""The flow parameters of a row filter: declared, set, and where their types can stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from queryflow.domain.errors import Problem
from queryflow.domain.values.parameters import ParameterType, Values
from queryflow.sql.reading.parsing import placeholder_name, placeholder_part
from queryflow.sql.reading.strings import inside


def _is_item(node: exp.Expr) -> bool:
    """Whether the node stands between the parentheses of IN."""
    return isinstance(node.parent, exp.In) and node is not node.parent.this


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


@dataclass(frozen=True, slots=True)
class _Use:
    """A flow parameter in a row filter."""

    name: str
    part: str | None
    is_item: bool
    """Whether it stands between the parentheses of IN, where a list may stand."""


def _uses(tree: exp.Expr) -> Iterator[_Use]:
    for node in tree.find_all(exp.Anonymous, exp.Literal):
        if isinstance(node, exp.Literal):
            yield from (_Use(each.name, each.part, is_item=False) for each in inside(node.this) if node.is_string)
        elif (name := placeholder_name(node)) is not None:
            yield _Use(name, placeholder_part(node), _is_item(node))


def parameter_problems(tree: exp.Expr, flow_parameters: Mapping[str, ParameterType], path: str) -> Iterator[Problem]:
    """The uses of flow parameters that are not declared, or stand where their type cannot."""
    for use in _uses(tree):
        declared = flow_parameters.get(use.name)
        if declared is None:
            yield Problem("UNKNOWN_FLOW_PARAMETER", path, f"The flow has no parameter {use.name}.")
        elif (sentence := _unfit(use, declared)) is not None:
            yield Problem("WHERE_PARAMETER", path, sentence)


def _unfit(use: _Use, declared: ParameterType) -> str | None:
    name = use.name
    if declared is ParameterType.PATTERN:
        return f"{name} is a pattern, which a row filter cannot use."
    if (declared is ParameterType.DATE_RANGE) != (use.part is not None):
        return f"A date range, and nothing else, is used as {{{{{name}.start}}}} or {{{{{name}.end}}}}."
    if declared.is_list and not use.is_item:
        return f"{name} is a list; write IN ({{{{{name}}}}})."
    return None


def unset_problems(tree: exp.Expr, values: Values) -> Iterator[Problem]:
    """The uses of flow parameters whose value is missing, or of another form than its place takes."""
    for use in _uses(tree):
        name, value = use.name, values.get(use.name)
        if value is None:
            yield Problem(
                "MISSING_VALUE", "where", f"The row filter needs the flow parameter {name}, which has no value."
            )
        elif _is_list(value) and not use.is_item:
            yield Problem("WHERE_PARAMETER", "where", f"{name} is a list; write IN ({{{{{name}}}}}).")
        elif isinstance(value, dict) != (use.part is not None):
            yield Problem("WHERE_PARAMETER", "where", f"A row filter cannot use {name} in this way.")
