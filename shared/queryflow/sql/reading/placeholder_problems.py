"""Whether each placeholder of a template is declared and stands where its value can be written."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

from queryflow.domain.errors import Problem, Severity
from queryflow.domain.flow.template import Template
from queryflow.domain.suggestions import did_you_mean
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.sql.reading.placeholders import (
    WINDOW_END,
    WINDOW_START,
    Context,
    Placeholder,
    PlaceholderKind,
    malformed_placeholders,
    placeholders_of,
)
from queryflow.sql.reading.surroundings import Surrounding, surroundings
from queryflow.sql.reading.tokens import openings, problem_at, tokenize


def placeholder_problems(template: Template) -> list[Problem]:
    """Every placeholder that cannot be filled (errors) and every declared parameter without one (warnings).

    Messages carry line and column. Invalid if the text cannot be read at all.
    """
    return token_problems(template, tokenize(template.sql, template.dialect))


def token_problems(template: Template, tokens: Sequence[Token]) -> list[Problem]:
    """The same for a template whose tokens are at hand."""
    placeholders = placeholders_of(tokens, template.dialect)
    text = _Text(tokens, openings(tokens), surroundings(tokens))
    wrong = [_problem(template, each, text) for each in placeholders]
    malformed = [_malformed(template, offset) for offset in malformed_placeholders(tokens, template.dialect)]
    return [*filter(None, wrong), *malformed, *_unused(template, placeholders)]


@dataclass(frozen=True, slots=True)
class _Text:
    """Tokens, and what each stands in."""

    tokens: Sequence[Token]
    openings: Sequence[int | None]
    surroundings: Sequence[Surrounding]


def _problem(template: Template, placeholder: Placeholder, text: _Text) -> Problem | None:
    found = _quoted(placeholder, text.tokens) or _unknown(template, placeholder)
    parameter = template.parameter(placeholder.name)
    if found is None and parameter is not None and placeholder.kind is not PlaceholderKind.BUILT_IN:
        found = _misplaced(placeholder, parameter, text)
    if found is None:
        return None
    code, message = found
    return problem_at(Problem(code, "sql", message), template.sql, placeholder.start)


def _quoted(placeholder: Placeholder, tokens: Sequence[Token]) -> tuple[str, str] | None:
    if placeholder.context is not Context.QUOTED:
        return None
    name = placeholder.name
    if tokens[placeholder.first].token_type is TokenType.IDENTIFIER:
        message = f"{{{{{name}}}}} stands in a quoted name, and a value is never a name; a text has single quotes."
    else:
        message = f"{{{{{name}}}}} stands in a string with a prefix, as E'…' has; a plain one, '…', takes values."
    return "PLACEHOLDER_IN_QUOTES", message


def _unknown(template: Template, placeholder: Placeholder) -> tuple[str, str] | None:
    name = placeholder.name
    if placeholder.kind is PlaceholderKind.BUILT_IN:
        known = name in {WINDOW_START, WINDOW_END}
        return None if known else ("UNKNOWN_BUILT_IN", f"There is no built-in parameter {name}.")
    if template.parameter(name) is not None:
        return None
    if near := did_you_mean(name, [each.name for each in template.parameters]):
        return "UNKNOWN_PLACEHOLDER", f"The placeholder {name} is not declared; {near}?"
    message = (
        f"The placeholder {name} is not declared; declare a parameter of that name, or give a single query its value."
    )
    if placeholder.context is Context.TEXT:
        message = f"{message[:-1]}, or write {{{{{{{{{name}}}}}}}}} for the characters."
    return "UNKNOWN_PLACEHOLDER", message


def _misplaced(placeholder: Placeholder, parameter: Parameter, text: _Text) -> tuple[str, str] | None:
    if parameter.type is ParameterType.DATE_RANGE:
        return _half_of_range(placeholder)
    if placeholder.part is not None:
        return "NO_SUCH_PART", f"{parameter.name} is no date range; write {{{{{parameter.name}}}}}."
    if parameter.type is ParameterType.PATTERN:
        return _not_a_pattern(placeholder, text.tokens)
    if parameter.type.is_list and placeholder.context is Context.TEXT:
        name = parameter.name
        return (
            "LIST_IN_QUOTES",
            f"{name} is a list, and a text takes one value; write {{{{{name}}}}} without the quotes.",
        )
    return (_shared_list(placeholder, text) or _no_query(placeholder, text)) if parameter.type.is_list else None


def _half_of_range(placeholder: Placeholder) -> tuple[str, str] | None:
    if placeholder.part is not None:
        return None
    name = placeholder.name
    return "WHICH_END", f"{name} is a date range; write {{{{{name}.start}}}} or {{{{{name}.end}}}}."


def _not_a_pattern(placeholder: Placeholder, tokens: Sequence[Token]) -> tuple[str, str] | None:
    escaped = [each.token_type for each in tokens[placeholder.last + 1 : placeholder.last + 2]] == [TokenType.ESCAPE]
    if placeholder.context is Context.PATTERN and not escaped:
        return None
    return "PATTERN_WITHOUT_LIKE", f"{placeholder.name} is a pattern; it goes right after LIKE, without ESCAPE."


def _shared_list(placeholder: Placeholder, text: _Text) -> tuple[str, str] | None:
    tokens, opening = text.tokens, text.openings[placeholder.first]
    before = tokens[opening - 1].token_type if opening else tokens[placeholder.first - 1].token_type
    bare = tokens[placeholder.first - 1].token_type is TokenType.IN
    if placeholder.context is Context.IN_LIST or not (bare or (opening and before is TokenType.IN)):
        return None
    name = placeholder.name
    return "LIST_NOT_ALONE", f"The list {name} stands alone between the parentheses: IN ({{{{{name}}}}})."


def _no_query(placeholder: Placeholder, text: _Text) -> tuple[str, str] | None:
    """A list between the parentheses of IN is a query, which a lambda cannot hold."""
    is_query = placeholder.context in {Context.IN_LIST, Context.QUANTIFIED}
    if not is_query or text.surroundings[placeholder.first] is not Surrounding.LAMBDA:
        return None
    name = placeholder.name
    return "LIST_IN_LAMBDA", f"IN takes no list inside a lambda; write list_contains({{{{{name}}}}}, x) there."


def _malformed(template: Template, offset: int) -> Problem:
    message = "This begins like a placeholder and is none: a name goes inside."
    return problem_at(Problem("MALFORMED_PLACEHOLDER", "sql", message), template.sql, offset)


def _unused(template: Template, placeholders: Sequence[Placeholder]) -> list[Problem]:
    used = {each.name for each in placeholders if each.kind is not PlaceholderKind.BUILT_IN}
    return [
        Problem(
            "UNUSED_PARAMETER",
            f"parameters.{each.name}",
            f"The parameter {each.name} is declared, but the SQL does not use it.",
            Severity.WARNING,
        )
        for each in template.parameters
        if each.name not in used
    ]
