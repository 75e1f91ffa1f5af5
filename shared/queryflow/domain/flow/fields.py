"""Which fields a document may have at a place, as people write them: to hint at the one that was meant."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from queryflow.domain.flow.flow import Flow, FlowParameter, Node
from queryflow.domain.flow.template import Output, Template
from queryflow.domain.values.parameters import Parameter

NAMED_BY_THEIR_KEY: dict[type[BaseModel], frozenset[str]] = {
    Node: frozenset({"node_id", "template_version"}),
    FlowParameter: frozenset({"name"}),
    Parameter: frozenset({"name"}),
    Output: frozenset({"name"}),
}
"""Fields that a document says in another way: as the key of what they name, or behind it."""
HEADED: tuple[type[BaseModel], ...] = (Flow, Template)
"""Documents of their own, with a head."""
HEAD = ("queryflow", "kind")


def fields_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The fields allowed beside the one at the location, which is where the model found it in its own shape."""
    current: Any = model
    for part in location[:-1]:
        current = _below(current, part)
    owner = next(_models(current), None)
    if owner is None:
        return []
    written = written_fields(owner)
    if owner is Template and len(location) > 1:  # inside a flow its key is its id
        return [name for name in written if name != "template_id"]
    return [*HEAD, *(name for name in written if name not in HEAD)] if owner in HEADED else written


def written_fields(model: type[BaseModel]) -> list[str]:
    """The fields of a model as documents write them, in the model's order."""
    hidden = NAMED_BY_THEIR_KEY.get(model, frozenset())
    return [field.alias or name for name, field in model.model_fields.items() if name not in hidden]


def _below(annotation: Any, part: int | str) -> Any:
    """The type of what lies at this part of a location; of several possible ones whatever has such a part."""
    for model in _models(annotation):
        field = next((each for name, each in model.model_fields.items() if part in (name, each.alias)), None)
        if field is not None:
            return field.annotation
    for member in _members(annotation):
        if get_origin(member) in (tuple, list, dict):
            return get_args(member)[1 if get_origin(member) is dict else 0]
    return None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    yield from (each for each in _members(annotation) if isinstance(each, type) and issubclass(each, BaseModel))


def _members(annotation: Any) -> Iterator[Any]:
    """The annotation, or what it is a choice of."""
    if hasattr(annotation, "__metadata__"):
        yield from _members(annotation.__origin__)
    elif get_origin(annotation) in (tuple, list, dict) or isinstance(annotation, type):
        yield annotation
    else:
        for member in get_args(annotation):
            yield from _members(member)
