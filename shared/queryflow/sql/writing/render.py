"""A template and its values become the SQL an engine runs: literals at token positions, and nothing else moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Invalid, Problem, Severity
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.domain.values.parameters import Parameter, ParameterType, Values
from queryflow.sql.amc.amc_on_duckdb import amc_edits
from queryflow.sql.literals import PATTERN_ESCAPE, instant, literal, pattern_text, plain_text
from queryflow.sql.notation import Notation
from queryflow.sql.reading.placeholder_problems import token_problems
from queryflow.sql.reading.placeholders import (
    WINDOW_START,
    Context,
    Placeholder,
    PlaceholderKind,
    placeholders_of,
)
from queryflow.sql.reading.strings import filled_texts, string_edits
from queryflow.sql.reading.tokens import Edit, apply, end_of, tokenize
from queryflow.sql.writing.list_edits import Code, list_edits, list_text
from queryflow.sql.writing.lists import list_form, list_schema

JOINING = frozenset(" \t\r\n(,[=<>")
"""After these a literal needs no space before it."""


def render(template: Template, values: Values, window: ResolvedWindow, notation: Notation) -> str:
    """The template's SQL for the engine of that notation with every value in its place as a typed literal.

    A value is a checked Python value or, for lists, a WrittenList or a RegisteredList, for which `list_statements` has
    what the query reads. A parameter that is not required and has no value is a typed NULL. Invalid, before anything
    is sent: an unknown placeholder, a value nobody declared, a missing required value, a placeholder in a quoted
    name, a value its type cannot hold.
    """
    tokens = tokenize(template.sql, template.dialect)
    _refuse_unfillable(template, values, tokens)
    writer = _Writer(template, values, window, notation, list_schema(template.sql))
    code = Code(tokens)
    texts = filled_texts(tokens, writer.text)
    edits = [edit for each in placeholders_of(tokens, template.dialect) for edit in writer.edits(each, code)]
    if template.dialect is Dialect.AMC:
        made = amc_edits(tokens, window, texts)
        texts = {index: text for index, text in texts.items() if not _is_replaced(tokens[index], made)}
        edits += made
    edits += string_edits(template.sql, tokens, texts, notation)
    return apply(template.sql, [*edits, *_after_the_statement(template.sql, tokens)])


def _is_replaced(token: Token, edits: Sequence[Edit]) -> bool:
    """Whether an edit writes what the token is a part of."""
    return any(each.start <= token.start and end_of(token) <= each.end for each in edits)


@dataclass(frozen=True, slots=True)
class _Writer:
    """What the edits of one rendering have in common."""

    template: Template
    values: Mapping[str, Any]
    window: ResolvedWindow
    notation: Notation
    lists: str
    """The schema of registered lists."""

    def edits(self, placeholder: Placeholder, code: Code) -> list[Edit]:
        """The edits that put the placeholder's value in its place; none inside a text, which is written as a whole."""
        if placeholder.context is Context.TEXT:
            return []
        if placeholder.kind is PlaceholderKind.BUILT_IN:
            return [self._put(placeholder, self._bound_of_window(placeholder))]
        parameter = _named(self.template, placeholder.name)
        try:
            if parameter.type.is_list:
                return self._list(placeholder, parameter, code)
            return [self._put(placeholder, self._written(placeholder, parameter))]
        except Invalid as error:
            raise _wrong_value(parameter, error) from error

    def text(self, name: str, part: str | None) -> str:
        """The value as it stands inside a text."""
        parameter = _named(self.template, name)
        value = self.values.get(parameter.name)
        try:
            if value is None:
                raise Invalid("it has no value, and nothing stands for that inside quotes.")
            if parameter.type is ParameterType.DATE_RANGE:
                return plain_text(value[part], ParameterType.DATE, self.notation)
            return plain_text(value, parameter.type, self.notation)
        except Invalid as error:
            raise _wrong_value(parameter, error) from error

    def _list(self, placeholder: Placeholder, parameter: Parameter, code: Code) -> list[Edit]:
        form = list_form(self.values.get(parameter.name), parameter, self.notation, self.lists)
        return list_edits(placeholder, form, code) or [self._put(placeholder, list_text(placeholder, form, code))]

    def _written(self, placeholder: Placeholder, parameter: Parameter) -> str:
        value = self.values.get(parameter.name)
        if parameter.type is ParameterType.PATTERN:
            return self._pattern(value)
        if parameter.type is ParameterType.DATE_RANGE:
            return self._end_of_range(placeholder, value)
        return literal(value, parameter.type, self.notation)

    def _pattern(self, value: Any) -> str:
        wanted = None if value is None else pattern_text(value["text"], value["mode"])
        return f"{literal(wanted, ParameterType.STRING, self.notation)} ESCAPE '{PATTERN_ESCAPE}'"

    def _end_of_range(self, placeholder: Placeholder, value: Any) -> str:
        wanted = None if value is None else value[placeholder.part]
        return literal(wanted, ParameterType.DATE, self.notation)

    def _bound_of_window(self, placeholder: Placeholder) -> str:
        bound = self.window.start if placeholder.name == WINDOW_START else self.window.end
        return instant(bound, self.notation)

    def _put(self, placeholder: Placeholder, written: str) -> Edit:
        """The edit, with a space where the literal would else join what stands before or after it."""
        sql, start, end = self.template.sql, placeholder.start, placeholder.end
        before = "" if start == 0 or sql[start - 1] in JOINING else " "
        after = " " if sql[end : end + 1].isalnum() or sql[end : end + 1] in {"'", '"', "_", "{"} else ""
        return Edit(start, end, before + written + after)


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


def _named(template: Template, name: str) -> Parameter:
    parameter = template.parameter(name)
    if parameter is None:
        raise KeyError(name)
    return parameter


def _after_the_statement(sql: str, tokens: Sequence[Token]) -> list[Edit]:
    """Cut the semicolons and comments after the last word, so that the statement can stand inside another."""
    ending = next((each for each in reversed(tokens) if each.token_type is not TokenType.SEMICOLON), None)
    return [] if ending is None else [Edit(end_of(ending), len(sql), "")]
