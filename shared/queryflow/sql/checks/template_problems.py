"""Whether a template can be saved: it is one query, and its placeholders and parameters are each other's."""

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.validation import declaration_problems
from queryflow.sql.amc.amc_on_duckdb import amc_problems
from queryflow.sql.checks.amc_lint import amc_lint
from queryflow.sql.reading.parsing import statements
from queryflow.sql.reading.placeholder_problems import placeholder_problems
from queryflow.sql.reading.tokens import problem_at, tokenize

LONGEST_WORD = 40
"""Letters of a word in a message."""
BEGINNINGS = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN, TokenType.VALUES})
CHANGES = (exp.DML, exp.DDL, exp.Into, exp.Command, exp.Copy, exp.Set, exp.Attach, exp.Detach, exp.Pragma, exp.Drop)
"""What changes something; a query holds none of it, not even inside WITH."""


def template_problems(template: Template) -> list[Problem]:
    """Everything that is wrong with a template's SQL and its declared parameters, with line and column where known.

    Errors: unreadable or not parseable SQL, more or less than one query, a placeholder that cannot be filled, what
    AMC refuses. Warnings: a parameter the SQL does not use, what AMC may refuse.
    """
    try:
        problems = placeholder_problems(template)
    except Invalid as error:
        return list(error.problems)
    statement = _statement_problems(template)
    lint = amc_lint(template.sql) if template.dialect is Dialect.AMC else []
    if template.dialect is Dialect.AMC and not statement:  # only what parses has calls whose arguments can be counted
        lint += amc_problems(template.sql)
    return [*declaration_problems(template), *problems, *statement, *lint]


def _statement_problems(template: Template) -> list[Problem]:
    tokens = tokenize(template.sql, template.dialect)
    if not tokens:
        return [_not_a_query("There is no query here; write one that begins with SELECT.")]
    if tokens[0].token_type not in BEGINNINGS:
        message = f"A query begins with SELECT, WITH, FROM or VALUES, not with {tokens[0].text[:LONGEST_WORD]}."
        return [problem_at(_not_a_query(message), template.sql, tokens[0].start)]
    try:
        parsed = statements(template.sql, template.dialect)
    except Invalid as error:
        return list(error.problems)
    if len(parsed) != 1:
        return [_not_a_query(f"A template is one query, not {len(parsed)} statements.")]
    if not isinstance(parsed[0], exp.Query | exp.Values) or any(isinstance(each, CHANGES) for each in parsed[0].walk()):
        return [_not_a_query("A template only reads: SELECT, and nothing that changes anything.")]
    return []


def _not_a_query(message: str) -> Problem:
    return Problem("NOT_A_QUERY", "sql", message)
