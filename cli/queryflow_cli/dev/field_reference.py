"""The page of every field of the files, made from the models: `python -m queryflow_cli.dev.field_reference`."""

import ast
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from queryflow.domain.files.table_options import TableOptions
from queryflow.domain.flow.fields import HEADED, NAMED_BY_THEIR_KEY, written_fields
from queryflow.domain.flow.flow import (
    Binding,
    Connection,
    Flow,
    FlowParameter,
    FlowReference,
    Layout,
    Node,
    Retry,
    Viewport,
    Window,
)
from queryflow.domain.flow.template import Chart, Output, Template
from queryflow.domain.values.parameters import Parameter, Rules

HEAD = """\
# Every field of the files

Made from the models by `python -m queryflow_cli.dev.field_reference`; a test keeps it true. How the files are used:
[own-files.md](own-files.md). Over HTTP the same documents are JSON (`/openapi.json`). A field that is not listed is
refused, with its line and column and what may stand there.
"""
WORDS: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    type(None): "nothing",
    Any: "any value",
}
MOST_WORDS = 10
"""Choices that are listed."""


@dataclass(frozen=True, slots=True)
class Room:
    """A model and where its fields stand."""

    title: str
    models: tuple[type[BaseModel], ...]
    where: str


ROOMS = (
    Room("A flow file", (Flow,), "At the top, beside `queryflow: 1` and `kind: composition`."),
    Room("A parameter of a flow", (FlowParameter,), "In a flow's `parameters`, under its name."),
    Room("A node", (Node,), "In a flow's `nodes`, under its id."),
    Room("A value that is the flow's", (FlowReference,), "In a node's `parameters`: `least: {flow: least}`."),
    Room("Another try", (Retry,), "A node's `retry`."),
    Room("A window", (Window,), "The `window` of a flow or a node: a `range`, or `start` and `end`."),
    Room("A connection", (Connection,), "In the list `connections` of a flow."),
    Room("A binding", (Binding,), "In a connection's `map`, under the parameter; `id: column` is short for one."),
    Room("The layout", (Layout,), "A flow's `layout`; it never changes what a flow means."),
    Room("What is seen of the canvas", (Viewport,), "The `viewport` of a layout."),
    Room("A template file", (Template,), "At the top, beside `queryflow: 1` and `kind: template`; or in a flow's "
         "`templates`, under its id."),
    Room("A parameter of a template", (Parameter,), "In a template's `parameters`, under its name."),
    Room("What a value must satisfy", (Rules,), "The `rules` of a template's parameter."),
    Room("A column of the result", (Output,), "In a template's `outputs`, under its name."),
    Room("A chart", (Chart,), "In the list `charts` of a template."),
    Room("A table of files", (TableOptions,), "In `tables` of a folder's `tables.yaml`, under the table's name."),
)  # fmt: skip


def page() -> str:
    """The page."""
    return "\n".join([HEAD, *(line for room in ROOMS for line in _section(room))])


def undescribed() -> list[str]:
    """Fields that nobody has said a word about."""
    return [
        f"{model.__name__}.{name}"
        for room in ROOMS
        for model in room.models
        for name in model.model_fields
        if not _sentences(model).get(name)
    ]


def _section(room: Room) -> Iterator[str]:
    yield f"## {room.title}\n"
    yield f"{room.where}\n"
    yield "| field | takes | where it is left out | |"
    yield "|---|---|---|---|"
    for model in room.models:
        sentences, written = _sentences(model), set(written_fields(model))
        for name, field in model.model_fields.items():
            said = field.alias or name
            if said in written and not (model in HEADED and name == "kind"):
                cells = (f"`{said}`", _takes(field), _default(field), sentences.get(name, ""))
                yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _takes(field: FieldInfo) -> str:
    limits = [_limit(each) for each in field.metadata]
    return ", ".join([_words(field.annotation), *dict.fromkeys(filter(None, limits))])


def _words(annotation: Any) -> str:
    """A type in words of people who do not program."""
    if hasattr(annotation, "__supertype__"):
        return _words(annotation.__supertype__)
    if annotation in WORDS:
        return WORDS[annotation]
    members = [each for each in get_args(annotation) if each is not type(None)]
    match get_origin(annotation):
        case None:
            return _named(annotation)
        case origin if origin is tuple:
            return _listed(members)
        case origin if origin is list:
            return f"list of: {_words(members[0])}"
        case origin if origin is dict:
            return f"mapping from names to: {_words(members[1])}"
        case origin if origin is Literal:
            return " or ".join(f"`{each}`" for each in members)
    if hasattr(annotation, "__metadata__"):
        return _words(annotation.__origin__)
    return " or ".join(dict.fromkeys(map(_words, members)))


def _listed(members: Sequence[Any]) -> str:
    if members[0] in NAMED_BY_THEIR_KEY:
        return f"mapping from names to: {_words(members[0])}"
    if members[-1] is Ellipsis:
        return f"list of: {_words(members[0])}"
    return f"list of {len(members)}: {_words(members[0])}"


def _named(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{each.value}`" for each in annotation)
    room = next((each for each in ROOMS if annotation in each.models), None)
    if room is not None:
        return f"[{room.title.lower()}](#{room.title.lower().replace(' ', '-').replace(chr(39), '')})"
    return "any value"


def _limit(metadata: Any) -> str:
    words = {"ge": "at least {}", "le": "at most {}", "gt": "more than {}", "lt": "less than {}"}
    words |= {"min_length": "at least {} long", "max_length": "at most {} long"}
    found = [text.format(_number(value)) for name, text in words.items() if (value := getattr(metadata, name, None))]
    pattern = getattr(metadata, "pattern", None)
    return ", ".join([*found, *([f"as `{pattern}`"] if pattern else [])])


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be there**"
    default = field.default
    if default is PydanticUndefined or default is None or default == ():
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default.value if isinstance(default, StrEnum) else default}`" if default != "" else ""


def _sentences(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field in the source."""
    [body] = ast.parse(inspect.getsource(model)).body
    statements = body.body if isinstance(body, ast.ClassDef) else []
    found: dict[str, str] = {}
    for field, below in pairwise(statements):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            value = below.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[field.target.id] = " ".join(value.value.split())
    return found


if __name__ == "__main__":
    print(page(), end="")
