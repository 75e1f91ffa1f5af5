"""A single template or SQL text as a flow of one node, `query`, which runs as every flow does. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid5

from pydantic import JsonValue

from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Flow, Node, Window
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.ids import NAMESPACE, CompositionId, NodeId, ParameterName, TemplateId
from queryflow.domain.values.parameters import Parameter, ParameterType

NODE = NodeId("query")
"""The one node; the result is read by this name."""
NAME_OF_TEXT = "Query"
MISSING_VALUE = "MISSING_VALUE"
MOST_PARAMETERS = 1_000
"""As of a template."""
_OF_NODE = re.compile(rf"nodes\.{NODE}\.")
_OF_VALUES = re.compile(rf"node_parameters\.{NODE}\.")
_DECLARED = {"type", "value"}


@dataclass(frozen=True, slots=True)
class SingleQuery:
    """What runs alone: a template's text, or a text of its own, and on which engine connection."""

    key: CompositionId
    name: str
    template: Template
    connection: str | None
    window: Window | None = None

    @property
    def flow(self) -> Flow:
        """The flow of one node; its values come with each execution, so that equal texts are one version."""
        node = Node(node_id=NODE, template=self.template.template_id, template_version=self.template.version)
        return Flow(
            composition_id=self.key, name=self.name, nodes=(node,), connection=self.connection, window=self.window
        )


@dataclass(frozen=True, slots=True)
class Declared:
    """The parameters of a text of its own, their values, and what is wrong with how they were given."""

    parameters: tuple[Parameter, ...] = ()
    values: Mapping[str, JsonValue] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def key_of(identifier: UUID) -> CompositionId:
    """The key under which executions of that saved query, template or text are found."""
    return CompositionId(f"query_{identifier.hex}")


def key_of_text(sql: str, dialect: Dialect) -> CompositionId:
    """The key of a text: the same text has the same one."""
    return key_of(uuid5(NAMESPACE, f"query:{dialect}:{sql}"))


def text_template(key: CompositionId, sql: str, dialect: Dialect, parameters: tuple[Parameter, ...]) -> Template:
    """A text of its own as the template that its one node uses."""
    return Template(template_id=TemplateId(key), name=NAME_OF_TEXT, dialect=dialect, sql=sql, parameters=parameters)


def declare(given: Mapping[str, JsonValue]) -> Declared:
    """The parameters of a text: `{"type", "value"}` says the type, a bare value has the type that JSON gives it."""
    if len(given) > MOST_PARAMETERS:
        message = f"At most {MOST_PARAMETERS:,} parameters; these are {len(given):,}. A long list is one of them."
        return Declared(problems=(Problem("TOO_MANY", "parameters", message),))
    parameters: list[Parameter] = []
    values: dict[str, JsonValue] = {}
    problems: list[Problem] = []
    for name, each in given.items():
        kind, value = _typed(each)
        if kind is None:
            problems.append(_untyped(name))
        else:
            parameters.append(Parameter(name=ParameterName(name), type=kind))
            values[name] = value
    return Declared(tuple(parameters), values, tuple(problems))


def redeclare(stored: Mapping[str, JsonValue], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The stored parameters with given values in their place; a value that was stored keeps its type."""
    types = {each.name: each.type for each in declare(stored).parameters}
    typed = {
        name: {"type": types[ParameterName(name)].value, "value": value}
        if name in types and not _declares(value)
        else value
        for name, value in given.items()
    }
    return {**stored, **typed}


def told(problems: Iterable[Problem]) -> list[Problem]:
    """The problems of the flow of one node at the places that people know: `parameters.x`, `connection`, `sql`."""
    return [_told(each) for each in problems]


def without_missing(problems: Iterable[Problem]) -> Iterator[Problem]:
    """All problems but those of values that are not set on the node: they come with the execution."""
    return (each for each in problems if each.code != MISSING_VALUE)


def _told(problem: Problem) -> Problem:
    path = _OF_VALUES.sub("parameters.", _OF_NODE.sub("", problem.path))
    if problem.code != MISSING_VALUE:
        return replace(problem, path=path)
    return replace(problem, path=path, message=f"{path.rpartition('.')[2]} needs a value: give it in parameters.")


def _typed(given: JsonValue) -> tuple[ParameterType | None, JsonValue]:
    if isinstance(given, dict) and _declares(given):
        words = {kind.value: kind for kind in ParameterType}
        return words.get(str(given["type"])), given["value"]
    if isinstance(given, list):
        return _LISTS.get(frozenset(map(type, given))), given
    return _SCALARS.get(type(given)), given


def _declares(given: JsonValue) -> bool:
    return isinstance(given, dict) and given.keys() == _DECLARED


def _untyped(name: str) -> Problem:
    message = (
        f"The type of {name} cannot be told from its value; "
        f'write {{"type": "…", "value": …}} with one of {", ".join(ParameterType)}.'
    )
    return Problem("UNKNOWN_TYPE", f"parameters.{name}", message)


_SCALARS: Mapping[type[Any], ParameterType] = {
    str: ParameterType.STRING,
    bool: ParameterType.BOOLEAN,
    int: ParameterType.INTEGER,
    float: ParameterType.NUMBER,
}
_LISTS: Mapping[frozenset[type[Any]], ParameterType] = {
    frozenset({str}): ParameterType.STRING_LIST,
    frozenset({int}): ParameterType.INTEGER_LIST,
    frozenset({float}): ParameterType.NUMBER_LIST,
    frozenset({int, float}): ParameterType.NUMBER_LIST,
}
"""By the types of the items; an empty list, and one of mixed or other items, does not tell."""
