"""The items of a list, one after the other: the same check however many there are and wherever they are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from queryflow.domain.errors import Problem
from queryflow.domain.values.coercion import WrongValue, coerce, element_type
from queryflow.domain.values.parameters import EmptyPolicy, Parameter
from queryflow.domain.values.rules import MOST_NAMED, Choices, choices_of, count_problems, item_problems


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with the items of a list."""

    unfit: Sequence[Problem] = ()
    """Items that are not of the list's type, the first ones."""
    broken: Sequence[Problem] = ()
    """Items that break the parameter's rules, the first ones."""


@dataclass
class ItemCheck:
    """Reads items and remembers what is wrong with the first ones. A null is an item only where nulls were kept."""

    parameter: Parameter
    path: str
    keeps_nulls: bool = False
    _unfit: list[Problem] = field(default_factory=list)
    _broken: list[Problem] = field(default_factory=list)

    def read(self, place: int, item: Any) -> Any:
        """The item in Python's form; None if it has none."""
        if item is None and self.keeps_nulls:
            return None
        try:
            held = coerce(element_type(self.parameter.type), item)
        except WrongValue as wrong:
            sentence = f"Item {place + 1} of {self.parameter.name} is {wrong}."
            self._unfit.append(Problem(wrong.code, f"{self.path}.{place}", sentence))
            return None
        if len(self._broken) < MOST_NAMED:
            self._broken += item_problems(self.parameter.rules, self._choices, held, f"{self.path}.{place}")
        return held

    @property
    def is_enough(self) -> bool:
        """Whether no later item changes what is found."""
        return len(self._unfit) >= MOST_NAMED

    @property
    def findings(self) -> Findings:
        """What was found so far."""
        return Findings(tuple(self._unfit[:MOST_NAMED]), tuple(self._broken[:MOST_NAMED]))

    @cached_property
    def _choices(self) -> Choices:
        return choices_of(self.parameter)


def list_problems(parameter: Parameter, items: int, findings: Findings, path: str) -> list[Problem]:
    """What is wrong with a list of so many items: those that are not of its type, else what breaks a rule."""
    if findings.unfit:
        return list(findings.unfit)
    refused = [] if items or parameter.empty is not EmptyPolicy.REFUSED else [_empty(parameter, path)]
    return [*refused, *count_problems(parameter.rules, items, path), *findings.broken]


def _empty(parameter: Parameter, path: str) -> Problem:
    return Problem("EMPTY_REFUSED", path, f"{parameter.name} may not be empty; give it an item.")
