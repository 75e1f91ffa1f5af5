"""A template and its values become the SQL an engine runs: literals at token positions, and nothing else moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid, Problem, Severity
from queryflow.domain.parameters import Parameter, ParameterType, Values
from queryflow.domain.template import Dialect, Template
from queryflow.domain.windows import ResolvedWindow
from queryflow.sql.amc_on_duckdb import amc_edits
from queryflow.sql.literals import PATTERN_ESCAPE, instant, items, literal, pattern_text, quote_name
from queryflow.sql.placeholder_problems import token_problems
from queryflow.sql.placeholders import (
    WINDOW_START,
    Context,
    Placeholder,
    PlaceholderKind,
    placeholders_of,
)
from queryflow.sql.tokens import Edit, apply, closing, commas, end_of, tokenize

CONTAINS = frozenset({"ARRAY_CONTAINS", "LIST_CONTAINS", "ARRAY_HAS", "LIST_HAS"})
JOINING = frozenset(" \t\r\n(,[=<>")
"""After these a literal needs no space before it."""


@dataclass(frozen=True, slots=True)
class RegisteredList:
    """A list too long to write out: a table of that name with one column `value`, present where the query runs."""

    name: str
    type: ParameterType
    items: int


def render(template: Template, values: Values, window: ResolvedWindow, engine: str) -> str:
    """The template's SQL for the engine (`duckdb`, `postgresql`) with every value in its place as a typed literal.

    A value is a checked Python value or, for lists, a RegisteredList. A parameter that is not required and has no
    value is a typed NULL. Invalid, before anything is sent: an unknown placeholder, a value nobody declared, a missing
    required value, a placeholder inside quotes, a value its type cannot hold.
    """
    tokens = tokenize(template.sql, template.dialect)
    _refuse_unfillable(template, values, tokens)
    placeholders = placeholders_of(tokens, template.dialect)
    writer = _Writer(template, values, window, engine)
    edits = [edit for each in placeholders for edit in writer.edits(each, tokens)]
    if template.dialect is Dialect.AMC:
        edits += amc_edits(tokens, window)
    return apply(template.sql, [*edits, *_after_the_statement(template.sql, tokens)])


@dataclass(frozen=True, slots=True)
class _Writer:
    """What the edits of one rendering have in common."""

    template: Template
    values: Mapping[str, Any]
    window: ResolvedWindow
    engine: str

    def edits(self, placeholder: Placeholder, tokens: Sequence[Token]) -> list[Edit]:
        """The edits that put the placeholder's value in its place."""
        if placeholder.kind is PlaceholderKind.BUILT_IN:
            return [self._put(placeholder, self._bound_of_window(placeholder))]
        parameter = _declared(self.template, placeholder)
        value = self.values.get(parameter.name)
        if isinstance(value, RegisteredList):
            return _registered(placeholder, value, tokens) or [self._put(placeholder, _relation(placeholder, value))]
        try:
            return [self._put(placeholder, self._written(placeholder, parameter, value))]
        except Invalid as error:
            raise _wrong_value(parameter, error) from error

    def _written(self, placeholder: Placeholder, parameter: Parameter, value: Any) -> str:
        if parameter.type is ParameterType.PATTERN:
            return self._pattern(value)
        if parameter.type is ParameterType.DATE_RANGE:
            return self._end_of_range(placeholder, value)
        if placeholder.context is Context.IN_LIST and parameter.type.is_list:
            return items([] if value is None else value, parameter.type, self.engine)
        return literal(value, parameter.type, self.engine)

    def _pattern(self, value: Any) -> str:
        wanted = None if value is None else pattern_text(value["text"], value["mode"])
        return f"{literal(wanted, ParameterType.STRING, self.engine)} ESCAPE '{PATTERN_ESCAPE}'"

    def _end_of_range(self, placeholder: Placeholder, value: Any) -> str:
        wanted = None if value is None else value[placeholder.part]
        return literal(wanted, ParameterType.DATE, self.engine)

    def _bound_of_window(self, placeholder: Placeholder) -> str:
        bound = self.window.start if placeholder.name == WINDOW_START else self.window.end
        return instant(bound, self.engine)

    def _put(self, placeholder: Placeholder, written: str) -> Edit:
        """The edit, with a space where the literal would else join what stands before or after it."""
        sql, start, end = self.template.sql, placeholder.start, placeholder.end
        before = "" if start == 0 or sql[start - 1] in JOINING else " "
        after = " " if sql[end : end + 1].isalnum() or sql[end : end + 1] in {"'", '"', "_", "{"} else ""
        return Edit(start, end, before + written + after)


def _registered(placeholder: Placeholder, value: RegisteredList, tokens: Sequence[Token]) -> list[Edit]:
    """ARRAY_CONTAINS(list, x) as x IN (query): on long lists a join is many times faster than a search per row."""
    name, opening = placeholder.first - 2, placeholder.first - 1
    if name < 0 or tokens[opening].token_type is not TokenType.L_PAREN or tokens[name].text.upper() not in CONTAINS:
        return []
    end = closing(tokens, opening)
    parted = commas(tokens, opening, end) if end else ()
    if end is None or len(parted) != 1 or parted[0] != placeholder.last + 1:
        return []
    before = Edit(tokens[name].start, end_of(tokens[parted[0]]), "((")
    query = f"SELECT value FROM {quote_name(value.name)} WHERE value IS NOT NULL"
    return [before, Edit(tokens[end].start, end_of(tokens[end]), f") IN ({query}))")]


def _relation(placeholder: Placeholder, value: RegisteredList) -> str:
    if placeholder.context in {Context.IN_LIST, Context.QUANTIFIED}:
        return f"SELECT value FROM {quote_name(value.name)}"
    return f"(SELECT array_agg(value) FROM {quote_name(value.name)})"


def _refuse_unfillable(template: Template, values: Values, tokens: Sequence[Token]) -> None:
    errors = [each for each in token_problems(template, tokens) if each.severity is Severity.ERROR]
    problems = [*errors, *_undeclared(template, values), *_missing(template, values)]
    if problems:
        raise Invalid(problems[0].message, problems)


def _undeclared(template: Template, values: Values) -> list[Problem]:
    unknown = [name for name in values if template.parameter(name) is None]
    return [
        Problem("UNKNOWN_PARAMETER", f"parameters.{name}", f"{template.template_id} has no parameter {name}.")
        for name in unknown
    ]


def _missing(template: Template, values: Values) -> list[Problem]:
    missing = [each.name for each in template.parameters if each.required and values.get(each.name) is None]
    return [Problem("MISSING_VALUE", f"parameters.{name}", f"{name} is required and has no value.") for name in missing]


def _wrong_value(parameter: Parameter, error: Invalid) -> Invalid:
    """The same error with the parameter's name."""
    message = f"{parameter.name}: {error.message}"
    return Invalid(message, (Problem("WRONG_VALUE", f"parameters.{parameter.name}", message),))


def _declared(template: Template, placeholder: Placeholder) -> Parameter:
    parameter = template.parameter(placeholder.name)
    if parameter is None:
        raise KeyError(placeholder.name)
    return parameter


def _after_the_statement(sql: str, tokens: Sequence[Token]) -> list[Edit]:
    """Cut the semicolons and comments after the last word, so that the statement can stand inside another."""
    ending = next((each for each in reversed(tokens) if each.token_type is not TokenType.SEMICOLON), None)
    return [] if ending is None else [Edit(end_of(ending), len(sql), "")]
