"""Values of parameters as a person types them: `name=value`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Never

from queryflow.domain.errors import Refused
from queryflow.domain.values.parameters import ParameterType


def read_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """What was typed as `name=value`, by name; Refused if it has another form."""
    found: dict[str, str] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise Refused(f"--param takes name=value, not {assignment!r}.", code="PARAMETER_FORM")
        if name in found:
            raise Refused(f"--param {name} is given twice; a list is written a,b,c.", code="PARAMETER_TWICE")
        found[name] = value
    return found


def parameters_of(typed: Mapping[str, str], types: Mapping[str, ParameterType]) -> dict[str, Any]:
    """Typed values as the API takes them: text for texts, JSON for everything that is not text."""
    return {name: _value(value, types.get(name)) for name, value in typed.items()}


def _value(text: str, kind: ParameterType | None) -> Any:
    """A list may be JSON or words between commas; `007` stays text where the parameter is text."""
    if kind is not None and kind.is_list and not text.lstrip().startswith("["):
        return [_value(each.strip(), _ITEMS.get(kind)) for each in text.split(",") if each.strip()]
    if kind in _TEXTS:
        return text
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def _no_number(word: str) -> Never:
    raise ValueError(f"{word} is no JSON")


_TEXTS = {ParameterType.STRING, ParameterType.ENUM, ParameterType.DATE, ParameterType.TIMESTAMP}
_ITEMS = {
    ParameterType.STRING_LIST: ParameterType.STRING,
    ParameterType.CAMPAIGN_LIST: ParameterType.STRING,
    ParameterType.ASIN_LIST: ParameterType.STRING,
    ParameterType.DATE_LIST: ParameterType.DATE,
    ParameterType.INTEGER_LIST: ParameterType.INTEGER,
    ParameterType.NUMBER_LIST: ParameterType.NUMBER,
}


def parameter_types(subject: Mapping[str, Any]) -> dict[str, ParameterType]:
    """The types of the parameters that a flow or a template declares, by name."""
    return {name: ParameterType(each["type"]) for name, each in (subject.get("parameters") or {}).items()}


def said_types(typed: Mapping[str, str]) -> dict[str, Any]:
    """Values for parameters that nobody declared: `name:type=value` says the type, else JSON does, else it is text.

    Refused if there is no such type.
    """
    found: dict[str, Any] = {}
    for word, value in typed.items():
        name, _, kind = word.partition(":")
        if not kind:
            found[name] = _value(value, None)
        elif kind in set(ParameterType):
            found[name] = {"type": kind, "value": _value(value, ParameterType(kind))}
        else:
            kinds = ", ".join(ParameterType)
            raise Refused(f"There is no parameter type {kind}; there are: {kinds}.", code="PARAMETER_FORM")
    return found
