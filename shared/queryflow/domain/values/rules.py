"""The rules a parameter sets its values, and what can be wrong with the rules themselves.

A `pattern` is a regular expression of RE2's kind, searched for as written (anchor it with ^ and $ to match all of a
text). The engine inside pydantic matches it in linear time, so no author can hang a service with one.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, core_schema

from queryflow.domain.errors import Problem
from queryflow.domain.values.coercion import WrongValue, coerce, element_type
from queryflow.domain.values.parameters import Parameter, ParameterType, Rules

Choices = Collection[Any]
MOST_NAMED = 20
"""A list with more wrong items names these first ones."""
LONGEST_PATTERN = 1_000
LONGEST_SHOWN = 40
"""Characters of a value in a sentence."""


def rule_problems(parameter: Parameter, value: Any, path: str) -> list[Problem]:
    """What a single value of the right type breaks of its parameter's rules."""
    return list(item_problems(parameter.rules, choices_of(parameter), value, path))


def item_problems(rules: Rules, choices: Choices, item: Any, path: str) -> Iterator[Problem]:
    """What one value, or one item of a list, breaks."""
    if isinstance(item, int | float | Decimal):
        yield from _bound_problems(rules, item, path)
    text = item.get("text") if isinstance(item, dict) else item
    if isinstance(text, str):
        yield from _text_problems(rules, text, path)
    if rules.one_of is not None and item not in choices:
        named = ", ".join(str(choice) for choice in rules.one_of[:MOST_NAMED])
        yield Problem("NOT_A_CHOICE", path, f"{_shown(item)} is not one of {named}.")


def choices_of(parameter: Parameter) -> Choices:
    """What one_of allows, in Python's form; of a list, whose items may be many, a set."""
    readable = []
    for choice in parameter.rules.one_of or ():
        try:
            readable.append(coerce(element_type(parameter.type), choice))
        except WrongValue:
            continue  # a problem of the template, which `rules_problems` names
    return frozenset(readable) if parameter.type.is_list else readable


def count_problems(rules: Rules, items: int, path: str) -> list[Problem]:
    """What a list of that many items breaks."""
    problems = []
    if rules.minimum_items is not None and items < rules.minimum_items:
        problems.append(Problem("TOO_FEW_ITEMS", path, f"{items} items; at least {rules.minimum_items} are needed."))
    if rules.maximum_items is not None and items > rules.maximum_items:
        problems.append(Problem("TOO_MANY_ITEMS", path, f"{items} items; at most {rules.maximum_items} are allowed."))
    return problems


def rules_problems(parameter: Parameter, path: str) -> list[Problem]:
    """What is wrong with the rules themselves: bounds that leave nothing, a pattern or a choice that cannot be read."""
    rules, where = parameter.rules, f"{path}.rules"
    bounds = [("minimum", rules.minimum, rules.maximum), ("minimum_items", rules.minimum_items, rules.maximum_items)]
    problems = [
        Problem("EMPTY_BOUNDS", f"{where}.{word}", f"{word} {least} is above the maximum {most}.")
        for word, least, most in bounds
        if least is not None and most is not None and least > most
    ]
    if rules.pattern is not None and matcher(rules.pattern) is None:
        message = "The pattern cannot be read; write it as RE2 does (no look-around, no back reference)."
        problems.append(Problem("WRONG_PATTERN", f"{where}.pattern", message))
    if parameter.type is ParameterType.ENUM and not rules.one_of:
        problems.append(Problem("NO_CHOICES", f"{where}.one_of", "An enum needs its choices in rules.one_of."))
    return [*problems, *_choice_problems(parameter, f"{where}.one_of")]


@lru_cache(maxsize=256)
def matcher(pattern: str) -> SchemaValidator | None:
    """Whether a text contains the pattern, by `isinstance_python(text)`; None for a pattern that cannot be read."""
    if len(pattern) > LONGEST_PATTERN:
        return None
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        return None


def _choice_problems(parameter: Parameter, path: str) -> Iterator[Problem]:
    for place, choice in enumerate(parameter.rules.one_of or ()):
        try:
            coerce(element_type(parameter.type), choice)
        except WrongValue as wrong:
            yield Problem(wrong.code, f"{path}.{place}", f"The choice is {wrong}.")


def _bound_problems(rules: Rules, number: int | float | Decimal, path: str) -> Iterator[Problem]:
    if rules.minimum is not None and number < rules.minimum:
        yield Problem("TOO_SMALL", path, f"{number} is below the minimum {rules.minimum}.")
    if rules.maximum is not None and number > rules.maximum:
        yield Problem("TOO_LARGE", path, f"{number} is above the maximum {rules.maximum}.")


def _text_problems(rules: Rules, text: str, path: str) -> Iterator[Problem]:
    if rules.maximum_length is not None and len(text) > rules.maximum_length:
        yield Problem("TOO_LONG", path, f"{len(text)} characters; at most {rules.maximum_length} are allowed.")
    elif rules.pattern is not None and (pattern := matcher(rules.pattern)) and not pattern.isinstance_python(text):
        yield Problem("NO_MATCH", path, f"{text[:LONGEST_SHOWN]!r} does not match the pattern {rules.pattern}.")


def _shown(item: Any) -> str:
    text = str(item)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
